//! How busy the processors are: `/proc/stat`, proc_stat(5).

use std::{path::Path, time::Duration};

use aether_core::Metric;

use super::{
    Collector, Sample,
    fields::{fields, lines, number},
    kept::Kept,
};

/// Ticks since boot that one processor, or all, spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ticks {
    total: u64,
    idle: u64,
    iowait: u64,
    steal: u64,
}

/// `system/cpu`, `system/cpu/N`, `system/cpu_iowait`, `system/cpu_steal`: percent of the time.
#[derive(Debug)]
pub(crate) struct Cpu {
    stat: Kept,
    iowait: Metric,
    steal: Metric,
    /// The first is all of them together.
    processors: Vec<(Metric, Ticks)>,
}

impl Cpu {
    pub(crate) fn find(proc: &Path) -> Option<Self> {
        Some(Self {
            stat: Kept::open(proc.join("stat"))?,
            iowait: Metric::named("system/cpu_iowait"),
            steal: Metric::named("system/cpu_steal"),
            processors: Vec::new(),
        })
    }
}

/// The processors' lines, which come first: a name, its number (none for all together) and its ticks.
fn processors(stat: &[u8]) -> impl Iterator<Item = (Option<u64>, Ticks)> {
    lines(stat).map_while(|line| {
        let mut fields = fields(line);
        let name = fields.next()?.strip_prefix(b"cpu")?;
        let which = if name.is_empty() { None } else { Some(number(name)?) };
        let mut ticks = Ticks::default();
        // user nice system idle iowait irq softirq steal; what follows (guests) is part of user already.
        for (at, field) in fields.take(8).enumerate() {
            let n = number(field)?;
            ticks.total = ticks.total.wrapping_add(n);
            match at {
                3 => ticks.idle = n,
                4 => ticks.iowait = n,
                7 => ticks.steal = n,
                _ => {}
            }
        }
        Some((which, ticks))
    })
}

fn percent(part: u64, before: u64, of: u64) -> f64 {
    // The kernel's iowait may fall a little.
    (part.saturating_sub(before) as f64 / of as f64 * 100.0).min(100.0)
}

impl Collector for Cpu {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        let Some(stat) = self.stat.read() else { return };
        for (place, (which, ticks)) in processors(stat).enumerate() {
            if place == self.processors.len() {
                let name = which.map_or_else(|| "system/cpu".to_owned(), |n| format!("system/cpu/{n}"));
                self.processors.push((Metric::named(&name), ticks));
            }
            let (metric, before) = &mut self.processors[place];
            let elapsed = ticks.total.saturating_sub(before.total);
            if elapsed > 0 {
                let waiting = ticks.idle.saturating_add(ticks.iowait);
                let waited = before.idle.saturating_add(before.iowait);
                into.put(*metric, 100.0 - percent(waiting, waited, elapsed));
                if which.is_none() {
                    into.put(self.iowait, percent(ticks.iowait, before.iowait, elapsed));
                    into.put(self.steal, percent(ticks.steal, before.steal, elapsed));
                }
                *before = ticks;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &[u8] = b"cpu  1000 0 500 8000 100 0 20 30 7 0\ncpu0 600 0 250 4000 50 0 10 15 7 0\n\
        cpu1 400 0 250 4000 50 0 10 15 0 0\nintr 123 0 0\nctxt 99\nbtime 1\n";

    #[test]
    fn captured() {
        let all: Vec<_> = processors(STAT).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], (None, Ticks { total: 9650, idle: 8000, iowait: 100, steal: 30 }));
        assert_eq!(all[2].0, Some(1));
    }

    #[test]
    fn busy_is_what_is_not_idle() {
        let dir = tempfile::tempdir().unwrap();
        let stat = dir.path().join("stat");
        std::fs::write(&stat, "cpu 100 0 0 100 0 0 0 0\ncpu0 100 0 0 100 0 0 0 0\n").unwrap();
        let mut cpu = Cpu::find(dir.path()).unwrap();
        let mut sample = Sample::default();
        cpu.sample(Duration::ZERO, &mut sample);
        assert!(sample.points.is_empty(), "nothing to compare with yet");
        std::fs::write(&stat, "cpu 175 0 0 115 10 0 0 0\ncpu0 175 0 0 115 10 0 0 0\n").unwrap();
        cpu.sample(Duration::from_secs(1), &mut sample);
        assert_eq!(sample.value("system/cpu"), Some(75.0));
        assert_eq!(sample.value("system/cpu/0"), Some(75.0));
        assert_eq!(sample.value("system/cpu_iowait"), Some(10.0));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: Vec<u8>, rest: String) {
            processors(&text).for_each(drop);
            processors(format!("cpu {rest}").as_bytes()).for_each(drop);
        }
    }
}
