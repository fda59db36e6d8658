//! What the screens show and where one is in them: state that only keys, mice and news change, so that it can be tested
//! without a terminal, a disk or a clock.

mod find;
mod keys;
mod mouse;

use std::collections::{HashMap, VecDeque};

use aether_core::RunId;
use console::measure_text_width;
use jiff::Timestamp;
use ratatui_core::{
    buffer::Buffer,
    layout::{Position, Rect},
};

pub(crate) use find::{Find, places};

use super::{
    ink::{Ink, Look, Plot},
    model::{ChartWishes, CompareView, Detail, Listing, News, PanelView, RunRow, RunView, Sorting, Wishes},
    screens,
    theme::Theme,
};
use crate::{
    board::{Board, X},
    host::{HISTORY, Reading},
};

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Host,
    Runs,
    Run,
    Compare,
    Board,
}

/// A part of the screen of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Charts,
    Log,
    Events,
    Config,
}

impl Pane {
    pub(crate) const ALL: [Self; 4] = [Self::Charts, Self::Log, Self::Events, Self::Config];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Charts => "Charts",
            Self::Log => "Log",
            Self::Events => "Events",
            Self::Config => "Config",
        }
    }

    fn number(self) -> usize {
        self as usize
    }
}

/// What is to be done after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Go on.
    On,
    /// End the program.
    Quit,
    /// Stop for a while, as Ctrl-Z does.
    Pause,
}

/// What a mouse can point at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    Tab(Screen),
    Row(usize),
    Pane(Pane),
    Chart(usize, Plot),
}

/// The charts of a screen: which one has the focus, and how all are drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Charts {
    pub(crate) focus: usize,
    /// The first one in sight.
    pub(crate) first: usize,
    /// Whether the one with the focus has the place of all.
    pub(crate) alone: bool,
    pub(crate) look: Look,
    /// How many were in sight when they were last drawn, and columns of dots of the widest.
    pub(crate) count: usize,
    pub(crate) columns: usize,
}

impl Default for Charts {
    fn default() -> Self {
        let look = Look { x: X::Step, window: None, log: false, smoothing: 0.0 };
        Self { focus: 0, first: 0, alone: false, look, count: 1, columns: 200 }
    }
}

/// The list of runs: where one is in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct List {
    pub(crate) selected: usize,
    pub(crate) offset: usize,
    /// Rows in sight when it was last drawn.
    pub(crate) height: usize,
    pub(crate) sort: Sorting,
    /// The query that holds, and the one that is being typed.
    pub(crate) query: String,
    pub(crate) typing: Option<String>,
    /// Why the query is none.
    pub(crate) wrong: Option<String>,
    pub(crate) marked: Vec<RunId>,
}

/// All that is known and chosen.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) theme: Theme,
    pub(crate) now: Timestamp,
    pub(crate) screen: Screen,
    pub(crate) help: bool,
    pub(crate) host: String,
    pub(crate) readings: VecDeque<Reading>,
    pub(crate) listing: Option<Listing>,
    pub(crate) details: HashMap<RunId, Detail>,
    pub(crate) list: List,
    /// The run that is shown in full, and what is known of it.
    pub(crate) opened: Option<RunId>,
    pub(crate) run: Option<Box<RunView>>,
    pub(crate) pane: Pane,
    pub(crate) charts: Charts,
    /// How far panes are scrolled: up from the end for log and events, down from the top for the configuration.
    pub(crate) scrolled: [usize; 4],
    pub(crate) find: Find,
    /// Whether only events that somebody should look at are shown.
    pub(crate) alerts_only: bool,
    pub(crate) compared: Vec<RunId>,
    pub(crate) compare: Option<Box<CompareView>>,
    pub(crate) board: Option<Board>,
    pub(crate) panels: Vec<PanelView>,
    pub(crate) board_row: usize,
    pub(crate) trouble: Option<String>,
    pub(crate) in_sight: Vec<RunId>,
    pub(crate) targets: Vec<(Rect, Target)>,
    /// Where a mouse began to drag a chart: its column, and the part of x that was in sight.
    dragged: Option<(u16, Plot)>,
}

impl App {
    pub(crate) fn new(theme: Theme, now: Timestamp, board: Option<Board>) -> Self {
        Self {
            theme,
            now,
            screen: if board.is_some() { Screen::Board } else { Screen::Runs },
            help: false,
            host: String::new(),
            readings: VecDeque::new(),
            listing: None,
            details: HashMap::new(),
            list: List::default(),
            opened: None,
            run: None,
            pane: Pane::Charts,
            charts: Charts::default(),
            scrolled: [0; 4],
            find: Find::default(),
            alerts_only: false,
            compared: Vec::new(),
            compare: None,
            board,
            panels: Vec::new(),
            board_row: 0,
            trouble: None,
            in_sight: Vec::new(),
            targets: Vec::new(),
            dragged: None,
        }
    }

    /// Takes up something new.
    pub(crate) fn hear(&mut self, news: News) {
        match news {
            News::Host { name, reading } => {
                self.host = name;
                if self.readings.len() == HISTORY {
                    self.readings.pop_front();
                }
                self.readings.push_back(*reading);
            }
            News::Listing(listing) => {
                self.keep_selected(&listing);
                self.listing = Some(listing);
                self.list.wrong = None;
                self.trouble = None;
            }
            News::NoQuery(why) => self.list.wrong = Some(why),
            News::Details(details) => self.details.extend(details),
            News::Run(run) => {
                if Some(run.row.id) == self.opened {
                    self.run = Some(run);
                }
            }
            News::Compare(compare) => self.compare = Some(compare),
            News::Board(panels) => self.panels = panels,
            News::Trouble(text) => self.trouble = Some(text),
        }
    }

    /// Runs come and go; the selected one stays selected.
    fn keep_selected(&mut self, new: &Listing) {
        // At the top, one stays at the top, and sees what is newest.
        if self.list.selected > 0
            && let Some(id) = self.selected().map(|row| row.id)
            && let Some(at) = new.rows.iter().position(|row| row.id == id)
        {
            self.list.selected = at;
        }
        self.list.selected = self.list.selected.min(new.rows.len().saturating_sub(1));
    }

    /// The run under the cursor.
    pub(crate) fn selected(&self) -> Option<&RunRow> {
        self.listing.as_ref()?.rows.get(self.list.selected)
    }

    /// What the screens in sight need.
    pub(crate) fn wishes(&self) -> Wishes {
        let charts = ChartWishes {
            x: self.charts.look.x,
            window: self.charts.look.window,
            first: self.charts.first,
            count: self.charts.count,
            columns: self.charts.columns,
        };
        let (runs, compare) = match self.screen {
            Screen::Run => (self.opened.into_iter().collect(), false),
            Screen::Compare => (self.compared.clone(), true),
            _ => (Vec::new(), false),
        };
        Wishes {
            query: self.list.typing.clone().unwrap_or_else(|| self.list.query.clone()),
            sort: self.list.sort,
            in_sight: if self.screen == Screen::Runs { self.in_sight.clone() } else { Vec::new() },
            runs,
            compare,
            charts,
            board: self.screen == Screen::Board,
        }
    }

    /// For how long a run has worked.
    pub(crate) fn seconds(&self, row: &RunRow) -> f64 {
        let since = || (self.now.as_millisecond() - row.created.as_millisecond()) as f64 / 1e3;
        row.seconds.unwrap_or_else(since).max(0.0)
    }

    /// Opens a run.
    pub(crate) fn open(&mut self, id: RunId) {
        if self.opened != Some(id) {
            self.run = None;
            self.charts = Charts { look: Look { window: None, ..self.charts.look }, ..Charts::default() };
            self.scrolled = [0; 4];
            self.find = Find::default();
        }
        self.opened = Some(id);
        self.screen = Screen::Run;
    }

    pub(crate) fn scroll(&mut self) -> &mut usize {
        &mut self.scrolled[self.pane.number()]
    }

    /// Goes to a screen, if there is anything for it.
    pub(crate) fn go(&mut self, screen: Screen) {
        match screen {
            Screen::Run if self.opened.is_none() => {
                self.screen = screen;
                if let Some(id) = self.selected().map(|row| row.id) {
                    self.open(id);
                }
            }
            Screen::Compare => {
                self.compared = self.list.marked.clone();
                self.compare = None;
                self.charts = Charts { look: Look { window: None, ..self.charts.look }, ..Charts::default() };
                self.screen = screen;
            }
            Screen::Board if self.board.is_none() => {}
            _ => self.screen = screen,
        }
    }

    /// Screens that can be gone to, in their order.
    pub(crate) fn tabs(&self) -> Vec<(Screen, &'static str)> {
        let mut tabs = vec![
            (Screen::Host, "Host"),
            (Screen::Runs, "Runs"),
            (Screen::Run, "Run"),
            (Screen::Compare, "Compare"),
        ];
        tabs.extend(self.board.is_some().then_some((Screen::Board, "Board")));
        tabs
    }

    /// Draws everything. Returns where the cursor is to be shown, if anything is typed.
    pub(crate) fn draw(&mut self, area: Rect, buffer: &mut Buffer) -> Option<Position> {
        self.targets.clear();
        let theme = self.theme;
        let ink = &mut Ink { buffer, theme };
        if area.width < 20 || area.height < 6 {
            ink.text(area.x, area.y, area.width, "too small", theme.plain());
            return None;
        }
        self.header(ink, Rect { height: 1, ..area });
        let body = Rect::new(area.x, area.y + 2, area.width, area.height - 3);
        let cursor = match self.screen {
            _ if self.help => {
                screens::help::draw(ink, body);
                None
            }
            Screen::Host => {
                screens::host::draw(self, ink, body);
                None
            }
            Screen::Runs => screens::runs::draw(self, ink, body),
            Screen::Run => screens::run::draw(self, ink, body),
            Screen::Compare => {
                screens::compare::draw(self, ink, body);
                None
            }
            Screen::Board => {
                screens::board::draw(self, ink, body);
                None
            }
        };
        self.footer(ink, Rect { y: area.bottom() - 1, height: 1, ..area });
        cursor
    }

    fn header(&mut self, ink: &mut Ink<'_>, area: Rect) {
        let (dim, accent) = (self.theme.dim(), self.theme.accent());
        let clock = self.now.strftime("%H:%M:%SZ").to_string();
        let right = if self.host.is_empty() { clock } else { format!("{}  {clock}", self.host) };
        let mut x = area.x + 1;
        x += ink.text(x, area.y, area.width, "aether", self.theme.title()) + 2;
        for (number, (screen, name)) in self.tabs().into_iter().enumerate() {
            let begin = x;
            x += ink.text(x, area.y, 2, &(number + 1).to_string(), dim) + 1;
            let style = if screen == self.screen && !self.help { accent } else { self.theme.plain() };
            x += ink.text(x, area.y, area.right().saturating_sub(x), name, style);
            self.targets.push((Rect::new(begin, area.y, x - begin, 1), Target::Tab(screen)));
            x += 2;
        }
        let wide = measure_text_width(&right) as u16;
        if x + wide < area.right() {
            ink.right(x, area.y, area.right() - x - 1, &right, dim);
        }
    }

    /// The keys that matter here, as many as have room.
    fn footer(&self, ink: &mut Ink<'_>, area: Rect) {
        if let Some(trouble) = &self.trouble {
            ink.text(area.x + 1, area.y, area.width - 2, trouble, self.theme.bad());
            return;
        }
        let wide =
            |(key, what): &(&str, &str)| (measure_text_width(key) + measure_text_width(what) + 3) as u16;
        let hints = self.hints();
        // The way out and the way to learn more are always there.
        let (some, always) = hints.split_at(hints.len() - 2);
        let room = area.width.saturating_sub(always.iter().map(wide).sum::<u16>() + 1);
        let mut taken = 0;
        let fitting = some.iter().take_while(|hint| {
            taken += wide(hint);
            taken <= room
        });
        let mut x = area.x + 1;
        for hint in fitting.chain(always) {
            x += ink.text(x, area.y, wide(hint), hint.0, self.theme.title()) + 1;
            x += ink.text(x, area.y, wide(hint), hint.1, self.theme.dim()) + 2;
        }
    }

    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        if self.help {
            return vec![("esc", "back"), ("q", "quit")];
        }
        let charts =
            [("+-", "zoom"), ("←→", "pan"), ("0", "all"), ("L", "log"), ("S", "smooth"), ("x", "axis")];
        let mut hints = match self.screen {
            Screen::Host => vec![("2", "runs"), ("tab", "next")],
            Screen::Runs if self.list.typing.is_some() => {
                return vec![("enter", "keep"), ("esc", "drop"), ("ctrl-u", "clear")];
            }
            Screen::Runs => {
                let mut hints = vec![
                    ("enter", "open"),
                    ("/", "filter"),
                    ("s", "sort"),
                    ("space", "mark"),
                    ("c", "compare"),
                ];
                if !self.list.query.is_empty() {
                    hints.insert(2, ("esc", "no filter"));
                }
                hints
            }
            Screen::Run if self.pane == Pane::Log && self.find.typing.is_some() => {
                return vec![("enter", "find"), ("esc", "drop"), ("ctrl-u", "clear")];
            }
            Screen::Run => {
                let mut hints = vec![("esc", "back"), ("tab", "pane")];
                match self.pane {
                    Pane::Charts => {
                        hints.extend([("↑↓", "chart"), ("enter", "enlarge")]);
                        hints.extend(charts);
                    }
                    Pane::Events => hints.extend([("↑↓", "scroll"), ("a", "alerts only")]),
                    Pane::Log if self.find.text.is_empty() => hints.extend([("↑↓", "scroll"), ("/", "find")]),
                    Pane::Log => hints.extend([("n", "next"), ("N", "before"), ("/", "find")]),
                    Pane::Config => hints.push(("↑↓", "scroll")),
                }
                hints
            }
            Screen::Compare => {
                let mut hints = vec![("esc", "back"), ("↑↓", "metric")];
                hints.extend(charts);
                hints
            }
            Screen::Board => vec![("↑↓", "scroll"), ("2", "runs")],
        };
        hints.extend([("?", "help"), ("q", "quit")]);
        hints
    }
}
