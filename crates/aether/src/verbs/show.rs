//! `show`: everything about one run.

use std::collections::BTreeMap;

use aether_core::Run;
use aether_ledger::{Index, Standing};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{cli, context::Context, failure::Failure, render, render::MetricSummary, snapshots, text};

/// One run in full.
#[derive(Debug, Serialize)]
pub(crate) struct RunDetails {
    /// Its record.
    #[serde(flatten)]
    pub(crate) run: Run,
    /// Where it stands: its recorded state, corrected by whether its process lives.
    pub(crate) standing: Standing,
    /// How long it has worked.
    pub(crate) seconds: f64,
    /// Where its files lie.
    pub(crate) path: String,
    /// Its parameters by their paths.
    pub(crate) parameters: Map<String, Value>,
    /// Values that it said stand for it.
    pub(crate) summary: Map<String, Value>,
    /// Its metrics.
    pub(crate) metrics: BTreeMap<String, MetricSummary>,
    /// Whether those of the machine are to be shown to people, too: programs always get them.
    #[serde(skip)]
    pub(crate) system: bool,
    /// What of its logs and its series could not be read, a sentence each.
    pub(crate) damage: Vec<String>,
}

pub(super) fn run(args: &cli::Show, context: &mut Context<'_>) -> Result<(), Failure> {
    let entry = &Index::find_in(&context.home()?, &args.run)?;
    let mut run = entry.directory.run()?;
    // Those that are there: the record of a run that has not ended does not know them yet.
    run.artifacts.retain(|artifact| artifact.kind != "snapshot");
    run.artifacts.extend(snapshots::list(&run, &entry.directory));
    run.tags.clone_from(&entry.tags);
    // Chunks of series are not read here, so that a long run is shown at once; `plot` says what is damaged in those.
    let damage: Vec<String> = entry
        .directory
        .damaged_series()?
        .map(|error| error.to_string())
        .into_iter()
        .chain(entry.damage.iter().map(ToString::to_string))
        .collect();
    damage.iter().for_each(|damage| context.note(&text::escape(damage)));
    let details = RunDetails {
        run,
        standing: entry.standing,
        seconds: entry.duration().as_secs_f64(),
        path: entry.directory.path().display().to_string(),
        parameters: entry.parameters.to_map(),
        summary: entry.summary.to_map(),
        metrics: render::metrics(entry),
        system: args.system,
        damage,
    };
    context.render().show(&details)?;
    Ok(())
}
