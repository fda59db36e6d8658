//! Runs a tape: cuts its space into tiles, resolves places to memory, and makes one pass after the other over each.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::compile::{Instruction, Line, Place, SCRATCH};
use super::kernels::{Lines, pass};
use super::{Access, Tape, mask};
use crate::cpu::isa::Isa;
use crate::cpu::lanes::{Kernel, Lanes, WIDTH, dispatch};
use crate::random::Draws;

/// What a tape works on, in the order in which its builder numbered them.
#[derive(Debug, Clone, Copy)]
pub struct Bindings<'a> {
    /// One for each load.
    pub inputs: &'a [*const f32],
    /// One for each store. An output may be the very matrix of an input (same address, same stride, [`Access::Full`]);
    /// other overlaps are not allowed.
    pub outputs: &'a [*mut f32],
    /// One for each runtime scalar.
    pub scalars: &'a [f32],
    /// One for each dropout mask.
    pub draws: &'a [Draws],
}

impl Tape {
    /// Runs the elements `range`, numbered row-major. How a whole is split into ranges changes no bit. Ranges that
    /// begin and end at multiples of 16, or of the columns, are fastest.
    ///
    /// # Panics
    /// If the range lies outside the tape, or the bindings are not as many as it needs.
    ///
    /// # Safety
    /// Inputs and outputs hold what the tape's accesses and strides reach, and nobody else writes to either of them in
    /// that range meanwhile.
    pub unsafe fn run(&self, isa: Isa, range: Range<usize>, bindings: &Bindings<'_>) {
        assert!(range.end <= self.elements(), "{range:?} of {} elements", self.elements());
        let given =
            [bindings.inputs.len(), bindings.outputs.len(), bindings.scalars.len(), bindings.draws.len()];
        assert_eq!(given, [self.accesses.len(), self.strides.len(), self.scalars, self.draws], "bindings");
        if !range.is_empty() {
            dispatch(isa, Run { tape: self, range, bindings });
        }
    }
}

/// Rows and columns of the tape's space.
#[derive(Clone, Copy)]
struct Tile {
    row: usize,
    rows: usize,
    col: usize,
    cols: usize,
}

struct Run<'a> {
    tape: &'a Tape,
    range: Range<usize>,
    bindings: &'a Bindings<'a>,
}

#[repr(align(64))]
struct Scratch(MaybeUninit<[f32; SCRATCH]>);

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let mut scratch = Scratch(MaybeUninit::uninit());
        let Tape { cols, ref program, .. } = *self.tape;
        let state =
            State { tape: self.tape, bindings: self.bindings, scratch: scratch.0.as_mut_ptr().cast() };
        // SAFETY: the caller's bindings hold the range.
        unsafe {
            state.fill_lines::<V>();
            let Range { start, end } = self.range;
            let mut next = start;
            while next < end {
                let (row, col) = (next / cols, next % cols);
                // Whole rows if they are short, or else a piece of one.
                let padded = cols.next_multiple_of(WIDTH);
                let whole_rows = (end - next) / cols;
                let tile = if col == 0 && whole_rows > 0 && padded <= program.tile {
                    Tile { row, rows: whole_rows.min(program.tile / padded), col, cols }
                } else {
                    Tile { row, rows: 1, col, cols: (end - next).min(cols - col).min(program.tile) }
                };
                state.run_tile::<V>(tile);
                next += tile.rows * tile.cols;
            }
        }
    }
}

struct State<'a> {
    tape: &'a Tape,
    bindings: &'a Bindings<'a>,
    scratch: *mut f32,
}

impl State<'_> {
    /// # Safety
    /// As for [`Kernel::run`], with sound bindings, here and below.
    #[inline(always)]
    unsafe fn fill_lines<V: Lanes>(&self) {
        for (at, &line) in self.tape.program.lines.iter().enumerate() {
            // SAFETY: the lines lie in the scratch, as compiled, and a scalar input holds one element.
            unsafe {
                let value = match line {
                    Line::Constant(value) => value,
                    Line::Scalar(scalar) => self.bindings.scalars[scalar],
                    Line::Input(input) => *self.bindings.inputs[input],
                };
                V::splat(value).store(self.scratch.add(at * WIDTH));
            }
        }
    }

    #[inline(always)]
    unsafe fn run_tile<V: Lanes>(&self, tile: Tile) {
        for instruction in &self.tape.program.instructions {
            // SAFETY: the places hold the tile, as compiled; its rows, padded, fit into a slot.
            unsafe {
                match *instruction {
                    Instruction::Pass { op, target, operands } => {
                        let target = self.resolve(target, tile);
                        let operands = operands.map(|place| self.resolve(place, tile));
                        pass::<V>(op, tile.rows, tile.cols, target, operands);
                    }
                    Instruction::Spread { input, slot } => {
                        for row in 0..tile.rows {
                            let value = *self.bindings.inputs[input].add(tile.row + row);
                            V::splat(value).store(self.slot(slot).add(row * WIDTH));
                        }
                    }
                    Instruction::Keep { keep, draws, slot } => self.draw(keep, draws, slot, tile),
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn draw(&self, keep: f32, draws: usize, slot: usize, tile: Tile) {
        let padded = tile.cols.next_multiple_of(WIDTH);
        // A tile of several rows has all their columns, so its elements are numbered without a gap.
        let first = tile.row * self.tape.cols + tile.col;
        let range = first..first + tile.rows * tile.cols;
        mask::fill(&self.bindings.draws[draws], keep, range, |mut at, mut values| {
            while !values.is_empty() {
                let (row, col) = (at / tile.cols, at % tile.cols);
                let count = values.len().min(tile.cols - col);
                // SAFETY: inside the slot, which the padded rows of the tile fill.
                unsafe {
                    let place = self.slot(slot).add(row * padded + col);
                    std::ptr::copy_nonoverlapping(values.as_ptr(), place, count);
                }
                at += count;
                values = &values[count..];
            }
        });
    }

    #[inline(always)]
    unsafe fn slot(&self, slot: usize) -> *mut f32 {
        let program = &self.tape.program;
        // SAFETY: inside the scratch, as compiled.
        unsafe { self.scratch.add(program.lines.len() * WIDTH + slot * program.tile) }
    }

    #[inline(always)]
    unsafe fn resolve(&self, place: Place, tile: Tile) -> Lines {
        // SAFETY: the scratch holds the slots and lines, and the bindings what the accesses reach.
        unsafe {
            match place {
                Place::Slot(slot) => {
                    let row_step = tile.cols.next_multiple_of(WIDTH);
                    Lines { data: self.slot(slot), row_step, vector_step: WIDTH }
                }
                Place::Column(slot) => Lines { data: self.slot(slot), row_step: WIDTH, vector_step: 0 },
                Place::Line(line) => {
                    Lines { data: self.scratch.add(line * WIDTH), row_step: 0, vector_step: 0 }
                }
                Place::Input(input) => {
                    let stride = match self.tape.accesses[input] {
                        Access::Full { stride } => stride,
                        Access::Row | Access::Column | Access::Scalar => 0,
                    };
                    let data = self.bindings.inputs[input].add(tile.row * stride + tile.col).cast_mut();
                    Lines { data, row_step: stride, vector_step: WIDTH }
                }
                Place::Output(output) => {
                    let stride = self.tape.strides[output];
                    let data = self.bindings.outputs[output].add(tile.row * stride + tile.col);
                    Lines { data, row_step: stride, vector_step: WIDTH }
                }
            }
        }
    }
}
