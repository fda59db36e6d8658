//! Models: what learns. A model alone decides its layers, its losses, its optimizer and their defaults.

mod linear;
mod mlp;
mod registry;
mod sequential;

pub use aetheria_engine::model::{Described, Model, describe};
pub use linear::{LinearRegression, LogisticRegression};
pub use mlp::SimpleMlp;
pub use registry::Models;
pub use sequential::{Layer, Sequential};

use crate::graph::{Graph, Var};

/// A width that the experiment gives although the data knows it must be the data's; else an error in its place.
fn check_width(g: &mut Graph, key: &'static str, said: Option<usize>, of_data: usize) -> Option<Var> {
    let said = said.filter(|&said| said != of_data)?;
    Some(g.refuse(
        "the model's width must be the data's",
        format!("{key}: {said} where a sample has {of_data}"),
    ))
}
