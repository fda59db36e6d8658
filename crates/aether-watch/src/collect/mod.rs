//! Collectors: each reads one source (a file of `/proc` or `/sys`, a library) and says its values as metrics.
//!
//! Parsing is apart from reading, in pure functions over bytes. A sample in the steady state allocates nothing: files
//! are kept open and read again at offset 0, which for the files of `/proc` and `/sys` makes their content anew. A
//! source that is not there (no such kernel feature, no such device) is left out, once and for all, when collectors
//! are made; one that fails later says nothing for that sample.

mod accelerators;
mod amd;
mod cgroup;
mod cpu;
mod descriptors;
mod disk;
mod fields;
mod kept;
mod load;
mod memory;
mod network;
mod nvidia;
mod pressure;
mod processes;
mod quota;
mod rate;
mod space;
mod tpu;
mod unit;

use std::{fmt, path::PathBuf, time::Duration};

use aether_core::{Event, Metric};

pub use nvidia::{LIBRARY as NVML_LIBRARY, Nvidia};
pub use unit::Unit;

/// What collectors said in one sample.
#[derive(Debug, Default)]
pub struct Sample {
    /// Values, in the order of the collectors.
    pub points: Vec<(Metric, f64)>,
    /// What happened since the last sample, such as an error of a GPU.
    pub events: Vec<Event>,
}

impl Sample {
    /// Forgets everything, and keeps the room for it.
    pub fn clear(&mut self) {
        self.points.clear();
        self.events.clear();
    }

    pub(crate) fn put(&mut self, metric: Metric, value: f64) {
        self.points.push((metric, value));
    }

    /// The value of the metric called `name` in this sample.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.points.iter().find(|(metric, _)| metric.name() == name).map(|&(_, value)| value)
    }
}

/// Reads one source.
pub trait Collector: Send + fmt::Debug {
    /// Adds what the source says now. `now` is the time since any fixed moment, on a clock that never jumps: rates
    /// are differences over it, so the first sample has none.
    fn sample(&mut self, now: Duration, into: &mut Sample);
}

/// What is to be collected.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Where `/proc` is.
    pub proc: PathBuf,
    /// Where `/sys` is.
    pub sys: PathBuf,
    /// The process whose tree is followed.
    pub process: Option<u32>,
    /// A directory on the file system whose free space matters: where the run is written.
    pub directory: Option<PathBuf>,
    /// NVIDIA's management library, by name or path.
    pub nvml: PathBuf,
    /// The port of this machine on which the runtime of Google's TPUs tells its metrics.
    pub tpu_port: u16,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            proc: "/proc".into(),
            sys: "/sys".into(),
            process: None,
            directory: None,
            nvml: NVML_LIBRARY.into(),
            tpu_port: tpu::RUNTIME_PORT,
        }
    }
}

/// All collectors whose sources this machine has.
#[derive(Debug)]
pub struct Collectors {
    all: Vec<Box<dyn Collector>>,
}

impl Collectors {
    /// Looks for each source.
    pub fn find(sources: &Sources) -> Self {
        let mut all: Vec<Box<dyn Collector>> = Vec::new();
        let mut add = |collector: Option<Box<dyn Collector>>| all.extend(collector);
        add(boxed(cpu::Cpu::find(&sources.proc)));
        add(boxed(memory::Memory::find(&sources.proc)));
        add(boxed(load::Load::find(&sources.proc)));
        add(boxed(descriptors::Descriptors::find(&sources.proc)));
        add(boxed(pressure::Pressure::find(&sources.proc)));
        add(boxed(disk::Disks::find(&sources.proc, &sources.sys)));
        add(boxed(network::Network::find(&sources.proc)));
        if let Some(directory) = &sources.directory {
            add(boxed(space::Space::find(directory)));
            add(boxed(quota::Quota::find(directory)));
        }
        add(boxed(cgroup::Cgroup::find(&sources.proc, sources.process)));
        let processes = sources.process.and_then(|root| processes::Processes::find(&sources.proc, root));
        let members = processes.as_ref().map(processes::Processes::members);
        add(boxed(processes));
        add(boxed(Nvidia::load(&sources.nvml, members)));
        add(boxed(amd::Amd::find(&sources.sys)));
        add(boxed(tpu::Tpu::find(&sources.sys, sources.tpu_port)));
        Self { all }
    }

    /// Adds one of one's own.
    pub fn add(&mut self, collector: Box<dyn Collector>) {
        self.all.push(collector);
    }

    /// Takes one sample of everything.
    pub fn sample(&mut self, now: Duration, into: &mut Sample) {
        into.clear();
        for collector in &mut self.all {
            collector.sample(now, into);
        }
    }
}

fn boxed<C: Collector + 'static>(collector: Option<C>) -> Option<Box<dyn Collector>> {
    collector.map(|c| Box::new(c) as Box<dyn Collector>)
}
