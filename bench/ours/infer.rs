//! One call of the Predictor.

use std::{error::Error, num::NonZeroUsize, path::Path, time::Duration};

use aetheria::{
    data::Column,
    model::Models,
    predict::Predictor,
    random::{Draws, Purpose},
};
use serde_json::{Value, json};

use crate::rate;

pub(crate) fn measure(
    snapshot: &Path,
    batch: usize,
    threads: NonZeroUsize,
    span: Duration,
) -> Result<Value, Box<dyn Error>> {
    let predictor = Predictor::open(snapshot, &Models::built_in(), threads)?;
    let (inputs, outputs) = (predictor.data().input.len(), predictor.data().outputs());
    let draws = Draws::new(0, Purpose::Synthetic, 0);
    let samples = Column::F32((0..).take(batch * inputs).map(|number| draws.normal(number)).collect());
    let mut answers = vec![0.0; batch * outputs];
    let mut failed = None;
    let per_second = rate(span, |_| {
        if let Err(error) = predictor.predict(&samples, &mut answers) {
            failed = Some(error);
        }
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(json!({"us_per_call": 1e6 / per_second, "inputs": inputs, "outputs": outputs})),
    }
}
