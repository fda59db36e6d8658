//! What a face shows of the machine: the collectors' values put in order, and those of the last minutes.
//!
//! ```
//! use aether_view::host::{Host, HISTORY};
//!
//! let mut host = Host::find(std::path::Path::new("/"), HISTORY);
//! host.look();
//! // Processors, disks and networks are told as rates, which take two looks.
//! std::thread::sleep(std::time::Duration::from_millis(20));
//! let now = host.look();
//! assert!(now.memory.total > 0.0);
//! assert_eq!(host.history().count(), 2);
//! ```

use std::{collections::VecDeque, path::Path, time::Instant};

use aether_core::signal::{self, Nanos};
use aether_watch::{Collectors, Sample, Sources};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// Readings that are kept where nothing else is asked for: ten minutes at one a second.
pub const HISTORY: usize = 600;

/// The machine at one moment. What it does not have, or what takes a second look to know, is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reading {
    /// When, in nanoseconds since 1970, UTC; written as RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    pub time: Nanos,
    /// How busy all processors were since the last look, in percent of all of them.
    pub cpu: Option<f64>,
    /// How busy each processor was, in percent.
    pub cores: Vec<f64>,
    /// Percent of the time in which processors waited for disks.
    pub iowait: Option<f64>,
    /// Percent of the time that the hypervisor gave to others.
    pub steal: Option<f64>,
    /// Tasks that ran or waited to run, on average over the last minute.
    pub load: Option<f64>,
    /// Memory.
    pub memory: Memory,
    /// How much of the time tasks waited for something scarce.
    pub pressure: Pressure,
    /// Whole disks, in the order of the kernel.
    pub disks: Vec<Disk>,
    /// Bytes per second over all interfaces but the loopback.
    pub network: Network,
    /// The file system of the directory that is watched.
    pub space: Space,
    /// GPUs, by their number.
    pub accelerators: Vec<Accelerator>,
}

fn rfc3339<S: Serializer>(time: &Nanos, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Timestamp::from_nanosecond(i128::from(*time)).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Memory, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Memory {
    /// What is not available.
    pub used: f64,
    /// What there is.
    pub total: f64,
    /// Swap in use.
    pub swap: f64,
}

/// Percent of the time since the last look in which some or all tasks waited (the kernel's PSI).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Pressure {
    /// For a processor: some.
    pub cpu: Option<f64>,
    /// For memory: some.
    pub memory: Option<f64>,
    /// For memory: all.
    pub memory_full: Option<f64>,
    /// For disks: some.
    pub io: Option<f64>,
    /// For disks: all.
    pub io_full: Option<f64>,
}

/// A whole disk.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Disk {
    /// What the kernel calls it.
    pub name: String,
    /// Bytes read in a second.
    pub read: f64,
    /// Bytes written in a second.
    pub write: f64,
    /// Percent of the time in which it worked.
    pub busy: f64,
}

/// Bytes per second.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Network {
    /// What came in.
    pub received: Option<f64>,
    /// What went out.
    pub sent: Option<f64>,
}

/// A file system.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Space {
    /// Bytes that are free.
    pub free: Option<f64>,
    /// Percent of it that is used.
    pub percent: Option<f64>,
}

/// A GPU. Memory is in bytes, power in watts, temperature in degrees Celsius, clocks in MHz.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Accelerator {
    /// Its number.
    pub index: usize,
    /// Percent of the time in which it worked.
    pub utilisation: Option<f64>,
    /// Memory in use.
    pub memory: Option<f64>,
    /// Memory it has.
    pub memory_total: Option<f64>,
    /// What it takes.
    pub power: Option<f64>,
    /// What it may take.
    pub power_limit: Option<f64>,
    /// How hot it is.
    pub temperature: Option<f64>,
    /// How fast it goes.
    pub clock: Option<f64>,
    /// Whether heat or its hardware slow it down: 1 when they do.
    pub throttled: Option<f64>,
}

/// Samples the machine when it is asked to, and remembers.
#[derive(Debug)]
pub struct Host {
    /// The machine's name.
    name: String,
    collectors: Collectors,
    sample: Sample,
    began: Instant,
    readings: VecDeque<Reading>,
    most: usize,
}

impl Host {
    /// Looks for what this machine has. `directory` is on the file system whose free space matters; `most` readings
    /// are kept.
    pub fn find(directory: &Path, most: usize) -> Self {
        Self::of(&Sources { directory: Some(directory.to_owned()), ..Sources::default() }, most)
    }

    /// The same of other sources.
    pub fn of(sources: &Sources, most: usize) -> Self {
        Self {
            name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            collectors: Collectors::find(sources),
            sample: Sample::default(),
            began: Instant::now(),
            readings: VecDeque::new(),
            most: most.max(1),
        }
    }

    /// Takes a reading and remembers it.
    pub fn look(&mut self) -> &Reading {
        self.collectors.sample(self.began.elapsed(), &mut self.sample);
        if self.readings.len() == self.most {
            self.readings.pop_front();
        }
        self.readings.push_back(Reading::of(signal::now(), &self.sample));
        &self.readings[self.readings.len() - 1]
    }

    /// The machine's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last reading.
    pub fn now(&self) -> Option<&Reading> {
        self.readings.back()
    }

    /// All readings that are remembered, the oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Reading> {
        self.readings.iter()
    }
}

impl Reading {
    /// Puts the values of a sample in order.
    pub fn of(time: Nanos, sample: &Sample) -> Self {
        let mut reading = Self { time, ..Self::default() };
        for (metric, value) in &sample.points {
            if let Some(name) = metric.name().strip_prefix("system/") {
                reading.put(name, *value);
            }
        }
        reading
    }

    fn put(&mut self, name: &str, value: f64) {
        let place = match name {
            "cpu" => &mut self.cpu,
            "cpu_iowait" => &mut self.iowait,
            "cpu_steal" => &mut self.steal,
            "load" => &mut self.load,
            "pressure/cpu/some" => &mut self.pressure.cpu,
            "pressure/memory/some" => &mut self.pressure.memory,
            "pressure/memory/full" => &mut self.pressure.memory_full,
            "pressure/io/some" => &mut self.pressure.io,
            "pressure/io/full" => &mut self.pressure.io_full,
            "network/received" => &mut self.network.received,
            "network/sent" => &mut self.network.sent,
            "disk_free" => &mut self.space.free,
            "disk_percent" => &mut self.space.percent,
            "memory" => return self.memory.used = value,
            "memory_total" => return self.memory.total = value,
            "swap" => return self.memory.swap = value,
            _ => return self.put_numbered(name, value),
        };
        *place = Some(value);
    }

    /// What there may be many of.
    fn put_numbered(&mut self, name: &str, value: f64) {
        let Some((kind, rest)) = name.split_once('/') else { return };
        match (kind, rest.rsplit_once('/')) {
            // In the order of their numbers.
            ("cpu", None) => self.cores.push(value),
            ("disk", Some((name, what))) => {
                let disk = match self.disks.iter_mut().find(|disk| disk.name == name) {
                    Some(disk) => disk,
                    None => {
                        self.disks.push(Disk { name: name.to_owned(), ..Disk::default() });
                        let last = self.disks.len() - 1;
                        &mut self.disks[last]
                    }
                };
                match what {
                    "read" => disk.read = value,
                    "write" => disk.write = value,
                    "busy" => disk.busy = value,
                    _ => {}
                }
            }
            ("gpu", Some((index, what))) => {
                let Ok(index) = index.parse() else { return };
                self.accelerator(index).put(what, value);
            }
            _ => {}
        }
    }

    fn accelerator(&mut self, index: usize) -> &mut Accelerator {
        let at = self.accelerators.partition_point(|known| known.index < index);
        if self.accelerators.get(at).is_none_or(|known| known.index != index) {
            self.accelerators.insert(at, Accelerator { index, ..Accelerator::default() });
        }
        &mut self.accelerators[at]
    }
}

impl Accelerator {
    fn put(&mut self, what: &str, value: f64) {
        let place = match what {
            "utilisation" => &mut self.utilisation,
            "memory" => &mut self.memory,
            "memory_total" => &mut self.memory_total,
            "power" => &mut self.power,
            "power_limit" => &mut self.power_limit,
            "temperature" => &mut self.temperature,
            "clock" => &mut self.clock,
            "throttled" => &mut self.throttled,
            _ => return,
        };
        *place = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use aether_core::Metric;

    use super::*;

    fn reading(values: &[(&str, f64)]) -> Reading {
        let points = values.iter().map(|(name, value)| (Metric::named(name), *value)).collect();
        Reading::of(7, &Sample { points, events: Vec::new() })
    }

    #[test]
    fn values_find_their_places() {
        let reading = reading(&[
            ("system/cpu", 50.0),
            ("system/cpu/0", 40.0),
            ("system/cpu/1", 60.0),
            ("system/memory", 3.0),
            ("system/memory_total", 4.0),
            ("system/disk/nvme0n1/read", 1.0),
            ("system/disk/vda/write", 2.0),
            ("system/gpu/1/power", 300.0),
            ("system/gpu/0/memory", 5.0),
            ("system/pressure/io/full", 9.0),
            ("system/unheard_of", 9.0),
            ("loss", 9.0),
        ]);
        assert_eq!((reading.cpu, reading.cores.as_slice()), (Some(50.0), &[40.0, 60.0][..]));
        assert_eq!(reading.memory, Memory { used: 3.0, total: 4.0, swap: 0.0 });
        let disks: Vec<_> = reading.disks.iter().map(|d| (d.name.as_str(), d.read, d.write)).collect();
        assert_eq!(disks, [("nvme0n1", 1.0, 0.0), ("vda", 0.0, 2.0)]);
        let gpus: Vec<_> = reading.accelerators.iter().map(|a| (a.index, a.memory, a.power)).collect();
        assert_eq!(gpus, [(0, Some(5.0), None), (1, None, Some(300.0))]);
        assert_eq!(reading.pressure.io_full, Some(9.0));
    }

    #[test]
    fn the_history_is_bounded() {
        let mut host = Host::find(Path::new("/"), 3);
        for _ in 0..5 {
            host.look();
        }
        assert_eq!(host.history().len(), 3);
        assert_eq!(host.history().last(), host.now());
        assert!(host.now().is_some_and(|now| now.memory.total > now.memory.used));
    }
}
