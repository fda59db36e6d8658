//! One file per verb. To add a verb: a variant and its arguments in `cli.rs`, a file here, a method of
//! [`Renderer`](crate::render::Renderer) in each of its three implementations, and a file in `tests/`.

mod alerts;
pub(crate) mod artifacts;
mod attach;
pub(crate) mod compact;
pub(crate) mod compare;
mod completions;
pub(crate) mod dash;
pub(crate) mod export;
pub(crate) mod gc;
pub(crate) mod import;
pub(crate) mod lineage;
pub(crate) mod logs;
pub(crate) mod output;
pub(crate) mod plot;
pub(crate) mod predict;
pub(crate) mod ps;
pub(crate) mod report;
mod resume;
pub(crate) mod rm;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod show;
pub(crate) mod stop;
mod top;
pub(crate) mod train;
mod watch;

use crate::{cli::Verb, context::Context, failure::Failure};

/// Does what `verb` says.
pub(crate) fn run(verb: &Verb, context: &mut Context<'_>) -> Result<(), Failure> {
    match verb {
        Verb::Train(args) => train::run(args, context),
        Verb::Run(args) => run::run(args, context),
        Verb::Ps(args) => ps::run(args, context),
        Verb::Stop(args) => stop::run(args, context),
        Verb::Attach(args) => attach::run(args, context),
        Verb::Resume(args) => resume::run(args, context),
        Verb::Predict(args) => predict::run(args, context),
        Verb::Runs(args) => runs::run(args, context),
        Verb::Show(args) => show::run(args, context),
        Verb::Logs(args) => logs::run(args, context),
        Verb::Plot(args) => plot::run(args, context),
        Verb::Top(args) => top::run(args, context),
        Verb::Watch(args) => watch::run(args, context),
        Verb::Dash(args) => dash::run(args, context),
        Verb::Compare(args) => compare::run(args, context),
        Verb::Artifacts(args) => artifacts::run(args, context),
        Verb::Lineage(args) => lineage::run(args, context),
        Verb::Alerts(args) => alerts::run(args, context),
        Verb::Export(args) => export::run(args, context),
        Verb::Import(args) => import::run(args, context),
        Verb::Report(args) => report::run(args, context),
        Verb::Rm(args) => rm::run(args, context),
        Verb::Compact(args) => compact::run(args, context),
        Verb::Gc(args) => gc::run(args, context),
        Verb::Completions(args) => completions::run(args, context),
    }
}
