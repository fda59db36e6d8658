//! Reads a snapshot, and trusts nothing: whatever the bytes are, the answer is a snapshot or an error, never a panic,
//! and never an allocation larger than the file.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use safetensors::{Dtype, tensor::Metadata};

use super::{
    FORMAT, MAX_HEADER, PREFIX, SnapshotError, VERSION,
    header::{Header, SECTIONS_CRC, Sections, TensorRecord, checksum, hex},
};
use crate::strategy::{StateTensor, Strategy, StrategyError, Tensor};

/// Bytes read at a time when a tensor is checked.
const CHUNK: usize = 64 * 1024;

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// When the bytes end before the buffer, or cannot be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        let bytes = from.and_then(|bytes| bytes.get(..buffer.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// A snapshot that was checked from end to end. Tensors are read when asked for.
pub struct Snapshot<R = File> {
    source: R,
    path: PathBuf,
    header: Header,
    tensors: BTreeMap<String, Place>,
}

/// Where a tensor lies in the file.
struct Place {
    shape: Vec<usize>,
    offset: u64,
    bytes: usize,
    crc32: String,
}

impl<R> fmt::Debug for Snapshot<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("path", &self.path)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Opens and checks the snapshot at `path`, or the one that `path` is a link to, as `latest` is.
    ///
    /// # Errors
    /// When it cannot be read, is no snapshot, is not whole, or is of a newer format.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SnapshotError> {
        let mut path = path.into();
        if let Ok(target) = std::fs::read_link(&path) {
            path.set_file_name(target);
        }
        let file = File::open(&path).map_err(SnapshotError::io("open", &path))?;
        let kind = file.metadata().map_err(SnapshotError::io("read", &path))?;
        if !kind.is_file() {
            return Err(SnapshotError::NotASnapshot { path, why: "it is not a file".to_owned() });
        }
        Self::read(file, kind.len(), path)
    }
}

impl<R: ReadAt> Snapshot<R> {
    /// Checks the snapshot in the `length` bytes of `source`; `path` is for messages.
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn read(source: R, length: u64, path: PathBuf) -> Result<Self, SnapshotError> {
        let metadata = head(&source, length, &path)?;
        let sections = sections(&metadata.1, &path)?;
        let altered = |what: String| SnapshotError::Altered { path: path.clone(), what };
        let (header, records) = Header::parse(&sections).map_err(altered)?;
        let tensors = places(&metadata.1, metadata.0, records).map_err(altered)?;
        let expected = metadata.0 + metadata.1.data_len() as u64;
        if length < expected {
            return Err(SnapshotError::Truncated { path, expected, found: length });
        }
        if length > expected {
            return Err(altered(format!("{} bytes follow its end", length - expected)));
        }
        let snapshot = Self { source, path, header, tensors };
        snapshot.check()?;
        Ok(snapshot)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says besides the tensors.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The names and shapes of its tensors, by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors.iter().map(|(name, place)| (name.as_str(), place.shape.as_slice()))
    }

    /// The shape and the elements of a tensor; `None` if there is none of that name.
    ///
    /// # Errors
    /// When it cannot be read any more, or no longer agrees with its checksum.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>, SnapshotError> {
        let Some(place) = self.tensors.get(name) else { return Ok(None) };
        let mut elements = Vec::with_capacity(place.bytes / 4);
        self.stream(name, place, |bytes| {
            let words = bytes.as_chunks::<4>().0;
            elements.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
        })?;
        Ok(Some((place.shape.clone(), elements)))
    }

    /// Gives this state to a strategy.
    ///
    /// # Errors
    /// When it is the state of another model, or a tensor cannot be read any more; the strategy has not changed then.
    pub fn restore(&self, strategy: &mut dyn Strategy) -> Result<(), SnapshotError> {
        if let Some(difference) = self.difference(&strategy.state(false)) {
            return Err(SnapshotError::OtherModel { path: self.path.clone(), difference });
        }
        let failed = RefCell::new(None);
        let find = |name: &str| {
            self.tensor(name).unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                None
            })
        };
        let restored = strategy.restore(&find);
        match (restored, failed.into_inner()) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(error)) => Err(error),
            (
                Err(
                    StrategyError::State(difference)
                    | StrategyError::Data(difference)
                    | StrategyError::Device(difference),
                ),
                None,
            ) => Err(SnapshotError::OtherModel { path: self.path.clone(), difference }),
        }
    }

    /// The first difference between the tensors that a model has and those of this snapshot. Gradients, which only a
    /// snapshot from within a window has, do not count.
    fn difference(&self, state: &[StateTensor<'_>]) -> Option<String> {
        for tensor in state {
            match self.tensors.get(&tensor.name) {
                None => return Some(format!("it has no tensor {}", tensor.name)),
                Some(place) if place.shape != tensor.shape => {
                    return Some(format!(
                        "its tensor {} has shape {:?}, the model's has {:?}",
                        tensor.name, place.shape, tensor.shape
                    ));
                }
                Some(_) => {}
            }
        }
        let mut names = self.tensors.keys().filter(|name| name.starts_with("model/"));
        let other = names.find(|name| state.iter().all(|tensor| tensor.name != **name));
        other.map(|name| format!("the model has no tensor {name}"))
    }

    /// Reads everything once and compares the checksums.
    fn check(&self) -> Result<(), SnapshotError> {
        self.tensors.iter().try_for_each(|(name, place)| self.stream(name, place, |_| {}))
    }

    /// Gives a tensor's bytes chunk by chunk, then compares the checksum.
    fn stream(&self, name: &str, place: &Place, mut take: impl FnMut(&[u8])) -> Result<(), SnapshotError> {
        let mut crc = crc32fast::Hasher::new();
        let mut buffer = [0; CHUNK];
        let mut done = 0;
        while done < place.bytes {
            let chunk = &mut buffer[..CHUNK.min(place.bytes - done)];
            let offset = place.offset + done as u64;
            self.source.read_at(chunk, offset).map_err(SnapshotError::io("read", &self.path))?;
            crc.update(chunk);
            take(chunk);
            done += chunk.len();
        }
        if hex(crc.finalize()) == place.crc32 {
            return Ok(());
        }
        let what = format!("tensor {name} does not agree with its checksum");
        Err(SnapshotError::Altered { path: self.path.clone(), what })
    }
}

/// The place where the data begin, and the parsed header.
fn head(source: &impl ReadAt, length: u64, path: &Path) -> Result<(u64, Metadata), SnapshotError> {
    let not = |why: String| SnapshotError::NotASnapshot { path: path.to_owned(), why };
    let read =
        |buffer: &mut [u8], offset| source.read_at(buffer, offset).map_err(SnapshotError::io("read", path));
    if length <= PREFIX {
        return Err(not(format!("{length} bytes are too few")));
    }
    let mut prefix = [0; PREFIX as usize];
    read(&mut prefix, 0)?;
    let mut first = [0];
    read(&mut first, PREFIX)?;
    let size = u64::from_le_bytes(prefix);
    if first != *b"{" || !(2..=MAX_HEADER).contains(&size) {
        return Err(not("it does not begin like a safetensors file".to_owned()));
    }
    if length < PREFIX + size {
        return Err(SnapshotError::Truncated {
            path: path.to_owned(),
            expected: PREFIX + size,
            found: length,
        });
    }
    let mut head = vec![0; size as usize];
    read(&mut head, PREFIX)?;
    match serde_json::from_slice(&head) {
        Ok(metadata) => Ok((PREFIX + size, metadata)),
        Err(error) if is_ours(&head) => Err(SnapshotError::Altered {
            path: path.to_owned(),
            what: format!("its header is broken ({error})"),
        }),
        Err(error) => Err(not(format!("its header is not that of a safetensors file ({error})"))),
    }
}

/// Whether a header that cannot be parsed was ours once: our name stands near its beginning.
fn is_ours(head: &[u8]) -> bool {
    head.windows(FORMAT.len()).take(4096).any(|window| window == FORMAT.as_bytes())
}

/// The sections of `__metadata__`, once they are known to be ours, of a version that can be read, and as written.
fn sections(metadata: &Metadata, path: &Path) -> Result<Sections, SnapshotError> {
    let sections: Sections =
        metadata.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    if sections.get("format").map(String::as_str) != Some(FORMAT) {
        let why = "it is a safetensors file without aether's metadata".to_owned();
        return Err(SnapshotError::NotASnapshot { path: path.to_owned(), why });
    }
    let altered = |what: &str| SnapshotError::Altered { path: path.to_owned(), what: what.to_owned() };
    let version = sections.get("format_version").and_then(|version| version.parse::<u64>().ok());
    let version = version.ok_or_else(|| altered("its format_version is not a number"))?;
    if version > u64::from(VERSION) {
        // Said before anything else is judged: a newer format may compute its checksums in another way.
        let by =
            sections.get("aether_version").cloned().unwrap_or_else(|| "of an unknown version".to_owned());
        return Err(SnapshotError::Newer { path: path.to_owned(), version, by });
    }
    if sections.get(SECTIONS_CRC) != Some(&checksum(&sections)) {
        return Err(altered("its metadata do not agree with their checksum"));
    }
    Ok(sections)
}

/// Where the tensors lie, if the header and the metadata agree about them.
fn places(
    metadata: &Metadata,
    data: u64,
    mut records: BTreeMap<String, TensorRecord>,
) -> Result<BTreeMap<String, Place>, String> {
    let mut places = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        let Some(record) = records.remove(&name) else {
            return Err(format!("its metadata do not know tensor {name}"));
        };
        if info.dtype != Dtype::F32 || info.shape != record.shape {
            return Err(format!("tensor {name} has another type or shape than was written"));
        }
        let (begin, end) = info.data_offsets;
        let place = Place {
            shape: record.shape,
            offset: data + begin as u64,
            bytes: end - begin,
            crc32: record.crc32,
        };
        places.insert(name, place);
    }
    match records.into_keys().next() {
        Some(name) => Err(format!("tensor {name} is gone")),
        None => Ok(places),
    }
}
