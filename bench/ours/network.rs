//! The benchmark's networks: fully connected layers with ReLU between them.

use aetheria::{
    data::{DType, DataSpec, Field},
    graph::{Activation, Graph, Var},
    model::Model,
};
use clap::ValueEnum;

/// One of the training workloads.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Work {
    /// 10-128-1, batch 64, squared error.
    W1,
    /// 64-256-256-10, batch 64, cross entropy.
    W2,
    /// 784-1024-1024-10, batch 256, cross entropy.
    W3,
}

impl Work {
    pub(crate) fn widths(self) -> &'static [usize] {
        match self {
            Self::W1 => &[10, 128, 1],
            Self::W2 => &[64, 256, 256, 10],
            Self::W3 => &[784, 1024, 1024, 10],
        }
    }

    pub(crate) fn batch(self) -> usize {
        if matches!(self, Self::W3) { 256 } else { 64 }
    }

    pub(crate) fn data(self) -> DataSpec {
        let number = |len| Field { shape: vec![len], dtype: DType::F32 };
        let widths = self.widths();
        let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
        match self {
            Self::W1 => DataSpec { input: number(inputs), target: number(outputs), classes: None },
            Self::W2 | Self::W3 => DataSpec {
                input: number(inputs),
                target: Field { shape: Vec::new(), dtype: DType::U32 },
                classes: Some((0..outputs).map(|class| class.to_string()).collect()),
            },
        }
    }
}

impl Model for Work {
    fn forward(&self, graph: &mut Graph, mut x: Var, _data: &DataSpec) -> Var {
        for (number, &width) in self.widths().iter().enumerate().skip(1) {
            if number > 1 {
                x = graph.activate(Activation::Relu, x);
            }
            x = graph.linear(&format!("fc{number}"), x, width);
        }
        x
    }
}
