//! The collector of NVIDIA's GPUs against a small library with the real one's interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{path::Path, process::Command, time::Duration};

use aether_core::Level;
use aether_watch::{Collectors, Sample, Sources};

fn library(directory: &Path) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_nvml.c");
    let library = directory.join("libnvidia-ml.so.1");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .status()
        .expect("a C compiler, `cc`, is needed");
    assert!(built.success());
    library
}

#[test]
fn all_that_a_gpu_says() {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources {
        process: Some(std::process::id()),
        sys: dir.path().to_owned(),
        nvml: library(dir.path()),
        ..Sources::default()
    };
    let mut collectors = Collectors::find(&sources);
    let mut sample = Sample::default();
    collectors.sample(Duration::ZERO, &mut sample);
    for (name, value) in [
        ("utilisation", 87.0),
        ("memory_busy", 41.0),
        ("memory", 30000.0),
        ("memory_total", 80000.0),
        ("process_memory", 4096.0),
        ("power", 312.5),
        ("power_limit", 700.0),
        ("temperature", 64.0),
        ("clock", 1755.0),
        ("memory_clock", 2619.0),
        ("throttled", 1.0),
        ("throttle_reasons", 68.0),
        ("ecc_corrected", 12.0),
        ("ecc_uncorrected", 3.0),
        ("remapped_rows", 5.0),
        ("remapped_rows_uncorrectable", 2.0),
        ("remap_pending", 1.0),
        ("remap_failed", 0.0),
    ] {
        assert_eq!(sample.value(&format!("system/gpu/0/{name}")), Some(value), "{name}");
    }
    let second: Vec<_> =
        sample.points.iter().filter(|(m, _)| m.name().starts_with("system/gpu/1/")).collect();
    assert_eq!(second.len(), 2, "what a GPU does not support is left out: {second:?}");

    let said: Vec<_> = sample.events.iter().map(|e| (e.level, e.fields["xid"].as_u64().unwrap())).collect();
    assert_eq!(said, [(Level::Error, 79), (Level::Warning, 31)]);
    assert_eq!(sample.events[0].fields["gpu"], 0);
    collectors.sample(Duration::from_secs(1), &mut sample);
    assert!(sample.events.is_empty(), "each is told once");
}

#[test]
fn no_library_no_gpu() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("broken.so"), "no library").unwrap();
    for nvml in ["libno-such-library.so", "broken.so"] {
        let sources = Sources { sys: dir.path().into(), nvml: dir.path().join(nvml), ..Sources::default() };
        let mut sample = Sample::default();
        Collectors::find(&sources).sample(Duration::ZERO, &mut sample);
        assert!(!sample.points.iter().any(|(m, _)| m.name().contains("gpu")));
    }
}
