//! Open files of the machine: `/proc/sys/fs/file-nr`, proc_sys_fs(5).

use std::{path::Path, time::Duration};

use aether_core::Metric;

use super::{
    Collector, Sample,
    fields::{fields, number},
    kept::Kept,
};

/// `system/open_files` and, in percent of the kernel's limit, `system/open_files_percent`.
#[derive(Debug)]
pub(crate) struct Descriptors {
    file_nr: Kept,
    open: Metric,
    percent: Metric,
}

impl Descriptors {
    pub(crate) fn find(proc: &Path) -> Option<Self> {
        Some(Self {
            file_nr: Kept::open(proc.join("sys/fs/file-nr"))?,
            open: Metric::named("system/open_files"),
            percent: Metric::named("system/open_files_percent"),
        })
    }
}

/// Handles in use, and at most.
fn open(file_nr: &[u8]) -> Option<(u64, u64)> {
    let mut fields = fields(file_nr);
    let allocated = number(fields.next()?)?;
    let free = number(fields.next()?)?;
    Some((allocated.saturating_sub(free), number(fields.next()?)?))
}

impl Collector for Descriptors {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        if let Some((open, limit)) = self.file_nr.read().and_then(open) {
            into.put(self.open, open as f64);
            into.put(self.percent, open as f64 / limit.max(1) as f64 * 100.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured() {
        assert_eq!(open(b"1216\t16\t2467000\n"), Some((1200, 2_467_000)));
        assert_eq!(open(b"1216"), None);
    }
}
