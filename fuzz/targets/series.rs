//! Any bytes can be read as a file of series: nothing is a panic, an endless loop or more memory than there are bytes
//! for, and what is damaged is said.
//!
//! A fuzzer does not guess checksums, so the input is also read with every checksum made right that can be found.

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use aether_ledger::{Home, RunDirectory, RunReader};
use libfuzzer_sys::fuzz_target;

/// Bytes of a file's end, of a directory's entry beside its name, and of a node.
const TRAILER: usize = 52;
const ENTRY: usize = 76;
const NODE: usize = 168;

/// A run without logs, whose file of series is written anew each time.
static RUN: LazyLock<RunDirectory> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let home = Home::at(root.join(format!("aether-fuzz-series-{}", std::process::id())));
    let run = home.run("default", "01234567".parse().expect("an id")).expect("a run's directory");
    fs::create_dir_all(run.series()).expect("a directory for series");
    run
});

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut right = bytes.to_vec();
    if make_right(&mut right).is_some() {
        read(&right);
    }
});

fn read(bytes: &[u8]) {
    fs::write(RUN.series().join(format!("{:016x}-{:016x}.series", 1, 2)), bytes).expect("a file of series");
    let Ok(reader) = RunReader::open(RUN.clone()) else { return };
    for (_, series) in reader.metrics() {
        let drawn = series.stretches(64).len();
        let points = series.points();
        assert!(points.len() <= bytes.len() * 4096 && drawn <= bytes.len());
        let _ = series.summary();
    }
    reader.series_damage().iter().for_each(|damage| assert!(!damage.to_string().is_empty()));
    let _ = (reader.events().len(), reader.described(), reader.damage().len());
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(8)?)?;
    usize::try_from(u64::from_le_bytes(word.try_into().ok()?)).ok()
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
}

fn sum(bytes: &[u8], at: usize, length: usize) -> Option<[u8; 4]> {
    Some(crc32fast::hash(bytes.get(at..at.checked_add(length)?)?).to_le_bytes())
}

/// Makes right the checksums of columns, nodes, sections and the end, in this order. `None`: it is no such file at all.
fn make_right(bytes: &mut [u8]) -> Option<()> {
    let trailer = bytes.len().checked_sub(TRAILER)?;
    bytes[trailer + 44..].copy_from_slice(b"aeserie\x01");
    let (mut at, length) = (word(bytes, trailer)?, word(bytes, trailer + 8)?);
    let end = at.checked_add(length).filter(|end| *end <= trailer)?;
    while at < end {
        let entry = at + 4 + half(bytes, at)?;
        let (Some(nodes), Some(leaves)) = (word(bytes, entry), half(bytes, entry + 8)) else { break };
        // The levels above have fewer than half as many nodes.
        for node in (0..leaves.saturating_mul(2).min(4096)).filter_map(|n| nodes.checked_add(n * NODE)) {
            if node >= trailer || make_node_right(bytes, node).is_none() {
                break;
            }
        }
        at = entry.checked_add(ENTRY)?;
    }
    for section in [trailer, trailer + 20] {
        let crc = sum(bytes, word(bytes, section)?, word(bytes, section + 8)?)?;
        bytes[section + 16..section + 20].copy_from_slice(&crc);
    }
    let crc = sum(bytes, trailer, 40)?;
    bytes[trailer + 40..trailer + 44].copy_from_slice(&crc);
    Some(())
}

fn make_node_right(bytes: &mut [u8], node: usize) -> Option<()> {
    for column in (0..4).map(|n| node + 88 + 16 * n) {
        if let Some(crc) = sum(bytes, word(bytes, column)?, half(bytes, column + 8)?) {
            bytes.get_mut(column + 12..column + 16)?.copy_from_slice(&crc);
        }
    }
    let crc = sum(bytes, node, NODE - 4)?;
    bytes.get_mut(node + NODE - 4..node + NODE)?.copy_from_slice(&crc);
    Some(())
}
