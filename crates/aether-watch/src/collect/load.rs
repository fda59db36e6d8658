//! How many tasks want to run: `/proc/loadavg`, proc_loadavg(5).

use std::{path::Path, time::Duration};

use aether_core::Metric;

use super::{Collector, Sample, fields::fields, kept::Kept};

/// `system/load`: tasks that run or wait for a processor or a disk, mean over the last minute.
#[derive(Debug)]
pub(crate) struct Load {
    loadavg: Kept,
    metric: Metric,
}

impl Load {
    pub(crate) fn find(proc: &Path) -> Option<Self> {
        Some(Self { loadavg: Kept::open(proc.join("loadavg"))?, metric: Metric::named("system/load") })
    }
}

fn load(loadavg: &[u8]) -> Option<f64> {
    let first = std::str::from_utf8(fields(loadavg).next()?).ok()?;
    first.parse().ok().filter(|load: &f64| load.is_finite())
}

impl Collector for Load {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        if let Some(load) = self.loadavg.read().and_then(load) {
            into.put(self.metric, load);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured() {
        assert_eq!(load(b"0.57 1.19 1.46 2/92 13124\n"), Some(0.57));
        assert_eq!(load(b""), None);
        assert_eq!(load(b"nan 1 2"), None);
    }
}
