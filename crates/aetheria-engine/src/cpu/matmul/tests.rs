//! Every path against the plain triple loop in f64.

use super::super::isa::Isa;
use super::super::pool::Pool;
use super::*;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// A product with its data, and room around C to see that nothing else is written.
#[derive(Clone, Debug)]
struct Case {
    spec: Spec,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
    bias: Vec<f32>,
    mask: Vec<f32>,
    sums: Vec<f32>,
}

#[derive(Debug, PartialEq)]
struct Outcome {
    c: Vec<u32>,
    sums: Vec<u32>,
}

impl Case {
    fn new(spec: Spec) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut fill = |len: usize| -> Vec<f32> {
            (0..len)
                .map(|_| {
                    state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                    (state >> 40) as f32 / (1 << 23) as f32 - 1.0
                })
                .collect()
        };
        let [outer, inner] = spec.batch;
        let len = |layout: Layout, rows: usize, cols: usize, stride: fn(Batch) -> usize| {
            let last =
                rows.saturating_sub(1) * layout.row_stride + cols.saturating_sub(1) * layout.col_stride;
            last + 1 + (outer.count - 1) * stride(outer) + (inner.count - 1) * stride(inner)
        };
        let c = Layout::rows(spec.c_row_stride);
        let mask = Layout::rows(spec.epilogue.mask.unwrap_or(0));
        Case {
            spec,
            a: fill(len(spec.a, spec.m, spec.k, |batch| batch.a_stride)),
            b: fill(len(spec.b, spec.k, spec.n, |batch| batch.b_stride)),
            c: fill(len(c, spec.m, spec.n, |batch| batch.c_stride) + 7),
            bias: fill(spec.n),
            mask: fill(len(mask, spec.m, spec.n, |batch| batch.c_stride)),
            sums: fill(spec.n),
        }
    }

    fn run(&self, matmul: &Matmul, threads: usize) -> Outcome {
        let (mut c, mut sums) = (self.c.clone(), self.sums.clone());
        let mut scratch = vec![f32::NAN; matmul.scratch_len(threads)];
        let operands = Operands {
            a: self.a.as_ptr(),
            b: self.b.as_ptr(),
            c: c.as_mut_ptr(),
            bias: self.bias.as_ptr(),
            mask: self.mask.as_ptr(),
            column_sums: sums.as_mut_ptr(),
            scratch: scratch.as_mut_ptr(),
        };
        let mut pool = Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap();
        // SAFETY: `new` made every vector as long as the spec says, and the written ones are this function's own.
        pool.run(|worker| unsafe { matmul.run(worker, operands) });
        Outcome {
            c: c.into_iter().map(f32::to_bits).collect(),
            sums: sums.into_iter().map(f32::to_bits).collect(),
        }
    }

    /// Compares an outcome with the triple loop in f64, within the rounding of `k` f32 additions.
    fn check(&self, outcome: &Outcome) {
        let Spec { m, n, k, a, b, c_row_stride, epilogue, batch: [outer, inner] } = self.spec;
        let tolerance = f64::from(f32::EPSILON) * (k as f64 + 4.0);
        let close = |x: f32, y: f64, what: &str| {
            assert!((f64::from(x) - y).abs() <= tolerance, "{what}: {x} is not {y} in {:?}", self.spec);
        };
        let mut left: Vec<u32> = self.c.iter().map(|x| x.to_bits()).collect();
        for (x, y) in (0..outer.count).flat_map(|x| (0..inner.count).map(move |y| (x, y))) {
            let at = |stride: fn(Batch) -> usize| x * stride(outer) + y * stride(inner);
            let (a0, b0, c0) =
                (at(|batch| batch.a_stride), at(|batch| batch.b_stride), at(|batch| batch.c_stride));
            for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let term = |p: usize| {
                    f64::from(self.a[a0 + i * a.row_stride + p * a.col_stride])
                        * f64::from(self.b[b0 + p * b.row_stride + j * b.col_stride])
                };
                let mut sum: f64 = (0..k).map(term).sum();
                let to = c0 + i * c_row_stride + j;
                if epilogue.bias {
                    sum += f64::from(self.bias[j]);
                }
                if epilogue.accumulate {
                    sum += f64::from(self.c[to]);
                }
                if epilogue.relu {
                    sum = sum.max(0.0);
                }
                if let Some(stride) = epilogue.mask
                    && self.mask[c0 + i * stride + j] <= 0.0
                {
                    sum = 0.0;
                }
                let stored = f32::from_bits(outcome.c[to]);
                close(stored, sum, "c");
                left[to] = outcome.c[to];
            }
        }
        assert_eq!(left, outcome.c, "something else was written");
        if epilogue.column_sums {
            for j in 0..n {
                let sum: f64 = (0..k).map(|p| f64::from(self.b[p * b.row_stride + j * b.col_stride])).sum();
                let stored = f32::from_bits(outcome.sums[j]);
                close(
                    stored,
                    sum + if epilogue.accumulate { f64::from(self.sums[j]) } else { 0.0 },
                    "column sum",
                );
            }
        } else {
            assert_eq!(self.sums.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), outcome.sums);
        }
    }
}

/// A layout for a matrix of that many rows and columns, with up to `pad` floats between its lines.
fn layout(transposed: bool, rows: usize, cols: usize, pad: usize) -> Layout {
    if transposed { Layout::columns(rows + pad) } else { Layout::rows(cols + pad) }
}

fn side() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 1..20_usize, 3 => 1..70_usize, 1 => 100..150_usize]
}

prop_compose! {
    fn spec()(
        m in side(),
        n in side(),
        k in prop_oneof![4 => side(), 1 => 250..600_usize],
        [a_columns, b_columns, bias, accumulate, relu, masked, column_sums] in any::<[bool; 7]>(),
        [a_pad, b_pad, c_pad, mask_pad] in [0..4_usize, 0..4_usize, 0..4_usize, 0..4_usize],
        [outer, inner] in prop_oneof![3 => Just([1, 1]), 1 => [1..3_usize, 1..4_usize]],
    ) -> Spec {
        let c_row_stride = n + c_pad;
        let mask_stride = n + mask_pad;
        let c_len = m * c_row_stride.max(mask_stride);
        let (a, b) = (layout(a_columns, m, k, a_pad), layout(b_columns, k, n, b_pad));
        let a_len = (m - 1) * a.row_stride + k * a.col_stride + 1;
        let b_len = (k - 1) * b.row_stride + n * b.col_stride + 1;
        let epilogue = Epilogue {
            bias, accumulate, relu,
            mask: masked.then_some(mask_stride),
            column_sums: column_sums && outer * inner == 1,
        };
        let batch = |count: usize, within: usize| Batch {
            count, a_stride: within * a_len, b_stride: (within - 1) * b_len, c_stride: within * c_len,
        };
        Spec { m, n, k, a, b, c_row_stride, epilogue, batch: [batch(outer, inner), batch(inner, 1)] }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn equals_the_triple_loop_whatever_the_threads(spec in spec()) {
        let case = Case::new(spec);
        for isa in Isa::available() {
            let matmul = Matmul::new(isa, spec);
            let alone = case.run(&matmul, 1);
            case.check(&alone);
            prop_assert_eq!(&case.run(&matmul, 2), &alone);
        }
    }
}

fn epilogues() -> [Epilogue; 3] {
    let plain = Epilogue::default();
    [
        plain,
        Epilogue { bias: true, relu: true, ..plain },
        Epilogue { accumulate: true, column_sums: true, ..plain },
    ]
}

/// Shapes that are large enough for every packing, with lines a page apart.
fn large() -> Vec<Spec> {
    let square = Spec::dense(130, 1024, 300);
    let (a, b) = (Layout::columns(1024), Layout::columns(300));
    let shapes = [
        square,
        Spec { a, ..square },
        Spec { b, ..square },
        Spec { a: Layout::rows(1024), m: 200, n: 10, ..square },
        Spec { a: Layout::rows(1024), m: 1, ..square },
        Spec { a: Layout::rows(1024), m: 5, ..square },
        Spec { m: 900, n: 1, c_row_stride: 1, a, b: Layout::rows(1), ..square },
        Spec { m: 1, n: 700, a: Layout::rows(300), b, ..square },
    ];
    shapes.into_iter().flat_map(|shape| epilogues().map(|epilogue| Spec { epilogue, ..shape })).collect()
}

#[test]
fn large_products_equal_the_triple_loop_and_threads_never_change_a_bit() {
    for spec in large() {
        let case = Case::new(spec);
        for isa in Isa::available() {
            let matmul = Matmul::new(isa, spec);
            let alone = case.run(&matmul, 1);
            case.check(&alone);
            for threads in 2..=4 {
                assert_eq!(case.run(&matmul, threads), alone, "{threads} threads, {spec:?}");
            }
        }
    }
}

#[test]
fn a_nan_times_zero_is_seen_and_passes_relu() {
    for isa in Isa::available() {
        for shape in
            [Spec::dense(5, 40, 3), Spec::dense(1, 40, 3), Spec::dense(40, 1, 30), Spec::dense(50, 70, 80)]
        {
            for x in [f32::NAN, f32::INFINITY] {
                let spec = Spec { epilogue: Epilogue { relu: true, ..Epilogue::default() }, ..shape };
                let mut case = Case::new(spec);
                case.a.fill(0.0);
                let (row, column) = (spec.k - 1, spec.n - 1);
                case.b[row * spec.n + column] = x;
                let outcome = case.run(&Matmul::new(isa, spec), 1);
                for (at, &bits) in outcome.c[..spec.m * spec.n].iter().enumerate() {
                    let stored = f32::from_bits(bits);
                    assert_eq!(
                        stored.is_nan(),
                        at % spec.n == column,
                        "{stored} at {at}, {isa:?}, {shape:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_closed_mask_stores_zero_and_a_nan_in_it_is_closed() {
    for isa in Isa::available() {
        let spec =
            Spec { epilogue: Epilogue { mask: Some(2), ..Epilogue::default() }, ..Spec::dense(2, 2, 1) };
        let mut case = Case::new(spec);
        case.a = vec![1.0, f32::NAN];
        case.b = vec![2.0, 3.0];
        case.mask = vec![1.0, 0.0, f32::NAN, -1.0];
        let outcome = case.run(&Matmul::new(isa, spec), 1);
        assert_eq!(outcome.c[..4], [2.0_f32, 0.0, 0.0, 0.0].map(f32::to_bits));
    }
}

#[test]
fn an_empty_sum_is_zero_and_leaves_the_epilogue() {
    for isa in Isa::available() {
        let epilogue = Epilogue { bias: true, accumulate: true, ..Epilogue::default() };
        let case = Case::new(Spec { epilogue, ..Spec::dense(3, 5, 0) });
        case.check(&case.run(&Matmul::new(isa, case.spec), 2));
    }
}

#[test]
#[should_panic(expected = "B needs a unit stride")]
fn a_layout_without_a_unit_stride_is_refused() {
    let b = Layout { row_stride: 8, col_stride: 2 };
    let _ = Matmul::new(Isa::Portable, Spec { b, ..Spec::dense(3, 4, 2) });
}
