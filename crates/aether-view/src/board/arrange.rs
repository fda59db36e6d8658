//! Moves panels in the text of a board: numbers are changed where they stand, so that comments and layout stay.

use std::ops::Range;

use aether_core::config::{self, Node};

use super::{Area, Board};

/// `text` changed so that it reads as `wanted`, where the two differ in nothing but where panels stand. `None` where they
/// differ in more, or the places cannot be changed in the text alone, such as those that an anchor shares.
pub fn arranged(text: &str, wanted: &Board) -> Option<String> {
    let (mark, text) = text.strip_prefix('\u{feff}').map_or(("", text), |rest| ("\u{feff}", rest));
    let node = config::parse("", text).ok()?;
    let now = Board::read(&node).ok()?;
    if now == *wanted {
        return Some(format!("{mark}{text}"));
    }
    let panels = node.get("panels")?.items();
    if panels.len() != wanted.panels.len() {
        return None;
    }
    // A panel that does not say where it stands goes where there is room. Those that moved are given a place; where
    // that makes room for others, all are.
    [false, true].into_iter().find_map(|all| {
        let mut edits = Edits { text, all: Vec::new() };
        for ((panel, now), wanted) in panels.iter().zip(&now.panels).zip(&wanted.panels) {
            match panel.get("at").filter(|at| !at.is_null()) {
                Some(at) => edits.place(at, now.at, wanted.at)?,
                None if all || now.at != wanted.at => edits.add_place(panel, wanted.at)?,
                None => {}
            }
        }
        let text = edits.done()?;
        // Whatever the text was made of: it is right when it reads as what is wanted.
        (Board::parse("", &text).ok()? == *wanted).then(|| format!("{mark}{text}"))
    })
}

/// Changes of a text, each of a piece of it.
struct Edits<'a> {
    text: &'a str,
    all: Vec<(Range<usize>, String)>,
}

impl Edits<'_> {
    /// Changes the numbers of a place that is written.
    fn place(&mut self, at: &Node, now: Area, wanted: Area) -> Option<()> {
        let numbers = [
            ("column", now.column, wanted.column),
            ("row", now.row, wanted.row),
            ("width", now.width, wanted.width),
            ("height", now.height, wanted.height),
        ];
        for (key, now, wanted) in numbers {
            if now != wanted {
                let start = self.offset(at.get(key)?.error("").line_column()?)?;
                let digits = self.text.get(start..)?.bytes().take_while(u8::is_ascii_digit).count();
                self.all.push((start..start + digits, wanted.to_string()));
            }
        }
        Some(())
    }

    /// Says where a panel stands that did not: below its `kind` where it is written line by line, else before it.
    fn add_place(&mut self, panel: &Node, wanted: Area) -> Option<()> {
        let Area { column, row, width, height } = wanted;
        let place = format!("at: {{column: {column}, row: {row}, width: {width}, height: {height}}}");
        let kind = panel.get("kind")?;
        // An error about an unknown key is shown at the key, one about a value at the value.
        let (line, indent) = kind.unknown("").line_column()?;
        let key = self.offset((line, indent))?;
        let value = self.offset(kind.error("").line_column()?)?;
        let rest = self.text.get(value..)?;
        let end = rest.lines().next()?.len();
        let behind = rest.get(kind.text()?.len()..end)?.trim_start();
        if behind.is_empty() || behind.starts_with('#') {
            let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
            let at = value + end;
            self.all.push((at..at, format!("{newline}{}{place}", " ".repeat(indent - 1))));
        } else {
            self.all.push((key..key, format!("{place}, ")));
        }
        Some(())
    }

    /// Where a line and column, from 1, are in the text, in bytes.
    fn offset(&self, (line, column): (usize, usize)) -> Option<usize> {
        let start: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let mut characters = self.text.get(start..)?.char_indices();
        characters.nth(column - 1).map(|(at, _)| start + at)
    }

    /// The text with all changes; `None` where one lies in another.
    fn done(mut self) -> Option<String> {
        self.all.sort_by_key(|(piece, _)| piece.start);
        let mut text = String::with_capacity(self.text.len() + 64 * self.all.len());
        let mut from = 0;
        for (piece, with) in &self.all {
            text.push_str(self.text.get(from..piece.start)?);
            text.push_str(with);
            from = piece.end;
        }
        text.push_str(self.text.get(from..)?);
        Some(text)
    }
}
