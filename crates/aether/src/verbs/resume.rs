//! `resume`: takes up a run that was interrupted or died.

use std::path::Path;

use aetheria::{experiment::Experiment, snapshot::Pointer};

use crate::{
    cli,
    context::Context,
    failure::Failure,
    snapshots, text,
    training::{self, From, Job},
    watching,
};

pub(super) fn run(args: &cli::Resume, context: &mut Context<'_>) -> Result<(), Failure> {
    let target = snapshots::find(&args.run, &context.home()?, &[Pointer::Latest])?;
    let Some(directory) = target.run else {
        return Err(Failure::request(format!(
            "{} belongs to no run in {}; go on with: {}",
            text::escape(&args.run),
            context.home()?.path().display(),
            context.hint(&format!("train CONFIG --resume {}", args.run))
        )));
    };
    let run = directory.run()?;
    let experiment = Experiment::from_json(&run.spec, &args.set)?;
    let offer = |path: &Path| format!("go on with: {}", context.hint(&format!("resume {}", path.display())));
    let snapshot = snapshots::open(&target.path, offer)?;
    let from = From { snapshot, run: Some(directory), force: args.force };
    let watch = watching::asked(&args.watching, &context.home()?)?;
    let base = training::base(&run);
    training::run(Job { experiment, base, config: None, from: Some(from), watch }, context)
}
