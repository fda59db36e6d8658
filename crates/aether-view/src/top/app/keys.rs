//! What keys do.

use ratatui_crossterm::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{App, Find, Flow, Pane, Screen, Target};
use crate::{
    board::X,
    top::{ink::Look, model::of_time},
};

/// How much of the value before goes into a smoothed one, from key to key.
const SMOOTHING: [f64; 4] = [0.0, 0.6, 0.9, 0.99];

/// Takes a letter of what is typed.
pub(super) fn edit(typing: &mut String, code: KeyCode, control: bool) {
    match code {
        KeyCode::Char('u') if control => typing.clear(),
        KeyCode::Char('w') if control => {
            let end = typing.trim_end().rfind(' ').map_or(0, |at| at + 1);
            typing.truncate(end);
        }
        KeyCode::Backspace => {
            typing.pop();
        }
        KeyCode::Char(letter) if !control => typing.push(letter),
        _ => {}
    }
}

impl App {
    /// Takes a key.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Flow {
        if key.kind == KeyEventKind::Release {
            return Flow::On;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Flow::Quit,
            KeyCode::Char('z') if control => return Flow::Pause,
            _ => {}
        }
        if self.list.typing.is_some() && self.screen == Screen::Runs && !self.help {
            self.typed(key.code, control);
            return Flow::On;
        }
        if self.find.typing.is_some() && self.in_log() && !self.help {
            self.type_find(key.code, control);
            return Flow::On;
        }
        if control {
            match key.code {
                KeyCode::Char('d' | 'f') => self.step(self.page()),
                KeyCode::Char('u' | 'b') => self.step(-self.page()),
                _ => {}
            }
            return Flow::On;
        }
        match key.code {
            KeyCode::Char('q') => return Flow::Quit,
            KeyCode::Char('?') => self.help = !self.help,
            KeyCode::Esc | KeyCode::Backspace => self.back(),
            _ if self.help => {}
            KeyCode::Char(digit @ '1'..='5') => {
                let at = digit as usize - '1' as usize;
                if let Some((screen, _)) = self.tabs().get(at) {
                    self.go(*screen);
                }
            }
            KeyCode::Tab => self.next(1),
            KeyCode::BackTab => self.next(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::PageDown => self.step(self.page()),
            KeyCode::PageUp => self.step(-self.page()),
            KeyCode::Home | KeyCode::Char('g') => self.step(isize::MIN / 2),
            KeyCode::End | KeyCode::Char('G') => self.step(isize::MAX / 2),
            KeyCode::Char('/') if self.in_log() => self.find(),
            KeyCode::Char('/') => {
                self.screen = Screen::Runs;
                self.list.typing = Some(self.list.query.clone());
            }
            code => self.screen_key(code),
        }
        Flow::On
    }

    /// Keys of one screen.
    fn screen_key(&mut self, code: KeyCode) {
        match (self.screen, code) {
            (Screen::Runs, KeyCode::Enter | KeyCode::Right | KeyCode::Char('l')) => {
                if let Some(id) = self.selected().map(|row| row.id) {
                    self.open(id);
                }
            }
            (Screen::Runs, KeyCode::Char('s')) => self.list.sort = self.list.sort.next(),
            (Screen::Runs, KeyCode::Char(' ')) => self.mark(),
            (Screen::Runs, KeyCode::Char('c')) => self.go(Screen::Compare),
            (Screen::Run, KeyCode::Char('a')) if self.pane == Pane::Events => {
                self.alerts_only = !self.alerts_only;
            }
            (Screen::Run, KeyCode::Char(letter @ ('n' | 'N'))) if self.pane == Pane::Log => {
                self.jump(letter == 'N');
            }
            (Screen::Run, KeyCode::Char(sign @ ('[' | ']'))) => {
                self.neighbour(if sign == ']' { 1 } else { -1 })
            }
            (Screen::Run, code) if self.pane == Pane::Charts => self.chart_key(code),
            (Screen::Compare, code) => self.chart_key(code),
            _ => {}
        }
    }

    fn chart_key(&mut self, code: KeyCode) {
        let look = &mut self.charts.look;
        match code {
            KeyCode::Char('+' | '=') => self.zoom(0.5, None),
            KeyCode::Char('-' | '_') => self.zoom(2.0, None),
            KeyCode::Left | KeyCode::Char('h') => self.pan(-0.2),
            KeyCode::Right | KeyCode::Char('l') => self.pan(0.2),
            KeyCode::Char('0') => look.window = None,
            KeyCode::Char('L') => look.log = !look.log,
            KeyCode::Char('S') => {
                let at = SMOOTHING.iter().position(|keep| *keep == look.smoothing).unwrap_or(0);
                look.smoothing = SMOOTHING[(at + 1) % SMOOTHING.len()];
            }
            KeyCode::Char('x') => {
                look.x = match look.x {
                    X::Step => X::Relative,
                    X::Relative => X::Time,
                    X::Time => X::Step,
                };
                look.window = None;
            }
            KeyCode::Enter | KeyCode::Char('f') => self.charts.alone = !self.charts.alone,
            _ => {}
        }
    }

    /// Makes the part of x in sight larger or smaller, around a place or its middle.
    pub(super) fn zoom(&mut self, factor: f64, around: Option<f64>) {
        self.align();
        let Some((from, to)) = self.window() else { return };
        let around = around.unwrap_or(f64::midpoint(from, to));
        let window = (around - (around - from) * factor, around + (to - around) * factor);
        if window.1 - window.0 > 1e-6 && (window.1 - window.0).is_finite() {
            self.charts.look.window = Some(window);
        }
    }

    /// Moves the part of x in sight by a share of its width.
    fn pan(&mut self, share: f64) {
        self.align();
        if let Some((from, to)) = self.window() {
            let by = (to - from) * share;
            self.charts.look.window = Some((from + by, to + by));
        }
    }

    /// Before a chart that is drawn over time is moved, all are.
    pub(super) fn align(&mut self) {
        let names = match self.screen {
            Screen::Compare => self.compare.as_ref().map(|compare| &compare.names),
            _ => self.run.as_ref().map(|run| &run.names),
        };
        let name = names.and_then(|names| names.get(self.charts.focus));
        if name.is_some_and(|name| of_time(name, self.charts.look.x)) {
            self.charts.look = Look { x: X::Relative, window: None, ..self.charts.look };
        }
    }

    /// The part of x in sight: the one that was chosen, or that of the chart with the focus.
    fn window(&self) -> Option<(f64, f64)> {
        let focus = self.charts.focus;
        self.charts.look.window.or_else(|| {
            self.targets.iter().find_map(|(_, target)| match target {
                Target::Chart(number, plot) if *number == focus => Some((plot.from, plot.to)),
                _ => None,
            })
        })
    }

    /// Takes a letter of a query.
    fn typed(&mut self, code: KeyCode, control: bool) {
        let Some(typing) = &mut self.list.typing else { return };
        match code {
            // One that is wrong stays open, with its error.
            KeyCode::Enter if self.list.wrong.is_none() => {
                self.list.query = typing.trim().to_owned();
                self.list.typing = None;
            }
            KeyCode::Esc => {
                self.list.typing = None;
                self.list.wrong = None;
            }
            code => edit(typing, code, control),
        }
    }

    /// Whether keys are for what the run printed.
    fn in_log(&self) -> bool {
        self.screen == Screen::Run && self.pane == Pane::Log
    }

    fn back(&mut self) {
        match self.screen {
            _ if self.help => self.help = false,
            Screen::Runs if !self.list.query.is_empty() => self.list.query.clear(),
            Screen::Runs => self.list.marked.clear(),
            Screen::Run if self.charts.alone => self.charts.alone = false,
            Screen::Run if self.in_log() && !self.find.text.is_empty() => {
                self.find = Find { height: self.find.height, ..Find::default() };
            }
            Screen::Run | Screen::Compare => self.screen = Screen::Runs,
            _ => {}
        }
    }

    /// To the next pane, or where there are none, screen.
    fn next(&mut self, by: isize) {
        if self.screen == Screen::Run {
            self.pane = Pane::ALL[(self.pane.number() as isize + by).rem_euclid(4) as usize];
            return;
        }
        let tabs = self.tabs();
        let at = tabs.iter().position(|(screen, _)| *screen == self.screen).unwrap_or(0) as isize;
        self.go(tabs[(at + by).rem_euclid(tabs.len() as isize) as usize].0);
    }

    /// As many lines as a page has.
    fn page(&self) -> isize {
        (self.list.height.max(2) - 1) as isize
    }

    /// Moves by so many lines; far beyond an end is that end.
    pub(super) fn step(&mut self, by: isize) {
        let moved = |at: usize, last: usize| at.saturating_add_signed(by).min(last);
        match self.screen {
            Screen::Runs => {
                let rows = self.listing.as_ref().map_or(0, |listing| listing.rows.len());
                self.list.selected = moved(self.list.selected, rows.saturating_sub(1));
            }
            Screen::Run if self.pane == Pane::Charts => {
                let charts = self.run.as_ref().map_or(0, |run| run.names.len());
                self.charts.focus = moved(self.charts.focus, charts.saturating_sub(1));
            }
            Screen::Run => {
                // Log and events are scrolled from their ends.
                let by = if self.pane == Pane::Config { by } else { by.saturating_neg() };
                let scroll = self.scroll();
                *scroll = scroll.saturating_add_signed(by);
            }
            Screen::Compare => {
                let charts = self.compare.as_ref().map_or(0, |compare| compare.names.len());
                self.charts.focus = moved(self.charts.focus, charts.saturating_sub(1));
            }
            Screen::Board => self.board_row = self.board_row.saturating_add_signed(by),
            Screen::Host => {}
        }
    }

    fn mark(&mut self) {
        let Some(id) = self.selected().map(|row| row.id) else { return };
        match self.list.marked.iter().position(|marked| *marked == id) {
            Some(at) => {
                self.list.marked.remove(at);
            }
            None => self.list.marked.push(id),
        }
        self.step(1);
    }

    /// The run before or after this one in the list.
    fn neighbour(&mut self, by: isize) {
        let Some(listing) = &self.listing else { return };
        let at = listing.rows.iter().position(|row| Some(row.id) == self.opened);
        if let Some(row) = at.and_then(|at| at.checked_add_signed(by)).and_then(|at| listing.rows.get(at)) {
            let id = row.id;
            self.list.selected = at.unwrap_or(0).saturating_add_signed(by);
            self.open(id);
        }
    }
}
