//! What a product is: its shape, how its matrices lie in memory, and what happens to each result before it is stored.

/// How a matrix lies in memory: element (i, j) is `i * row_stride + j * col_stride` floats from the first. One of
/// the two strides is 1 (or the matrix has a single row or column).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// From one row to the next, in floats.
    pub row_stride: usize,
    /// From one column to the next, in floats.
    pub col_stride: usize,
}

impl Layout {
    /// Rows of neighbours, each `stride` after the last.
    pub fn rows(stride: usize) -> Self {
        Layout { row_stride: stride, col_stride: 1 }
    }

    /// The transposed view of a matrix whose rows are `stride` apart: its columns are neighbours.
    pub fn columns(stride: usize) -> Self {
        Layout { row_stride: 1, col_stride: stride }
    }
}

/// A batch dimension: `count` products of the same shape, each some floats after the last. A stride of 0 shares the
/// operand (never C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many products.
    pub count: usize,
    /// From one A to the next, in floats.
    pub a_stride: usize,
    /// From one B to the next, in floats.
    pub b_stride: usize,
    /// From one C (and one mask) to the next, in floats.
    pub c_stride: usize,
}

impl Batch {
    /// A single product.
    pub const ONE: Batch = Batch { count: 1, a_stride: 0, b_stride: 0, c_stride: 0 };
}

impl Default for Batch {
    fn default() -> Self {
        Batch::ONE
    }
}

/// What is done to a result `x` (an element of A·B) in this order, while it is still in a register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epilogue {
    /// `x += bias[column]`; the bias has `n` elements.
    pub bias: bool,
    /// `x += C`, rather than overwriting C.
    pub accumulate: bool,
    /// `x = max(x, 0)`; NaN stays NaN.
    pub relu: bool,
    /// `x = if mask > 0 { x } else { 0 }`, for a second matrix of C's shape whose rows are this many floats apart:
    /// the backward pass of ReLU, whose mask is its output. A NaN in the mask counts as not greater than 0.
    pub mask: Option<usize>,
    /// Also sums B's columns into a vector of `n` elements (added to it with `accumulate`): the gradient of a bias,
    /// for nearly nothing, where B is the gradient of the output.
    pub column_sums: bool,
}

/// A product `C = epilogue(A · B)` with A `[m, k]`, B `[k, n]`, C `[m, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// Columns of A, rows of B: the length of the sums.
    pub k: usize,
    /// A's layout.
    pub a: Layout,
    /// B's layout.
    pub b: Layout,
    /// From one row of C to the next, in floats.
    pub c_row_stride: usize,
    /// What happens to each result.
    pub epilogue: Epilogue,
    /// Two nested batch dimensions, the outer one first (for instance samples and attention heads).
    pub batch: [Batch; 2],
}

impl Spec {
    /// A single product of dense row-major matrices, stored as it is. Change the fields for anything else.
    pub fn dense(m: usize, n: usize, k: usize) -> Self {
        let (a, b) = (Layout::rows(k), Layout::rows(n));
        Spec { m, n, k, a, b, c_row_stride: n, epilogue: Epilogue::default(), batch: [Batch::ONE; 2] }
    }

    /// The floating-point operations of all its products.
    pub fn flops(&self) -> u64 {
        2 * (self.m * self.n * self.k * self.batch_count()) as u64
    }

    /// The number of products.
    pub(super) fn batch_count(&self) -> usize {
        self.batch[0].count * self.batch[1].count
    }

    /// The transposed problem, where C is a dense column and A is in columns: a row times a matrix in rows. Its A is
    /// B and its B is A. Nothing, where it is not of this kind.
    pub(super) fn column_as_row(&self) -> Option<Spec> {
        let dense = self.c_row_stride == 1 && self.epilogue.mask.is_none_or(|stride| stride == 1);
        if self.n != 1 || self.m == 1 || self.a.row_stride != 1 || !dense || self.epilogue.bias {
            return None;
        }
        let transposed = |l: Layout| Layout { row_stride: l.col_stride, col_stride: l.row_stride };
        let swapped = |batch: Batch| Batch { a_stride: batch.b_stride, b_stride: batch.a_stride, ..batch };
        Some(Spec {
            m: 1,
            n: self.m,
            k: self.k,
            a: transposed(self.b),
            b: transposed(self.a),
            c_row_stride: self.m,
            epilogue: Epilogue { column_sums: false, ..self.epilogue },
            batch: self.batch.map(swapped),
        })
    }

    /// # Panics
    /// When there is nothing to compute, the kernels cannot read a layout, or one product would overwrite another.
    pub(super) fn check(&self) {
        let unit = |l: Layout, rows: usize, cols: usize| {
            (l.row_stride == 1 || rows <= 1) || (l.col_stride == 1 || cols <= 1)
        };
        assert!(self.m > 0 && self.n > 0 && self.batch_count() > 0, "nothing to compute: {self:?}");
        assert!(unit(self.a, self.m, self.k), "A needs a unit stride: {self:?}");
        assert!(unit(self.b, self.k, self.n), "B needs a unit stride: {self:?}");
        assert!(self.m <= 1 || self.c_row_stride >= self.n, "the rows of C overlap: {self:?}");
        let [outer, inner] = self.batch;
        assert!(outer.count <= 1 || outer.c_stride > 0, "the products overlap in C: {self:?}");
        assert!(inner.count <= 1 || inner.c_stride > 0, "the products overlap in C: {self:?}");
        assert!(
            self.batch_count() == 1 || !self.epilogue.column_sums,
            "column sums are of a single product's B: {self:?}"
        );
    }
}
