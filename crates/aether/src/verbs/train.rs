//! `train`: trains a model as a file says.

use std::{fs, path::Path};

use aether_core::{RunId, RunState};
use aetheria::{assembly::assemble, experiment::Experiment, snapshot::Pointer};
use serde::Serialize;

use crate::{
    cli,
    context::Context,
    failure::Failure,
    render::Value,
    snapshots,
    training::{self, From, Job},
    watching,
};

/// A training that begins.
#[derive(Debug, Serialize)]
pub(crate) struct Began {
    /// Its run.
    pub(crate) run: RunId,
    /// The run's name.
    pub(crate) name: String,
    /// The run's files.
    pub(crate) directory: String,
}

/// A training that ended.
#[derive(Debug, Serialize)]
pub(crate) struct Trained {
    /// Its run.
    pub(crate) run: RunId,
    /// The run's name.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) state: RunState,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Steps done.
    pub(crate) steps: u64,
    /// Whole epochs done.
    pub(crate) epochs: u64,
    /// Seconds of work, over all processes.
    pub(crate) seconds: f64,
    /// The last training loss.
    pub(crate) loss: Value,
    /// What the last validation measured, in its order.
    pub(crate) metrics: Vec<(String, Value)>,
    /// The best validation.
    pub(crate) best: Option<Best>,
    /// The last snapshot.
    pub(crate) snapshot: Option<String>,
    /// The snapshot of the best validation.
    pub(crate) best_snapshot: Option<String>,
    /// What the program is called.
    #[serde(skip)]
    pub(crate) program: String,
}

/// The best validation of a training.
#[derive(Debug, Serialize)]
pub(crate) struct Best {
    /// The metric that decides.
    pub(crate) metric: String,
    /// What it was.
    pub(crate) value: Value,
    /// The step.
    pub(crate) step: u64,
}

/// An experiment that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    /// As a file.
    pub(crate) yaml: String,
    /// As JSON.
    pub(crate) json: serde_json::Value,
}

pub(super) fn run(args: &cli::Train, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut experiment = Experiment::read(&args.config, &args.set)?;
    if let Some(name) = &args.name {
        experiment.name = Some(name.clone());
    }
    let config = fs::canonicalize(&args.config).unwrap_or_else(|_| args.config.clone());
    let base = config.parent().unwrap_or(Path::new(".")).to_owned();
    if args.check {
        let assembly = assemble(&experiment, &base, context.registries()).map_err(Failure::request)?;
        for note in &assembly.notes {
            context.note(note);
        }
        let checked = Checked { yaml: assembly.experiment.to_yaml()?, json: assembly.experiment.to_json()? };
        context.render().checked(&checked)?;
        return Ok(());
    }
    let from = args.resume.as_deref().map(|words| from(words, args, context)).transpose()?;
    let watch = watching::asked(&args.watching, &context.home()?)?;
    training::run(Job { experiment, base, config: Some(config), from, watch }, context)
}

fn from(words: &str, args: &cli::Train, context: &Context<'_>) -> Result<From, Failure> {
    let target = snapshots::find(words, &context.home()?, &[Pointer::Latest])?;
    let offer = |path: &Path| {
        format!(
            "go on with: {}",
            context.hint(&format!("train {} --resume {}", args.config.display(), path.display()))
        )
    };
    Ok(From { snapshot: snapshots::open(&target.path, offer)?, run: target.run, force: false })
}
