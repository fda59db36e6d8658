//! Snapshots: what is written comes back; what is not whole is refused with its reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod lab;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use aether_core::{Bus, Level};
use aetheria::{
    snapshot::{Pointer, Snapshot, SnapshotError, SnapshotStore},
    train::{Every, OnFailure, Orchestrator, Outcome, Parts, Settings, SnapshotPlan, StopFlag},
};
use lab::{Log, Process, Softmax, clouds, settings};
use proptest::prelude::*;

/// A training's directory, stopped inside a window of the last epoch.
fn trained() -> (tempfile::TempDir, PathBuf) {
    let (dir, data, settings) = (tempfile::tempdir().unwrap(), clouds(), settings());
    let report = Process::new(&settings, &data, &Arc::default()).stop_at(25).run(dir.path(), None).unwrap();
    assert_eq!(report.outcome, Outcome::Interrupted);
    (dir, report.snapshot.unwrap())
}

fn parse(bytes: &[u8]) -> Result<Snapshot<&[u8]>, SnapshotError> {
    Snapshot::read(bytes, bytes.len() as u64, PathBuf::from("test.safetensors"))
}

fn message(bytes: &[u8]) -> String {
    parse(bytes).unwrap_err().to_string()
}

/// The text of the header and the bytes after it.
fn split(bytes: &[u8]) -> (String, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (String::from_utf8(bytes[8..8 + length].to_vec()).unwrap(), &bytes[8 + length..])
}

fn join(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn everything_comes_back() {
    let (_dir, path) = trained();
    let snapshot = Snapshot::open(&path).unwrap();
    let header = snapshot.header();
    assert_eq!(header.experiment, settings().experiment);
    assert_eq!(header.data.spec, clouds().spec);
    assert_eq!(header.data.fingerprint, format!("{:016x}", clouds().fingerprint));
    assert!(header.progress.mid_window());
    let mut strategy = Softmax::new(99);
    snapshot.restore(&mut strategy).unwrap();
    let (_, weights) = snapshot.tensor("model/weights").unwrap().unwrap();
    assert_eq!(weights.iter().map(|w| w.to_bits()).collect::<Vec<_>>(), strategy.bits()[..6]);
    assert!(strategy.gradient().iter().all(|g| g.is_finite()));
    assert!(snapshot.tensor("model/none").unwrap().is_none());
}

#[test]
fn other_files_are_no_snapshots() {
    for text in ["", "short", "epochs: 10\nbatch_size: 64\n", "{\"a\": 1}", "\u{1}\0\0\0\0\0\0\0{"] {
        let message = message(text.as_bytes());
        assert!(message.contains("test.safetensors is not a snapshot"), "{text:?}: {message}");
    }
    let foreign = message(&join("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &[0; 4]));
    assert!(foreign.contains("a safetensors file without aether's metadata"), "{foreign}");
    let dir = tempfile::tempdir().unwrap();
    assert!(Snapshot::open(dir.path()).unwrap_err().to_string().contains("it is not a file"));
    let missing = Snapshot::open(dir.path().join("none")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot open"), "{missing}");
}

#[test]
fn truncated_at_any_length_is_told() {
    let (_dir, path) = trained();
    let bytes = fs::read(path).unwrap();
    for length in 9..bytes.len() {
        match parse(&bytes[..length]).unwrap_err() {
            SnapshotError::Truncated { found, expected, .. } => {
                assert_eq!(found, length as u64);
                assert!(expected <= bytes.len() as u64 && expected > found);
            }
            other => panic!("{length}: {other}"),
        }
    }
    assert!(message(&bytes[..100]).contains("is truncated: it has 100 bytes"));
    let longer = [&bytes[..], b"more"].concat();
    assert!(message(&longer).contains("4 bytes follow its end"));
}

/// Every single bit, but those of the header's length and of the spaces that pad the header.
#[test]
fn any_flipped_bit_is_told() {
    let (_dir, path) = trained();
    let mut bytes = fs::read(path).unwrap();
    let (header, _) = split(&bytes);
    let padding = 8 + header.trim_end().len()..8 + header.len();
    for place in (8..bytes.len()).filter(|place| !padding.contains(place)) {
        for bit in 0..8 {
            bytes[place] ^= 1 << bit;
            if let Ok(snapshot) = parse(&bytes) {
                panic!("byte {place}, bit {bit} makes no difference: {snapshot:?}");
            }
            bytes[place] ^= 1 << bit;
        }
    }
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let message = message(&bytes);
    assert!(message.contains("was altered after it was written: tensor"), "{message}");
}

#[test]
fn altered_metadata_are_told() {
    let (_dir, path) = trained();
    let bytes = fs::read(path).unwrap();
    let (header, data) = split(&bytes);
    let changed = |from: &str, to: &str| {
        assert_eq!(header.matches(from).count(), 1, "{from}: {header}");
        message(&join(&header.replace(from, to), data))
    };
    assert!(changed("\\\"updates\\\":4", "\\\"updates\\\":6").contains("metadata do not agree"));
    assert!(
        changed("\"model/weights\":{\"dtype\":\"F32\"", "\"model/weights\":{\"dtype\":\"I32\"")
            .contains("another type")
    );
    assert!(
        changed("\"shape\":[2,3],\"data_offsets\":[0,24]", "\"shape\":[3,2],\"data_offsets\":[0,24]")
            .contains("shape")
    );
    assert!(
        changed("\"model/weights\":{\"dtype\"", "\"model/weighty\":{\"dtype\"")
            .contains("do not know tensor")
    );
    let newer = changed("\"format_version\":\"1\"", "\"format_version\":\"2\"");
    assert!(newer.contains("snapshot format 2, written by aether"), "{newer}");
    let crossed = header.replace("[24,48]", "[0,24]");
    assert!(parse(&join(&crossed, data)).is_err(), "overlapping tensors");
}

#[test]
fn the_state_of_another_model_is_refused() {
    let (dir, path) = trained();
    let bytes = fs::read(path).unwrap();
    let (header, data) = split(&bytes);
    // What a wider model would have written, its checksum made good.
    let wider = header.replace("[2,3]", "[1,6]").replace("\\\"shape\\\":[2,3]", "\\\"shape\\\":[1,6]");
    let wider = sealed(&wider, data);
    let path = dir.path().join("wider.safetensors");
    fs::write(&path, wider).unwrap();
    let mut strategy = Softmax::new(1);
    let before = strategy.bits();
    let error = Snapshot::open(&path).unwrap().restore(&mut strategy).unwrap_err();
    let told = "its tensor model/weights has shape [1, 6], the model's has [2, 3]";
    assert!(error.to_string().contains(told), "{error}");
    assert_eq!(strategy.bits(), before, "nothing has changed");
}

/// The file of a header whose metadata were edited, with the checksum that its writer would have given it: CRC-32 of
/// every other key and value, each ended by a zero byte, keys ascending.
fn sealed(header: &str, data: &[u8]) -> Vec<u8> {
    let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
    let sections = header["__metadata__"].as_object_mut().unwrap();
    sections.remove("metadata_crc32");
    let ordered: std::collections::BTreeMap<_, _> = sections.iter().collect();
    let mut bytes = Vec::new();
    for (key, value) in ordered {
        bytes.extend([key.as_bytes(), &[0], value.as_str().unwrap().as_bytes(), &[0]].concat());
    }
    let crc = format!("{:08x}", crc32fast::hash(&bytes));
    sections.insert("metadata_crc32".to_owned(), crc.into());
    join(&header.to_string(), data)
}

#[test]
fn a_refused_snapshot_has_a_whole_one_before_it() {
    let (dir, newest) = trained();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() - 1]).unwrap();
    let latest = dir.path().join("latest.safetensors");
    assert!(matches!(Snapshot::open(&latest), Err(SnapshotError::Truncated { path, .. }) if path == newest));
    let offered = SnapshotStore::newest_whole(dir.path(), Some(&latest)).unwrap();
    assert_eq!(offered.path().file_name().unwrap(), "snapshot_ep2.safetensors");
    assert_eq!(offered.header().progress.epoch, 2);
}

#[test]
fn no_file_is_left_half_written() {
    let (dir, _) = trained();
    let names: Vec<String> =
        fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| name.ends_with(".safetensors")), "{names:?}");
    // What a killed process leaves is removed when the next one begins.
    let part = dir.path().join(".snapshot_ep9.safetensors.1073741824.3.part");
    fs::write(&part, "half").unwrap();
    SnapshotStore::open(dir.path(), 3).unwrap();
    assert!(!part.exists());
}

#[test]
fn old_files_do_not_push_out_new_ones_of_earlier_steps() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (clouds(), Arc::new(Log::default()));
    let long = Settings { epochs: Some(6), best: best_never(), ..settings() };
    Process::new(&long, &data, &log).run(dir.path(), None).unwrap();
    let first = dir.path().join("snapshot_ep4.safetensors");
    // Back to epoch 4, and on to 5: its file is the newest now, though 6 is there.
    let again = Settings { epochs: Some(5), ..long };
    Process::new(&again, &data, &Arc::new(Log::default())).run(dir.path(), Some(&first)).unwrap();
    let store = SnapshotStore::open(dir.path(), 3).unwrap();
    assert_eq!(store.target(Pointer::Latest).unwrap(), "snapshot_ep5.safetensors");
    assert_eq!(store.list().unwrap()[0], "snapshot_ep5.safetensors");
}

fn best_never() -> aetheria::train::Monitor {
    aetheria::train::Monitor { metric: "val/accuracy".to_owned(), goal: aetheria::metrics::Goal::Higher }
}

/// A directory that takes no file stands for a full disk: root's file permissions would not stop a test.
fn with_blocked_directory(settings: &Settings) -> (Outcome, Arc<Log>, PathBuf, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = dir.path().join("snapshots");
    let (data, log, stop) = (clouds(), Arc::new(Log::default()), StopFlag::default());
    let mut strategy = Softmax::new(settings.seed);
    let mut bus = Bus::new();
    bus.add(log.clone());
    let store = SnapshotStore::open(&snapshots, 3).unwrap();
    let block = Blocker(snapshots.clone());
    let orchestrator = Orchestrator::new(Parts {
        settings,
        data: &data,
        strategy: &mut strategy,
        bus: &bus,
        stop: &stop,
        store,
        callbacks: vec![("blocker".to_owned(), Box::new(block))],
    })
    .unwrap();
    let report = orchestrator.run().unwrap();
    (report.outcome, log, report.snapshot.unwrap(), dir)
}

/// Moves the directory away after the first snapshot, and back in time for the last.
struct Blocker(PathBuf);

impl aetheria::callback::Callback for Blocker {
    fn on_snapshot(&mut self, at: aetheria::callback::At<'_>, _: &Path) -> aetheria::callback::Flow {
        if at.progress.epoch == 1 {
            fs::rename(&self.0, self.0.with_extension("away")).unwrap();
        }
        aetheria::callback::Flow::Continue
    }

    fn on_epoch_end(&mut self, at: aetheria::callback::At<'_>, _: f64) -> aetheria::callback::Flow {
        if at.progress.epoch == 3 && !self.0.exists() {
            fs::rename(self.0.with_extension("away"), &self.0).unwrap();
        }
        aetheria::callback::Flow::Continue
    }
}

#[test]
fn a_failed_snapshot_is_told_and_the_training_goes_on() {
    let (outcome, log, last, _dir) = with_blocked_directory(&settings());
    assert!(matches!(outcome, Outcome::Finished { .. }));
    let failed = log.events("snapshot_failed");
    assert_eq!((failed.len(), failed[0].level, failed[0].step), (1, Level::Error, 4));
    assert!(failed[0].message.contains("The last good one is") && failed[0].message.contains("snapshot_ep1"));
    assert_eq!(last.file_name().unwrap(), "snapshot_ep3.safetensors");
    assert!(Snapshot::open(last).is_ok());
}

#[test]
fn a_failed_snapshot_stops_the_training_if_asked_to() {
    let settings = Settings { on_snapshot_failure: OnFailure::Stop, ..settings() };
    let (outcome, log, last, dir) = with_blocked_directory(&settings);
    assert!(matches!(&outcome, Outcome::Failed { reason } if reason.contains("no snapshot")), "{outcome:?}");
    assert_eq!(log.series().keys().map(|(_, step)| *step).max(), Some(4));
    let name = last.file_name().unwrap();
    assert_eq!(name, "snapshot_ep1.safetensors");
    assert!(
        Snapshot::open(dir.path().join("snapshots.away").join(name)).is_ok(),
        "the last good one is still there"
    );
}

#[test]
fn by_time() {
    let plan = SnapshotPlan::After(std::time::Duration::ZERO);
    let settings = Settings { snapshot: plan, validate: Every::Epochs(9), ..settings() };
    let (dir, data, log) = (tempfile::tempdir().unwrap(), clouds(), Arc::new(Log::default()));
    Process::new(&settings, &data, &log).run(dir.path(), None).unwrap();
    // Every step is after no time at all.
    assert!(log.events("snapshot").len() >= 6);
}

/// What the `safetensors` package of Python makes of a snapshot, where the benchmark's environment is at hand.
#[test]
fn opens_in_python() {
    let home = std::env::var("HOME").unwrap_or_default();
    let python = Path::new(&home).join(".cache/aether/bench-venv/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("AETHER_REQUIRE_PYTHON").is_none(), "{} is missing", python.display());
        return;
    }
    let (_dir, path) = trained();
    let script = "import sys, json, zlib, numpy, safetensors\n\
        f = safetensors.safe_open(sys.argv[1], 'numpy')\n\
        m = f.metadata()\n\
        t = json.loads(m['tensors'])\n\
        for k in f.keys():\n    assert '%08x' % zlib.crc32(f.get_tensor(k).tobytes()) == t[k]['crc32'], k\n\
        s = b''.join(k.encode() + b'\\0' + m[k].encode() + b'\\0' for k in sorted(m) if k != 'metadata_crc32')\n\
        assert '%08x' % zlib.crc32(s) == m['metadata_crc32']\n\
        print(m['format'], json.loads(m['progress'])['step'], f.get_tensor('model/weights').shape)";
    let output = Command::new(python).args(["-c", script]).arg(&path).output().unwrap();
    let step = Snapshot::open(&path).unwrap().header().progress.step;
    let expected = format!("aether-snapshot {step} (2, 3)\n");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn whole() -> Vec<u8> {
    fs::read(trained().1).unwrap()
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse(&bytes).is_err());
    }

    /// Bytes that begin as a safetensors file does.
    #[test]
    fn any_header_is_an_error_and_never_a_panic(header in "\\{[ -~]{0,200}", data in proptest::collection::vec(any::<u8>(), 0..50)) {
        prop_assert!(parse(&join(&header, &data)).is_err());
    }
}

/// Many random edits of a whole snapshot: cut, overwritten, doubled.
#[test]
fn edits_are_never_a_panic() {
    let bytes = whole();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let edits = proptest::collection::vec((0..bytes.len(), any::<u8>(), 0..3u8), 1..8);
    runner
        .run(&edits, |edits| {
            let mut edited = bytes.clone();
            for (place, byte, kind) in edits {
                let place = place.min(edited.len().saturating_sub(1));
                match kind {
                    0 if !edited.is_empty() => edited[place] = byte,
                    1 => edited.truncate(place),
                    _ => edited.insert(place, byte),
                }
            }
            let _ = parse(&edited);
            Ok(())
        })
        .unwrap();
}
