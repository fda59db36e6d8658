//! A place in a source, as an error shows it: the line, and carets below it.

use std::fmt;

use super::source::{Place, Source};

/// Characters of a line shown at most.
const WIDTH: usize = 100;

/// Writes where a whole source is. Returns the width of the line numbers.
pub(super) fn name(source: &Source, f: &mut fmt::Formatter<'_>) -> Result<usize, fmt::Error> {
    write!(f, "\n --> {}", printable(&source.name))?;
    Ok(1)
}

/// Writes location, line and carets. Returns the width of the line numbers.
pub(super) fn place(place: &Place, f: &mut fmt::Formatter<'_>) -> Result<usize, fmt::Error> {
    let source = &place.source;
    let (line, column) = place.position();
    let (number, location) = if source.inline {
        (String::new(), source.name.clone())
    } else {
        (line.to_string(), format!("{}:{line}:{column}", source.name))
    };
    let margin = number.len().max(1);

    let range = place.line();
    let marked = source.text[place.start..place.end.clamp(place.start, range.end)].chars().count();
    let line: Vec<char> = source.text[range].chars().collect();
    let first = column - 1;
    // Of a very long line only a window, which begins a little before the mark.
    let from = if line.len() > WIDTH { first.saturating_sub(WIDTH / 4) } else { 0 };
    let to = line.len().min(from + WIDTH);
    let carets = marked.min(to.saturating_sub(first)).max(1);
    let before = if from > 0 { "..." } else { "" };
    let after = if to < line.len() { "..." } else { "" };
    let shown: String = line[from..to].iter().collect();

    write!(f, "\n{:margin$}--> {}", "", printable(&location))?;
    write!(f, "\n{:margin$} |", "")?;
    write!(f, "\n{}", format!("{number:margin$} | {before}{}{after}", printable(&shown)).trim_end())?;
    write!(f, "\n{:margin$} | {:indent$}{:^<carets$}", "", "", "", indent = before.len() + first - from)?;
    Ok(margin)
}

/// The text without what would move a terminal's cursor or hide what stands there; each character stays one column.
pub(super) fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if hidden(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
