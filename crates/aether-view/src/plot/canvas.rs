//! A canvas of braille: each character cell holds 2 by 4 dots (Unicode block U+2800).

const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The dots of a plot and which curve each cell belongs to.
#[derive(Debug)]
pub(crate) struct Canvas {
    /// Cells in a row.
    pub(crate) columns: usize,
    /// Rows of cells.
    pub(crate) rows: usize,
    /// The dots of each cell, as Unicode numbers them.
    pub(crate) dots: Vec<u8>,
    /// Whose dot was set last in each cell.
    pub(crate) owner: Vec<usize>,
}

impl Canvas {
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows, dots: vec![0; columns * rows], owner: vec![0; columns * rows] }
    }

    /// Sets a dot; its place is in dots, 2 a column and 4 a row.
    pub(crate) fn dot(&mut self, x: usize, y: usize, owner: usize) {
        let cell = y / 4 * self.columns + x / 2;
        self.dots[cell] |= DOTS[y % 4][x % 2];
        self.owner[cell] = owner;
    }

    /// Bresenham's line, ends included.
    pub(crate) fn line(&mut self, from: (usize, usize), to: (usize, usize), owner: usize) {
        let (dx, dy) = (from.0.abs_diff(to.0) as i64, -(from.1.abs_diff(to.1) as i64));
        let (mut x, mut y) = (from.0 as i64, from.1 as i64);
        let (step_x, step_y) = ((to.0 as i64 - x).signum(), (to.1 as i64 - y).signum());
        let mut error = dx + dy;
        loop {
            self.dot(x as usize, y as usize, owner);
            if (x, y) == (to.0 as i64, to.1 as i64) {
                return;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                x += step_x;
            }
            if twice <= dx {
                error += dx;
                y += step_y;
            }
        }
    }

    /// The first dot of a cell column that belongs to `owner`, as its row of cells.
    pub(crate) fn cell_of(&self, column: usize, owner: usize) -> Option<usize> {
        (0..self.rows).find(|row| {
            let cell = row * self.columns + column;
            self.dots[cell] != 0 && self.owner[cell] == owner
        })
    }

    /// The character of a cell; a space where nothing was drawn.
    pub(crate) fn glyph(&self, cell: usize) -> char {
        match self.dots[cell] {
            0 => ' ',
            dots => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        }
    }
}
