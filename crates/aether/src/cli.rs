//! The command line: what can be said.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

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
    /// Watch a run: what goes wrong, as it is found.
    Watch(Watch),
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
    /// Remove runs with all their files.
    Rm(Rm),
    /// Pack what runs said into columns.
    Compact(Compact),
    /// Compact logs, remove what nothing needs, and runs that need not be kept.
    Gc(Gc),
    /// Print a script that completes commands in a shell.
    Completions(Completions),
}

/// `train`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether train config.yaml
  $ aether train config.yaml --set learning_rate=0.01 --set optimizer.kind=sgd
  $ aether train config.yaml --check
  $ aether train config.yaml --resume checkpoints/snapshot_ep5.safetensors

Ctrl-C (or SIGTERM) finishes the step, writes a snapshot and says how to resume;
a second one stops at once. SIGUSR1 has it write a snapshot and go on.")]
pub(crate) struct Train {
    /// The experiment: a YAML file.
    #[arg(value_name = "CONFIG", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    /// Replace a value of the file, such as optimizer.weight_decay=0.1; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Call the run so.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Go on from a snapshot: a file, a run, or @latest.
    #[arg(long, value_name = "SNAPSHOT", value_hint = ValueHint::FilePath)]
    pub(crate) resume: Option<String>,
    /// What is watched for beside it.
    #[command(flatten)]
    pub(crate) watching: Watching,
    /// Check the file and print the resolved experiment, without training.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) check: bool,
}

/// What is watched for, of a verb that begins a run.
#[derive(Debug, Args)]
pub(crate) struct Watching {
    /// Do not sample the machine, nor look for what goes wrong.
    #[arg(long, conflicts_with_all = ["rules", "interval"])]
    pub(crate) no_watch: bool,
    /// Rules to watch by; else watch.yaml in the home, if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rules: Option<PathBuf>,
    /// Sample the machine so often, from 100ms to 1h; else as the rules' file says, or every second.
    #[arg(long, value_name = "SPAN")]
    pub(crate) interval: Option<String>,
}

/// `run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether run -- python train.py --epochs 10
  $ aether run --name baseline --tag mnist --retry 3 -- ./train.sh
  $ aether run --timeout 1h30m --detach -- make experiments

The command runs as it would without: on a terminal if you are on one, with your
input, signals and exit status. Ctrl-\\ twice leaves it running; so does closing
the terminal. Exit codes: the command's, 128 + N for signal N, 124 timed out,
126 not executable, 127 not found.")]
pub(crate) struct Run {
    /// Call the run so; else after the script or the program.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// File it under this project.
    #[arg(long, value_name = "PROJECT", default_value = "default")]
    pub(crate) project: String,
    /// A word to find it by; may be repeated.
    #[arg(long, value_name = "WORD")]
    pub(crate) tag: Vec<String>,
    /// Set a variable for the command; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Begin in this directory.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cwd: Option<PathBuf>,
    /// Begin it again up to so many times when it fails.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retry: u32,
    /// Stop an attempt that takes longer, such as 90s or 1h30m.
    #[arg(long, value_name = "SPAN")]
    pub(crate) timeout: Option<String>,
    /// Do not log Python's frameworks automatically.
    #[arg(long)]
    pub(crate) no_auto: bool,
    /// What is watched for beside it.
    #[command(flatten)]
    pub(crate) watching: Watching,
    /// Print the run's id and return; look on with `attach`.
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// The command and its arguments.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<String>,
}

/// `ps`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether ps
  $ aether ps --json | jq .memory_bytes")]
pub(crate) struct Ps {}

/// `stop`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether stop @latest
  $ aether stop k3v9 --signal INT --timeout 1m
  $ aether stop k3v9 --kill

All processes of the run are asked to end, those that went into the background
too, and are killed when the time is up. A training writes a snapshot first.")]
pub(crate) struct Stop {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Ask with this signal.
    #[arg(long, value_name = "SIGNAL", default_value = "TERM")]
    pub(crate) signal: String,
    /// Kill at once.
    #[arg(long, conflicts_with_all = ["signal", "timeout"])]
    pub(crate) kill: bool,
    /// Kill what is left after this time.
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub(crate) timeout: String,
}

/// `attach`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether attach @latest
  $ aether attach k3v9 --tail 20

What the run printed is shown from its beginning, then as it comes. Keys go to
the program if it has a terminal. Ctrl-\\ twice leaves it running.")]
pub(crate) struct Attach {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Begin with the last N lines.
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<usize>,
}

/// `resume`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether resume @latest
  $ aether resume k3v9 --set epochs=40

The run goes on from its latest snapshot, to the same bits as if it had never
been interrupted.")]
pub(crate) struct Resume {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Replace a value of the experiment, such as epochs=40; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Also take up a run of another host that has been silent for long.
    #[arg(long)]
    pub(crate) force: bool,
    /// What is watched for beside it.
    #[command(flatten)]
    pub(crate) watching: Watching,
}

/// `predict`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether predict @latest --input data.csv
  $ aether predict checkpoints/best.safetensors --input data.csv --output out.csv
  $ aether predict digits --input data.csv --proba

For a run, its best snapshot is taken, or its latest where none is the best.")]
pub(crate) struct Predict {
    /// A snapshot's file, a run, or @latest.
    #[arg(value_name = "SNAPSHOT", value_hint = ValueHint::FilePath)]
    pub(crate) snapshot: String,
    /// The samples: a CSV file with the columns that the model was trained on.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// Write a CSV file there instead of standard output.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Also give every class its probability.
    #[arg(long)]
    pub(crate) proba: bool,
}

/// `runs`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether runs
  $ aether runs 'loss.min < 0.1 and tag = baseline and lr > 1e-4'
  $ aether runs --state failed --state died --since 2d
  $ aether runs --sort val/accuracy --reverse --limit 5
  $ aether runs --json | jq .id")]
pub(crate) struct Runs {
    /// Only runs for which this holds, such as 'loss.min < 0.1 and tag = best'.
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Only runs that stand so; may be repeated.
    #[arg(long, value_name = "STATE", value_parser = ["running", "done", "failed", "interrupted", "died", "unknown"])]
    pub(crate) state: Vec<String>,
    /// Only runs of this project.
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Only runs with this text in their name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only runs begun since: a span such as 90min or 2d, a date, or a time.
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// By newest, oldest, name, duration, or the last value of a metric.
    #[arg(long, value_name = "KEY", default_value = "newest")]
    pub(crate) sort: String,
    /// The other way round.
    #[arg(long)]
    pub(crate) reverse: bool,
    /// At most so many; 0 for all.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// `show`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether show @latest
  $ aether show k3v9 --json
  $ aether show k3v9 --system")]
pub(crate) struct Show {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Also what was measured of the machine and of the run's processes.
    #[arg(long)]
    pub(crate) system: bool,
}

/// `logs`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether logs @latest
  $ aether logs @latest --follow --tail 20
  $ aether logs k3v9 --times --stderr
  $ aether logs k3v9 --level warning

Of a command, what it printed, as it came; of a training, what it said.")]
pub(crate) struct Logs {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Go on until the run ends.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// What the run said, rather than what its command printed.
    #[arg(long)]
    pub(crate) events: bool,
    /// Only what was said that matters at least so much.
    #[arg(long, value_name = "LEVEL", value_parser = ["info", "warning", "error"])]
    pub(crate) level: Option<String>,
    /// What was said, and every value of every metric.
    #[arg(long)]
    pub(crate) points: bool,
    /// Of the output, the last N lines.
    #[arg(long, value_name = "N", conflicts_with_all = ["events", "level", "points"])]
    pub(crate) tail: Option<usize>,
    /// Of the output, each line with its time.
    #[arg(long, conflicts_with_all = ["events", "level", "points"])]
    pub(crate) times: bool,
    /// Of the output, standard output.
    #[arg(long, conflicts_with_all = ["events", "level", "points"])]
    pub(crate) stdout: bool,
    /// Of the output, standard error.
    #[arg(long, conflicts_with_all = ["events", "level", "points"])]
    pub(crate) stderr: bool,
}

/// `plot`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether plot @latest
  $ aether plot k3v9 train/loss val/loss --log
  $ aether plot k3v9 --svg loss.svg --png loss.png

Metrics that differ only in their first part (train/loss, val/loss) share a plot.
Values that are NaN or infinite leave a gap and a mark.")]
pub(crate) struct Plot {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The metrics; else those of the validation and their counterparts.
    #[arg(value_name = "METRIC")]
    pub(crate) metrics: Vec<String>,
    /// Draw values on a logarithmic axis.
    #[arg(long)]
    pub(crate) log: bool,
    /// Write an SVG file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<PathBuf>,
    /// Write a PNG file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) png: Option<PathBuf>,
}

/// `watch`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether watch @latest
  $ aether watch k3v9 --rules watch.yaml
  $ aether watch k3v9 --json

Beside a run that is alive it samples the machine, and says what it finds until
the run ends. Of a run that has ended it says what can be found in what it said.")]
pub(crate) struct Watch {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Rules of one's own; else watch.yaml in the home, if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rules: Option<PathBuf>,
}

/// `compare`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether compare k3v9 p0a7
  $ aether compare baseline @latest")]
pub(crate) struct Compare {
    /// A run.
    #[arg(value_name = "RUN")]
    pub(crate) a: String,
    /// Another run.
    #[arg(value_name = "RUN")]
    pub(crate) b: String,
}

/// `artifacts`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether artifacts
  $ aether artifacts k3v9
  $ aether artifacts k3v9 --export model.onnx -o /tmp/model.onnx
  $ aether artifacts k3v9 --add report.pdf --kind report
  $ aether artifacts --verify

An artifact is known by its content: its digest is the SHA-256 of its bytes.")]
pub(crate) struct Artifacts {
    /// The run; else all runs.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Write the content of this artifact, by its name or digest, to a file.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["add", "verify"])]
    pub(crate) export: Option<String>,
    /// The file to write; else one of the artifact's name here. - for standard output.
    #[arg(short, long, value_name = "PATH", requires = "export", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Keep a file's content as an artifact of the run.
    #[arg(long, value_name = "FILE", requires = "run", value_hint = ValueHint::FilePath)]
    pub(crate) add: Option<PathBuf>,
    /// What to call what is added; else its file's name.
    #[arg(long, value_name = "NAME", requires = "add")]
    pub(crate) name: Option<String>,
    /// What kind of thing is added.
    #[arg(long, value_name = "KIND", requires = "add", default_value = "file")]
    pub(crate) kind: String,
    /// What is added, the run took; else it left it.
    #[arg(long, requires = "add")]
    pub(crate) input: bool,
    /// Read every content and make sure that it is what its digest says.
    #[arg(long, conflicts_with = "add")]
    pub(crate) verify: bool,
}

/// `lineage`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether lineage k3v9
  $ aether lineage model.onnx
  $ aether lineage ba7816bf")]
pub(crate) struct Lineage {
    /// A run, the name of an artifact, or its digest or the beginning of it.
    #[arg(value_name = "RUN|NAME|DIGEST")]
    pub(crate) of: String,
}

/// `alerts`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether alerts
  $ aether alerts test team
  $ aether alerts send

Where alerts go is said in alerts.yaml in the home. What could not be delivered
yet is listed with the reason, and tried again while `aether watch` runs.")]
pub(crate) struct Alerts {
    /// What to do.
    #[arg(value_name = "ACTION", value_enum, default_value_t = AlertsAction::List)]
    pub(crate) action: AlertsAction,
    /// Test only this route.
    #[arg(value_name = "ROUTE")]
    pub(crate) route: Option<String>,
    /// Where alerts go; else alerts.yaml in the home, if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) alerts: Option<PathBuf>,
}

/// What `alerts` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AlertsAction {
    /// List what waits and what failed
    List,
    /// Send a test message by a route, or by each
    Test,
    /// Send all that waits, and what failed, now
    Send,
}

/// `export`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether export @latest --to tensorboard -o logs
  $ aether export @latest --to wandb && wandb sync wandb/offline-run-*
  $ aether export k3v9 --to mlflow --url http://localhost:5000 --follow
  $ aether export k3v9 p0a7 --to csv -o tables
  $ aether export @latest --to prometheus --listen 127.0.0.1:9464")]
pub(crate) struct Export {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// The tool or the format.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) to: ExportFormat,
    /// Write there: a file, or a directory where a run is one or there are several.
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with = "url")]
    pub(crate) output: Option<PathBuf>,
    /// Send to this server (mlflow, otlp).
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,
    /// Serve the last values there (prometheus).
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    pub(crate) listen: String,
    /// Go on until the runs end, and pass on what they say as they say it.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// What runs can be passed on as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// TensorBoard event files, in a directory.
    Tensorboard,
    /// W&B offline runs, for `wandb sync`.
    Wandb,
    /// A run on an MLflow server.
    Mlflow,
    /// A table of points.
    Csv,
    /// A table of points.
    Parquet,
    /// Points and events, one JSON object a line.
    Jsonl,
    /// An OpenTelemetry collector, over HTTP.
    Otlp,
    /// The last values, for Prometheus to scrape.
    Prometheus,
}

impl ExportFormat {
    /// As it is typed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Tensorboard => "tensorboard",
            Self::Wandb => "wandb",
            Self::Mlflow => "mlflow",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::Otlp => "otlp",
            Self::Prometheus => "prometheus",
        }
    }
}

/// `import`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether import --from tensorboard runs/
  $ aether import --from wandb wandb/
  $ aether import --from mlflow mlflow.db --project digits

The same run is imported once, however often this is called.")]
pub(crate) struct Import {
    /// The tool or the format.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) from: ImportFormat,
    /// A file of it, or a directory.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) path: PathBuf,
    /// File the runs under this project, and not under their own.
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
}

/// Whose runs can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImportFormat {
    /// TensorBoard event files.
    Tensorboard,
    /// W&B offline runs.
    Wandb,
    /// A database or a directory of MLflow.
    Mlflow,
    /// Tables of points, or of one column for each metric.
    Csv,
    /// A database of trackio.
    Trackio,
    /// Parquet files of the Neptune exporter.
    Neptune,
}

/// `rm`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether rm k3v9 p0a7
  $ aether rm $(aether runs --quiet --state failed --limit 0)

There is no way back. A name that several runs have is refused: name them by id.")]
pub(crate) struct Rm {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Also runs that are, or may be, running.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `compact`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether compact
  $ aether compact @latest

A run may be alive. Its logs stay: `aether gc` removes them once it is over.")]
pub(crate) struct Compact {
    /// The runs; else all whose logs are long.
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
}

/// `gc`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether gc --dry-run
  $ aether gc --state failed --older-than 30d
  $ aether gc --keep-last 100
  $ aether gc 'tag = scratch and val/loss.min > 1'

Without conditions no run is removed: logs of runs that have ended are
compacted, and contents that no run names and half-written files go.
What lives is never touched.")]
pub(crate) struct Gc {
    /// Remove only runs for which this holds.
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Only tell what would go.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Keep the newest so many runs of each project.
    #[arg(long, value_name = "N")]
    pub(crate) keep_last: Option<usize>,
    /// Remove only runs that ended so long ago, such as 30d.
    #[arg(long, value_name = "SPAN")]
    pub(crate) older_than: Option<String>,
    /// Remove only runs that stand so; may be repeated.
    #[arg(long, value_name = "STATE", value_parser = ["done", "failed", "interrupted", "died"])]
    pub(crate) state: Vec<String>,
    /// Leave contents and half-written files that are younger than this.
    #[arg(long, value_name = "SPAN", default_value = "1d")]
    pub(crate) grace: String,
}

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether completions bash > ~/.local/share/bash-completion/completions/aether
  $ aether completions zsh > ~/.zfunc/_aether
  $ aether completions fish > ~/.config/fish/completions/aether.fish")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL", value_parser = shell())]
    pub(crate) shell: Shell,
}

fn shell() -> impl clap::builder::TypedValueParser<Value = Shell> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["bash", "zsh", "fish"]).map(|name| match name.as_str() {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    })
}
