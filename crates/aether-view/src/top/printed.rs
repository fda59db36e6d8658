//! What a run printed, as a terminal would leave it: letters and their colours. Every other escape is left out.

use std::ops::Range;

use anstyle_parse::{Params, Parser, Perform, Utf8Parser};
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
    /// beyond the ends of lines, too; an escape that does not end hides no more than its line.
    pub(crate) fn lines(text: &str) -> Vec<Self> {
        let (mut screen, mut parser) = (Screen::default(), Parser::<Utf8Parser>::default());
        for &byte in text.as_bytes() {
            if byte == b'\n' {
                parser = Parser::default();
            }
            parser.advance(&mut screen, byte);
        }
        if !screen.line.text.is_empty() {
            screen.lines.push(screen.line);
        }
        screen.lines
    }

    fn push(&mut self, letter: char, look: Style) {
        if self.looks.last().map_or(Style::new(), |(_, last)| *last) != look {
            self.looks.push((self.text.len(), look));
        }
        self.text.push(letter);
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

/// What has been printed so far.
#[derive(Default)]
struct Screen {
    lines: Vec<Printed>,
    line: Printed,
    look: Style,
    /// The next letter writes over the line.
    returned: bool,
}

impl Perform for Screen {
    fn print(&mut self, letter: char) {
        if std::mem::take(&mut self.returned) {
            self.line = Printed::default();
        }
        self.line.push(letter, self.look);
    }

    fn execute(&mut self, control: u8) {
        match control {
            b'\n' => {
                self.lines.push(std::mem::take(&mut self.line));
                self.returned = false;
            }
            b'\r' => self.returned = true,
            other => self.print(char::from(other)),
        }
    }

    fn csi_dispatch(&mut self, codes: &Params, intermediates: &[u8], _ignored: bool, action: u8) {
        if action == b'm' && intermediates.is_empty() {
            self.look = restyled(self.look, codes);
        }
    }
}

/// What a look becomes by "select graphic rendition" (ECMA-48).
fn restyled(look: Style, codes: &Params) -> Style {
    let mut codes = codes.iter();
    let mut next = look;
    while let Some([code, parts @ ..]) = codes.next() {
        match *code {
            0 => next = Style::new(),
            1 => next = next.add_modifier(Modifier::BOLD),
            2 => next = next.add_modifier(Modifier::DIM),
            3 => next = next.add_modifier(Modifier::ITALIC),
            4 if parts != [0] => next = next.add_modifier(Modifier::UNDERLINED),
            7 => next = next.add_modifier(Modifier::REVERSED),
            22 => next = next.remove_modifier(Modifier::BOLD | Modifier::DIM),
            23 => next = next.remove_modifier(Modifier::ITALIC),
            4 | 24 => next = next.remove_modifier(Modifier::UNDERLINED),
            27 => next = next.remove_modifier(Modifier::REVERSED),
            code @ 30..=37 => next.fg = Some(COLORS[usize::from(code - 30)]),
            38 => next.fg = extended(parts, &mut codes).or(next.fg),
            39 => next.fg = None,
            code @ 40..=47 => next.bg = Some(COLORS[usize::from(code - 40)]),
            48 => next.bg = extended(parts, &mut codes).or(next.bg),
            49 => next.bg = None,
            code @ 90..=97 => next.fg = Some(COLORS[usize::from(code - 82)]),
            code @ 100..=107 => next.bg = Some(COLORS[usize::from(code - 92)]),
            _ => {}
        }
    }
    next
}

/// One of 256 colours, or red, green and blue: as parts of the code, behind colons, with the number of a colour space
/// before red or without (ITU-T T.416), or, as most write it, as codes of their own.
fn extended<'a>(parts: &[u16], codes: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let byte = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
    let rgb = |red, green, blue| Color::Rgb(byte(red), byte(green), byte(blue));
    match *parts {
        [5, index, ..] => Some(Color::Indexed(byte(index))),
        [2, red, green, blue] | [2, _, red, green, blue, ..] => Some(rgb(red, green, blue)),
        [] => {
            let mut next = || codes.next()?.first().copied();
            match next()? {
                5 => Some(Color::Indexed(byte(next()?))),
                2 => Some(rgb(next()?, next()?, next()?)),
                _ => None,
            }
        }
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
        assert_eq!(texts("a\u{1b}]0;never ends\nb\u{1b}[>4;1mc\n"), ["a", "bc"]);
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
    fn colours_as_parts_of_a_code() {
        let look = |codes: &str| Printed::lines(&format!("\u{1b}[{codes}ma"))[0].looks[0].1;
        let plain = Style::new();
        assert_eq!(look("38:2::1:2:3"), plain.fg(Color::Rgb(1, 2, 3)));
        assert_eq!(look("1;48:2:1:2:3"), plain.bg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD));
        assert_eq!(look("38:5:200;3"), plain.fg(Color::Indexed(200)).add_modifier(Modifier::ITALIC));
        assert_eq!(look("4:3"), plain.add_modifier(Modifier::UNDERLINED));
        assert_eq!(look("31;4;4:0"), plain.fg(Color::Red).remove_modifier(Modifier::UNDERLINED));
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
