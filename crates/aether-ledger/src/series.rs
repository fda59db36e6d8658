//! The values of one metric over the steps of a run.

use aether_core::signal::Nanos;
use serde::{Deserialize, Serialize};

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The step it belongs to.
    pub step: u64,
    /// When it was said, in nanoseconds since 1970, UTC.
    pub time: Nanos,
    /// The value; NaN and infinities are values like any other.
    pub value: f64,
}

/// A series in a few numbers. Minimum, maximum and mean are over its finite values; what is not finite is counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The number of points, finite or not.
    pub count: u64,
    /// How many of them are NaN or infinite.
    pub non_finite: u64,
    /// The last point's step.
    pub last_step: u64,
    /// The last point's value, finite or not.
    #[serde(with = "crate::series::bits")]
    pub last: f64,
    /// The least finite value; NaN when there is none.
    #[serde(with = "crate::series::bits")]
    pub min: f64,
    /// The greatest finite value; NaN when there is none.
    #[serde(with = "crate::series::bits")]
    pub max: f64,
    /// The mean of the finite values; NaN when there is none.
    #[serde(with = "crate::series::bits")]
    pub mean: f64,
}

/// The points of one metric, ascending in step, no step twice.
#[derive(Debug, Clone, Default)]
pub struct Series {
    points: Vec<Point>,
}

impl Series {
    /// The points, ascending in step.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The last point.
    pub fn last(&self) -> Option<&Point> {
        self.points.last()
    }

    /// The series in a few numbers; `None` while it is empty.
    pub fn summary(&self) -> Option<Summary> {
        todo!()
    }
}

/// Keeps a value in the index bit for bit, which JSON's numbers cannot: they know no NaN.
pub(crate) mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(value.to_bits())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}
