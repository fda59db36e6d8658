//! `import`: takes over the runs of other tools.

use aether_core::RunId;
use aether_exchange::import::{Kept, Origins, csv, keep, mlflow, neptune, tensorboard, trackio, wandb};
use serde::Serialize;

use crate::{
    cli::{self, ImportFormat as Format},
    context::Context,
    failure::Failure,
};

/// A run of another tool that is here now.
#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    /// Its id here.
    pub(crate) run: RunId,
    /// Its name.
    pub(crate) name: String,
    /// Its project.
    pub(crate) project: String,
    /// How many values of metrics it has.
    pub(crate) points: u64,
    /// Whether an earlier import had brought it.
    pub(crate) before: bool,
    /// What could not be taken over as it was.
    pub(crate) remarks: Vec<String>,
}

impl From<Kept> for Imported {
    fn from(kept: Kept) -> Self {
        let Kept { run, name, project, points, before, remarks } = kept;
        Self { run, name, project, points, before, remarks }
    }
}

pub(super) fn run(args: &cli::Import, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = context.home()?;
    let read = match args.from {
        Format::Tensorboard => tensorboard::read,
        Format::Wandb => wandb::read,
        Format::Mlflow => mlflow::read,
        Format::Csv => csv::read,
        Format::Trackio => trackio::read,
        Format::Neptune => neptune::read,
    };
    let found = read(&args.path)?;
    let mut origins = Origins::read(&home)?;
    for foreign in found {
        let kept = keep(&home, &mut origins, foreign, args.project.as_deref())?;
        context.render().imported(&kept.into())?;
    }
    Ok(())
}
