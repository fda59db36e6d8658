//! Numbers that a schema restricts: the type says which values are possible, so that no reader of the schema has to
//! check again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number outside of what its type allows. Begins with `must`, so that it follows a key's name.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("must be {rule}, found {value}")]
pub struct OutOfRange {
    rule: &'static str,
    value: f64,
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Takes a number that is in range.
            ///
            /// # Errors
            /// When it is not.
            pub fn new(value: f64) -> Result<Self, OutOfRange> {
                let holds: fn(f64) -> bool = $holds;
                if holds(value) { Ok(Self(value)) } else { Err(OutOfRange { rule: $rule, value }) }
            }

            /// The number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = OutOfRange;

            fn try_from(value: f64) -> Result<Self, OutOfRange> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A finite number above 0: rates, norms, durations.
    Positive, "above 0", |v| v > 0.0 && v.is_finite()
);
number!(
    /// A finite number from 0: penalties, tolerances.
    NonNegative, "0 or more", |v| v >= 0.0 && v.is_finite()
);
number!(
    /// A number from 0 to 1: shares, probabilities.
    Fraction, "from 0 to 1", |v| (0.0..=1.0).contains(&v)
);
number!(
    /// A number from 0 to just below 1: momentum and decay rates, which never forget anything at 1.
    BelowOne, "from 0 to below 1", |v| (0.0..1.0).contains(&v)
);

impl NonNegative {
    /// 0.
    pub const ZERO: Self = Self(0.0);
}
