//! Randomness that is counted, not stored: every draw is a pure function of (seed, purpose, step, index), so there is
//! no generator state to lose and a resumed run draws what an uninterrupted one would have drawn.
//!
//! Philox 4x32-10, from Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

/// What a draw is for; two purposes never share a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// The first values of parameters; `step` numbers the parameter.
    Init = 1,
    /// The order of samples; `step` is the epoch.
    Shuffle = 2,
    /// Which activations a dropout keeps; `step` is the optimizer step.
    Dropout = 3,
    /// The samples of synthetic data.
    Synthetic = 4,
    /// Which samples are held out for validation.
    Holdout = 5,
}

/// Words of a [`Draws::group`].
pub const GROUP: usize = 64;

/// The draws of one purpose at one step.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    key: [u32; 2],
    purpose: u32,
    step: [u32; 2],
}

impl Draws {
    /// The draws for `purpose` at `step` of everything seeded with `seed`.
    pub fn new(seed: u64, purpose: Purpose, step: u64) -> Self {
        // The lane leaves the upper bits of `purpose` for `sub`.
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            purpose: purpose as u32,
            step: [step as u32, (step >> 32) as u32],
        }
    }

    /// Draws apart from these for part `part` (below 2^24) of the same step: a layer, an accumulation pass.
    #[must_use]
    pub fn part(self, part: u32) -> Self {
        Self { purpose: (self.purpose & 0xff) | (part << 8), ..self }
    }

    /// Four independent uniform words: numbers `4 * block` to `4 * block + 3`.
    #[inline]
    pub fn block(&self, block: u32) -> [u32; 4] {
        philox([block, self.purpose, self.step[0], self.step[1]], self.key)
    }

    /// The uniform word number `index`.
    #[inline]
    pub fn word(&self, index: u32) -> u32 {
        self.block(index / 4)[(index % 4) as usize]
    }

    /// The words number `GROUP * group` to `GROUP * group + GROUP - 1`, in a form that compilers vectorise.
    #[inline(always)]
    pub fn group(&self, group: u32) -> [u32; GROUP] {
        let blocks = std::array::from_fn(|lane| (group * (GROUP / 4) as u32).wrapping_add(lane as u32));
        let lanes =
            philox_lanes([blocks, [self.purpose; 16], [self.step[0]; 16], [self.step[1]; 16]], self.key);
        std::array::from_fn(|word| lanes[word % 4][word / 4])
    }

    /// The number `index` of a uniform series in [0, 1).
    #[inline]
    pub fn uniform(&self, index: u32) -> f32 {
        unit(self.word(index))
    }

    /// The number `index` of a standard normal series (Box & Muller 1958).
    pub fn normal(&self, index: u32) -> f32 {
        let words = self.block(index / 4);
        let pair = usize::from(index % 4 >= 2) * 2;
        // 1 - u lies in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * (1.0 - f64::from(unit(words[pair]))).ln()).sqrt();
        let angle = std::f64::consts::TAU * f64::from(unit(words[pair + 1]));
        (radius * if index.is_multiple_of(2) { angle.cos() } else { angle.sin() }) as f32
    }
}

/// The upper 24 bits as a number in [0, 1), each exactly representable.
#[inline]
pub fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
}

#[inline]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        }
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
    }
    counter
}

/// Sixteen blocks side by side.
#[inline(always)]
fn philox_lanes(mut counter: [[u32; 16]; 4], mut key: [u32; 2]) -> [[u32; 16]; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        }
        let [c0, c1, c2, c3] = counter;
        for lane in 0..16 {
            let a = u64::from(c0[lane]) * 0xD251_1F53;
            let b = u64::from(c2[lane]) * 0xCD9E_8D57;
            counter[0][lane] = (b >> 32) as u32 ^ c1[lane] ^ key[0];
            counter[1][lane] = b as u32;
            counter[2][lane] = (a >> 32) as u32 ^ c3[lane] ^ key[1];
            counter[3][lane] = a as u32;
        }
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of the authors' Random123 distribution (`kat_vectors`, philox4x32 10).
    #[test]
    fn the_published_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn a_group_is_its_words() {
        let draws = Draws::new(5, Purpose::Dropout, 1 << 40).part(9);
        for group in [0, 1, 77, (u32::MAX / GROUP as u32)] {
            let words: Vec<u32> =
                (0..GROUP as u32).map(|word| draws.word(group * GROUP as u32 + word)).collect();
            assert_eq!(draws.group(group).as_slice(), words);
        }
    }

    #[test]
    fn normals_have_mean_0_and_variance_1() {
        let draws = Draws::new(7, Purpose::Init, 0);
        let n = 40_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for x in (0..n).map(|i| f64::from(draws.normal(i))) {
            sum += x;
            square += x * x;
        }
        let mean = sum / f64::from(n);
        assert!(mean.abs() < 0.02 && (square / f64::from(n) - 1.0).abs() < 0.03, "{mean} {square}");
    }
}
