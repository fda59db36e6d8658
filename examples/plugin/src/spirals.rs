//! A data source: points on two spirals that wind around each other, which no straight line can part.

use std::f32::consts::TAU;

use aetheria::{
    data::{Column, DType, DataError, DataSource, DataSpec, Dataset, Field, Holdout, Origin, Samples},
    random::{Draws, Purpose},
};
use serde::Deserialize;

/// Two spirals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spirals {
    /// Points on both together.
    points: u32,
    /// How often they wind around the origin.
    turns: f32,
}

impl DataSource for Spirals {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        let name = "spirals";
        let spec = DataSpec {
            input: Field { shape: vec![2], dtype: DType::F32 },
            target: Field { shape: vec![], dtype: DType::U32 },
            classes: Some(vec!["left".to_owned(), "right".to_owned()]),
        };
        // Counted randomness: the same seed makes the same points, whatever is drawn elsewhere.
        let draws = Draws::new(from.seed, Purpose::Synthetic, 0);
        let classes: Vec<u32> = (0..self.points).map(|point| point % 2).collect();
        let mut inputs = Vec::with_capacity(classes.len() * 2);
        for (point, &class) in (0..).zip(&classes) {
            let along = draws.uniform(point).sqrt();
            let angle = TAU * (self.turns * along + class as f32 / 2.0);
            inputs.extend([along * angle.cos(), along * angle.sin()]);
        }
        let holdout = Holdout::stratified(name, &classes, 0.2, from.seed)?;
        let samples =
            Samples::new(name, &spec, Column::F32(inputs), Column::U32(classes), self.points as usize)?;
        Ok(Dataset::of_one(name.to_owned(), spec, samples, holdout, None))
    }
}
