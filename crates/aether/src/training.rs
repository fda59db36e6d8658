//! A training from its request to its end: what `train` and `resume` share.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use aether_core::{Artifact, Bus, Listener, Run, RunState, Signal};
use aether_ledger::{Home, LedgerError, NewRun, RunDirectory, RunWriter};
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

    let home = context.home()?;
    let place = Place::make(&job, &assembly, here, &home, context)?;
    let writer = &place.writer;
    let (trained, seen, live) = train(&job, assembly, listeners, (&stop, asked), (writer, &home), context);
    // The run ends before `live` does: whoever reads late what is shown, or never, does not hold it up.
    match trained {
        Ok(report) => {
            close(&report, &seen, writer)?;
            drop(live);
            tell(&report, seen, writer, context)
        }
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

/// Trains in the run that was begun. Where there is no thread to show it, or to watch it, that is said, and the training
/// goes on.
fn train(
    job: &Job,
    assembly: Assembly,
    listeners: Vec<Arc<dyn Listener>>,
    (stop, asked): (&StopFlag, SnapshotFlag),
    (writer, home): (&RunWriter, &Home),
    context: &mut Context<'_>,
) -> (Result<Report, Stopped>, Seen, Live) {
    let log = match writer.log() {
        Ok(log) => log,
        // Without it the run would remember nothing.
        Err(error) => return (Err(Stopped::Amid(error.into())), Seen::default(), Live::silent()),
    };
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
    let live = Live::start(context.format, stop.clone()).unwrap_or_else(|error| {
        context.note(&format!("the training goes on unseen: cannot make the thread that shows it: {error}"));
        Live::silent()
    });
    bus.add(live.listener());
    let lookout = job.watch.as_ref().and_then(|file| look_out(file, writer, home, &mut bus, &live));
    let trained = drive(job, assembly, &bus, (stop, asked), writer);
    let seen = lookout.map(Lookout::end).unwrap_or_default();
    // The log's writer must be done before the run is declared to have ended.
    drop(bus);
    (trained, seen, live)
}

/// Watches the training on a thread of its own.
fn look_out(
    file: &WatchFile,
    writer: &RunWriter,
    home: &Home,
    bus: &mut Bus,
    live: &Live,
) -> Option<Lookout> {
    let ear = Arc::new(Ear::default());
    let run = writer.run();
    let deadline = lookout::deadline(None);
    let watcher = Watcher::within(writer.directory().clone(), &run, Arc::clone(&ear), file, deadline);
    let (home, interval, told) = (home.clone(), file.interval, Some(live.listener()));
    match Lookout::begin(Watch { watcher, run, home, interval, told }) {
        Ok(lookout) => {
            bus.add(ear);
            Some(lookout)
        }
        Err(error) => {
            let message = format!("the training is not watched: cannot make a thread: {error}");
            bus.emit(&Signal::Event(lookout::not_watched(message)));
            None
        }
    }
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
    fn make(
        job: &Job,
        assembly: &Assembly,
        here: PathBuf,
        home: &Home,
        context: &Context<'_>,
    ) -> Result<Self, Failure> {
        if let Some(From { run: Some(directory), force, .. }) = &job.from {
            let before = Some(directory.run()?);
            let place = Self { writer: RunWriter::resume(directory.clone(), *force)?, before };
            let noted = place.writer.set_spec(assembly.settings.experiment.clone());
            return place.unless(noted);
        }
        if let Some(dir) = &assembly.experiment.snapshot.dir
            && job.from.is_none()
            && dir.join(Pointer::Latest.file_name()).exists()
        {
            context.note(&format!("{} has snapshots of another run, which will be replaced", dir.display()));
        }
        let experiment = &assembly.experiment;
        let writer = RunWriter::create(
            home,
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
        let place = Self { writer, before: None };
        let Some(config) = &job.config else { return Ok(place) };
        let bytes = fs::metadata(config).map_or(0, |m| m.len());
        let (name, kind, path) = (CONFIG.to_owned(), CONFIG.to_owned(), config.clone());
        let noted = place.writer.add_artifact(Artifact { name, kind, path, bytes });
        place.unless(noted)
    }

    /// Itself, unless something could not be noted: then all is as it was before.
    fn unless(self, noted: Result<(), LedgerError>) -> Result<Self, Failure> {
        match noted {
            Ok(()) => Ok(self),
            Err(error) => {
                self.abandon();
                Err(error.into())
            }
        }
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

/// Closes the run's record.
fn close(report: &Report, seen: &Seen, writer: &RunWriter) -> Result<(), Failure> {
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
    Ok(writer.end(state, reason)?)
}

/// Tells how the training ended, as the run's record has it.
fn tell(report: &Report, seen: Seen, writer: &RunWriter, context: &mut Context<'_>) -> Result<(), Failure> {
    let run = writer.run();
    let directory = snapshots::directory(&run, writer.directory());
    let best = directory.join(Pointer::Best.file_name());
    let trained = Trained {
        run: writer.id(),
        name: run.name,
        state: run.state,
        reason: run.reason,
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
