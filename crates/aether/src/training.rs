//! A training from its request to its end: what `train` and `resume` share.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use aether_core::{Artifact, Bus, Listener, Run, RunState};
use aether_ledger::{NewRun, RunDirectory, RunWriter};
use aether_watch::{Ear, Watcher, rules::WatchFile};
use aetheria::{
    assembly::{Assembly, assemble, listeners},
    experiment::Experiment,
    snapshot::{Pointer, Snapshot, SnapshotStore},
    train::{Orchestrator, Outcome, Parts, Report, SnapshotFlag, StopFlag},
};

use crate::{
    context::Context,
    failure::Failure,
    live::Live,
    lookout::{self, Lookout, Seen, Watch},
    render::Value,
    snapshots, stop,
    verbs::train::{Began, Best, Trained},
};

/// The name under which a run remembers the file that its experiment was read from.
const CONFIG: &str = "config";

/// What is to be trained.
pub(crate) struct Job {
    /// As the file, or the run's record, says.
    pub(crate) experiment: Experiment,
    /// Where its relative paths start.
    pub(crate) base: PathBuf,
    /// The file it was read from.
    pub(crate) config: Option<PathBuf>,
    /// What it goes on from.
    pub(crate) from: Option<From>,
    /// What is watched for; `None` for nothing.
    pub(crate) watch: Option<WatchFile>,
}

/// What a training goes on from.
pub(crate) struct From {
    pub(crate) snapshot: Snapshot,
    /// The run that is taken up again; without one, a new run begins at the snapshot.
    pub(crate) run: Option<RunDirectory>,
    /// Also a run that may be alive on another host.
    pub(crate) force: bool,
}

/// Trains.
///
/// # Errors
/// When the request is wrong, the training fails or somebody stops it.
pub(crate) fn run(mut job: Job, context: &mut Context<'_>) -> Result<(), Failure> {
    let here = current_directory()?;
    if let Some(dir) = &mut job.experiment.snapshot.dir {
        // As it is typed after `--resume`; absolute, so that a resume from elsewhere finds it.
        *dir = here.join(&*dir);
    }
    let assembly = assemble(&job.experiment, &job.base, context.registries()).map_err(Failure::request)?;
    let listeners = listeners(&assembly.experiment, context.registries()).map_err(Failure::request)?;
    for note in &assembly.notes {
        context.note(note);
    }
    // From here on a signal ends the training in order, or has it write a snapshot, and does not end the process.
    let deaf = |e| Failure::work(format!("cannot listen for signals: {e}"));
    let stop = stop::on_signals().map_err(deaf)?;
    let asked = stop::snapshot_on_signal().map_err(deaf)?;

    let place = Place::make(&job, &assembly, here, context)?;
    let writer = &place.writer;
    let log = writer.log()?;
    let began = Began {
        run: writer.id(),
        name: writer.run().name,
        directory: writer.directory().path().display().to_string(),
    };
    // Nobody reading is no reason not to train.
    let _ = context.render().began(&began).and_then(|()| context.render().flush());

    let mut bus = Bus::new();
    bus.add(Arc::new(log));
    listeners.into_iter().for_each(|listener| bus.add(listener));
    let live = Live::start(context.format, stop.clone())
        .map_err(|e| Failure::work(format!("cannot start the thread that shows progress: {e}")))?;
    bus.add(live.listener());
    let lookout = job.watch.as_ref().map(|file| look_out(file, writer, &mut bus, &live, context));
    let lookout = lookout.transpose()?;
    let trained = drive(&job, assembly, &bus, (&stop, asked), writer);
    let seen = lookout.map(Lookout::end).unwrap_or_default();
    drop(live);
    // The log's writer must be done before the run is declared to have ended.
    drop(bus);
    match trained {
        Ok(report) => conclude(&report, seen, writer, context),
        Err(Stopped::Before(failure)) => {
            place.abandon();
            Err(failure)
        }
        Err(Stopped::Amid(failure)) => {
            writer.end(RunState::Failed, failure.message().map(str::to_owned))?;
            Err(failure)
        }
    }
}

/// Watches the training on a thread of its own.
fn look_out(
    file: &WatchFile,
    writer: &RunWriter,
    bus: &mut Bus,
    live: &Live,
    context: &Context<'_>,
) -> Result<Lookout, Failure> {
    let ear = Arc::new(Ear::default());
    bus.add(Arc::clone(&ear) as Arc<dyn Listener>);
    let run = writer.run();
    let deadline = lookout::deadline(None);
    let watcher = Watcher::within(writer.directory().clone(), &run, ear, file, deadline);
    let (home, interval, told) = (context.home()?, file.interval, Some(live.listener()));
    Lookout::begin(Watch { watcher, run, home, interval, told }).map_err(|e| {
        Failure::work(format!("cannot start the thread that watches: {e}; --no-watch goes without"))
    })
}

fn current_directory() -> Result<PathBuf, Failure> {
    env::current_dir()
        .map_err(|e| Failure::work(format!("cannot tell the current directory: {e}; change to one")))
}

/// What kept a training from an orderly end.
enum Stopped {
    /// It never began: the request was wrong.
    Before(Failure),
    /// The hardware failed.
    Amid(Failure),
}

/// Runs the orchestrator.
fn drive(
    job: &Job,
    assembly: Assembly,
    bus: &Bus,
    (stop, asked): (&StopFlag, SnapshotFlag),
    writer: &RunWriter,
) -> Result<Report, Stopped> {
    let before = |error: &dyn std::fmt::Display| Stopped::Before(Failure::request(error));
    let Assembly { experiment, settings, data, mut strategy, callbacks, .. } = assembly;
    let directory = snapshots::directory(&writer.run(), writer.directory());
    let store = SnapshotStore::open(directory, experiment.snapshot.keep.get())
        .map_err(|e| Stopped::Before(Failure::work(e)))?;
    let parts =
        Parts { settings: &settings, data: &data, strategy: &mut *strategy, bus, stop, store, callbacks };
    let mut orchestrator = Orchestrator::new(parts).map_err(|e| before(&e))?.snapshot_when(asked);
    if let Some(from) = &job.from {
        orchestrator.resume(&from.snapshot).map_err(|e| before(&e))?;
    }
    orchestrator.run().map_err(|error| Stopped::Amid(Failure::work(error)))
}

/// A training's run, new or taken up.
struct Place {
    writer: RunWriter,
    /// What the record said before, of a run that is taken up.
    before: Option<Run>,
}

impl Place {
    fn make(job: &Job, assembly: &Assembly, here: PathBuf, context: &Context<'_>) -> Result<Self, Failure> {
        if let Some(From { run: Some(directory), force, .. }) = &job.from {
            let before = directory.run()?;
            let writer = RunWriter::resume(directory.clone(), *force)?;
            writer.set_spec(assembly.settings.experiment.clone())?;
            return Ok(Self { writer, before: Some(before) });
        }
        if let Some(dir) = &assembly.experiment.snapshot.dir
            && job.from.is_none()
            && dir.join(Pointer::Latest.file_name()).exists()
        {
            context.note(&format!("{} has snapshots of another run, which will be replaced", dir.display()));
        }
        let experiment = &assembly.experiment;
        let writer = RunWriter::create(
            &context.home()?,
            NewRun {
                name: experiment.name.clone().unwrap_or_else(|| experiment.model_name.clone()),
                project: experiment.project.clone(),
                kind: "train".to_owned(),
                spec: assembly.settings.experiment.clone(),
                command: context.words.clone(),
                directory: here,
                tags: Vec::new(),
            },
        )?;
        if let Some(config) = &job.config {
            let bytes = fs::metadata(config).map_or(0, |m| m.len());
            let path = config.clone();
            writer.add_artifact(Artifact {
                name: CONFIG.to_owned(),
                kind: CONFIG.to_owned(),
                path,
                bytes,
            })?;
        }
        Ok(Self { writer, before: None })
    }

    /// Leaves everything as it was before a request that was wrong.
    fn abandon(self) {
        // The request's error is what has to be told; what cannot be put back shows as a run that died.
        let _ = match &self.before {
            Some(before) => self
                .writer
                .set_spec(before.spec.clone())
                .and_then(|()| self.writer.end(before.state, before.reason.clone()))
                .map_err(io::Error::other),
            None => fs::remove_dir_all(self.writer.directory().path()),
        };
    }
}

/// The directory that a run's relative paths start at.
pub(crate) fn base(run: &Run) -> PathBuf {
    let config = run.artifacts.iter().find(|artifact| artifact.kind == CONFIG);
    let parent = config.and_then(|config| config.path.parent()).map(Path::to_owned);
    parent.unwrap_or_else(|| run.directory.clone())
}

/// Closes the run's record and tells how it ended.
fn conclude(
    report: &Report,
    seen: Seen,
    writer: &RunWriter,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let (state, reason) = match &report.outcome {
        Outcome::Finished { reason, .. } => (RunState::Done, Some(reason.clone())),
        Outcome::Interrupted => (RunState::Interrupted, seen.stopped.clone()),
        Outcome::Failed { reason } => (RunState::Failed, Some(reason.clone())),
    };
    let run = writer.run();
    for snapshot in run.artifacts.iter().filter(|artifact| artifact.kind == "snapshot") {
        writer.remove_artifact(&snapshot.name)?;
    }
    for snapshot in snapshots::list(&run, writer.directory()) {
        writer.add_artifact(snapshot)?;
    }
    writer.end(state, reason.clone())?;

    let directory = snapshots::directory(&run, writer.directory());
    let best = directory.join(Pointer::Best.file_name());
    let trained = Trained {
        run: writer.id(),
        name: run.name,
        state,
        reason: reason.clone(),
        steps: report.progress.step,
        epochs: report.progress.epoch,
        seconds: report.progress.seconds,
        loss: Value(report.progress.last_loss),
        metrics: report.measured.iter().map(|&(name, value)| (name.to_owned(), Value(value))).collect(),
        best: report.best.map(|best| Best {
            metric: report.monitor.clone(),
            value: Value(best.value),
            step: best.step,
        }),
        snapshot: report.snapshot.as_ref().map(|path| path.display().to_string()),
        best_snapshot: best.exists().then(|| best.display().to_string()),
        program: context.program.clone(),
    };
    let shown = context.render().trained(&trained);
    if let Some(note) = seen.note(&context.hint(&format!("logs {} --events", writer.id()))) {
        context.note(&note);
    }
    match &report.outcome {
        Outcome::Finished { .. } => Ok(shown?),
        Outcome::Failed { reason } => Err(Failure::work(reason)),
        Outcome::Interrupted => {
            let place = report.progress.place();
            let why = seen.stopped.unwrap_or_else(|| "interrupted".to_owned());
            let command = context.hint(&format!("resume {}", writer.id()));
            Err(Failure::Interrupted(format!("{why} at {place}; go on with: {command}")))
        }
    }
}
