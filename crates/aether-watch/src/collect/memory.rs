//! Memory and swap of the machine: `/proc/meminfo`, proc_meminfo(5).

use std::{path::Path, time::Duration};

use aether_core::Metric;

use super::{Collector, Sample, fields::keyed, kept::Kept};

/// `system/memory` and `system/memory_available`, `system/swap`: bytes; `system/memory_percent`.
///
/// Memory in use is what is not available: caches that the kernel would give up at once count as free.
#[derive(Debug)]
pub(crate) struct Memory {
    meminfo: Kept,
    used: Metric,
    available: Metric,
    total: Metric,
    percent: Metric,
    swap: Metric,
}

/// In bytes.
#[derive(Debug, PartialEq, Eq)]
struct Usage {
    total: u64,
    available: u64,
    swap: u64,
}

fn usage(meminfo: &[u8]) -> Option<Usage> {
    let bytes = |key: &str| keyed(meminfo, key.as_bytes())?.checked_mul(1024);
    let swap = bytes("SwapTotal").unwrap_or(0).saturating_sub(bytes("SwapFree").unwrap_or(0));
    Some(Usage { total: bytes("MemTotal")?, available: bytes("MemAvailable")?, swap })
}

impl Memory {
    pub(crate) fn find(proc: &Path) -> Option<Self> {
        Some(Self {
            meminfo: Kept::open(proc.join("meminfo"))?,
            used: Metric::named("system/memory"),
            available: Metric::named("system/memory_available"),
            total: Metric::named("system/memory_total"),
            percent: Metric::named("system/memory_percent"),
            swap: Metric::named("system/swap"),
        })
    }
}

impl Collector for Memory {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        let Some(usage) = self.meminfo.read().and_then(usage) else { return };
        let used = usage.total.saturating_sub(usage.available);
        into.put(self.used, used as f64);
        into.put(self.available, usage.available as f64);
        into.put(self.total, usage.total as f64);
        into.put(self.percent, used as f64 / usage.total.max(1) as f64 * 100.0);
        into.put(self.swap, usage.swap as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn captured() {
        let text = b"MemTotal:       24682416 kB\nMemFree:        17000000 kB\nMemAvailable:   20000000 kB\n\
            SwapCached:            0 kB\nSwapTotal:          1000 kB\nSwapFree:            400 kB\n";
        let expected = Usage { total: 24_682_416 << 10, available: 20_000_000 << 10, swap: 600 << 10 };
        assert_eq!(usage(text), Some(expected));
        assert_eq!(usage(b"MemTotal: 1 kB\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: String) {
            usage(text.as_bytes());
        }
    }
}
