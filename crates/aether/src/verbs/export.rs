//! `export`: passes runs on to other tools.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use aether_core::{Run, RunId};
use aether_exchange::{
    ExchangeError,
    export::{
        Exporter, Follower,
        csv::Csv,
        jsonl::JsonLines,
        mlflow::MlFlow,
        otlp::Otlp,
        parquet::Parquet,
        prometheus::{self, Prometheus},
        tensorboard::TensorBoard,
        wandb::Wandb,
        whole,
    },
};
use aether_ledger::{Index, RunDirectory};
use serde::Serialize;

use crate::{
    cli::{self, ExportFormat as Format},
    context::Context,
    failure::Failure,
    stop,
};

/// How long a follower waits before it looks again.
const PAUSE: Duration = Duration::from_millis(200);

/// A run that was passed on.
#[derive(Debug, Serialize)]
pub(crate) struct PassedOn {
    /// Its id.
    pub(crate) run: RunId,
    /// In which format.
    pub(crate) to: &'static str,
    /// Where it is now.
    pub(crate) place: String,
    /// How many values of metrics went there.
    pub(crate) points: u64,
}

pub(super) fn run(args: &cli::Export, context: &mut Context<'_>) -> Result<(), Failure> {
    let found = Index::find_all_in(&context.home()?, &args.runs)?;
    let runs: Vec<RunDirectory> = found.into_iter().map(|entry| entry.directory).collect();
    if args.to == Format::Prometheus {
        return scraped(args, &runs, context);
    }
    let mut exports = Vec::new();
    for directory in &runs {
        let run = directory.run()?;
        exports.push((directory, exporter(args, &run)?));
    }
    if args.follow {
        return follow(args, exports, context);
    }
    for (directory, mut exporter) in exports {
        let points = whole(directory, &mut *exporter)?;
        finish(args, directory, &mut *exporter, points, context)?;
    }
    Ok(())
}

fn follow(
    args: &cli::Export,
    exports: Vec<(&RunDirectory, Box<dyn Exporter>)>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let stop = stop::on_signals().map_err(Failure::work)?;
    let begin = |(directory, exporter)| (directory, exporter, Follower::new(directory));
    let mut live: Vec<_> = exports.into_iter().map(begin).collect();
    while !live.is_empty() {
        let mut heard = false;
        let stopped = stop.requested();
        let mut going = Vec::new();
        for (directory, mut exporter, mut follower) in live {
            // Asked before reading: what a process says before it ends is then surely read.
            let alive = directory.standing(&directory.run()?).may_live();
            heard |= follower.poll(&mut *exporter)?;
            if alive && !stopped {
                going.push((directory, exporter, follower));
            } else {
                finish(args, directory, &mut *exporter, follower.points(), context)?;
            }
        }
        live = going;
        if stopped {
            let said = "the export ends here; what was said until now is passed on".to_owned();
            return Err(Failure::Interrupted(said));
        }
        if !heard && !live.is_empty() {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

fn finish(
    args: &cli::Export,
    directory: &RunDirectory,
    exporter: &mut dyn Exporter,
    points: u64,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let place = exporter.end(&directory.run()?)?;
    let exported = PassedOn { run: directory.id(), to: args.to.word(), place, points };
    Ok(context.render().passed_on(&exported)?)
}

fn exporter(args: &cli::Export, run: &Run) -> Result<Box<dyn Exporter>, Failure> {
    let url = || {
        let needed = format!("--to {} needs --url, the server's address", args.to.word());
        args.url.as_deref().ok_or(Failure::Request(needed))
    };
    Ok(match args.to {
        Format::Tensorboard => Box::new(TensorBoard::create(&directory(args, "tensorboard"), run)?),
        Format::Wandb => Box::new(Wandb::create(&directory(args, "wandb"), run)?),
        Format::Mlflow => Box::new(MlFlow::begin(url()?, run)?),
        Format::Otlp => Box::new(Otlp::new(url()?, run)),
        Format::Csv => Box::new(Csv::create(&file(args, run, "csv")?, run)?),
        Format::Parquet => Box::new(Parquet::create(&file(args, run, "parquet")?, run)?),
        Format::Jsonl => Box::new(JsonLines::create(&file(args, run, "jsonl")?, run)?),
        Format::Prometheus => return Err(Failure::request("Prometheus scrapes; it is not written to")),
    })
}

fn directory(args: &cli::Export, default: &str) -> PathBuf {
    args.output.clone().unwrap_or_else(|| default.into())
}

/// The file of one run: `--output` itself, or a file in it where it is a directory or there are several runs.
fn file(args: &cli::Export, run: &Run, extension: &str) -> Result<PathBuf, Failure> {
    let name = format!("{}.{extension}", run.id);
    let Some(output) = &args.output else { return Ok(name.into()) };
    if args.runs.len() > 1 {
        let made = fs::create_dir_all(output);
        made.map_err(|e| Failure::request(format!("cannot make the directory {}: {e}", output.display())))?;
    }
    Ok(if output.is_dir() { output.join(name) } else { output.clone() })
}

/// Serves `/metrics` until somebody stops it; or writes the page once, for node_exporter's textfile collector.
fn scraped(args: &cli::Export, runs: &[RunDirectory], context: &mut Context<'_>) -> Result<(), Failure> {
    let mut followers = Vec::new();
    let mut exporters = Vec::new();
    for directory in runs {
        followers.push(Follower::new(directory));
        exporters.push(Prometheus::new(&directory.run()?));
    }
    let mut poll = || -> Result<String, ExchangeError> {
        for (follower, exporter) in followers.iter_mut().zip(&mut exporters) {
            follower.poll(exporter)?;
        }
        Ok(prometheus::page(&exporters))
    };
    if let Some(output) = &args.output {
        let page = poll()?;
        write_whole(output, page.as_bytes())?;
        for (directory, follower) in runs.iter().zip(&followers) {
            let place = output.display().to_string();
            let exported =
                PassedOn { run: directory.id(), to: "prometheus", place, points: follower.points() };
            context.render().passed_on(&exported)?;
        }
        return Ok(());
    }
    let listener = prometheus::listen(&args.listen)?;
    let address = listener.local_addr().map_err(Failure::work)?;
    context.note(&format!("Prometheus can scrape http://{address}/metrics; Ctrl-C ends it"));
    Ok(prometheus::serve(&listener, poll)?)
}

/// A scraper must never read a part of it.
fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    aether_core::AtomicFile::write(path, content)
        .map_err(|e| Failure::work(format!("cannot write {}: {e}", path.display())))
}
