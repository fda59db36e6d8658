//! Colours: the 16 that every terminal has, as its user set them, or none. Nothing is told by colour alone.

use aether_core::Level;
use aether_ledger::Standing;
use ratatui_core::style::{Color, Modifier, Style};

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether there are colours at all.
    pub(crate) colored: bool,
}

/// Colours of curves. Their order keeps neighbours apart for colour-blind eyes: by lightness as much as by hue.
const CURVES: [Color; 8] = [
    Color::Cyan,
    Color::LightYellow,
    Color::Magenta,
    Color::LightGreen,
    Color::LightRed,
    Color::LightBlue,
    Color::White,
    Color::Green,
];

impl Theme {
    fn of(self, color: Color) -> Style {
        if self.colored { Style::new().fg(color) } else { Style::new() }
    }

    pub(crate) fn plain(self) -> Style {
        Style::new()
    }

    pub(crate) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Rules, labels, what is less important.
    pub(crate) fn dim(self) -> Style {
        if self.colored { Style::new().fg(Color::DarkGray) } else { Style::new().add_modifier(Modifier::DIM) }
    }

    /// What can be pressed, and where one is.
    pub(crate) fn accent(self) -> Style {
        self.of(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn selected(self) -> Style {
        // In one colour: each cell in its own would be a row of patches.
        Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED)
    }

    pub(crate) fn good(self) -> Style {
        self.of(Color::Green)
    }

    pub(crate) fn warning(self) -> Style {
        self.of(Color::Yellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.of(Color::LightRed).add_modifier(Modifier::BOLD)
    }

    /// The colour of the curve with this number.
    pub(crate) fn curve(self, number: usize) -> Style {
        self.of(CURVES[number % CURVES.len()])
    }

    /// How full something is, from 0 to 1: quiet, busy, nearly full.
    pub(crate) fn load(self, share: f64) -> Style {
        match share {
            s if s >= 0.9 => self.bad(),
            s if s >= 0.7 => self.warning(),
            _ => self.good(),
        }
    }

    pub(crate) fn level(self, level: Level) -> Style {
        match level {
            Level::Info => self.plain(),
            Level::Warning => self.warning(),
            Level::Error => self.bad(),
        }
    }

    /// A sign, a word and a colour for where a run stands.
    pub(crate) fn standing(self, standing: Standing) -> (char, &'static str, Style) {
        match standing {
            Standing::Running => ('●', "running", self.of(Color::Cyan)),
            Standing::Done => ('✓', "done", self.good()),
            Standing::Failed => ('✗', "failed", self.bad()),
            Standing::Interrupted => ('■', "stopped", self.warning()),
            Standing::Died => ('†', "died", self.of(Color::LightMagenta)),
            Standing::Unknown => ('?', "unknown", self.dim()),
        }
    }
}

/// A sign for how urgent something is.
pub(crate) fn level_sign(level: Level) -> char {
    match level {
        Level::Info => '·',
        Level::Warning => '▲',
        Level::Error => '✗',
    }
}
