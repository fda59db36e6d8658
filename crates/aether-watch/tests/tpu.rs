//! The collector of TPUs against a small server that PyPI's `tpu-info` takes for a real runtime.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use aether_watch::{Collectors, Sample, Sources};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// The Python of `scripts/python`, if it has `tpu-info`. Where CI promises it, its absence is a failure.
fn python() -> Option<Command> {
    let ci = env::var_os("CI").is_some_and(|ci| ci == "true");
    let python = env::var_os("AETHER_PYTHON");
    let has = |python: &std::ffi::OsString| {
        Command::new(python).args(["-c", "import tpu_info.metrics"]).output().unwrap().status.success()
    };
    let python = python.filter(has);
    assert!(python.is_some() || !ci, "AETHER_PYTHON has no tpu-info: run scripts/test");
    if python.is_none() {
        eprintln!("skipped: AETHER_PYTHON has no tpu-info: run scripts/test");
    }
    python.map(Command::new)
}

/// Ends with the test.
struct Runtime(Child);

impl Drop for Runtime {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A `/sys` with a chip on the bus, and Google's network card.
fn bus(directory: &Path, chip: &str) -> Sources {
    for (slot, device) in [("0000:00:04.0", "0x0042"), ("0000:00:05.0", chip)] {
        let slot = directory.join("bus/pci/devices").join(slot);
        fs::create_dir_all(&slot).unwrap();
        fs::write(slot.join("vendor"), "0x1ae0\n").unwrap();
        fs::write(slot.join("device"), format!("{device}\n")).unwrap();
    }
    let nowhere = directory.join("nothing");
    Sources { sys: directory.to_owned(), proc: nowhere.clone(), nvml: nowhere, ..Sources::default() }
}

/// What is said of accelerators once there is something, by name.
fn told(sources: &Sources) -> Vec<(String, f64)> {
    let mut collectors = Collectors::find(sources);
    let (begun, mut sample) = (Instant::now(), Sample::default());
    loop {
        collectors.sample(begun.elapsed(), &mut sample);
        let mut said: Vec<_> = sample.points.iter().map(|(m, v)| (m.name().to_owned(), *v)).collect();
        said.retain(|(name, _)| name.starts_with("system/gpu/"));
        if !said.is_empty() {
            said.sort_by(|a, b| a.0.cmp(&b.0));
            return said;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing was said");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What `tpu-info` reads of a runtime with chips of this kind, and what is said of it here.
fn both(chip: &str, pci: &str) -> Option<[Vec<(String, f64)>; 2]> {
    let mut python = python()?;
    let fake = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_tpu.py");
    python.arg(fake).arg(chip).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut runtime = Runtime(python.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(runtime.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let read: Value = serde_json::from_str(&line).unwrap();
    let mut expected = Vec::new();
    for usage in read["usage"].as_array().unwrap() {
        let device = &usage["device_id"];
        for (what, field) in
            [("memory", "memory_usage"), ("memory_total", "total_memory"), ("utilisation", "duty_cycle_pct")]
        {
            expected.push((format!("system/gpu/{device}/{what}"), usage[field].as_f64().unwrap()));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let tpu_port = u16::try_from(read["port"].as_u64().unwrap()).unwrap();
    Some([expected, told(&Sources { tpu_port, ..bus(dir.path(), pci) })])
}

#[test]
fn what_tpu_info_reads_is_said() {
    let Some([expected, told]) = both("V6E", "0x006f") else { return };
    assert_eq!(expected.len(), 2 * 3);
    assert_eq!(told, expected);
}

#[test]
fn a_chip_of_two_devices_is_two() {
    let Some([expected, told]) = both("V3", "0x0027") else { return };
    assert_eq!(expected.len(), 4 * 3);
    assert_eq!(told, expected);
}

#[test]
fn no_chip_no_question() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let sources = Sources { tpu_port: listener.local_addr().unwrap().port(), ..bus(dir.path(), "0x0001") };
    let (mut collectors, mut sample) = (Collectors::find(&sources), Sample::default());
    for second in 0..3 {
        collectors.sample(Duration::from_secs(second), &mut sample);
        assert!(sample.points.is_empty(), "{:?}", sample.points);
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_server_that_talks_nonsense_is_asked_again_and_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sources = Sources { tpu_port: listener.local_addr().unwrap().port(), ..bus(dir.path(), "0x0076") };
    let mut collectors = Collectors::find(&sources);
    let mut sample = Sample::default();
    // A frame of many megabytes; no answer at all; another protocol.
    for nonsense in [&[0xff; 9][..], b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let asked = thread::spawn({
            let listener = listener.try_clone().unwrap();
            let nonsense = nonsense.to_vec();
            move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut preface = [0; 24];
                stream.read_exact(&mut preface).unwrap();
                // Whoever asked may be gone already.
                let _ = stream.write_all(&nonsense);
                preface
            }
        });
        let begun = Instant::now();
        while !asked.is_finished() {
            collectors.sample(begun.elapsed(), &mut sample);
            assert!(sample.points.is_empty(), "{:?}", sample.points);
            assert!(begun.elapsed() < PATIENCE, "it is not asked");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(&asked.join().unwrap(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    }
}
