//! Any bytes can be read as a log: every record or damage moves the reader on, to the end, the same one each time, and
//! however much of the log there was when the reader first looked.

#![no_main]

use aether_ledger::log::{frame, reader::LogReader};
use libfuzzer_sys::fuzz_target;

/// All entries, as text, in which a NaN is equal to itself; and where the log ends.
fn read(bytes: &[u8]) -> (Vec<String>, u64) {
    let mut reader = LogReader::over(bytes, "fuzz.log");
    let (mut entries, mut at) = (Vec::new(), 0);
    while let Ok(Some(entry)) = reader.next() {
        assert!(reader.offset() > at, "no way forward at {at}");
        at = reader.offset();
        entries.push(format!("{entry:?}"));
    }
    assert!(reader.offset() <= bytes.len() as u64);
    (entries, reader.offset())
}

/// The input as payloads, each in a frame of its own: a fuzzer does not guess checksums.
fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut log = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let (payload, rest) = rest.split_at(usize::from(length).min(rest.len()));
        if !payload.is_empty() {
            frame::append(&mut log, |out| out.extend_from_slice(payload));
        }
        bytes = rest;
    }
    log
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&framed(bytes));
});

fn check(bytes: &[u8]) {
    let (entries, end) = read(bytes);
    assert_eq!(read(bytes), (entries.clone(), end));
    // The part of the log that was whole is whole without what follows it.
    let (before, _) = read(&bytes[..end as usize]);
    assert_eq!(before, entries);
}
