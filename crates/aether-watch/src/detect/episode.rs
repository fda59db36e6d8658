//! Once an episode, not once a point.

/// Counts for how long a condition holds without a break, and opens when that is long enough.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Episode {
    held: u32,
    quiet: u32,
    open: bool,
}

impl Episode {
    /// Takes whether the condition holds now. True exactly once an episode: when it has held `begins` times in a row.
    /// The episode is over when it has not held `ends` times in a row.
    pub(crate) fn opens(&mut self, holds: bool, begins: u32, ends: u32) -> bool {
        if holds {
            self.quiet = 0;
            self.held = self.held.saturating_add(1);
        } else {
            self.held = 0;
            self.quiet = self.quiet.saturating_add(1);
            if self.quiet >= ends {
                self.open = false;
            }
        }
        let opens = !self.open && self.held >= begins;
        self.open |= opens;
        opens
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once() {
        let mut episode = Episode::default();
        let holds = [true, true, true, true, false, true, true, false, false, true, true];
        let opened: Vec<usize> = (0..holds.len()).filter(|&at| episode.opens(holds[at], 2, 2)).collect();
        assert_eq!(opened, [1, 10], "one break does not end it, two do");
    }
}
