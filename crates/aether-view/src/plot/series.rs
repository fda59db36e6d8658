//! Curves: from the points of a metric to what a column of pixels shows of it.
//!
//! However many points fall into one column, the column keeps their smallest and largest value, so a spike of one
//! point is always seen. A point that is not finite ends the piece of the curve before it and is marked.

/// One metric of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// Its points `(x, y)`, `x` ascending.
    pub points: Vec<(f64, f64)>,
}

/// What one column of pixels shows of an unbroken piece of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The column, from the left.
    pub column: usize,
    /// The first value in it: where the line from the column before arrives.
    pub first: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The last value: where the line to the next column leaves.
    pub last: f64,
}

/// A series as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Its unbroken pieces, in order.
    pub pieces: Vec<Vec<Bin>>,
    /// The columns in which a point cannot be drawn because it is not finite (or, on a logarithmic axis, not
    /// positive).
    pub gaps: Vec<usize>,
}

impl Series {
    /// What `columns` columns of pixels show. `column` gives a point's column by its x; `drawable` says whether a y
    /// has a place on the axis.
    pub fn curve(&self, column: impl Fn(f64) -> usize, drawable: impl Fn(f64) -> bool) -> Curve {
        let mut curve = Curve::default();
        let mut piece: Vec<Bin> = Vec::new();
        for &(x, y) in &self.points {
            let column = column(x);
            if !drawable(y) {
                if !piece.is_empty() {
                    curve.pieces.push(std::mem::take(&mut piece));
                }
                if curve.gaps.last() != Some(&column) {
                    curve.gaps.push(column);
                }
                continue;
            }
            match piece.last_mut().filter(|bin| bin.column == column) {
                Some(bin) => {
                    bin.min = bin.min.min(y);
                    bin.max = bin.max.max(y);
                    bin.last = y;
                }
                None => piece.push(Bin { column, first: y, min: y, max: y, last: y }),
            }
        }
        if !piece.is_empty() {
            curve.pieces.push(piece);
        }
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_nan_breaks_the_curve_and_is_marked() {
        let points = vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)];
        let curve = Series { name: String::new(), points }.curve(|x| x as usize, f64::is_finite);
        assert_eq!(curve.gaps, [1]);
        assert_eq!(curve.pieces.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    }

    proptest! {
        /// No extreme is lost, whatever the zoom.
        #[test]
        fn extremes_stay(values in prop::collection::vec(-1e9..1e9f64, 1..400), columns in 1usize..50) {
            let n = values.len();
            let points = values.iter().enumerate().map(|(i, &v)| (i as f64, v)).collect();
            let curve = Series { name: String::new(), points }.curve(|x| x as usize * columns / n, f64::is_finite);
            let bins: Vec<_> = curve.pieces.concat();
            prop_assert!(bins.len() <= columns);
            let low = bins.iter().map(|b| b.min).fold(f64::INFINITY, f64::min);
            let high = bins.iter().map(|b| b.max).fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(low, values.iter().copied().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(high, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
    }
}
