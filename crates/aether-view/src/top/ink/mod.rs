//! Drawing on a screen: texts that stay in their places whatever they contain, titles, meters, graphs.

mod chart;
mod graph;

pub(crate) use chart::{Look, Plot, letter};

use console::measure_text_width;
use ratatui_core::{buffer::Buffer, layout::Rect, style::Style};

use super::theme::Theme;
use crate::text;

/// A screen that is being drawn.
pub(crate) struct Ink<'a> {
    pub(crate) buffer: &'a mut Buffer,
    pub(crate) theme: Theme,
}

impl Ink<'_> {
    /// Writes one line of text, at most `width` cells; what is cut off ends in `…`. Whatever would move the cursor or
    /// turn the order of letters is spelled out. Returns the cells that it took.
    pub(crate) fn text(&mut self, x: u16, y: u16, width: u16, words: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x >= area.right() || width == 0 {
            return 0;
        }
        let width = width.min(area.right() - x);
        let words = text::escape(words);
        if measure_text_width(&words) <= usize::from(width) {
            return self.buffer.set_stringn(x, y, &*words, usize::from(width), style).0 - x;
        }
        let (end, _) = self.buffer.set_stringn(x, y, &*words, usize::from(width) - 1, style);
        self.buffer.set_stringn(end, y, "…", 1, style).0 - x
    }

    /// A name in at most `width` cells. What is left out is its middle: names of runs often differ only at their ends.
    pub(crate) fn name(&mut self, x: u16, y: u16, width: u16, name: &str, style: Style) -> u16 {
        let name = text::escape(name);
        let keep = usize::from(width).saturating_sub(1);
        if measure_text_width(&name) <= usize::from(width) || keep < 4 {
            return self.text(x, y, width, &name, style);
        }
        let fitting = |letters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
            let taken = letters.scan(0, |wide, letter| {
                *wide += measure_text_width(letter.encode_utf8(&mut [0; 4]));
                (*wide <= room).then_some(letter)
            });
            taken.collect()
        };
        let front = fitting(&mut name.chars(), keep.div_ceil(2));
        let back = fitting(&mut name.chars().rev(), keep / 2);
        let short: String = front.into_iter().chain(['…']).chain(back.into_iter().rev()).collect();
        self.text(x, y, width, &short, style)
    }

    /// The same as `text`, ending at the right edge of `width` cells.
    pub(crate) fn right(&mut self, x: u16, y: u16, width: u16, words: &str, style: Style) {
        let taken = measure_text_width(&text::escape(words)).min(usize::from(width)) as u16;
        self.text(x + width - taken, y, taken, words, style);
    }

    /// Several pieces one after the other.
    pub(crate) fn line(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) -> u16 {
        let mut taken = 0;
        for (words, style) in pieces {
            taken += self.text(x + taken, y, width.saturating_sub(taken), words, *style);
        }
        taken
    }

    /// Pieces of what a run printed, in its own colours where there are any.
    pub(crate) fn printed(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) {
        let own =
            |style: Style| if self.theme.colored { style } else { Style { fg: None, bg: None, ..style } };
        let pieces: Vec<_> = pieces.iter().map(|(words, style)| (*words, own(*style))).collect();
        self.line(x, y, width, &pieces);
    }

    /// A heading with a rule to the right, and at its end a note. What is below it is left.
    pub(crate) fn section(&mut self, area: Rect, title: &str, note: &str, focused: bool) -> Rect {
        if area.height == 0 || area.width < 4 {
            return Rect { height: 0, ..area };
        }
        let (dim, style) = (self.theme.dim(), if focused { self.theme.accent() } else { self.theme.title() });
        let taken = self.text(area.x, area.y, area.width, title, style) + 1;
        // The note has what the title leaves.
        let room = area.width.saturating_sub(taken + 3);
        let wide = measure_text_width(&text::escape(note)) as u16;
        let noted = if note.is_empty() || room < wide.min(8) { 0 } else { wide.min(room) + 1 };
        for x in area.x + taken..area.right().saturating_sub(noted) {
            self.text(x, area.y, 1, "─", dim);
        }
        if noted > 0 {
            self.right(area.right() - noted + 1, area.y, noted - 1, note, dim);
        }
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }

    /// A heavy line that shows a share from 0 to 1, to half a cell, on a light one: meters that stand one below the
    /// other stay apart.
    pub(crate) fn meter(&mut self, x: u16, y: u16, width: u16, share: f64, style: Style) {
        let halves = (share.clamp(0.0, 1.0) * f64::from(width) * 2.0).round() as u16;
        for cell in 0..width {
            let (line, style) = match halves.saturating_sub(cell * 2) {
                0 => ("─", self.theme.dim()),
                1 => ("╸", style),
                _ => ("━", style),
            };
            self.text(x + cell, y, 1, line, style);
        }
    }

    /// What stands in the middle of a place with nothing to show: a sentence, and what to do.
    pub(crate) fn empty(&mut self, area: Rect, sentence: &str, help: &str) {
        let y = area.y + area.height.saturating_sub(2) / 2;
        for (at, (words, style)) in
            [(sentence, self.theme.plain()), (help, self.theme.dim())].into_iter().enumerate()
        {
            let wide = (measure_text_width(&text::escape(words)) as u16).min(area.width);
            if (at as u16) < area.height {
                self.text(area.x + (area.width - wide) / 2, y + at as u16, wide, words, style);
            }
        }
    }
}

/// `text` in lines of at most `width` cells, broken between words where that is possible.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let wide = measure_text_width(word);
        let last = lines.len() - 1;
        let taken = measure_text_width(&lines[last]);
        if taken > 0 && taken + 1 + wide > width {
            lines.push(word.to_owned());
        } else {
            if taken > 0 {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}
