//! The loops: one pass of one operation over one tile.

use super::compile::Op;
use crate::cpu::elementary::{erf, exp, log, sigmoid, tanh};
use crate::cpu::lanes::{Lanes, WIDTH};
use crate::graph::op::{Binary, Unary};

/// Where the elements of a tile lie.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    /// The tile's first element.
    pub(super) data: *mut f32,
    /// Elements from row to row.
    pub(super) row_step: usize,
    /// Elements from vector to vector: 16, or 0 where one line of sixteen equal elements serves a whole row.
    pub(super) vector_step: usize,
}

/// One operation over `rows` by `cols` elements.
///
/// # Safety
/// The lines hold the tile, and the machine has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn pass<V: Lanes>(op: Op, rows: usize, cols: usize, target: Lines, sources: [Lines; 3]) {
    let [a, b, c] = sources;
    // SAFETY: the caller's.
    unsafe {
        let one = V::splat(1.0);
        let zero = V::splat(0.0);
        macro_rules! map {
            ($($x:ident),+ => $y:expr) => {
                each(rows, cols, target, [$($x),+], #[inline(always)] |[$($x),+]: [V; _]| $y)
            };
        }
        match op {
            Op::Copy => map!(a => a),
            Op::Unary(op) => match op {
                Unary::Neg => map!(a => a.negate()),
                Unary::Abs => map!(a => a.abs()),
                Unary::Sign => {
                    map!(a => V::select(a.abs().gt(zero), one.or(a.sign()), a))
                }
                Unary::Square => map!(a => a.mul(a)),
                Unary::Sqrt => map!(a => a.sqrt()),
                Unary::Recip => map!(a => one.div(a)),
                Unary::Exp => map!(a => exp(a)),
                Unary::Log => map!(a => log(a)),
                Unary::Relu => map!(a => zero.max_or_second(a)),
                Unary::Step => map!(a => step(a)),
                Unary::Sigmoid => map!(a => sigmoid(a)),
                Unary::Tanh => map!(a => tanh(a)),
                Unary::Erf => map!(a => erf(a)),
            },
            Op::Binary(op) => match op {
                Binary::Add => map!(a, b => a.add(b)),
                Binary::Sub => map!(a, b => a.sub(b)),
                Binary::Mul => map!(a, b => a.mul(b)),
                Binary::Div => map!(a, b => a.div(b)),
                Binary::Max => map!(a, b => a.max(b)),
                Binary::Min => map!(a, b => a.min(b)),
                Binary::Greater => map!(a, b => truth(a, b, a.gt(b))),
                Binary::Equal => map!(a, b => truth(a, b, a.eq(b))),
            },
            Op::AddRelu => map!(a, b => zero.max_or_second(a.add(b))),
            Op::SubSquare => map!(a, b => { let d = a.sub(b); d.mul(d) }),
            Op::MulStep => map!(a, b => a.mul(step(b))),
            Op::MulAdd => map!(a, b, c => a.mul(b).add(c)),
        }
    }
}

/// 1 where `x > 0`, NaN where it is NaN, else 0.
#[inline(always)]
fn step<V: Lanes>(x: V) -> V {
    truth(x, x, x.gt(x.constant(0.0)))
}

/// 1 where true, NaN where an operand is, else 0.
#[inline(always)]
fn truth<V: Lanes>(x: V, y: V, mask: V::Mask) -> V {
    let number = V::select(mask, x.constant(1.0), x.constant(0.0));
    V::select(x.unordered(y), x.add(y), number)
}

/// `target = f(sources)`, vector by vector.
///
/// # Safety
/// The lines hold the tile.
#[inline(always)]
unsafe fn each<V: Lanes, const N: usize>(
    rows: usize,
    cols: usize,
    target: Lines,
    sources: [Lines; N],
    f: impl Fn([V; N]) -> V,
) {
    let (whole, rest) = (cols / WIDTH * WIDTH, cols % WIDTH);
    let packed = sources.iter().all(|lines| lines.vector_step == WIDTH);
    let mut to = target.data;
    let mut from = sources.map(|lines| lines.data.cast_const());
    for _ in 0..rows {
        // SAFETY: the caller's lines hold the tile; the last, partial vector touches no element beyond it.
        unsafe {
            // Elements that lie side by side need one counter for all operands.
            if packed {
                for at in (0..whole).step_by(WIDTH) {
                    f(from.map(|from| V::load(from.add(at)))).store(to.add(at));
                }
            } else {
                for at in (0..whole).step_by(WIDTH) {
                    let vector = at / WIDTH;
                    let load = |i: usize| V::load(from[i].add(vector * sources[i].vector_step));
                    f(std::array::from_fn(load)).store(to.add(at));
                }
            }
            if rest > 0 {
                let vector = whole / WIDTH;
                let load = |i: usize| V::load_first(from[i].add(vector * sources[i].vector_step), rest);
                f(std::array::from_fn(load)).store_first(to.add(whole), rest);
            }
        }
        // What lies after the last row is never read: the addresses alone may go beyond.
        to = to.wrapping_add(target.row_step);
        for (from, lines) in from.iter_mut().zip(&sources) {
            *from = from.wrapping_add(lines.row_step);
        }
    }
}
