//! What disks do: `/proc/diskstats`, of the kernel's `Documentation/admin-guide/iostats.rst`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use aether_core::Metric;

use super::{
    Collector, Sample,
    fields::{fields, lines, number},
    kept::Kept,
    rate::Rate,
};

/// The unit of the counters, whatever the disk's own sectors are.
const SECTOR: f64 = 512.0;

/// `system/disk/NAME/{read,write}`: bytes per second; `system/disk/NAME/busy`: percent of the time.
///
/// Whole disks only: not their partitions, nor loops and RAM disks.
#[derive(Debug)]
pub(crate) struct Disks {
    diskstats: Kept,
    block: PathBuf,
    /// In the order of the file.
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    name: Vec<u8>,
    /// None for what is not a whole disk.
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Disk {
    read: (Metric, Rate),
    write: (Metric, Rate),
    busy: (Metric, Rate),
}

impl Disks {
    pub(crate) fn find(proc: &Path, sys: &Path) -> Option<Self> {
        let diskstats = Kept::open(proc.join("diskstats"))?;
        Some(Self { diskstats, block: sys.join("block"), seen: Vec::new() })
    }
}

/// Of a line: the device's name, sectors read and written, milliseconds at work.
fn device(line: &[u8]) -> Option<(&[u8], [u64; 3])> {
    let mut fields = fields(line).skip(2);
    let name = fields.next()?;
    let mut counters = [0; 10];
    for counter in &mut counters {
        *counter = number(fields.next()?)?;
    }
    Some((name, [counters[2], counters[6], counters[9]]))
}

impl Disk {
    fn of(name: &[u8], block: &Path) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        let whole = !name.starts_with("loop") && !name.starts_with("ram") && block.join(name).exists();
        let metric = |what: &str| (Metric::named(&format!("system/disk/{name}/{what}")), Rate::default());
        whole.then(|| Self { read: metric("read"), write: metric("write"), busy: metric("busy") })
    }
}

impl Collector for Disks {
    fn sample(&mut self, now: Duration, into: &mut Sample) {
        let Some(text) = self.diskstats.read() else { return };
        for (at, line) in lines(text).enumerate() {
            let Some((name, [read, written, busy])) = device(line) else { continue };
            // Disks come and go seldom; then the rest of the list is made anew.
            if self.seen.get(at).is_some_and(|seen| seen.name != name) {
                self.seen.truncate(at);
            }
            if at >= self.seen.len() {
                self.seen.push(Seen { name: name.to_owned(), disk: Disk::of(name, &self.block) });
            }
            let Some(Seen { disk: Some(disk), .. }) = self.seen.get_mut(at) else { continue };
            let counted = [(&mut disk.read, read, SECTOR), (&mut disk.write, written, SECTOR)];
            for ((metric, rate), count, unit) in counted {
                if let Some(rate) = rate.per_second(now, count) {
                    into.put(*metric, rate * unit);
                }
            }
            if let Some(ms) = disk.busy.1.per_second(now, busy) {
                into.put(disk.busy.0, (ms / 10.0).min(100.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = " 254       0 vda 100 3 2000 40 50 6 4000 80 0 500 120 0 0 0 0 7 9\n";

    #[test]
    fn captured() {
        assert_eq!(device(LINE.as_bytes()), Some((&b"vda"[..], [2000, 4000, 500])));
        assert_eq!(device(b"254 0 vda 1 2"), None);
    }

    #[test]
    fn whole_disks_only() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("block/vda")).unwrap();
        std::fs::create_dir_all(dir.path().join("block/loop0")).unwrap();
        let stats = |sectors: u32| {
            let text: String = ["vda", "vda1", "loop0"]
                .map(|name| format!("8 0 {name} 1 1 {sectors} 1 1 1 {} 1 0 {} 1\n", sectors * 2, sectors / 4))
                .concat();
            std::fs::write(dir.path().join("diskstats"), text).unwrap();
        };
        stats(1000);
        let mut disks = Disks::find(dir.path(), dir.path()).unwrap();
        let mut sample = Sample::default();
        disks.sample(Duration::ZERO, &mut sample);
        stats(2000);
        disks.sample(Duration::from_secs(1), &mut sample);
        assert_eq!(sample.points.len(), 3);
        assert_eq!(sample.value("system/disk/vda/read"), Some(512_000.0));
        assert_eq!(sample.value("system/disk/vda/write"), Some(1_024_000.0));
        assert_eq!(sample.value("system/disk/vda/busy"), Some(25.0));
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(text: Vec<u8>) {
            device(&text);
        }
    }
}
