//! The supervisor: one process, one loop, from before the program starts until after it has ended. Whoever looks on may
//! come and go, and the run does not notice.

mod attempt;
mod clients;
pub(crate) mod hooks;
pub(crate) mod journal;
mod syncer;

use std::{
    collections::VecDeque,
    io,
    os::fd::{AsFd, BorrowedFd},
    path::PathBuf,
    process::ExitStatus,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

use aether_core::{Level, RunState, signal};
use aether_ledger::{Home, LedgerError, NewRun, RunWriter};
use jiff::Timestamp;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, WaitOptions, waitpid},
};
use serde_json::json;

use crate::{
    child::{Connections, Program},
    facts,
    oom::Kills,
    outcome::{Cause, Verdict},
    protocol::{Asked, Connection, Ended, Said},
    recording::{Recording, Stream},
    signals::Ear,
    socket,
    spec::Spec,
    terminal, tree,
};
use attempt::Attempt;
use clients::{Clients, Deed};
use hooks::{Hooks, Started};
use journal::Journal;

/// Between SIGTERM and SIGKILL, when nobody says otherwise.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// Processes that lost their parent are waited for so long after they ended.
const REAP_AFTER: Duration = Duration::from_millis(100);
/// How often a tree that is being stopped is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The first pause before a program is begun again, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A client that takes nothing is waited for so long after the run's end.
const FAREWELL: Duration = Duration::from_secs(60);

/// What the loop found ready.
#[derive(Debug, Clone, Copy)]
enum Ready {
    Signals,
    Listener,
    Client(usize),
    Output(Stream),
    Typing,
}

/// The tree is to end.
#[derive(Debug)]
struct Stopping {
    cause: Cause,
    /// Then it is killed.
    kill_at: Instant,
}

/// What gathers what the run runs in.
enum Facts {
    /// It is still to begin, and is told by this when the run has ended.
    Due(Receiver<()>),
    Gathered(thread::JoinHandle<()>),
    None,
}

struct Supervisor<'a> {
    home: Home,
    spec: Spec,
    run: Arc<RunWriter>,
    clients: Clients,
    ear: Ear,
    hooks: &'a mut dyn Hooks,
    journal: Journal,
    begun: Instant,
    stopping: Option<Stopping>,
    /// The last signal that was passed on.
    passed: Option<i32>,
    reap_at: Option<Instant>,
    tick_at: Option<Instant>,
}

/// Supervises `spec` from its beginning to its end. `first` is told all; without it nobody looks on at the beginning.
pub(crate) fn supervise(
    home: &Home,
    spec: Spec,
    connections: Connections,
    first: Connection,
    hooks: &mut dyn Hooks,
) {
    let mut first = first;
    let begun = Instant::now();
    match begin(home, &spec) {
        Ok((run, ear)) => {
            // Without a name to listen at, the run goes on; only nobody can attach.
            let listener = socket::listen(run.id()).ok();
            let journal = Journal::new(Arc::clone(&run));
            let supervisor = Supervisor {
                home: home.clone(),
                clients: Clients::new(listener, Some(first)),
                spec,
                run,
                ear,
                hooks,
                journal,
                begun,
                stopping: None,
                passed: None,
                reap_at: None,
                tick_at: None,
            };
            supervisor.work(connections);
        }
        // Nobody else is there to be told.
        Err(message) => drop(first.send(&Said::Refused { message })),
    }
}

fn begin(home: &Home, spec: &Spec) -> Result<(Arc<RunWriter>, Ear), String> {
    let new = NewRun {
        name: spec.run_name(),
        project: spec.project.clone(),
        kind: "command".to_owned(),
        spec: spec.to_json(),
        command: facts::secrets::masked_command(&spec.command),
        directory: spec.directory.clone(),
        tags: spec.tags.clone(),
    };
    let ear = Ear::new(&[Signal::CHILD, Signal::TERM, Signal::INT, Signal::HUP].map(Signal::as_raw))
        .map_err(|e| format!("cannot hear signals: {e}"))?;
    let run = RunWriter::create_quickly(home, new).map_err(|e: LedgerError| e.to_string())?;
    Ok((Arc::new(run), ear))
}

impl Supervisor<'_> {
    fn work(mut self, mut connections: Connections) {
        let (lives, ended) = channel();
        let mut facts = Facts::Due(ended);
        let mut failures = 0;
        let (verdict, last) = loop {
            let (verdict, attempt) = self.attempt(&mut connections, failures, &mut facts);
            let again = failures < self.spec.retries
                && verdict.state == RunState::Failed
                && verdict.outcome.is_some();
            if !again {
                break (verdict, attempt);
            }
            failures += 1;
            if let Some(attempt) = attempt {
                self.sync_output(&attempt);
            }
            if !self.pause(&verdict, failures) {
                break (Verdict { state: RunState::Interrupted, ..verdict }, None);
            }
        };
        // Who gathers facts leaves the record to us from here on.
        drop(lives);
        self.end(verdict);
        // Who gathers facts makes the run safe in time, and after that what it found is written together with the end.
        let soon = matches!(facts, Facts::Gathered(_)) && self.begun.elapsed() < facts::PATIENCE;
        if !soon {
            // Nobody waits for that. Should it fail, a power cut may take the end, but not what was before it.
            let _ = self.run.make_safe();
        }
        if let Some(attempt) = last {
            self.linger(attempt);
        }
        let farewell = Instant::now() + FAREWELL;
        while self.clients.waiting() && Instant::now() < farewell {
            self.turn(&mut None, Some(farewell));
        }
        if let Facts::Gathered(thread) = facts {
            // A panic of that thread has been said by itself.
            drop(thread.join());
        }
        // They may have come after the end was written.
        let _ = self.run.make_safe();
        // Nobody waits for the supervisor any more.
        self.run.compact_if_long();
    }

    /// Starts the program and stays until it has ended; others may still hold its output then.
    fn attempt(
        &mut self,
        connections: &mut Connections,
        session: u32,
        facts: &mut Facts,
    ) -> (Verdict, Option<Attempt>) {
        let kills = Kills::now();
        let (attempt, raw) = match self.start(connections, session) {
            Ok(started) => started,
            Err(verdict) => {
                self.greet(None, PathBuf::new(), false);
                return (verdict, None);
            }
        };
        if session >= self.spec.retries {
            connections.release_input();
        }
        let pid = attempt.program.pid();
        self.greet(Some(pid), raw, connections.has_terminal());
        self.gather(facts);
        self.hooks.started(Started { pid, run: &self.run, session, journal: &mut self.journal });
        self.tick_at = self.hooks.interval().map(|every| Instant::now() + every);

        let deadline = self.spec.timeout.and_then(|limit| Instant::now().checked_add(limit));
        let mut attempt = Some(attempt);
        let status = self.until_ended(&mut attempt, deadline);
        self.tick_at = None;
        let closing = self.hooks.ended();
        if let Some(attempt) = &mut attempt {
            attempt.drain(&mut self.clients, &mut self.journal);
        }
        self.end_tree(&mut attempt);
        if let Some(attempt) = &mut attempt {
            attempt.tell_lost(&mut self.journal);
        }
        let killed = if status.success() { 0 } else { kills.since() };
        let cause = self.stopping.take().map(|s| s.cause);
        let mut verdict = Verdict::of(status, cause, self.passed.take(), killed);
        if cause == Some(Cause::Stop)
            && let Some(reason) = closing.stopped
        {
            verdict.reason = Some(reason);
        }
        if let Some(text) = closing.note {
            self.clients.say(&Said::Note { text });
        }
        (verdict, attempt)
    }

    /// Has a thread gather what the run runs in, once.
    fn gather(&self, facts: &mut Facts) {
        let Facts::Due(ended) = std::mem::replace(facts, Facts::None) else { return };
        let (run, home, spec) = (Arc::clone(&self.run), self.home.clone(), self.spec.clone());
        let gather = move || facts::gather(&run, &home, &spec, ended);
        match thread::Builder::new().name("aether-facts".to_owned()).spawn(gather) {
            Ok(thread) => *facts = Facts::Gathered(thread),
            // Its end makes the run safe then, too; but that may be far.
            Err(_) => drop(self.run.make_safe()),
        }
    }

    fn start(&mut self, connections: &Connections, session: u32) -> Result<(Attempt, PathBuf), Verdict> {
        let directory = self.run.directory();
        let record = self.run.run();
        let writer: String = record
            .host
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .collect();
        let writer = format!("{writer}-{}-{}", std::process::id(), signal::now());
        let program = self.spec.command.first().cloned().unwrap_or_default();
        let recording = Recording::create(&directory.output(), &writer).map_err(|error| Verdict {
            state: RunState::Failed,
            outcome: None,
            reason: Some(error.to_string()),
            status: 1,
        })?;
        let raw = recording.raw().to_owned();
        let own = [
            ("AETHER_RUN_DIR", directory.path().as_os_str().to_owned()),
            ("AETHER_RUN_ID", directory.id().to_string().into()),
            ("AETHER_SESSION", session.to_string().into()),
            ("AETHER_HOME", self.home.path().as_os_str().to_owned()),
        ];
        let variables = own
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .chain(self.spec.variables.iter().map(|(name, value)| (name.clone(), value.into())))
            .chain(self.spec.injected.iter().cloned());
        let program = Program::start(&self.spec, variables, connections)
            .map_err(|error| Verdict::not_started(&program, &error))?;
        Ok((Attempt::new(program, recording), raw))
    }

    /// Tells all who look on that a session has begun.
    fn greet(&mut self, pid: Option<u32>, raw: PathBuf, terminal: bool) {
        let run = self.run.id();
        let name = self.spec.run_name();
        self.clients.session(Said::Session { run, name, pid, raw, terminal });
    }

    /// Works until the program itself has ended; its tree may go on.
    fn until_ended(&mut self, attempt: &mut Option<Attempt>, deadline: Option<Instant>) -> ExitStatus {
        loop {
            if let Some(attempt) = attempt {
                match attempt.program.ended() {
                    Ok(Some(status)) => return status,
                    Ok(None) => {}
                    // Somebody else waited for it: nothing is known of its end.
                    Err(_) => return ExitStatus::default(),
                }
            }
            let late = deadline.filter(|_| self.stopping.is_none());
            if late.is_some_and(|deadline| Instant::now() >= deadline) {
                self.stop(Cause::Timeout(self.spec.timeout.unwrap_or_default()), Signal::TERM, GRACE);
                continue;
            }
            self.kill_if_due();
            let kill_at = self.stopping.as_ref().map(|stopping| stopping.kill_at);
            self.turn(attempt, earliest([late, kill_at]));
        }
    }

    /// When the tree is to end, stays until it has.
    fn end_tree(&mut self, attempt: &mut Option<Attempt>) {
        while self.stopping.is_some() && tree::below(std::process::id()).iter().any(|p| !p.zombie) {
            self.kill_if_due();
            self.turn(attempt, Some(Instant::now() + LOOK_AGAIN));
        }
    }

    fn kill_if_due(&mut self) {
        if let Some(stopping) = &mut self.stopping
            && Instant::now() >= stopping.kill_at
        {
            tree::signal_below(std::process::id(), Signal::KILL);
            // What was forked at that very moment is killed at the next look.
            stopping.kill_at = Instant::now() + LOOK_AGAIN;
        }
    }

    /// Asks the whole tree to end. Asked again, the earlier of the two moments to kill it holds.
    fn stop(&mut self, cause: Cause, signal: Signal, grace: Duration) {
        tree::signal_below(std::process::id(), signal);
        let now = Instant::now();
        let kill_at = now.checked_add(grace).unwrap_or(now + Duration::from_secs(u64::from(u32::MAX)));
        self.stopping = Some(match self.stopping.take() {
            Some(earlier) => Stopping { kill_at: earlier.kill_at.min(kill_at), ..earlier },
            None => Stopping { cause, kill_at },
        });
    }

    /// Says that the program is begun again after a pause, and waits for it; false when somebody stops the run.
    fn pause(&mut self, verdict: &Verdict, failures: u32) -> bool {
        let doubled = PAUSE.0.saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
        let pause = doubled.min(PAUSE.1);
        let why = verdict.reason.clone().unwrap_or_default();
        let text = format!(
            "attempt {failures} of {} failed: {why}; again in {} s",
            u64::from(self.spec.retries) + 1,
            pause.as_secs()
        );
        self.journal.event(
            "retry",
            Level::Warning,
            text.clone(),
            json!({ "attempt": failures, "reason": why }),
        );
        self.clients.say(&Said::Note { text });
        let until = Instant::now() + pause;
        while self.stopping.is_none() && Instant::now() < until {
            self.turn(&mut None, Some(until));
        }
        if self.stopping.take().is_some() {
            return false;
        }
        // A failure to write is told at the end, when the record must be written anyway.
        let _ = self.run.change(|run| run.resumed = failures);
        self.journal = Journal::new(Arc::clone(&self.run));
        true
    }

    /// Writes how the run ended, then tells those who look on: whoever asks the ledger next knows it.
    fn end(&mut self, verdict: Verdict) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let ended = Ended {
            run: self.run.id(),
            status: verdict.status,
            state: verdict.state,
            outcome: verdict.outcome,
            reason: verdict.reason.clone(),
            seconds,
        };
        self.journal.write();
        self.journal = Journal::new(Arc::clone(&self.run));
        let written = self.run.change_quickly(|run| {
            run.state = verdict.state;
            run.outcome = verdict.outcome;
            run.reason = verdict.reason;
            run.ended = Some(Timestamp::now());
        });
        if let Err(error) = written {
            self.clients.say(&Said::Note { text: format!("the run's end could not be noted: {error}") });
        }
        self.clients.say(&Said::Ended(ended));
        self.clients.close();
    }

    fn sync_output(&mut self, attempt: &Attempt) {
        if let Err(error) = attempt.sync() {
            let message = format!("the output may not survive a power cut: {error}; check the disk");
            self.journal.event("output_not_synced", Level::Warning, message, json!({}));
        }
    }

    /// The program has ended, and what it started may go on and print: that is kept, as long as it lasts.
    fn linger(&mut self, attempt: Attempt) {
        let mut attempt = Some(attempt);
        while attempt.as_ref().is_some_and(|attempt| !attempt.program.outputs.is_empty()) {
            // SIGTERM to this process tells whoever goes on printing to end, too.
            let kill_at = self.stopping.as_ref().map(|stopping| stopping.kill_at);
            self.turn(&mut attempt, kill_at);
            self.kill_if_due();
        }
        if let Some(attempt) = &attempt {
            self.sync_output(attempt);
        }
    }

    /// Waits until something happens, at most `until`, and does what it calls for.
    fn turn(&mut self, attempt: &mut Option<Attempt>, until: Option<Instant>) {
        for (ready, flags) in self.wait(attempt.as_ref(), until) {
            match ready {
                Ready::Signals => self.hear_signals(),
                Ready::Listener => self.clients.accept(),
                Ready::Client(number) => {
                    let deeds = self.clients.ready(number, flags);
                    self.answer(deeds, attempt);
                }
                Ready::Output(stream) => {
                    if let Some(attempt) = attempt {
                        attempt.hear(stream, &mut self.clients, &mut self.journal);
                    }
                }
                Ready::Typing => {
                    if let Some(attempt) = attempt {
                        attempt.write_typed();
                    }
                }
            }
        }
        let now = Instant::now();
        if self.reap_at.is_some_and(|at| now >= at) {
            self.reap_at = None;
            reap(attempt.as_ref().map(|attempt| attempt.program.pid()));
        }
        if let (Some(at), Some(every)) = (self.tick_at, self.hooks.interval())
            && now >= at
        {
            self.hooks.tick();
            self.tick_at = Some(now + every);
        }
    }

    fn wait(&self, attempt: Option<&Attempt>, until: Option<Instant>) -> Vec<(Ready, PollFlags)> {
        let deaf = attempt.is_some_and(Attempt::typed_ahead);
        let mut waited: Vec<(Ready, BorrowedFd<'_>, PollFlags)> =
            vec![(Ready::Signals, self.ear.fd(), PollFlags::IN)];
        if let Some(listener) = self.clients.listener() {
            waited.push((Ready::Listener, listener, PollFlags::IN));
        }
        waited.extend(self.clients.sockets(deaf).map(|(n, fd, flags)| (Ready::Client(n), fd, flags)));
        if let Some(attempt) = attempt {
            if !self.clients.overwhelmed() {
                let outputs = attempt.program.outputs.iter();
                waited
                    .extend(outputs.map(|(stream, fd)| (Ready::Output(*stream), fd.as_fd(), PollFlags::IN)));
            }
            if let Some(terminal) = attempt.wants_typing() {
                waited.push((Ready::Typing, terminal.as_fd(), PollFlags::OUT));
            }
        }
        let timeout = earliest([until, self.reap_at, self.tick_at])
            .map(|at| Timespec::try_from(at.saturating_duration_since(Instant::now())).unwrap_or_default());
        let mut fds: Vec<PollFd<'_>> =
            waited.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        if poll(&mut fds, timeout.as_ref()).is_err() {
            // Interrupted by a signal, which the next turn hears.
            return Vec::new();
        }
        let found = waited.iter().zip(&fds).map(|((ready, ..), fd)| (*ready, fd.revents()));
        found.filter(|(_, flags)| !flags.is_empty()).collect()
    }

    fn hear_signals(&mut self) {
        for signal in self.ear.take() {
            if signal == Signal::CHILD.as_raw() {
                self.reap_at.get_or_insert(Instant::now() + REAP_AFTER);
            } else if signal != Signal::HUP.as_raw() {
                self.stop(Cause::Stop, Signal::TERM, GRACE);
            }
        }
    }

    fn answer(&mut self, deeds: VecDeque<Deed>, attempt: &mut Option<Attempt>) {
        for deed in deeds {
            match (deed, &mut *attempt) {
                (Deed::Asked(Asked::Stop { signal, grace_ms }), _) => {
                    let signal = Signal::from_named_raw(signal).unwrap_or(Signal::TERM);
                    self.stop(Cause::Stop, signal, Duration::from_millis(grace_ms));
                }
                (Deed::Asked(Asked::Signal { signal }), Some(attempt)) => {
                    if let Some(known) = Signal::from_named_raw(signal) {
                        self.passed = Some(signal);
                        attempt.program.signal(known, is_for_group(known));
                    }
                }
                (Deed::Asked(Asked::Resize { rows, columns }), Some(attempt)) => {
                    if let Some(terminal) = &attempt.program.terminal {
                        // A terminal that is just closing needs no size.
                        let _ = terminal::resize(terminal, rows, columns);
                    }
                }
                (Deed::Closed(stream), Some(attempt)) => attempt.close(stream),
                (Deed::Typed(keys), Some(attempt)) => attempt.type_in(&keys),
                // Between two attempts there is nobody to pass it on to.
                _ => {}
            }
        }
    }
}

/// Signals that a terminal sends to the whole foreground group; others are meant for the program alone.
fn is_for_group(signal: Signal) -> bool {
    [Signal::INT, Signal::QUIT, Signal::TSTP, Signal::STOP, Signal::CONT].contains(&signal)
}

fn earliest<const N: usize>(moments: [Option<Instant>; N]) -> Option<Instant> {
    moments.into_iter().flatten().min()
}

/// Waits for processes below that lost their parent and ended: as their reaper, nobody else does. The program itself
/// is waited for elsewhere, and so are helpers, which are of this process's own session.
fn reap(program: Option<u32>) {
    let me = std::process::id();
    for process in tree::below(me) {
        if process.zombie
            && process.parent == me
            && Some(process.pid) != program
            && let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw)
        {
            // Gone already: fine.
            let _: io::Result<_> = waitpid(Some(pid), WaitOptions::NOHANG).map_err(Into::into);
        }
    }
}
