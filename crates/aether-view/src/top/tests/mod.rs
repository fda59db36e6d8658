//! Screens as text, on a terminal that is only a buffer.

mod reading;
mod screens;
mod terminal;

use aether_core::{Level, RunId};
use aether_ledger::Standing;
use jiff::Timestamp;
use ratatui_core::{backend::TestBackend, buffer::Buffer, terminal::Terminal};
use ratatui_crossterm::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    app::{App, Flow},
    curve::{Curve, Stretch},
    model::{Detail, EventLine, Listing, News, RunRow, RunView},
    printed::Printed,
    theme::Theme,
};
use crate::{board::X, host::Reading};

pub(super) const NOW: &str = "2026-11-22T13:00:00Z";

/// A name as bad as they come: an escape, a line feed, marks that turn the order of letters.
pub(super) const HOSTILE: &str = "evil\u{1b}[31m\n\u{202e}gpj.exe";

pub(super) fn app() -> App {
    App::new(Theme { colored: true }, NOW.parse().unwrap(), None)
}

/// What stands on a screen of this size.
pub(super) fn buffer(app: &mut App, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            app.draw(frame.area(), frame.buffer_mut());
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

pub(super) fn screen(app: &mut App, size: (u16, u16)) -> String {
    let buffer = buffer(app, size);
    let lines: Vec<String> = (0..size.1).map(|y| super::line_of(&buffer, y)).collect();
    lines.join("\n")
}

pub(super) fn press(app: &mut App, keys: &str) -> Flow {
    let mut flow = Flow::On;
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            other => KeyCode::Char(other),
        };
        flow = app.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
    flow
}

pub(super) fn id(number: u64) -> RunId {
    format!("{number:0>8}").parse().unwrap()
}

pub(super) fn row(number: u64, name: &str, standing: Standing) -> RunRow {
    let created: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let seconds = (standing != Standing::Running).then_some(12.0);
    RunRow {
        id: id(number),
        name: name.to_owned(),
        project: "default".to_owned(),
        standing,
        created,
        seconds,
    }
}

/// Stretches of one point each.
pub(super) fn stretches(values: &[f64]) -> Vec<Stretch> {
    let stretch = |(x, &value): (usize, &f64)| {
        let finite = value.is_finite();
        let extreme = if finite { value } else { f64::NAN };
        let x = x as f64;
        Stretch {
            x: (x, x),
            ends: (value, value),
            extremes: (extreme, extreme),
            mean: extreme,
            count: 1,
            non_finite: u64::from(!finite),
        }
    };
    values.iter().enumerate().map(stretch).collect()
}

pub(super) fn listing(rows: Vec<RunRow>) -> News {
    News::Listing(Listing { total: rows.len(), rows, complete: true, passed_over: 0 })
}

pub(super) fn reading() -> Reading {
    let mut reading = Reading { cpu: Some(42.0), cores: vec![5.0, 95.0], ..Reading::default() };
    (reading.memory.used, reading.memory.total) = (3e9, 8e9);
    reading
}

pub(super) fn detail(losses: &[f64]) -> Detail {
    Detail {
        step: Some(930),
        total: Some(1000),
        metric: Some("train/loss".to_owned()),
        value: losses.last().copied(),
        spark: stretches(losses),
        left: Some(75.0),
        cpu: Some(180.0),
        memory: Some(2e8),
        gpu_memory: None,
        alerts: 2,
    }
}

pub(super) fn view(name: &str, losses: &[f64]) -> Box<RunView> {
    let curve = Curve { name: "train/loss".to_owned(), number: 0, unit: None, stretches: stretches(losses) };
    Box::new(RunView {
        row: row(1, name, Standing::Running),
        detail: detail(losses),
        reason: None,
        tags: vec!["baseline".to_owned()],
        names: vec!["train/loss".to_owned()],
        first: 0,
        charts: vec![vec![curve]],
        x: X::Step,
        config: vec![("Parameters".to_owned(), vec![("optimizer.lr".to_owned(), "0.1".to_owned())])],
        events: vec![
            EventLine {
                time: 0,
                step: 3,
                level: Level::Info,
                kind: "epoch".to_owned(),
                message: "Epoch 1 of 3".to_owned(),
            },
            EventLine {
                time: 0,
                step: 7,
                level: Level::Warning,
                kind: "loss_spike".to_owned(),
                message: "train/loss rose to 9".to_owned(),
            },
        ],
        log: (1..=50)
            .flat_map(|line| Printed::lines(&format!("line {line} \u{1b}[31mevil\u{1b}[0m \u{202e}gpj.exe")))
            .collect(),
        damage: Vec::new(),
    })
}
