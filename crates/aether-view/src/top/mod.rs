//! The terminal dashboard: the machine, runs, one run in full, runs side by side, boards.
//!
//! Three threads: one waits for keys, one reads files (`reader`), one looks at the machine. All tell the main one,
//! which alone knows the state (`app`) and draws it, when something changed and at no other time. So the first frame
//! is there before anything was read, and no slow disk holds up a key.

mod app;
mod curve;
mod ink;
mod model;
mod printed;
mod reader;
mod screens;
mod terminal;
mod theme;

#[cfg(test)]
mod tests;

use std::{
    io,
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use aether_core::RunId;
use aether_ledger::Home;
use jiff::Timestamp;
use ratatui_core::{buffer::Buffer, layout::Rect};
use ratatui_crossterm::crossterm::event::{self, Event};
use serde::Serialize;

use crate::{
    board::Board,
    host::{Host, Reading},
};
use app::{App, Flow, Screen};
use model::{News, Wishes};
use reader::Reader;
use theme::Theme;

/// From one frame to the next, at least: more often nobody can read.
const FRAME: Duration = Duration::from_millis(20);
/// For so long nothing is drawn but the clock.
const TICK: Duration = Duration::from_millis(250);
/// From one reading of the machine to the next.
const LOOK: Duration = Duration::from_secs(1);
/// Between the two readings that a single answer takes.
const MOMENT: Duration = Duration::from_millis(200);

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct Options {
    /// Of which home.
    pub home: Home,
    /// A board to begin with.
    pub board: Option<Board>,
    /// A run to begin with.
    pub run: Option<RunId>,
    /// A query that runs in the list must hold for.
    pub query: String,
    /// Whether there are colours.
    pub colored: bool,
}

/// How the dashboard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody quit it.
    Quit,
    /// A signal asked for it; its default action was not taken, because it is ignored.
    Signal(i32),
}

/// What wakes the main thread.
enum Woken {
    Input(Event),
    News(News),
    /// The terminal is gone.
    Gone,
}

/// Shows the dashboard until somebody quits it.
///
/// # Errors
/// When there is no terminal, or it goes away.
pub fn run(options: Options) -> io::Result<Ended> {
    let mut app = begin(&options);
    let mut guard = terminal::Guard::enter()?;
    guard.draw(&mut app)?;
    let (wake, woken) = mpsc::channel();
    let (ask, asked) = mpsc::channel();
    watch_keys(wake.clone())?;
    watch_host(options.home.path(), wake.clone())?;
    let tell = move |news| wake.send(Woken::News(news)).is_ok();
    reader::start(Reader::new(options.home, options.board, tell), asked)?;
    let signal = turn(&mut app, &mut guard, &woken, &ask)?;
    match signal {
        None => Ok(Ended::Quit),
        Some(signal) => guard.die(signal).map(|()| Ended::Signal(signal)),
    }
}

fn begin(options: &Options) -> App {
    let theme = Theme { colored: options.colored };
    let mut app = App::new(theme, Timestamp::now(), options.board.clone());
    app.list.query.clone_from(&options.query);
    if let Some(run) = options.run {
        app.open(run);
    }
    app
}

/// Hears and draws until the end; the signal that asked for it, if one did.
fn turn(
    app: &mut App,
    guard: &mut terminal::Guard,
    woken: &Receiver<Woken>,
    ask: &Sender<Wishes>,
) -> io::Result<Option<i32>> {
    let mut wished = Wishes::default();
    let (mut drawn, mut dirty) = (Instant::now(), true);
    loop {
        let wishes = app.wishes();
        if wishes != wished {
            reader::ask(ask, &wishes);
            wished = wishes;
        }
        let wait = if dirty { FRAME.saturating_sub(drawn.elapsed()) } else { TICK };
        let mut next = match woken.recv_timeout(wait) {
            Ok(woken) => Some(woken),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        };
        if let Some(signal) = guard.end_asked() {
            return Ok(Some(signal));
        }
        if guard.pause_asked() {
            guard.pause()?;
            dirty = true;
        }
        let mut urgent = false;
        while let Some(woken_by) = next {
            dirty = true;
            match woken_by {
                Woken::Gone => return Ok(None),
                Woken::News(news) => app.hear(news),
                Woken::Input(Event::Mouse(mouse)) => app.mouse(mouse),
                Woken::Input(Event::Key(key)) => {
                    urgent = true;
                    match app.key(key) {
                        Flow::On => {}
                        Flow::Quit => return Ok(None),
                        Flow::Pause => guard.pause()?,
                    }
                }
                Woken::Input(_) => urgent = true,
            }
            next = woken.try_recv().ok();
        }
        let now = Timestamp::now();
        dirty |= now.as_second() != app.now.as_second();
        if dirty && (urgent || drawn.elapsed() >= FRAME) {
            app.now = now;
            guard.draw(app)?;
            (drawn, dirty) = (Instant::now(), false);
            // What came into sight by this frame is asked for, and what that changes is drawn with the next.
        }
    }
}

fn watch_keys(wake: Sender<Woken>) -> io::Result<()> {
    let watch = move || {
        loop {
            let said = match event::read() {
                Ok(event) => Woken::Input(event),
                Err(_) => Woken::Gone,
            };
            let gone = matches!(said, Woken::Gone);
            if wake.send(said).is_err() || gone {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".to_owned()).spawn(watch).map(drop)
}

fn watch_host(directory: &Path, wake: Sender<Woken>) -> io::Result<()> {
    let directory = directory.to_owned();
    let watch = move || {
        let mut host = Host::find(&directory, 1);
        loop {
            let reading = Box::new(host.look().clone());
            let first = reading.cores.is_empty();
            if wake.send(Woken::News(News::Host { name: host.name().to_owned(), reading })).is_err() {
                return;
            }
            // Rates take two readings.
            thread::sleep(if first { MOMENT } else { LOOK });
        }
    };
    thread::Builder::new().name("host".to_owned()).spawn(watch).map(drop)
}

/// The machine and its runs, as a program wants to know them.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// The machine's name.
    pub name: String,
    /// The machine.
    pub host: Reading,
    /// Runs, the newest first.
    pub runs: Vec<RunFacts>,
}

/// A run, as a program wants to know it. What is not known is null.
#[derive(Debug, Serialize)]
pub struct RunFacts {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
    /// Where it stands.
    pub state: &'static str,
    /// When it began.
    pub created: Timestamp,
    /// For how long it has worked.
    pub seconds: f64,
    /// Its last step.
    pub step: Option<u64>,
    /// How many steps there will be.
    pub steps: Option<u64>,
    /// The metric that stands for it.
    pub metric: Option<String>,
    /// That metric's last value; a text where it is not finite.
    pub value: Option<serde_json::Value>,
    /// Seconds that the rest takes at the pace of late.
    pub seconds_left: Option<f64>,
    /// Percent of one processor.
    pub cpu_percent: Option<f64>,
    /// Bytes of memory.
    pub memory_bytes: Option<f64>,
    /// Bytes of memory of GPUs.
    pub gpu_memory_bytes: Option<f64>,
    /// Events that somebody should look at.
    pub alerts: usize,
}

/// Runs that a single answer tells of at most.
const ONCE: usize = 100;

/// Everything that the first screens show, read once: for what is no terminal.
#[derive(Debug)]
pub struct Glance(App);

/// Reads everything once.
///
/// # Errors
/// When the query is none; the text says where.
pub fn glance(options: Options) -> Result<Glance, String> {
    let mut app = begin(&Options { colored: false, ..options.clone() });
    let mut host = Host::find(options.home.path(), 1);
    host.look();
    let (send, hear) = mpsc::channel();
    let mut reader = Reader::new(options.home, options.board, move |news| send.send(news).is_ok());
    let mut screens = vec![Screen::Runs];
    screens.extend(Some(app.screen).filter(|screen| *screen != Screen::Runs));
    for screen in screens {
        // Twice: of the runs that the list turns out to have, the details are read.
        for _ in 0..2 {
            let rows = app.listing.iter().flat_map(|listing| &listing.rows);
            app.in_sight = rows.take(ONCE).map(|row| row.id).collect();
            app.screen = screen;
            app.charts.count = ONCE;
            reader.once(app.wishes());
            hear.try_iter().for_each(|news| app.hear(news));
        }
    }
    thread::sleep(MOMENT);
    let reading = Box::new(host.look().clone());
    app.hear(News::Host { name: host.name().to_owned(), reading });
    match app.list.wrong.take() {
        Some(wrong) => Err(wrong),
        None => Ok(Glance(app)),
    }
}

impl Glance {
    /// For a program.
    pub fn facts(&self) -> Facts {
        let app = &self.0;
        let rows = app.listing.iter().flat_map(|listing| &listing.rows).take(ONCE);
        let runs = rows.map(|row| {
            let detail = app.details.get(&row.id).cloned().unwrap_or_default();
            RunFacts {
                id: row.id,
                name: row.name.clone(),
                project: row.project.clone(),
                state: row.standing.as_str(),
                created: row.created,
                seconds: app.seconds(row),
                step: detail.step,
                steps: detail.total,
                metric: detail.metric,
                value: detail
                    .value
                    .map(|value| if value.is_finite() { value.into() } else { value.to_string().into() }),
                seconds_left: detail.left,
                cpu_percent: detail.cpu,
                memory_bytes: detail.memory,
                gpu_memory_bytes: detail.gpu_memory,
                alerts: detail.alerts,
            }
        });
        let host = app.readings.back().cloned().unwrap_or_default();
        Facts { name: app.host.clone(), host, runs: runs.collect() }
    }

    /// As lines of text: the board or the run that was asked for, else the machine and the newest runs.
    pub fn lines(mut self, width: u16) -> Vec<String> {
        let app = &mut self.0;
        let rows = app.listing.as_ref().map_or(0, |listing| listing.rows.len().min(ONCE)) as u16;
        let panels = app.board.iter().flat_map(|board| &board.panels);
        let board = panels.map(|panel| panel.at.row + panel.at.height).max().unwrap_or(1);
        let shown: Vec<(Screen, u16)> = match app.screen {
            Screen::Board => vec![(Screen::Board, board.min(200) * 4 + 3)],
            Screen::Run => vec![(Screen::Run, 40)],
            _ => vec![(Screen::Host, 22), (Screen::Runs, (rows + 2).clamp(5, 23) + 3)],
        };
        let mut lines: Vec<String> = Vec::new();
        for (screen, height) in shown {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            app.screen = screen;
            let area = Rect::new(0, 0, width.max(40), height);
            let mut buffer = Buffer::empty(area);
            app.draw(area, &mut buffer);
            // Tabs and keys are of no use on paper.
            lines.extend((2..height - 1).map(|y| line_of(&buffer, y)));
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

/// A line of a screen as text.
fn line_of(buffer: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut x = buffer.area.x;
    while x < buffer.area.right() {
        let symbol = buffer[(x, y)].symbol();
        line += symbol;
        x += (console::measure_text_width(symbol) as u16).max(1);
    }
    line.trim_end().to_owned()
}
