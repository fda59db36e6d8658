//! A process and all that it began: `/proc/PID/{stat,io,smaps_rollup}`, proc(5).
//!
//! Each sample lists `/proc`, and looks at numbers that were not there before: a process whose parent, or whose
//! session's leader, is of the tree is of the tree, and stays so when its parent ends. Files of members stay open, so
//! a number that the kernel gives to another process later is never mistaken for a member.

use std::{
    fs::File,
    mem::MaybeUninit,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use aether_core::Metric;
use rustix::fs::RawDir;

use super::{
    Collector, Sample,
    fields::{fields, keyed, number},
    kept::Kept,
    rate::Rate,
};

/// Every so many samples the proportional set size is read, for which the kernel walks page tables.
const PSS_EVERY: u32 = 10;
/// And so many times as long as reading it took it is let be: of a program with large libraries it takes 20 ms, in which
/// that program can map no memory.
const PSS_REST: u32 = 1000;
/// Every so many samples all numbers are looked at again: one may have been used again between two samples.
const LOOK_AGAIN: u32 = 60;

/// The numbers of the tree's processes, for whoever else wants to know what is theirs.
pub(crate) type Members = Arc<RwLock<Vec<u32>>>;

/// `system/process/...`: `cpu` (percent of one processor), `rss`, `pss` (bytes), `read`, `write` (bytes per second
/// from and to disks), `threads`, `count`, `open_files`.
#[derive(Debug)]
pub(crate) struct Processes {
    proc: PathBuf,
    listing: File,
    buffer: Vec<MaybeUninit<u8>>,
    /// What was in `/proc` the last time, ascending.
    known: Vec<u32>,
    found: Vec<u32>,
    members: Vec<Member>,
    shared: Members,
    root: u32,
    ticks: f64,
    page: f64,
    samples: u32,
    /// Before then the proportional set size is not read again.
    pss_due: Duration,
    totals: Totals,
    rates: Rates,
    metrics: Names,
}

#[derive(Debug)]
struct Member {
    pid: u32,
    stat: Kept,
    io: Option<Kept>,
    rollup: Option<Kept>,
    descriptors: PathBuf,
    last: Counted,
}

/// What only rises over a process's life.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    ticks: u64,
    read: u64,
    written: u64,
}

/// Counters over the whole tree, those of processes that ended included, so that no rate ever falls below zero.
#[derive(Debug, Default)]
struct Totals {
    ticks: u64,
    read: u64,
    written: u64,
}

#[derive(Debug, Default)]
struct Rates {
    ticks: Rate,
    read: Rate,
    written: Rate,
}

#[derive(Debug)]
struct Names {
    cpu: Metric,
    rss: Metric,
    pss: Metric,
    read: Metric,
    write: Metric,
    threads: Metric,
    count: Metric,
    open_files: Metric,
}

/// Fields of `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    session: u32,
    /// User and system time.
    ticks: u64,
    threads: u64,
    /// In pages.
    rss: u64,
}

fn stat(text: &[u8]) -> Option<Stat> {
    // Field 2 is the program's name in parentheses; it may hold spaces and parentheses itself.
    let end = text.iter().rposition(|&b| b == b')')?;
    let mut fields = fields(&text[end + 1..]).skip(1);
    let mut next = |skip| number(fields.nth(skip)?);
    let parent = u32::try_from(next(0)?).ok()?;
    let session = u32::try_from(next(1)?).ok()?;
    let ticks = next(7)?.wrapping_add(next(0)?);
    let threads = next(4)?;
    Some(Stat { parent, session, ticks, threads, rss: next(3)? })
}

impl Processes {
    pub(crate) fn find(proc: &Path, root: u32) -> Option<Self> {
        let metric = |what: &str| Metric::named(&format!("system/process/{what}"));
        let mut processes = Self {
            proc: proc.to_owned(),
            listing: File::open(proc).ok()?,
            buffer: vec![MaybeUninit::uninit(); 16 << 10],
            known: Vec::new(),
            found: Vec::new(),
            members: Vec::new(),
            shared: Members::default(),
            root,
            ticks: rustix::param::clock_ticks_per_second().max(1) as f64,
            page: rustix::param::page_size() as f64,
            samples: 0,
            pss_due: Duration::ZERO,
            totals: Totals::default(),
            rates: Rates::default(),
            metrics: Names {
                cpu: metric("cpu"),
                rss: metric("rss"),
                pss: metric("pss"),
                read: metric("read"),
                write: metric("write"),
                threads: metric("threads"),
                count: metric("count"),
                open_files: metric("open_files"),
            },
        };
        processes.join(root).then_some(processes)
    }

    pub(crate) fn members(&self) -> Members {
        Arc::clone(&self.shared)
    }

    /// Makes a process a member. False when it is gone.
    fn join(&mut self, pid: u32) -> bool {
        let directory = self.proc.join(pid.to_string());
        let Some(stat) = Kept::open(directory.join("stat")) else { return false };
        let member = Member {
            pid,
            stat,
            io: Kept::open(directory.join("io")),
            rollup: Kept::open(directory.join("smaps_rollup")),
            descriptors: directory.join("fd"),
            last: Counted::default(),
        };
        self.members.push(member);
        true
    }

    /// Finds those that began since the last time.
    fn follow(&mut self) {
        self.found.clear();
        if rustix::fs::seek(&self.listing, rustix::fs::SeekFrom::Start(0)).is_err() {
            return;
        }
        let mut entries = RawDir::new(&self.listing, &mut self.buffer);
        while let Some(Ok(entry)) = entries.next() {
            let pid = number(entry.file_name().to_bytes()).and_then(|n| u32::try_from(n).ok());
            self.found.extend(pid);
        }
        self.found.sort_unstable();
        if self.samples.is_multiple_of(LOOK_AGAIN) {
            self.known.clear();
        }
        // A child may have a lower number than its parent, once numbers have wrapped around; so again until none joins.
        let found = std::mem::take(&mut self.found);
        let mut new: Vec<(u32, Stat)> = Vec::new();
        for &pid in &found {
            if self.known.binary_search(&pid).is_err() && !self.is_member(pid) {
                let text = std::fs::read(self.proc.join(pid.to_string()).join("stat")).ok();
                new.extend(text.and_then(|text| Some((pid, stat(&text)?))));
            }
        }
        while let Some(at) = new.iter().position(|(_, stat)| self.owns(stat)) {
            let (pid, _) = new.swap_remove(at);
            self.join(pid);
        }
        self.found = std::mem::replace(&mut self.known, found);
    }

    fn is_member(&self, pid: u32) -> bool {
        self.members.iter().any(|member| member.pid == pid)
    }

    fn owns(&self, stat: &Stat) -> bool {
        stat.session == self.root || self.is_member(stat.parent)
    }
}

impl Collector for Processes {
    fn sample(&mut self, now: Duration, into: &mut Sample) {
        self.follow();
        let with_pss = self.samples.is_multiple_of(PSS_EVERY) && now >= self.pss_due;
        let mut pss_took = Duration::ZERO;
        self.samples = self.samples.wrapping_add(1);
        let (mut rss, mut pss, mut threads, mut open_files) = (0.0, None, 0, 0);
        let totals = &mut self.totals;
        self.members.retain_mut(|member| {
            let Some(stat) = member.stat.read_once().and_then(stat) else { return false };
            let last = &mut member.last;
            totals.ticks += stat.ticks.saturating_sub(last.ticks);
            last.ticks = stat.ticks;
            rss += stat.rss as f64 * self.page;
            threads += stat.threads;
            if let Some(io) = member.io.as_mut().and_then(Kept::read_once) {
                let (read, written) = (keyed(io, b"read_bytes"), keyed(io, b"write_bytes"));
                let (read, written) = (read.unwrap_or(last.read), written.unwrap_or(last.written));
                totals.read += read.saturating_sub(last.read);
                totals.written += written.saturating_sub(last.written);
                (last.read, last.written) = (read, written);
            }
            if with_pss {
                let began = Instant::now();
                if let Some(rollup) = member.rollup.as_mut().and_then(Kept::read_once) {
                    *pss.get_or_insert(0.0) += keyed(rollup, b"Pss").unwrap_or(0) as f64 * 1024.0;
                }
                pss_took += began.elapsed();
            }
            // Since Linux 6.2 the directory's size is the number of its entries; before, 0.
            open_files += std::fs::metadata(&member.descriptors).map_or(0, |m| m.size());
            true
        });
        if with_pss {
            self.pss_due = now + pss_took * PSS_REST;
        }
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        shared.clear();
        shared.extend(self.members.iter().map(|member| member.pid));
        drop(shared);
        // What has ended and was not waited for yet has no memory, and says nothing of the run's.
        if self.members.is_empty() || rss == 0.0 {
            return;
        }
        let names = &self.metrics;
        if let Some(ticks) = self.rates.ticks.per_second(now, totals.ticks) {
            into.put(names.cpu, ticks / self.ticks * 100.0);
        }
        into.put(names.rss, rss);
        if let Some(pss) = pss {
            into.put(names.pss, pss);
        }
        if self.members.iter().any(|member| member.io.is_some()) {
            let rates = [
                (names.read, self.rates.read.per_second(now, totals.read)),
                (names.write, self.rates.written.per_second(now, totals.written)),
            ];
            for (metric, rate) in rates {
                if let Some(rate) = rate {
                    into.put(metric, rate);
                }
            }
        }
        into.put(names.threads, threads as f64);
        into.put(names.count, self.members.len() as f64);
        if open_files > 0 {
            into.put(names.open_files, open_files as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{
        io::Write,
        process::{Child, Command, Stdio},
    };

    #[test]
    fn captured() {
        let text = b"7 (a) (b) R 3 7 5 0 -1 4194304 100 0 0 0 70 30 1 2 20 0 9 0 4711 123456 321 18446744073709551615 1";
        assert_eq!(stat(text), Some(Stat { parent: 3, session: 5, ticks: 100, threads: 9, rss: 321 }));
        assert_eq!(stat(b"7 (a) R 1 1"), None);
    }

    /// Samples until `wanted`.
    fn until(processes: &mut Processes, wanted: impl Fn(&Sample) -> bool) -> Sample {
        let began = std::time::Instant::now();
        let mut sample = Sample::default();
        loop {
            sample.clear();
            processes.sample(began.elapsed(), &mut sample);
            if wanted(&sample) {
                return sample;
            }
            assert!(began.elapsed() < Duration::from_secs(50), "{sample:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_tree_is_followed_and_outlives_its_middle() {
        // The shell's child begins a process in the background, and ends when it is told to. What a shell puts into
        // the background reads nothing from standard input, hence the other descriptor.
        let script = "exec 3<&0; (sleep 60 & read line <&3) & wait; read line <&3";
        let mut shell = Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap();
        let mut processes = Processes::find(Path::new("/proc"), shell.id()).unwrap();
        let count = |n| move |sample: &Sample| sample.value("system/process/count") == Some(n);
        let sample = until(&mut processes, count(3.0));
        assert!(sample.value("system/process/rss").unwrap() > 100_000.0);
        assert!(sample.value("system/process/threads").unwrap() >= 3.0);
        let (root, stdin) = (shell.id(), shell.stdin.as_mut().unwrap());
        stdin.write_all(b"end\n").unwrap();
        until(&mut processes, count(2.0));
        let members = processes.members().read().unwrap().clone();
        let orphan = members.into_iter().find(|&pid| pid != root).unwrap();
        stdin.write_all(b"end\n").unwrap();
        shell.wait().unwrap();
        until(&mut processes, count(1.0));
        Command::new("kill").arg(orphan.to_string()).status().unwrap();
        until(&mut processes, |sample| sample.points.is_empty());
    }

    /// Ends with the test, however that ends.
    struct Busy(Child);

    impl Drop for Busy {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn work_shows_as_cpu() {
        let busy = Busy(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap());
        let mut processes = Processes::find(Path::new("/proc"), busy.0.id()).unwrap();
        let (mut sample, mut last) = (Sample::default(), Duration::ZERO);
        let began = std::time::Instant::now();
        // However loaded the machine is, it gets some time in the end. What has not become a shell yet says nothing.
        loop {
            sample.clear();
            let now = began.elapsed();
            processes.sample(now, &mut sample);
            if let Some(cpu) = sample.value("system/process/cpu").filter(|&cpu| cpu > 0.0) {
                let worked = cpu / 100.0 * (now - last).as_secs_f64();
                assert!(worked <= began.elapsed().as_secs_f64() + 0.05, "{worked} s");
                break;
            }
            assert!(now < Duration::from_secs(50));
            last = now;
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: Vec<u8>, rest: String) {
            stat(&text);
            stat(format!("1 (x) R {rest}").as_bytes());
        }
    }
}
