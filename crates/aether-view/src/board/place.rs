//! Where panels stand: a grid of 12 columns, and as many rows as it takes.

use serde::{Deserialize, Serialize};

/// Columns of every board.
pub const COLUMNS: u16 = 12;
/// Rows of a board at most: far more than anybody scrolls through.
pub(super) const ROWS: u16 = 1000;

/// A rectangle of the grid. A row is 80 pixels in a browser and 4 lines in a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The column of its left edge, from 0.
    pub column: u16,
    /// The row of its upper edge, from 0.
    pub row: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What a panel takes that does not say so.
pub(super) const USUAL: (u16, u16) = (6, 4);

impl Area {
    /// Whether it lies on the grid.
    pub(super) fn fits(&self) -> bool {
        let columns = u32::from(self.column) + u32::from(self.width);
        let rows = u32::from(self.row) + u32::from(self.height);
        self.width > 0 && self.height > 0 && columns <= u32::from(COLUMNS) && rows <= u32::from(ROWS)
    }

    /// Whether two have a cell in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.column < other.column + other.width
            && other.column < self.column + self.width
            && self.row < other.row + other.height
            && other.row < self.row + self.height
    }

    /// The first place for a panel of this size that is free, row by row; `None` when the board is full.
    pub(super) fn free(taken: &[Self], (width, height): (u16, u16)) -> Option<Self> {
        (0..ROWS)
            .flat_map(|row| (0..COLUMNS).map(move |column| Self { column, row, width, height }))
            .find(|area| area.fits() && !taken.iter().any(|other| area.overlaps(other)))
    }
}
