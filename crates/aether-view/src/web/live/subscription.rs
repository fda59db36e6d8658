//! What a page subscribes to, and how far it was told.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aether_core::signal::Nanos;
use aether_ledger::{Range, RunReader, TimedEvent, Window};
use axum::extract::ws::Message;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    host::Host,
    web::{
        answer::Fault,
        api::{self, runs::Wanted as WantedRuns},
        blocks,
        open_runs::{Following, Void},
        output::{self, Reader, Wanted},
        rows::{Asked as AskedRuns, Row},
        state::App,
    },
};

/// Points of a metric in one message at most; a page that is further behind gets stretches.
const POINTS: usize = 50_000;
/// So many stretches then.
const STRETCHES: usize = 2_000;
/// Lines of output in one message at most.
const LINES: usize = 500;
/// Rows of runs in one message at most: a page that is further behind loads its list again.
const ROWS: usize = 500;
/// Rows change no more often than this.
const ROWS_PAUSE: Duration = Duration::from_millis(200);

/// What a page asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) key: String,
    to: To,
    id: Option<String>,
    metrics: Option<Vec<String>>,
    /// Of `series`: the last step of each metric that the page has. Of `run` and `alerts`: the cursor of events.
    after: Option<Value>,
    stream: Option<String>,
    from: Option<u64>,
    revision: Option<u64>,
    #[serde(flatten)]
    runs: WantedRuns,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum To {
    Runs,
    Run,
    Series,
    Output,
    Host,
    Alerts,
}

/// What was told, and whether there is more at once.
#[derive(Default)]
pub(super) struct Told {
    pub(super) messages: Vec<Message>,
    pub(super) more: bool,
}

impl Told {
    fn one(value: &Value) -> Self {
        Self { messages: vec![Message::text(value.to_string())], more: false }
    }
}

/// A subscription, and how far it was told.
pub(super) enum Subscription {
    Runs { asked: Box<AskedRuns>, revision: u64, told: Instant },
    Run(RunState),
    Series(SeriesState),
    Output { run: Following, reader: Reader, wanted: Wanted, size: u64, over: bool },
    Host,
    Alerts { after: Nanos, revision: u64 },
}

/// How far a page was told of a run.
pub(super) struct RunState {
    run: Following,
    version: u64,
    events: u64,
    last: Option<Value>,
    after: Option<Nanos>,
    told: Instant,
}

/// How far a page was told of a run's metrics.
pub(super) struct SeriesState {
    run: Following,
    version: u64,
    /// All metrics where none is named.
    metrics: Vec<String>,
    last_steps: HashMap<String, u64>,
    voids: u64,
}

impl Subscription {
    pub(super) fn begin(app: &App, asked: Asked) -> Result<Self, Fault> {
        let open = || -> Result<Following, Fault> {
            let id = asked.id.as_deref().ok_or_else(|| Fault::wrong("no run is named", "say its `id`"))?;
            let directory = app.catalogue.find(id)?.directory;
            Ok(app.runs.get(&directory)?.follow())
        };
        Ok(match asked.to {
            To::Runs => {
                let now = app.catalogue.ask(|known| known.revision)?;
                let revision = asked.revision.unwrap_or(now);
                Self::Runs { asked: Box::new(asked.runs.asked(0, ROWS)?), revision, told: long_ago() }
            }
            To::Run => {
                let run = open()?;
                let events = run.reading().events.count();
                let after = asked.after.as_ref().and_then(|after| after.as_str()?.parse().ok());
                Self::Run(RunState { run, version: 0, events, last: None, after, told: long_ago() })
            }
            To::Series => {
                let run = open()?;
                let voids = run.reading().voids.count();
                let last_steps = match &asked.after {
                    None | Some(Value::Null) => HashMap::new(),
                    Some(after) => HashMap::deserialize(after).map_err(|e| {
                        Fault::wrong(format!("`after` is not understood: {e}"), "it is {metric: last step}")
                    })?,
                };
                let metrics = asked.metrics.unwrap_or_default();
                Self::Series(SeriesState { run, version: 0, metrics, last_steps, voids })
            }
            To::Output => {
                let run = open()?;
                run.follow_output();
                let only = api::output::stream(asked.stream.as_deref().unwrap_or("all"))?;
                let from = match asked.from {
                    Some(from) => from,
                    None => output::begin_of_last(&run.directory, u64::MAX, LINES)?,
                };
                let reader = Reader::from(run.directory.clone(), from);
                Self::Output {
                    run,
                    reader,
                    wanted: Wanted { only, search: None },
                    size: u64::MAX,
                    over: false,
                }
            }
            To::Host => Self::Host,
            To::Alerts => {
                let after = asked.after.as_ref().and_then(|after| after.as_str()?.parse().ok());
                Self::Alerts { after: after.unwrap_or_else(aether_core::signal::now), revision: 0 }
            }
        })
    }

    /// Whether it may have something to tell. Reads no file.
    pub(super) fn is_due(&self, beat: bool) -> bool {
        match self {
            Self::Series(state) => state.run.version() != state.version,
            // Its process may end without a word: looked at with each beat.
            Self::Run(state) => {
                let changed = state.run.version() != state.version;
                beat || (changed && state.told.elapsed() >= ROWS_PAUSE)
            }
            Self::Output { run, size, over, .. } => !over && (beat || run.output_size() != *size),
            Self::Host => beat,
            Self::Runs { told, .. } => beat || told.elapsed() >= ROWS_PAUSE,
            Self::Alerts { .. } => true,
        }
    }

    /// What is new since it was last told.
    pub(super) fn tell(&mut self, app: &App, key: &str) -> Result<Told, Fault> {
        match self {
            Self::Runs { asked, revision, told } => {
                *told = Instant::now();
                runs(app, key, asked, revision)
            }
            Self::Run(state) => state.tell(app, key),
            Self::Series(state) => state.tell(key),
            Self::Output { run, reader, wanted, size, over } => {
                // Asked before reading: what was printed before the end is then surely read.
                let ended = !run.directory.standing(&run.directory.run()?).may_live();
                let now = run.output_size();
                let lines = reader.read(LINES, u64::MAX, wanted, ended)?;
                let more = lines.lines.len() >= LINES;
                *size = now;
                let ends = ended && !more;
                if lines.lines.is_empty() && ends == *over {
                    return Ok(Told::default());
                }
                *over = ends;
                let told = json!({ "key": key, "output": lines, "over": *over });
                Ok(Told { more, ..Told::one(&told) })
            }
            Self::Host => {
                let told = |host: &Host| json!({ "key": key, "host": { "now": host.now() } });
                Ok(Told::one(&app.host(Duration::from_millis(900), told)))
            }
            Self::Alerts { after, revision } => alerts(app, key, after, revision),
        }
    }
}

fn long_ago() -> Instant {
    Instant::now().checked_sub(ROWS_PAUSE).unwrap_or_else(Instant::now)
}

/// Rows that have changed, and runs that are gone or are none of those asked for any more.
fn runs(app: &App, key: &str, asked: &AskedRuns, revision: &mut u64) -> Result<Told, Fault> {
    let told = app.catalogue.ask(|known| {
        if known.revision == *revision {
            return None;
        }
        let since = known.since(*revision);
        *revision = known.revision;
        // What an earlier server told, this one cannot go on from.
        let Some(since) = since.filter(|since| since.changed.len() + since.gone.len() <= ROWS) else {
            return Some(json!({ "revision": known.revision, "reload": true }));
        };
        let mut gone: Vec<String> = since.gone.iter().map(ToString::to_string).collect();
        let mut changed = Vec::new();
        for entry in known.entries().iter().filter(|entry| since.changed.contains(&entry.id)) {
            if asked.matches(entry) {
                changed.push(Row::of(entry, &asked.columns));
            } else {
                gone.push(entry.id.to_string());
            }
        }
        let total = known.entries().len();
        Some(json!({ "revision": known.revision, "total": total, "changed": changed, "gone": gone }))
    })?;
    Ok(told.map_or_else(Told::default, |told| Told::one(&json!({ "key": key, "runs": told }))))
}

fn alerts(app: &App, key: &str, after: &mut Nanos, revision: &mut u64) -> Result<Told, Fault> {
    let told = app.catalogue.ask(|known| {
        if std::mem::replace(revision, known.revision) == known.revision {
            return Vec::new();
        }
        let told = api::alerts::newest(known, ROWS, *after);
        let times = known.entries().iter().flat_map(|entry| entry.alerts.iter().map(|alert| alert.time));
        *after = times.max().unwrap_or(*after).max(*after);
        told
    })?;
    if told.is_empty() {
        return Ok(Told::default());
    }
    Ok(Told::one(&json!({ "key": key, "alerts": told, "cursor": after.to_string() })))
}

impl RunState {
    fn tell(&mut self, app: &App, key: &str) -> Result<Told, Fault> {
        let mut told = Told::default();
        self.told = Instant::now();
        let version = self.run.version();
        let events = self.new_events();
        if !events.is_empty() {
            let cursor = api::events::cursor(events.iter(), self.after);
            let listed: Vec<Value> = events.iter().map(api::events::event).collect();
            let value = json!({ "key": key, "events": listed, "cursor": cursor });
            told.messages.push(Message::text(value.to_string()));
        }
        let id = self.run.directory.id().to_string();
        let entry = app.catalogue.find(&id)?;
        let mut state = serde_json::to_value(Row::of(&entry, &[])).unwrap_or_default();
        state["reason"] = json!(entry.reason);
        state["metrics"] = json!(api::run::metrics(&entry, &self.run.reading().reader));
        // It grows with the clock: a page counts by itself.
        let seconds = state.as_object_mut().and_then(|fields| fields.remove("seconds"));
        if self.last.as_ref() != Some(&state) {
            let mut value = state.clone();
            value["seconds"] = json!(seconds);
            let value = json!({ "key": key, "run": value });
            told.messages.push(Message::text(value.to_string()));
            self.last = Some(state);
        }
        self.version = version;
        Ok(told)
    }

    /// Events that were not told yet.
    fn new_events(&mut self) -> Vec<TimedEvent> {
        let reading = self.run.reading();
        let count = reading.events.count();
        let first = self.version == 0;
        let before = std::mem::replace(&mut self.events, count);
        // At the beginning, those after the page's cursor.
        if let (true, Some(after)) = (first, self.after) {
            return reading.reader.events().iter().filter(|event| event.time > after).cloned().collect();
        }
        match reading.events.after(before) {
            Some(new) => new.cloned().collect(),
            // More than are remembered: the last of all.
            None => {
                let all = reading.reader.events();
                let new = usize::try_from(count - before).unwrap_or(usize::MAX).min(api::events::MOST);
                all.iter().skip(all.len().saturating_sub(new)).cloned().collect()
            }
        }
    }
}

impl SeriesState {
    fn tell(&mut self, key: &str) -> Result<Told, Fault> {
        let version = self.run.version();
        let reading = self.run.reading();
        let mut told = Told::default();
        let voids: Vec<Void> = match reading.voids.after(self.voids) {
            Some(new) => new.cloned().collect(),
            // More than are remembered: all that the page has is in doubt.
            None => vec![Void { step: 0, metric: None }],
        };
        self.voids = reading.voids.count();
        for void in voids {
            if void.metric.as_ref().is_some_and(|metric| !self.wants(metric)) {
                continue;
            }
            let of = |name: &str| void.metric.as_ref().is_none_or(|metric| metric == name);
            for (_, step) in self.last_steps.iter_mut().filter(|(name, _)| of(name)) {
                *step = (*step).min(void.step);
            }
            let mut value = json!({ "step": void.step });
            if let Some(metric) = &void.metric {
                value["metric"] = json!(metric);
            }
            told.messages.push(Message::text(json!({ "key": key, "rewind": value }).to_string()));
        }
        let mut out = blocks::message(key);
        let begin = out.len();
        let names: Vec<String> = if self.metrics.is_empty() {
            reading.reader.metrics().map(|(name, _)| name.to_owned()).collect()
        } else {
            self.metrics.clone()
        };
        for name in names {
            if let Some((window, last)) = after(&reading.reader, &name, self.last_steps.get(&name).copied()) {
                blocks::append(&mut out, &name, &window);
                self.last_steps.insert(name, last);
            }
        }
        if out.len() > begin {
            told.messages.push(Message::binary(out));
        }
        drop(reading);
        self.version = version;
        Ok(told)
    }

    fn wants(&self, metric: &str) -> bool {
        self.metrics.is_empty() || self.metrics.iter().any(|wanted| wanted == metric)
    }
}

/// What was said of a metric after a step, and the last step of it; `None` for nothing.
fn after(reader: &RunReader, name: &str, step: Option<u64>) -> Option<(Window, u64)> {
    let series = reader.series(name)?;
    let last = series.summary()?.last_step;
    if step.is_some_and(|step| last <= step) {
        return None;
    }
    let range = step.map_or(Range::ALL, |step| Range::Steps(step + 1, u64::MAX));
    let window = match series.window(range, POINTS) {
        Window::Points(mut points) => {
            points.retain(|point| step.is_none_or(|step| point.step > step));
            Window::Points(points)
        }
        Window::Stretches(_) => series.window(range, STRETCHES),
    };
    Some((window, last))
}
