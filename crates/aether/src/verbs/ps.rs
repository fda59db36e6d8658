//! `ps`: the runs that are alive, and what they use.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use aether_core::{Run, RunId};
use aether_exec::{
    playback,
    tree::{self, Process},
};
use aether_ledger::{Filter, Index, Sort, Standing};
use jiff::Timestamp;
use rustix::param;
use serde::Serialize;

use crate::{cli, context::Context, failure::Failure, stop};

/// Processor time is measured over this time.
const MEASURE: Duration = Duration::from_millis(200);
/// From one look to the next, with `--watch`.
const PAUSE: Duration = Duration::from_secs(1);
/// The last line is looked for in so many bytes.
const TAIL: u64 = 4096;

/// A run that is alive.
#[derive(Debug, Serialize)]
pub(crate) struct Alive {
    /// The run.
    pub(crate) run: RunId,
    /// Its name.
    pub(crate) name: String,
    /// Its project.
    pub(crate) project: String,
    /// What kind of work it is.
    pub(crate) kind: String,
    /// The process that writes its record: the supervisor of a command.
    pub(crate) pid: u32,
    /// When it began.
    pub(crate) created: Timestamp,
    /// For how long it has worked.
    pub(crate) seconds: f64,
    /// How many processes it has.
    pub(crate) processes: usize,
    /// Processor time over time, of all its processes: 100 is one processor.
    pub(crate) cpu_percent: f64,
    /// Memory of all its processes; what they share is counted once where the kernel tells.
    pub(crate) memory_bytes: u64,
    /// The last line that it printed.
    pub(crate) last_line: Option<String>,
}

/// The runs that are alive, looked at again.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// As they are now, the oldest first.
    pub(crate) alive: Vec<Alive>,
    /// Those of them that are new, or not as they were.
    pub(crate) changed: HashSet<RunId>,
    /// Those that were alive at the last look, and where they stand now.
    pub(crate) over: Vec<Over>,
}

/// A run that is not alive any more.
#[derive(Debug, Serialize)]
pub(crate) struct Over {
    /// The run.
    pub(crate) run: RunId,
    /// Its name.
    pub(crate) name: String,
    /// Where it stands; none where it was removed.
    pub(crate) state: Option<Standing>,
}

pub(super) fn run(args: &cli::Ps, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut index = Index::open(&context.home()?)?;
    let mut elsewhere = HashSet::new();
    if args.watch {
        return watch(&mut index, &mut elsewhere, context);
    }
    let begun = look(&index, &mut elsewhere, context);
    if !begun.is_empty() {
        thread::sleep(MEASURE);
    }
    let runs: Vec<Alive> = begun.into_iter().map(Begun::measured).collect();
    if runs.is_empty() {
        context.note("no run is alive here");
    }
    context.render().alive(&runs)?;
    Ok(())
}

/// Shows them anew each second, until somebody stops it.
fn watch(
    index: &mut Index,
    elsewhere: &mut HashSet<RunId>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let stop = stop::on_signals().map_err(|e| Failure::work(format!("cannot listen for signals: {e}")))?;
    let mut watched = Watched::default();
    let mut pause = MEASURE;
    loop {
        let begun = look(index, elsewhere, context);
        let until = Instant::now() + pause;
        while !stop.requested() && Instant::now() < until {
            thread::sleep(MEASURE.min(until.saturating_duration_since(Instant::now())));
        }
        if stop.requested() {
            return Ok(());
        }
        pause = PAUSE;
        index.refresh()?;
        let standing = |run: RunId| index.entries().iter().find(|entry| entry.id == run).map(|e| e.standing);
        let alive: Vec<Alive> = begun
            .into_iter()
            .filter(|begun| standing(begun.run.id) == Some(Standing::Running))
            .map(Begun::measured)
            .collect();
        let before = std::mem::take(&mut watched.alive);
        let same = |now: &Alive| before.iter().any(|before| before.is_as(now));
        let changed = alive.iter().filter(|now| !same(now)).map(|now| now.run).collect();
        let over = before.into_iter().filter(|before| alive.iter().all(|now| now.run != before.run));
        let over = over.map(|Alive { run, name, .. }| Over { run, name, state: standing(run) }).collect();
        watched = Watched { alive, changed, over };
        context.render().watched(&watched)?;
        context.render().flush()?;
    }
}

/// A run whose processor time is being measured.
struct Begun {
    run: Run,
    output: PathBuf,
    before: Vec<Process>,
    since: Instant,
}

/// Begins to measure what the living runs use. One that is on another host is told of once.
fn look(index: &Index, elsewhere: &mut HashSet<RunId>, context: &Context<'_>) -> Vec<Begun> {
    let filter = Filter { standings: vec![Standing::Running], ..Filter::default() };
    let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut begun = Vec::new();
    for entry in index.list(&filter, &Sort::Oldest) {
        let Ok(run) = entry.directory.run() else { continue };
        if run.host == here {
            let before = processes(run.pid, &run.kind);
            begun.push(Begun { run, output: entry.directory.output(), before, since: Instant::now() });
        } else if elsewhere.insert(run.id) {
            context.note(&format!("run {} is on {}; ask there for what it uses", run.id, run.host));
        }
    }
    begun
}

impl Begun {
    fn measured(self) -> Alive {
        let Self { run, output, before, since } = self;
        let now = processes(run.pid, &run.kind);
        Alive {
            run: run.id,
            name: run.name,
            project: run.project,
            kind: run.kind,
            pid: run.pid,
            created: run.created,
            seconds: (Timestamp::now().as_second() - run.created.as_second()) as f64,
            processes: now.len(),
            cpu_percent: cpu_percent(&before, &now, since.elapsed()),
            memory_bytes: now.iter().map(memory).sum(),
            last_line: last_line(&output),
        }
    }
}

impl Alive {
    /// Whether it is `now` as it was, but for the time, and what processor time and memory tremble by.
    fn is_as(&self, now: &Self) -> bool {
        let near = |a: f64, b: f64, by: f64| (a - b).abs() <= by;
        self.run == now.run
            && self.processes == now.processes
            && self.last_line == now.last_line
            && near(self.cpu_percent, now.cpu_percent, 5.0)
            && near(self.memory_bytes as f64, now.memory_bytes as f64, 0.01 * self.memory_bytes as f64)
    }
}

/// The living processes of a run: below a supervisor, or the process itself.
fn processes(pid: u32, kind: &str) -> Vec<Process> {
    let mut found = if kind == "command" { Vec::new() } else { Process::of(pid).into_iter().collect() };
    found.extend(tree::below(pid).into_iter().filter(|process| !process.zombie));
    found
}

fn cpu_percent(before: &[Process], now: &[Process], time: Duration) -> f64 {
    let known: HashMap<(u32, u64), u64> = before.iter().map(|p| ((p.pid, p.start), p.ticks)).collect();
    // A process that began meanwhile has used all its time meanwhile.
    let ticks: u64 =
        now.iter().map(|p| p.ticks.saturating_sub(known.get(&(p.pid, p.start)).copied().unwrap_or(0))).sum();
    100.0 * ticks as f64 / param::clock_ticks_per_second() as f64 / time.as_secs_f64().max(1e-3)
}

/// The proportional set size, which counts shared pages once, or the resident size where that may not be read.
fn memory(process: &Process) -> u64 {
    let proportional = || {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.pid)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    proportional().unwrap_or(process.resident * param::page_size() as u64)
}

/// What a screen would show as the last line with something in it.
fn last_line(output: &Path) -> Option<String> {
    let raw = playback::sessions(output).ok()?.pop()?;
    let file = File::open(raw).ok()?;
    let end = file.metadata().ok()?.len();
    let length = end.min(TAIL);
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, end - length).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let plain = console::strip_ansi_codes(&text);
    let line = plain.split(['\n', '\r']).rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}
