//! A log whose end is torn, whose bits are flipped, or whose bytes are anything: the reader tells what it can, says
//! what it could not, and never panics.

use crate::support::*;
use aether_ledger::log::{
    frame::{self, Front, HEAD},
    reader::{Entry, LogReader},
    record::Record,
};
use proptest::prelude::*;

/// A small log with a record of every kind: those that the writer writes, and a set with its rows.
fn log() -> Vec<u8> {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    for step in 1..4 {
        say(&log, "loss", step, 1.0 / step as f64);
        say(&log, "größe\n", step, f64::NAN);
    }
    say_event(&log, "epoch", 3);
    rewind(&log, 2);
    say(&log, "loss", 3, -0.0);
    drop(log);
    let mut bytes = only_log(writer.directory());
    frame::append(&mut bytes, |out| out.extend([6, 0, 1, 0]));
    for step in 4..6u64 {
        frame::append(&mut bytes, |out| {
            out.extend([7, 0]);
            [step, 1_800_000_000_000_000_000, 0.5f64.to_bits(), f64::INFINITY.to_bits()]
                .iter()
                .for_each(|word| out.extend(word.to_le_bytes()));
        });
    }
    bytes
}

/// Where each frame begins, and where the last ends.
fn bounds(bytes: &[u8]) -> Vec<usize> {
    let mut bounds = vec![0];
    while let Front::Whole(payload) = frame::front(&bytes[bounds[bounds.len() - 1]..]) {
        bounds.push(bounds[bounds.len() - 1] + HEAD + payload.len());
    }
    assert_eq!(bounds.last(), Some(&bytes.len()));
    bounds
}

/// Everything a reader tells; NaN made comparable.
fn entries(bytes: &[u8]) -> Vec<String> {
    let mut reader = LogReader::over(bytes, "memory");
    rest(&mut reader)
}

fn rest<S: aether_ledger::log::reader::Source>(reader: &mut LogReader<S>) -> Vec<String> {
    std::iter::from_fn(|| reader.next().unwrap()).map(|e| format!("{e:?}")).collect()
}

#[test]
fn a_log_cut_anywhere_is_its_beginning_and_is_read_on_from_there() {
    let whole = log();
    let (bounds, all) = (bounds(&whole), entries(&whole));
    assert_eq!(all.len(), bounds.len() - 1);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("torn.log");
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut reader = LogReader::new(&path);
        let first = rest(&mut reader);
        let frames = bounds.iter().filter(|&&b| b <= cut).count() - 1;
        assert_eq!(first, all[..frames], "cut at {cut}");
        assert_eq!(reader.offset(), bounds[frames] as u64);
        assert!(rest(&mut reader).is_empty());
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(rest(&mut reader), all[frames..], "grown after a cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_costs_its_frame_alone_and_is_reported() {
    let whole = log();
    let (bounds, all) = (bounds(&whole), entries(&whole));
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let hit = bounds.iter().filter(|&&b| b <= bit / 8).count() - 1;
        let mut expected = all.clone();
        if hit == all.len() - 1 {
            // Like a frame that is still being written.
            expected.pop();
        } else {
            let (from, to) = (bounds[hit] as u64, bounds[hit + 1] as u64);
            let reason = "damaged bytes".to_owned();
            let damage = aether_ledger::log::reader::Damage { from, to, reason };
            expected[hit] = format!("{:?}", Entry::Damage(damage));
        }
        assert_eq!(entries(&flipped), expected, "bit {bit}");
    }
}

#[test]
fn records_of_unknown_kinds_are_passed_over() {
    let whole = log();
    let mut bytes = Vec::new();
    for bounds in bounds(&whole).windows(2) {
        bytes.extend(&whole[bounds[0]..bounds[1]]);
        frame::append(&mut bytes, |out| out.extend([200, 1, 2, 3]));
    }
    assert_eq!(entries(&bytes), entries(&whole));
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let whole = log();
    let Front::Whole(header) = frame::front(&whole) else { panic!() };
    let mut newer = Vec::new();
    frame::append(&mut newer, |out| out.extend(header));
    newer[HEAD + 7] += 1;
    let payload = newer.split_off(HEAD);
    newer.clear();
    frame::append(&mut newer, |out| out.extend(payload));
    let error = LogReader::over(&newer[..], "a.log").next().unwrap_err().to_string();
    assert_eq!(error, "a.log has log format 2, and this version of Aether reads up to 1; update Aether");
}

#[test]
fn zeros_that_a_file_system_left_are_passed_over() {
    let whole = log();
    let middle = bounds(&whole)[2];
    let mut bytes = whole.clone();
    bytes.splice(middle..middle, [0; 4096]);
    assert_eq!(entries(&bytes).len(), entries(&whole).len() + 1);
    bytes = whole.clone();
    bytes.extend([0; 4096]);
    assert_eq!(entries(&bytes), entries(&whole), "at the end they are a torn tail");
}

#[test]
fn a_file_made_to_look_like_frames_everywhere_is_given_up_soon_and_says_so() {
    // Every fourth byte begins a head that claims half a mebibyte, of a known kind.
    let bytes = [[0, 0, 8, 0], [1, 1, 1, 1]].concat().repeat(1 << 17);
    let entries = entries(&bytes);
    assert_eq!(entries.len(), 1);
    assert!(entries[0].contains("not searched to their end"), "{entries:?}");
}

#[test]
fn frames_longer_than_a_read_and_damage_across_reads() {
    let mut bytes = Vec::new();
    let long = |out: &mut Vec<u8>, fill: u8| {
        frame::append(out, |out| {
            out.extend([2, 1]);
            out.resize(out.len() + 900_000, fill);
        });
    };
    long(&mut bytes, b'a');
    let damaged = bytes.len();
    long(&mut bytes, b'b');
    bytes[damaged + 300_000] ^= 1;
    let to = bytes.len();
    long(&mut bytes, b'c');
    let mut reader = LogReader::over(&bytes[..], "memory");
    let names = |entry: Option<Entry>| match entry {
        Some(Entry::Record(Record::Metric { name, .. })) => name.chars().next(),
        _ => None,
    };
    assert_eq!(names(reader.next().unwrap()), Some('a'));
    let Some(Entry::Damage(damage)) = reader.next().unwrap() else { panic!() };
    assert_eq!((damage.from, damage.to), (damaged as u64, to as u64));
    assert_eq!(names(reader.next().unwrap()), Some('c'));
    assert_eq!(reader.next().unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_are_a_panic_or_an_endless_reading(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut reader = LogReader::over(&bytes[..], "memory");
        let mut offset = 0;
        while let Ok(Some(_)) = reader.next() {
            prop_assert!(reader.offset() > offset);
            offset = reader.offset();
        }
    }

    #[test]
    fn rubbish_between_frames_costs_no_frame(
        rubbish in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 3),
        payloads in prop::collection::vec("[a-z]{0,30}", 3),
    ) {
        let mut bytes = Vec::new();
        for (rubbish, name) in rubbish.iter().zip(&payloads) {
            bytes.extend(rubbish);
            frame::append(&mut bytes, |out| {
                out.extend([2, 1]);
                out.extend(name.as_bytes());
            });
        }
        let mut reader = LogReader::over(&bytes[..], "memory");
        let mut names = Vec::new();
        while let Some(entry) = reader.next().unwrap() {
            if let Entry::Record(Record::Metric { name, .. }) = entry {
                names.push(name);
            }
        }
        prop_assert_eq!(names, payloads);
    }
}
