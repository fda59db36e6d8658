//! Watches one run: listens to its logs, samples the machine, and says what is found.
//!
//! It never stands in the run's way: what the run says it reads from the run's files, like anybody else. What it sees
//! and finds goes to a log of its own in the run's directory, while the run lives; a run that has ended is only read.

use std::time::{Duration, Instant};

use aether_core::{
    Event, Listener, Run, Signal,
    signal::{self, Nanos},
};
use aether_ledger::{LedgerError, RunDirectory, SignalLog};

use crate::{
    Collectors, Detectors, Limits, Observed, Sample, Sources,
    rules::{Action, Fired, Rules, WatchFile},
    tail::Tail,
};

/// Detectors hear of the time so often.
const TICK: Nanos = 500_000_000;

/// Something that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// When, in nanoseconds since 1970, UTC.
    pub time: Nanos,
    /// What.
    pub event: Event,
    /// What a rule wants done, if a rule found it.
    pub then: Vec<Action>,
    /// Whether somebody else has written it down, or will: then nothing is to be done about it.
    pub known: bool,
}

/// Watches one run.
#[derive(Debug)]
pub struct Watcher {
    created: Nanos,
    /// None: the run has ended.
    log: Option<SignalLog>,
    tail: Tail,
    /// Whether somebody else who samples has the say.
    yields: bool,
    /// Somebody else samples.
    others: bool,
    /// When the watching began.
    since: Nanos,
    /// None: nothing is collected.
    collectors: Option<Collectors>,
    interval: Duration,
    began: Instant,
    sampled: Option<Duration>,
    sample: Sample,
    /// The time that detectors were told last.
    ticked: Nanos,
    brain: Brain,
}

/// What judges.
#[derive(Debug)]
struct Brain {
    detectors: Detectors,
    rules: Rules,
    /// The last step that the run spoke of.
    step: u64,
    events: Vec<Event>,
    fired: Vec<Fired>,
}

impl Brain {
    fn observe(&mut self, seen: &Observed) {
        self.detectors.observe(seen, &mut self.events);
        self.rules.observe(seen, &mut self.fired);
    }

    /// Hands over what was found at `time`. Events are about the run's steps, also those that the machine gave rise to.
    fn drain(&mut self, time: Nanos, found: &mut Vec<Found>) {
        let step = self.step;
        let of_machine = |event: &Event| {
            event.fields.get("metric").and_then(|m| m.as_str()).is_some_and(|m| m.starts_with("system/"))
        };
        let rest = |mut event: Event, then: Vec<Action>| {
            if of_machine(&event) {
                event.step = step;
            }
            Found { time, event, then, known: false }
        };
        found.extend(self.events.drain(..).map(|event| rest(event, Vec::new())));
        found.extend(self.fired.drain(..).map(|fired| rest(fired.event, fired.then)));
    }
}

impl Watcher {
    /// Begins to watch `run`. While `alive`, the machine is sampled and what is found is written down, but for a run that
    /// somebody else samples.
    ///
    /// # Errors
    /// When the run's logs cannot be read, or a log cannot be made.
    pub fn new(
        directory: RunDirectory,
        run: &Run,
        alive: bool,
        file: &WatchFile,
    ) -> Result<Self, LedgerError> {
        Self::of(directory, run, run.pid, 0, alive, file)
    }

    /// Begins to watch the program `process`, which is the current session of `run` and alive, on behalf of who began
    /// it: what others sample makes no difference, and what earlier sessions said is passed over.
    ///
    /// # Errors
    /// When a log cannot be made.
    pub fn beside(
        directory: RunDirectory,
        run: &Run,
        process: u32,
        file: &WatchFile,
    ) -> Result<Self, LedgerError> {
        Ok(Self { yields: false, ..Self::of(directory, run, process, run.resumed, true, file)? })
    }

    fn of(
        directory: RunDirectory,
        run: &Run,
        process: u32,
        session: u32,
        alive: bool,
        file: &WatchFile,
    ) -> Result<Self, LedgerError> {
        let log = alive.then(|| SignalLog::create(&directory, run.resumed)).transpose()?;
        let tail = Tail::new(directory.clone(), log.as_ref().map(SignalLog::path), session);
        let here = rustix::system::uname().nodename().to_string_lossy() == run.host.as_str();
        let sources = Sources {
            process: Some(process),
            directory: Some(directory.path().into()),
            ..Sources::default()
        };
        let collectors = (alive && here).then(|| Collectors::find(&sources));
        let steps = run.spec.get("max_steps").and_then(serde_json::Value::as_u64);
        let limits = Limits { steps, ..Limits::default() };
        Ok(Self {
            created: run.created.as_nanosecond().try_into().unwrap_or(0),
            log,
            tail,
            yields: true,
            others: false,
            since: signal::now(),
            collectors,
            interval: file.interval,
            began: Instant::now(),
            sampled: None,
            sample: Sample::default(),
            ticked: 0,
            brain: Brain {
                detectors: Detectors::new(&limits),
                rules: Rules::new(file.rules.clone()),
                step: 0,
                events: Vec::new(),
                fired: Vec::new(),
            },
        })
    }

    /// Looks: reads what the run has said since the last time, samples the machine when that is due, and adds what is
    /// found. Call it a few times a second.
    ///
    /// # Errors
    /// When a log cannot be read. What could be read was looked at.
    pub fn look(&mut self, found: &mut Vec<Found>) -> Result<(), LedgerError> {
        self.look_and(true, found)
    }

    /// Looks for the last time: the program is gone, and there is nothing left to sample.
    ///
    /// # Errors
    /// As [`Watcher::look`].
    pub fn look_back(&mut self, found: &mut Vec<Found>) -> Result<(), LedgerError> {
        self.look_and(false, found)
    }

    fn look_and(&mut self, sample: bool, found: &mut Vec<Found>) -> Result<(), LedgerError> {
        let first = found.len();
        let (brain, ticked) = (&mut self.brain, &mut self.ticked);
        // Somebody else samples this run already: two would say everything twice.
        let (yields, since, others) = (self.yields, self.since, &mut self.others);
        let outcome = self.tail.poll(|seen| {
            if seen.time - *ticked >= TICK {
                *ticked = seen.time;
                brain.detectors.tick(seen.time, &mut brain.events);
            }
            if seen.metric.name().starts_with("system/") {
                *others |= yields && seen.time > since;
            } else {
                brain.step = seen.step;
            }
            brain.observe(seen);
            brain.drain(seen.time, found);
        });
        if self.others {
            self.collectors = None;
        }
        let now = signal::now();
        if self.log.is_some() {
            if sample {
                self.sample(now);
            }
            if now - self.ticked >= TICK {
                self.ticked = now;
                self.brain.detectors.tick(now, &mut self.brain.events);
            }
            self.brain.drain(now, found);
        }
        for found in &mut found[first..] {
            // What detectors find, the other finds, too.
            found.known = self.tail.knows(&found.event) || (self.others && found.then.is_empty());
            if let (Some(log), false) = (&self.log, found.known) {
                log.on(now, &Signal::Event(found.event.clone()));
            }
        }
        outcome
    }

    /// Writes down what was done about something.
    pub fn note(&self, event: &Event) {
        if let Some(log) = &self.log {
            log.on(signal::now(), &Signal::Event(event.clone()));
        }
    }

    fn sample(&mut self, now: Nanos) {
        let elapsed = self.began.elapsed();
        let due = self.sampled.is_none_or(|last| elapsed >= last + self.interval);
        let (Some(collectors), Some(log), true) = (&mut self.collectors, &self.log, due) else { return };
        self.sampled = Some(elapsed);
        let sample = &mut self.sample;
        collectors.sample(elapsed, sample);
        let step = (now - self.created).max(0) as u64 / 1_000_000;
        for &(metric, value) in &sample.points {
            log.on(now, &Signal::Point { metric, step, value });
            self.brain.observe(&Observed { time: now, metric, step, value });
        }
        for mut event in sample.events.drain(..) {
            event.step = self.brain.step;
            self.brain.events.push(event);
        }
    }
}
