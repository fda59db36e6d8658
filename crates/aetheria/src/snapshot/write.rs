//! Writes a snapshot. The tensors are streamed from where they lie: once for their checksums, which stand in the
//! header, and once into the file. No copy of the state is made.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use aether_core::AtomicFile;
use serde_json::{Map, Value, json};

use super::{
    SnapshotError,
    header::{Header, TensorRecord, hex},
};
use crate::strategy::StateTensor;

/// Elements converted at a time: 64 KiB, which stay in the processor's cache.
const CHUNK: usize = 16 * 1024;

/// Writes a snapshot to `path`, whole or not at all, and returns its length in bytes.
///
/// # Errors
/// When the file system fails; `path` then holds what it held before.
pub fn write(path: &Path, header: &Header, tensors: &[StateTensor<'_>]) -> Result<u64, SnapshotError> {
    write_file(path, header, tensors).map_err(SnapshotError::io("write", path))
}

fn write_file(path: &Path, header: &Header, tensors: &[StateTensor<'_>]) -> io::Result<u64> {
    let head = head(header, tensors)?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(&(head.len() as u64).to_le_bytes())?;
    file.write_all(head.as_bytes())?;
    let mut bytes = super::PREFIX + head.len() as u64;
    let mut buffer = Vec::with_capacity(CHUNK * 4);
    for tensor in tensors {
        little_endian(tensor.data, &mut buffer, |chunk| file.write_all(chunk))?;
        bytes += tensor.data.len() as u64 * 4;
    }
    file.publish()?;
    Ok(bytes)
}

/// The JSON header, padded with spaces to 8 bytes as the `safetensors` library does it.
fn head(header: &Header, tensors: &[StateTensor<'_>]) -> io::Result<String> {
    let mut records = BTreeMap::new();
    let mut entries = Map::new();
    let mut offset = 0u64;
    let mut buffer = Vec::with_capacity(CHUNK * 4);
    for tensor in tensors {
        let mut crc = crc32fast::Hasher::new();
        little_endian(tensor.data, &mut buffer, |chunk| {
            crc.update(chunk);
            Ok(())
        })?;
        let record = TensorRecord { shape: tensor.shape.clone(), crc32: hex(crc.finalize()) };
        records.insert(tensor.name.clone(), record);
        let end = offset + tensor.data.len() as u64 * 4;
        let entry = json!({ "dtype": "F32", "shape": tensor.shape, "data_offsets": [offset, end] });
        entries.insert(tensor.name.clone(), entry);
        offset = end;
    }
    let mut sections = header.sections(&records)?;
    // First, so that `head -c 100` tells what the file is, and a reader knows it even when the rest is broken.
    let first = sections.remove_entry("format").into_iter();
    let metadata: Map<_, _> = first.chain(sections).map(|(key, value)| (key, Value::from(value))).collect();
    let mut all = Map::new();
    all.insert("__metadata__".to_owned(), Value::Object(metadata));
    all.extend(entries);
    let mut head = Value::Object(all).to_string();
    let padding = head.len().next_multiple_of(8) - head.len();
    head.extend(std::iter::repeat_n(' ', padding));
    Ok(head)
}

/// Gives the elements as little-endian bytes, chunk by chunk.
fn little_endian(
    elements: &[f32],
    buffer: &mut Vec<u8>,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    for chunk in elements.chunks(CHUNK) {
        buffer.clear();
        buffer.extend(chunk.iter().flat_map(|element| element.to_le_bytes()));
        take(buffer)?;
    }
    Ok(())
}
