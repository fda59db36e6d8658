//! The command line: what can be said, one file a verb.

mod alerts;
mod artifacts;
mod attach;
mod compact;
mod compare;
mod completions;
mod dash;
mod export;
mod gc;
mod import;
mod lineage;
mod logs;
mod plot;
mod predict;
mod ps;
mod report;
mod resume;
mod rm;
mod run;
mod runs;
mod show;
mod stop;
mod top;
mod train;
mod watch;
mod watching;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

pub(crate) use self::{
    alerts::{Alerts, AlertsAction},
    artifacts::Artifacts,
    attach::Attach,
    compact::Compact,
    compare::Compare,
    completions::Completions,
    dash::Dash,
    export::{Export, ExportFormat},
    gc::Gc,
    import::{Import, ImportFormat},
    lineage::Lineage,
    logs::Logs,
    plot::Plot,
    predict::Predict,
    ps::Ps,
    report::Report,
    resume::Resume,
    rm::Rm,
    run::Run,
    runs::Runs,
    show::Show,
    stop::Stop,
    top::Top,
    train::Train,
    watch::Watch,
    watching::Watching,
};

/// Train, watch, run, serve and ship models on machines you own.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    max_term_width = 80,
    propagate_version = false,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    disable_help_flag = true,
    after_help = "RUN is a run's id, the beginning of its id, its name, or @latest.\n\
                  Exit codes: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted."
)]
pub(crate) struct Cli {
    /// What holds for every verb.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print results as JSON, one object a line.
    #[arg(long, global = true, conflicts_with = "quiet", help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// Print only what a script needs.
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    /// Where runs are kept; else $AETHER_HOME, else the user's data directory.
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Everywhere")]
    pub(crate) home: Option<PathBuf>,
    /// Print help.
    #[arg(short, long, global = true, action = clap::ArgAction::Help, help_heading = "Everywhere")]
    pub(crate) help: Option<bool>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Train a model as a file says.
    Train(Train),
    /// Run any command: keep its output, metrics and fate.
    Run(Run),
    /// List the runs that are alive, and what they use.
    Ps(Ps),
    /// Stop runs with all their processes.
    Stop(Stop),
    /// Look on at a run that is alive.
    Attach(Attach),
    /// Take up a run that was interrupted or died.
    Resume(Resume),
    /// Predict with a trained model.
    Predict(Predict),
    /// List runs.
    Runs(Runs),
    /// Show a run: its state, metrics, files and parameters.
    Show(Show),
    /// Print what a run said.
    Logs(Logs),
    /// Plot metrics in the terminal or to a file.
    Plot(Plot),
    /// Look at the machine and its runs, live, in the terminal.
    Top(Top),
    /// Watch a run: what goes wrong, as it is found.
    Watch(Watch),
    /// Show all runs in a browser.
    Dash(Dash),
    /// Compare two runs: parameters that differ, metrics side by side.
    Compare(Compare),
    /// List what runs left and took; get a content out, or put one in.
    Artifacts(Artifacts),
    /// Show where a run or an artifact comes from, and what became of it.
    Lineage(Lineage),
    /// List alerts that wait, test where they go, send them now.
    Alerts(Alerts),
    /// Pass runs on to other tools.
    Export(Export),
    /// Take over the runs of other tools.
    Import(Import),
    /// Write runs to one file for others: a page with their charts and tables.
    Report(Report),
    /// Remove runs with all their files.
    Rm(Rm),
    /// Pack what runs said into columns.
    Compact(Compact),
    /// Compact logs, remove what nothing needs, and runs that need not be kept.
    Gc(Gc),
    /// Print a script that completes commands in a shell.
    Completions(Completions),
}
