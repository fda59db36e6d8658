//! Which instructions the kernels may use: found once at run time, so that one binary is fast on every machine.
//!
//! A kernel is written once over vectors and compiled once for each [`Isa`]; whoever calls it passes the `Isa` on,
//! which is how a test runs every path that its machine has. Results may differ between two of them in the last
//! bits (the vectors' widths differ), and never otherwise.

use std::sync::OnceLock;

/// A set of vector instructions that kernels are compiled for. Better ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// AVX-512 F, BW, DQ and VL (Skylake-X, Zen 4 and later), with AVX2 and FMA: 32 registers of 16 floats.
    Avx512,
    /// AVX2 and FMA (Haswell, Zen and later): 16 registers of 8 floats.
    Avx2,
    /// What the compiler makes of plain Rust on the target's baseline.
    Portable,
}

impl Isa {
    /// All, best first.
    pub const ALL: [Isa; 3] = [Isa::Avx512, Isa::Avx2, Isa::Portable];

    /// The best one of this machine; found at the first call.
    pub fn detect() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Isa::ALL.into_iter().find(|isa| isa.is_available()).unwrap_or(Isa::Portable))
    }

    /// Those that this machine can run, best first.
    pub fn available() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// Whether this machine can run it. A kernel of one that is not available must never be called.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Avx512 => has_avx512(),
            Isa::Avx2 => has_avx2(),
            Isa::Portable => true,
        }
    }

    /// Its name in messages: `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Avx512 => "avx512",
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detected_one_is_the_best_available() {
        assert_eq!(Isa::available().next(), Some(Isa::detect()));
        assert_eq!(Isa::available().last(), Some(Isa::Portable));
    }
}
