//! Tables for a person: aligned, never wider than the screen, never wrapped.

use console::{measure_text_width, truncate_str};

use crate::text::escape;

/// Between two columns.
const GAP: usize = 2;
/// A column is never cut below this.
const NARROWEST: usize = 4;

/// On which side a column's cells are filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A table in the making.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(title, align)| (escape(title).into_owned(), *align)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row with a cell for each column. Cells may be any text; they are escaped here.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.rows.push(cells.into_iter().map(|cell| escape(cell.as_ref()).into_owned()).collect());
    }

    /// The table's lines, heading first, each at most `width` wide. Where it is too wide, its widest columns are cut.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let widths = self.widths(width);
        let titles: Vec<String> = self.columns.iter().map(|c| c.0.clone()).collect();
        std::iter::once(&titles).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let natural = |i: usize| {
            let title = measure_text_width(&self.columns[i].0);
            self.rows
                .iter()
                .filter_map(|row| row.get(i))
                .map(|cell| measure_text_width(cell))
                .fold(title, usize::max)
        };
        let mut widths: Vec<usize> = (0..self.columns.len()).map(natural).collect();
        let room = width.saturating_sub(GAP * self.columns.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, &width), (_, align)) in cells.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line.extend(std::iter::repeat_n(' ', GAP));
            }
            let cell = truncate_str(cell, width, "…");
            let fill = " ".repeat(width.saturating_sub(measure_text_width(&cell)));
            match align {
                Align::Left => line += &format!("{cell}{fill}"),
                Align::Right => line += &format!("{fill}{cell}"),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_widest_column_is_cut() {
        let mut table = Table::new(&[("ID", Align::Left), ("NAME", Align::Left), ("LOSS", Align::Right)]);
        table.row(["k3v9x2ab", "a name that is far too long for it", "0.1"]);
        table.row(["p0a7", "漢字", "12.5"]);
        assert_eq!(
            table.lines(32),
            [
                "ID        NAME              LOSS",
                "k3v9x2ab  a name that is …   0.1",
                "p0a7      漢字              12.5"
            ]
        );
    }

    proptest! {
        #[test]
        fn a_line_never_breaks_nor_overflows(cells in prop::collection::vec(any::<String>(), 4), width in 30usize..100) {
            let mut table = Table::new(&[("A", Align::Left); 4]);
            table.row(&cells);
            for line in table.lines(width) {
                prop_assert!(measure_text_width(&line) <= width, "{line}");
                prop_assert!(!line.contains('\n'));
            }
        }
    }
}
