//! Room on the file system that a run is written to: statvfs(3).

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use aether_core::Metric;

use super::{Collector, Sample};

/// `system/disk_free`: bytes that a user may still write; `system/disk_percent`: how full it is.
#[derive(Debug)]
pub(crate) struct Space {
    directory: PathBuf,
    free: Metric,
    percent: Metric,
}

impl Space {
    pub(crate) fn find(directory: &Path) -> Option<Self> {
        rustix::fs::statvfs(directory).ok()?;
        Some(Self {
            directory: directory.to_owned(),
            free: Metric::named("system/disk_free"),
            percent: Metric::named("system/disk_percent"),
        })
    }
}

impl Collector for Space {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        let Ok(stat) = rustix::fs::statvfs(&self.directory) else { return };
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        // As df(1) has it: of what a user could use.
        let usable = used.saturating_add(stat.f_bavail).max(1);
        into.put(self.free, stat.f_bavail as f64 * stat.f_frsize as f64);
        into.put(self.percent, used as f64 / usable as f64 * 100.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_system() {
        let mut sample = Sample::default();
        Space::find(Path::new("/")).unwrap().sample(Duration::ZERO, &mut sample);
        assert!(sample.value("system/disk_free").unwrap() >= 0.0);
        assert!((0.0..=100.0).contains(&sample.value("system/disk_percent").unwrap()));
        assert!(Space::find(Path::new("/no/such/directory")).is_none());
    }
}
