//! From a list of values to a short program over places: dead values go, common pairs become one pass, values that
//! are not needed any more give their slot to others, and results go straight to the outputs where they may.

use super::{Access, Node, Store, TapeError, Value, Write};
use crate::cpu::lanes::WIDTH;
use crate::graph::op::{Binary, Unary};

/// Floats in the scratch on the stack (32 KiB): what stays in the L1 cache.
pub(super) const SCRATCH: usize = 8192;
/// The most elements of a tile.
const LARGEST_TILE: usize = 1024;
/// The fewest: below, the passes would cost more than their work.
const SMALLEST_TILE: usize = 128;

/// One pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Copy,
    Unary(Unary),
    Binary(Binary),
    /// `relu(a + b)`
    AddRelu,
    /// `(a - b)^2`
    SubSquare,
    /// `a * step(b)`
    MulStep,
    /// `a * b + c`, rounded twice, as apart.
    MulAdd,
}

/// Where a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A tile in the scratch.
    Slot(usize),
    /// A line of sixteen equal elements per row, in a slot.
    Column(usize),
    /// A line of sixteen equal elements in the scratch.
    Line(usize),
    /// Where an input lies in memory.
    Input(usize),
    /// Where an output lies in memory.
    Output(usize),
}

/// What is done for each tile, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Instruction {
    /// One pass of an operation; unused operands repeat the first.
    Pass { op: Op, target: Place, operands: [Place; 3] },
    /// An element per row becomes a line per row.
    Spread { input: usize, slot: usize },
    /// A dropout mask.
    Keep { keep: f32, draws: usize, slot: usize },
}

/// What a line of equal elements is filled with when a run begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Line {
    Constant(f32),
    Scalar(usize),
    Input(usize),
}

/// A compiled tape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    pub(super) lines: Vec<Line>,
    /// Elements of a slot, and at most of a tile.
    pub(super) tile: usize,
}

/// Compiles values and stores that have been checked.
pub(super) fn compile(nodes: &[Node], stores: &[Store]) -> Result<Program, TapeError> {
    let steps = fuse(nodes, stores);
    let mut allocator = Allocator {
        uses: count_uses(steps.iter().map(|step| step.operands.as_slice()), stores),
        places: vec![Place::Slot(usize::MAX); steps.len()],
        free: Vec::new(),
        slots: 0,
        lines: Vec::new(),
        instructions: Vec::new(),
    };
    for (at, step) in steps.iter().enumerate() {
        if allocator.uses[at] > 0 {
            allocator.emit(at, step);
        }
    }
    allocator.emit_stores(stores);
    let mut instructions = allocator.instructions;
    store_directly(&mut instructions);
    let room = SCRATCH.saturating_sub(allocator.lines.len() * WIDTH) / allocator.slots.max(1);
    let tile = room.min(LARGEST_TILE) / WIDTH * WIDTH;
    if tile < SMALLEST_TILE {
        return Err(TapeError::TooLong { live: allocator.slots, lines: allocator.lines.len() });
    }
    Ok(Program { instructions, lines: allocator.lines, tile })
}

/// What makes a value.
struct Step {
    make: Make,
    /// The values it reads.
    operands: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Make {
    Pass(Op),
    Keep { keep: f32, draws: usize },
    Spread { input: usize },
    Input(usize),
    Line(Line),
}

/// How often each value is read by values that are read themselves.
fn count_uses<'a>(
    operands: impl DoubleEndedIterator<Item = &'a [usize]> + ExactSizeIterator,
    stores: &[Store],
) -> Vec<usize> {
    let mut uses = vec![0; operands.len()];
    for store in stores {
        uses[store.value.0] += 1;
    }
    for (at, operands) in operands.enumerate().rev() {
        if uses[at] > 0 {
            operands.iter().for_each(|&operand| uses[operand] += 1);
        }
    }
    uses
}

/// One step for each value; common pairs become one step where nobody else reads the first of them.
fn fuse(nodes: &[Node], stores: &[Store]) -> Vec<Step> {
    let operands: Vec<Vec<usize>> = nodes.iter().map(operands).collect();
    let uses = count_uses(operands.iter().map(Vec::as_slice), stores);
    let binary = |value: usize, wanted: Binary| match nodes[value] {
        Node::Binary(op, x, y) if op == wanted && uses[value] == 1 => Some([x.0, y.0]),
        _ => None,
    };
    let stepped = |value: usize| match nodes[value] {
        Node::Unary(Unary::Step, x) if uses[value] == 1 => Some(x.0),
        _ => None,
    };
    let pass = |op, operands: &[usize]| Step { make: Make::Pass(op), operands: operands.to_vec() };
    let source = |make| Step { make, operands: Vec::new() };
    let lower = |node: &Node| match *node {
        Node::Load { input, access: Access::Full { .. } | Access::Row } => source(Make::Input(input)),
        Node::Load { input, access: Access::Column } => source(Make::Spread { input }),
        Node::Load { input, access: Access::Scalar } => source(Make::Line(Line::Input(input))),
        Node::Constant(value) => source(Make::Line(Line::Constant(value))),
        Node::Scalar(scalar) => source(Make::Line(Line::Scalar(scalar))),
        Node::Keep { keep, draws } => source(Make::Keep { keep, draws }),
        Node::Unary(op, x) => match (op, binary(x.0, Binary::Add), binary(x.0, Binary::Sub)) {
            (Unary::Relu, Some(sum), _) => pass(Op::AddRelu, &sum),
            (Unary::Square, _, Some(difference)) => pass(Op::SubSquare, &difference),
            _ => pass(Op::Unary(op), &[x.0]),
        },
        Node::Binary(Binary::Mul, Value(x), Value(y)) => match (stepped(x), stepped(y)) {
            (_, Some(mask)) => pass(Op::MulStep, &[x, mask]),
            (Some(mask), _) => pass(Op::MulStep, &[y, mask]),
            _ => pass(Op::Binary(Binary::Mul), &[x, y]),
        },
        Node::Binary(Binary::Add, Value(x), Value(y)) => {
            match (binary(x, Binary::Mul), binary(y, Binary::Mul)) {
                (Some([a, b]), _) => pass(Op::MulAdd, &[a, b, y]),
                (_, Some([a, b])) => pass(Op::MulAdd, &[a, b, x]),
                _ => pass(Op::Binary(Binary::Add), &[x, y]),
            }
        }
        Node::Binary(op, x, y) => pass(Op::Binary(op), &[x.0, y.0]),
    };
    nodes.iter().map(lower).collect()
}

fn operands(node: &Node) -> Vec<usize> {
    match *node {
        Node::Unary(_, x) => vec![x.0],
        Node::Binary(_, x, y) => vec![x.0, y.0],
        Node::Load { .. } | Node::Constant(_) | Node::Scalar(_) | Node::Keep { .. } => Vec::new(),
    }
}

/// Gives every value a place.
struct Allocator {
    /// Reads still to come.
    uses: Vec<usize>,
    places: Vec<Place>,
    free: Vec<usize>,
    slots: usize,
    lines: Vec<Line>,
    instructions: Vec<Instruction>,
}

impl Allocator {
    fn emit(&mut self, at: usize, step: &Step) {
        self.places[at] = match step.make {
            Make::Input(input) => Place::Input(input),
            Make::Line(line) => {
                self.lines.push(line);
                Place::Line(self.lines.len() - 1)
            }
            Make::Spread { input } => {
                let slot = self.slot();
                self.instructions.push(Instruction::Spread { input, slot });
                Place::Column(slot)
            }
            Make::Keep { keep, draws } => {
                let slot = self.slot();
                self.instructions.push(Instruction::Keep { keep, draws, slot });
                Place::Slot(slot)
            }
            Make::Pass(op) => {
                // The target is taken before the operands are given back: a pass that wrote over a column's lines
                // would read its own results.
                let target = Place::Slot(self.slot());
                let operands =
                    std::array::from_fn(|i| self.places[step.operands[i.min(step.operands.len() - 1)]]);
                self.instructions.push(Instruction::Pass { op, target, operands });
                step.operands.iter().for_each(|&operand| self.release(operand));
                target
            }
        };
    }

    fn slot(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        })
    }

    fn release(&mut self, value: usize) {
        self.uses[value] -= 1;
        if let (0, Place::Slot(slot) | Place::Column(slot)) = (self.uses[value], self.places[value]) {
            self.free.push(slot);
        }
    }

    /// Stores come last, as an output may lie where an input lies. With several of them, what only passes through is
    /// read before the first is written.
    fn emit_stores(&mut self, stores: &[Store]) {
        for store in stores {
            if let (Place::Input(_), true) = (self.places[store.value.0], stores.len() > 1) {
                let target = Place::Slot(self.slot());
                let operands = [self.places[store.value.0]; 3];
                self.instructions.push(Instruction::Pass { op: Op::Copy, target, operands });
                self.places[store.value.0] = target;
            }
        }
        for (output, store) in stores.iter().enumerate() {
            let (value, target) = (self.places[store.value.0], Place::Output(output));
            self.instructions.push(match store.write {
                Write::Overwrite => Instruction::Pass { op: Op::Copy, target, operands: [value; 3] },
                Write::Accumulate => Instruction::Pass {
                    op: Op::Binary(Binary::Add),
                    target,
                    operands: [target, value, value],
                },
            });
        }
    }
}

/// Lets a pass write its result where a later copy would bring it, if nothing after that pass reads memory, where
/// the output may lie on an input, or the result.
fn store_directly(instructions: &mut Vec<Instruction>) {
    let mut at = 0;
    while at < instructions.len() {
        match instructions[at] {
            Instruction::Pass { op: Op::Copy, target: output @ Place::Output(_), operands: [value, ..] } => {
                match maker(instructions, at, value) {
                    Some(Instruction::Pass { target, .. }) => {
                        *target = output;
                        instructions.remove(at);
                    }
                    _ => at += 1,
                }
            }
            _ => at += 1,
        }
    }
}

/// The pass that made the value that the copy at `copy` stores, if it may write to the output itself.
fn maker(instructions: &mut [Instruction], copy: usize, value: Place) -> Option<&mut Instruction> {
    let makes = |instruction: &Instruction| matches!(instruction, Instruction::Pass { target, .. } if *target == value);
    let maker = instructions[..copy].iter().rposition(makes)?;
    let after = instructions[maker + 1..].iter().enumerate().filter(|(at, _)| maker + 1 + at != copy);
    let mut reads = after.flat_map(|(_, instruction)| match instruction {
        Instruction::Pass { operands, .. } => operands.as_slice(),
        Instruction::Spread { .. } => &[Place::Input(0)],
        Instruction::Keep { .. } => &[],
    });
    let free = !reads.any(|&place| place == value || matches!(place, Place::Input(_)));
    free.then(|| &mut instructions[maker])
}
