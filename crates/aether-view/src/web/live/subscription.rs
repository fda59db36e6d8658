//! What a page subscribes to, and how far it was told.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use aether_ledger::{Entry, Range, RunReader, TimedEvent, Window};
use axum::extract::ws::Message;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    host::Host,
    web::{
        answer::Fault,
        api::{self, runs::Wanted as WantedRuns},
        blocks,
        catalogue::Known,
        cursor::{self, Cursor},
        open_runs::{Following, Void},
        output::{self, Reader, Wanted},
        proposed,
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
    Alerts(AlertsState),
}

/// How far a page was told of a run.
pub(super) struct RunState {
    run: Following,
    version: u64,
    events: u64,
    last: Option<Value>,
    /// How far the page had been told before.
    after: Option<Cursor>,
    told: Instant,
}

/// Which alerts a page was told.
pub(super) struct AlertsState {
    /// How far the page had been told before.
    after: Option<Cursor>,
    /// The marks of those that it knows; `None` before the first look.
    told: Option<HashSet<u64>>,
    revision: u64,
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
                let after = cursor(asked.after.as_ref());
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
                let mut alerts = AlertsState { after: cursor(asked.after.as_ref()), told: None, revision: 0 };
                // Who has no cursor hears what comes from now on.
                if alerts.after.is_none() {
                    alerts.told = Some(app.catalogue.ask(|known| marks(known).collect())?);
                }
                Self::Alerts(alerts)
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
            Self::Alerts(_) => true,
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
            Self::Alerts(state) => state.tell(app, key),
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
        let columns = asked.columns.of(&proposed::columns(known.names()));
        for entry in known.entries().iter().filter(|entry| since.changed.contains(&entry.id)) {
            if asked.matches(entry) {
                changed.push(Row::of(entry, &columns));
            } else {
                gone.push(entry.id.to_string());
            }
        }
        let total = known.entries().len();
        Some(json!({ "revision": known.revision, "total": total, "changed": changed, "gone": gone }))
    })?;
    Ok(told.map_or_else(Told::default, |told| Told::one(&json!({ "key": key, "runs": told }))))
}

/// What a page gives back of what it was told. What is none, as an older page's may be, is one of nothing.
fn cursor(after: Option<&Value>) -> Option<Cursor> {
    after.and_then(Value::as_str).map(|after| after.parse().unwrap_or_default())
}

/// The marks of all alerts that are known.
fn marks(known: &Known) -> impl Iterator<Item = u64> {
    api::alerts::all(known).map(|(entry, alert)| cursor::mark_of(entry.id, alert))
}

impl AlertsState {
    /// Alerts that the page has not heard, whatever their times: of a run that has ended they are seen later than
    /// those of one that goes on.
    fn tell(&mut self, app: &App, key: &str) -> Result<Told, Fault> {
        let told = app.catalogue.ask(|known| {
            if std::mem::replace(&mut self.revision, known.revision) == known.revision {
                return None;
            }
            let all: HashSet<u64> = marks(known).collect();
            let cursor = Cursor::of_marks(all.iter().copied());
            let same = self.after.take().is_some_and(|after| after == cursor);
            let before = self.told.replace(all);
            // A page that knows others than these hears all of them again.
            let again = before.is_none() && !same;
            let is_new = |entry: &Entry, alert: &TimedEvent| match &before {
                Some(before) => !before.contains(&cursor::mark_of(entry.id, alert)),
                None => again,
            };
            let new = api::alerts::all(known).filter(|(entry, alert)| is_new(entry, alert));
            let new = api::alerts::told(new, ROWS);
            (!new.is_empty() || again)
                .then(|| json!({ "key": key, "alerts": new, "cursor": cursor.to_string(), "again": again }))
        })?;
        Ok(told.map_or_else(Told::default, |told| Told::one(&told)))
    }
}

impl RunState {
    fn tell(&mut self, app: &App, key: &str) -> Result<Told, Fault> {
        let mut told = Told::default();
        self.told = Instant::now();
        let version = self.run.version();
        if let Some(mut events) = self.new_events() {
            events["key"] = json!(key);
            told.messages.push(Message::text(events.to_string()));
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

    /// Events that were not told yet, as the page hears them; `None` for none.
    fn new_events(&mut self) -> Option<Value> {
        let reading = self.run.reading();
        let all = reading.reader.events();
        let count = reading.events.count();
        let before = std::mem::replace(&mut self.events, count);
        let new = reading.events.after(before);
        let (again, listed): (bool, Vec<Value>) = match (self.after.take(), new) {
            // At the beginning, those after the page's cursor.
            (Some(after), _) => {
                let from = after.place(all);
                let again = Cursor::after(&all[..from]) != after;
                let from = from.max(all.len().saturating_sub(api::events::MOST));
                (again, all[from..].iter().map(api::events::event).collect())
            }
            (None, Some(new)) => (false, new.map(api::events::event).collect()),
            // More than are remembered.
            (None, None) => {
                let from = all.len().saturating_sub(api::events::MOST);
                (true, all[from..].iter().map(api::events::event).collect())
            }
        };
        let cursor = Cursor::after(all).to_string();
        (again || !listed.is_empty()).then(|| json!({ "events": listed, "cursor": cursor, "again": again }))
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
