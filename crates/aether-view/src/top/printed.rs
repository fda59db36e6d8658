//! What a run printed, as a terminal would leave it: letters and their colours. Every other escape is left out.

use std::ops::Range;

use console::AnsiCodeIterator;
use ratatui_core::style::{Color, Modifier, Style};

/// One line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Printed {
    pub(crate) text: String,
    /// From which byte on letters look how; before the first, plain.
    looks: Vec<(usize, Style)>,
}

/// The colours 30 to 37 and 90 to 97 of ECMA-48 and aixterm.
const COLORS: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

impl Printed {
    /// The lines of `text`: of what a carriage return wrote over, the last. A look lasts until another one is set,
    /// beyond the ends of lines, too.
    pub(crate) fn lines(text: &str) -> Vec<Self> {
        let mut lines = Vec::new();
        let mut line = Self::default();
        let mut look = Style::new();
        let mut returned = false;
        for (piece, escape) in AnsiCodeIterator::new(text) {
            if escape {
                look = restyled(look, piece);
                continue;
            }
            for part in piece.split_inclusive(['\r', '\n']) {
                let letters = part.trim_end_matches(['\r', '\n']);
                if returned && !letters.is_empty() {
                    line = Self::default();
                    returned = false;
                }
                line.push(letters, look);
                if part.ends_with('\n') {
                    lines.push(std::mem::take(&mut line));
                    returned = false;
                }
                returned |= part.ends_with('\r');
            }
        }
        if !line.text.is_empty() {
            lines.push(line);
        }
        lines
    }

    fn push(&mut self, letters: &str, look: Style) {
        if letters.is_empty() {
            return;
        }
        if self.looks.last().map_or(Style::new(), |(_, last)| *last) != look {
            self.looks.push((self.text.len(), look));
        }
        self.text.push_str(letters);
    }

    /// The line in pieces of one look each. What lies at one of `places` is marked.
    pub(crate) fn pieces(&self, places: &[Range<usize>], mark: Modifier) -> Vec<(&str, Style)> {
        let ends = places.iter().flat_map(|place| [place.start, place.end]);
        let mut cuts: Vec<usize> =
            self.looks.iter().map(|(from, _)| *from).chain(ends).chain([0, self.text.len()]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let piece = |cut: &[usize]| {
            let before = self.looks.partition_point(|(from, _)| *from <= cut[0]);
            let look = before.checked_sub(1).map_or(Style::new(), |at| self.looks[at].1);
            let marked = places.iter().any(|place| place.contains(&cut[0]));
            (&self.text[cut[0]..cut[1]], if marked { look.add_modifier(mark) } else { look })
        };
        cuts.windows(2).map(piece).collect()
    }
}

/// What a look becomes by an escape: another one by "select graphic rendition", as it was by any other.
fn restyled(look: Style, escape: &str) -> Style {
    let Some(codes) = escape.strip_prefix("\u{1b}[").and_then(|rest| rest.strip_suffix('m')) else {
        return look;
    };
    let mut codes =
        codes.split(';').map(|code| if code.is_empty() { 0 } else { code.parse().unwrap_or(u8::MAX) });
    let mut next = look;
    while let Some(code) = codes.next() {
        match code {
            0 => next = Style::new(),
            1 => next = next.add_modifier(Modifier::BOLD),
            2 => next = next.add_modifier(Modifier::DIM),
            3 => next = next.add_modifier(Modifier::ITALIC),
            4 => next = next.add_modifier(Modifier::UNDERLINED),
            7 => next = next.add_modifier(Modifier::REVERSED),
            22 => next = next.remove_modifier(Modifier::BOLD | Modifier::DIM),
            23 => next = next.remove_modifier(Modifier::ITALIC),
            24 => next = next.remove_modifier(Modifier::UNDERLINED),
            27 => next = next.remove_modifier(Modifier::REVERSED),
            30..=37 => next.fg = Some(COLORS[usize::from(code - 30)]),
            38 => next.fg = extended(&mut codes).or(next.fg),
            39 => next.fg = None,
            40..=47 => next.bg = Some(COLORS[usize::from(code - 40)]),
            48 => next.bg = extended(&mut codes).or(next.bg),
            49 => next.bg = None,
            90..=97 => next.fg = Some(COLORS[usize::from(code - 82)]),
            100..=107 => next.bg = Some(COLORS[usize::from(code - 92)]),
            _ => {}
        }
    }
    next
}

/// One of 256 colours, or red, green and blue.
fn extended(codes: &mut impl Iterator<Item = u8>) -> Option<Color> {
    match codes.next()? {
        5 => codes.next().map(Color::Indexed),
        2 => Some(Color::Rgb(codes.next()?, codes.next()?, codes.next()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<String> {
        Printed::lines(text).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_as_a_screen_shows_them() {
        assert_eq!(texts("one\n\nstep 1\rstep 2\r\r\nlast"), ["one", "", "step 2", "last"]);
        assert_eq!(texts("step 1\r\u{1b}[32mstep 2\n"), ["step 2"], "with an escape between");
        assert_eq!(texts("\u{1b}]0;title\u{7}a\u{1b}[2Kb\u{1b}[1A\n"), ["ab"]);
        assert!(texts("").is_empty());
    }

    #[test]
    fn looks_last_until_they_change() {
        let lines =
            Printed::lines("a\u{1b}[31mb\nc\u{1b}[1;94;48;5;200md\u{1b}[22;39me\u{1b}[38;2;1;2;3mf\u{1b}[mg");
        let plain = Style::new();
        let red = plain.fg(Color::Red);
        assert_eq!(lines[0].pieces(&[], Modifier::empty()), [("a", plain), ("b", red)]);
        let bold = plain.fg(Color::LightBlue).bg(Color::Indexed(200)).add_modifier(Modifier::BOLD);
        let light = Style { fg: None, ..bold }.remove_modifier(Modifier::BOLD | Modifier::DIM);
        let own = light.fg(Color::Rgb(1, 2, 3));
        let pieces = lines[1].pieces(&[], Modifier::empty());
        assert_eq!(pieces, [("c", red), ("d", bold), ("e", light), ("f", own), ("g", plain)]);
    }

    #[test]
    fn what_is_found_keeps_its_colour() {
        let line = &Printed::lines("lo\u{1b}[31mss is nan")[0];
        let red = Style::new().fg(Color::Red);
        let mark = Modifier::REVERSED;
        let pieces = line.pieces(&[0..4, 8..11], mark);
        let marked = red.add_modifier(mark);
        assert_eq!(
            pieces,
            [("lo", Style::new().add_modifier(mark)), ("ss", marked), (" is ", red), ("nan", marked)]
        );
    }

    proptest! {
        /// Whatever is printed, lines and pieces hold the letters of it that are seen.
        #[test]
        fn pieces_are_the_line(text in "(\u{1b}\\[[0-9;:]{0,9}[mKHJ]|[a-zß漢\u{1b}\r\n;]){0,40}") {
            for line in Printed::lines(&text) {
                let whole: String = line.pieces(&[], Modifier::empty()).into_iter().map(|(piece, _)| piece).collect();
                prop_assert_eq!(&whole, &line.text);
                prop_assert!(!line.text.contains('\n'));
            }
        }
    }
}
