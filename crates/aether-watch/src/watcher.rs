//! Watches one run: listens to its logs, samples the machine, and says what is found.
//!
//! It never stands in the run's way: what the run says it reads from the run's files, like anybody else, or hears with
//! an [`Ear`]. What it sees and finds goes to a log of its own in the run's directory, while the run lives; a run that has
//! ended is only read. Of several that watch one run, one samples the machine and speaks for the detectors, and one acts
//! on each rule (`claim.rs`).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aether_core::{
    Event, Listener, Run, Signal,
    signal::{self, Nanos},
};
use aether_ledger::{LedgerError, RunDirectory, SignalLog};

use crate::{
    Collectors, Detectors, Ear, Limits, Observed, Sample, Sources,
    claim::Claims,
    ear::Hearing,
    heard::{Heard, Voice},
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
    /// Who says it.
    pub word: Word,
}

/// Who says something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Whoever watches here, as the first: it was written down.
    Ours,
    /// The run itself, which has it in its log, and wants somebody to hear of it.
    Run,
    /// Somebody else, who watches the run too and does what is to be done about it; or did.
    Others,
}

/// Watches one run.
#[derive(Debug)]
pub struct Watcher {
    directory: RunDirectory,
    session: u32,
    created: Nanos,
    alive: bool,
    /// Made when there is something to write.
    log: Option<SignalLog>,
    claims: Claims,
    voice: Voice,
    /// What the run itself wanted heard before is not said again.
    since: Nanos,
    sources: Option<Sources>,
    /// Made when the machine is sampled first.
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
            Found { time, event, then, word: Word::Ours }
        };
        found.extend(self.events.drain(..).map(|event| rest(event, Vec::new())));
        found.extend(self.fired.drain(..).map(|fired| rest(fired.event, fired.then)));
    }
}

impl Watcher {
    /// Begins to watch `run` from outside. While it is `alive`, the machine is sampled and what is found is written down,
    /// but for what somebody else does already.
    pub fn new(directory: RunDirectory, run: &Run, alive: bool, file: &WatchFile) -> Self {
        let tail = Tail::new(directory.clone(), 0, alive);
        let since = signal::now();
        Self { alive, since, ..Self::of(directory, run, run.pid, Voice::Logs(tail), file, None) }
    }

    /// Begins to watch the program `process`, which is the current session of `run` and alive, on behalf of who began
    /// it; what earlier sessions said is passed over. At `deadline`, if there is one, the program will be stopped.
    pub fn beside(
        directory: RunDirectory,
        run: &Run,
        process: u32,
        file: &WatchFile,
        deadline: Option<Nanos>,
    ) -> Self {
        let tail = Tail::new(directory.clone(), run.resumed, true);
        Self::of(directory, run, process, Voice::Logs(tail), file, deadline)
    }

    /// Begins to watch `run`, which is this process, by what an `ear` hears on its bus.
    pub fn within(
        directory: RunDirectory,
        run: &Run,
        ear: Arc<Ear>,
        file: &WatchFile,
        deadline: Option<Nanos>,
    ) -> Self {
        let voice = Voice::Bus(ear, Hearing::default());
        Self::of(directory, run, std::process::id(), voice, file, deadline)
    }

    fn of(
        directory: RunDirectory,
        run: &Run,
        process: u32,
        voice: Voice,
        file: &WatchFile,
        deadline: Option<Nanos>,
    ) -> Self {
        let here = rustix::system::uname().nodename().to_string_lossy() == run.host.as_str();
        let sources = Sources {
            process: Some(process),
            directory: Some(directory.path().into()),
            ..Sources::default()
        };
        let steps = run.spec.get("max_steps").and_then(serde_json::Value::as_u64);
        let limits = Limits { steps, deadline, ..Limits::default() };
        Self {
            session: run.resumed,
            created: run.created.as_nanosecond().try_into().unwrap_or(0),
            alive: true,
            log: None,
            claims: Claims::on(directory.signals()),
            directory,
            voice,
            since: 0,
            sources: here.then_some(sources),
            collectors: None,
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
        }
    }

    /// Looks: hears what the run has said since the last time, samples the machine when that is due, and adds what is
    /// found. Call it a few times a second.
    ///
    /// # Errors
    /// When a log cannot be read or made. What could be read was looked at, and what was found is in `found`.
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
        // Two that sample would say everything twice.
        let speaks = self.alive && self.claims.machine();
        let (brain, ticked) = (&mut self.brain, &mut self.ticked);
        let (alive, since) = (self.alive, self.since);
        let mut outcome = self.voice.poll(|heard| match heard {
            Heard::Point(seen) => {
                if seen.time - *ticked >= TICK {
                    *ticked = seen.time;
                    brain.detectors.tick(seen.time, &mut brain.events);
                }
                if !seen.metric.name().starts_with("system/") {
                    brain.step = seen.step;
                }
                brain.observe(seen);
                brain.drain(seen.time, found);
            }
            Heard::Goal(steps) => brain.detectors.expect(steps),
            Heard::Alert(time, event) if alive && time >= since => {
                let word = if speaks { Word::Run } else { Word::Others };
                found.push(Found { time, event: event.clone(), then: Vec::new(), word });
            }
            Heard::Alert(..) => {}
        });
        let now = signal::now();
        if alive {
            if sample && speaks {
                outcome = outcome.and(self.sample(now));
            }
            if now - self.ticked >= TICK {
                self.ticked = now;
                self.brain.detectors.tick(now, &mut self.brain.events);
            }
            self.brain.drain(now, found);
        }
        for found in found[first..].iter_mut().filter(|found| found.word == Word::Ours) {
            if self.voice.knows(&found.event) || !self.acts(found, speaks) {
                found.word = Word::Others;
            } else if alive {
                outcome = outcome.and(self.note(now, &found.event));
            }
        }
        outcome
    }

    /// Whether something that was found is this watcher's to say and to act on.
    fn acts(&mut self, found: &Found, speaks: bool) -> bool {
        let when = found.event.fields.get("when").and_then(serde_json::Value::as_str);
        match when.filter(|_| self.alive && !found.then.is_empty()) {
            Some(when) => self.claims.rule(when, &found.then),
            // What detectors find, whoever samples finds, too. Of a run that has ended nothing is written down.
            None => speaks || !self.alive,
        }
    }

    /// Writes down an event of who watches, such as what was done about something.
    ///
    /// # Errors
    /// When there is no log yet, and none can be made.
    pub fn note(&mut self, time: Nanos, event: &Event) -> Result<(), LedgerError> {
        self.log()?.on(time, &Signal::Event(event.clone()));
        Ok(())
    }

    fn log(&mut self) -> Result<&SignalLog, LedgerError> {
        let log = match self.log.take() {
            Some(log) => log,
            None => {
                let log = SignalLog::create(&self.directory, self.session)?;
                self.voice.pass_over(log.path());
                log
            }
        };
        Ok(self.log.insert(log))
    }

    fn sample(&mut self, now: Nanos) -> Result<(), LedgerError> {
        let elapsed = self.began.elapsed();
        let due = self.sampled.is_none_or(|last| elapsed >= last + self.interval);
        let (Some(sources), true) = (&self.sources, due) else { return Ok(()) };
        self.sampled = Some(elapsed);
        let mut sample = std::mem::take(&mut self.sample);
        self.collectors.get_or_insert_with(|| Collectors::find(sources)).sample(elapsed, &mut sample);
        let step = (now - self.created).max(0) as u64 / 1_000_000;
        let log = self.log()?;
        for &(metric, value) in &sample.points {
            log.on(now, &Signal::Point { metric, step, value });
        }
        for &(metric, value) in &sample.points {
            self.brain.observe(&Observed { time: now, metric, step, value });
        }
        for mut event in sample.events.drain(..) {
            event.step = self.brain.step;
            self.brain.events.push(event);
        }
        self.sample = sample;
        Ok(())
    }
}
