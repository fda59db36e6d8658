//! `import`: takes over the runs of other tools.

use aether_core::RunId;
use aether_exchange::{
    ExchangeError,
    import::{
        ForeignRun, Kept, Origins, csv, keep, mlflow, mlflow_server, neptune, tensorboard, trackio, wandb,
    },
};
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
    let mut origins = Origins::read(&home)?;
    for foreign in found(args)? {
        let kept = keep(&home, &mut origins, foreign?, args.project.as_deref())?;
        context.render().imported(&kept.into())?;
    }
    Ok(())
}

/// What is there to be taken over. The runs of a server are asked for one after the other, as they are taken.
fn found(args: &cli::Import) -> Result<Box<dyn Iterator<Item = Result<ForeignRun, ExchangeError>>>, Failure> {
    let experiment = args.experiment.as_deref();
    if experiment.is_some() && args.from != Format::Mlflow {
        return Err(Failure::request("--experiment is for --from mlflow"));
    }
    if let Some(address) = args.path.to_str().filter(|path| mlflow_server::is_address(path)) {
        if args.from != Format::Mlflow {
            return Err(Failure::request(format!("{address}: only --from mlflow reads from a server")));
        }
        return Ok(Box::new(mlflow_server::read(address, experiment)?));
    }
    let read = match args.from {
        Format::Tensorboard => tensorboard::read,
        Format::Wandb => wandb::read,
        Format::Mlflow => mlflow::read,
        Format::Csv => csv::read,
        Format::Trackio => trackio::read,
        Format::Neptune => neptune::read,
    };
    let mut found = read(&args.path)?;
    if let Some(name) = experiment {
        found.retain(|run| run.project.as_deref() == Some(name));
        if found.is_empty() {
            return Err(Failure::request(format!("{} has no experiment '{name}'", args.path.display())));
        }
    }
    Ok(Box::new(found.into_iter().map(Ok)))
}
