//! Any bytes are a snapshot or an error, and a snapshot gives every tensor that it names. The bytes are also tried with
//! their checksums mended, which no fuzzer guesses.

#![no_main]

use std::{collections::BTreeMap, path::PathBuf};

use aetheria::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(mended) = mended(bytes) {
        check(&mended);
    }
});

fn check(bytes: &[u8]) {
    let Ok(snapshot) = Snapshot::read(bytes, bytes.len() as u64, PathBuf::from("fuzz.safetensors")) else {
        return;
    };
    for (name, shape) in snapshot.tensors() {
        let (found, elements) = snapshot.tensor(name).expect("it was checked").expect("it is named");
        assert_eq!(found, shape);
        assert_eq!(elements.len(), shape.iter().product::<usize>());
    }
}

/// The same file with every checksum made right, as `docs/format.md` says; `None` if its header is no JSON object.
fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let mut header: Map<String, Value> = serde_json::from_slice(header).ok()?;

    let mut sections: BTreeMap<String, String> = header
        .get("__metadata__")?
        .as_object()?
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    if let Some(tensors) = sections.get("tensors").and_then(|text| mended_tensors(text, &header, data)) {
        sections.insert("tensors".to_owned(), tensors);
    }
    let mut crc = crc32fast::Hasher::new();
    for (key, value) in sections.iter().filter(|(key, _)| *key != "metadata_crc32") {
        for part in [key.as_bytes(), &[0], value.as_bytes(), &[0]] {
            crc.update(part);
        }
    }
    sections.insert("metadata_crc32".to_owned(), format!("{:08x}", crc.finalize()));

    header.insert("__metadata__".to_owned(), serde_json::to_value(sections).ok()?);
    let header = serde_json::to_vec(&header).ok()?;
    Some([&(header.len() as u64).to_le_bytes(), &header[..], data].concat())
}

fn mended_tensors(text: &str, header: &Map<String, Value>, data: &[u8]) -> Option<String> {
    let mut records: Map<String, Value> = serde_json::from_str(text).ok()?;
    for (name, record) in &mut records {
        let place = header.get(name).and_then(|tensor| {
            let [from, to] = tensor.get("data_offsets")?.as_array()?.first_chunk()?;
            data.get(usize::try_from(from.as_u64()?).ok()?..usize::try_from(to.as_u64()?).ok()?)
        });
        if let (Some(place), Some(record)) = (place, record.as_object_mut()) {
            record.insert("crc32".to_owned(), format!("{:08x}", crc32fast::hash(place)).into());
        }
    }
    serde_json::to_string(&records).ok()
}
