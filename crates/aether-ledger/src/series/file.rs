//! A file of compacted series: chunks of columns, the pyramid above each series, a directory by metric, and what else
//! the covered logs said. It is written once and never changed. Whatever is read of it has a checksum.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use aether_core::AtomicFile;

use super::{
    Frozen, Origin, Point, Series, Summary,
    column::{self, CHUNK},
    node::{self, Column, FANOUT, Node, SIZE},
};
use crate::LedgerError;

/// Begins and ends every file. The last byte is the version of the format.
const MAGIC: [u8; 8] = *b"aeserie\x01";
/// Bytes of the end: two places with their lengths and checksums, the checksum of these, and the magic.
const TRAILER: usize = 2 * 20 + 4 + 8;
/// Bytes of a directory's entry beside its name: where its nodes are, how many are lowest, eight numbers.
const ENTRY: usize = 8 + 4 + 8 * 8;

/// A file of series, open.
#[derive(Debug)]
pub(crate) struct SeriesFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// What was found to be damaged while it was read.
    damage: Mutex<Vec<String>>,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Content {
    /// Its series, ascending by name, none of them read yet.
    pub(crate) series: Vec<(String, Series)>,
    /// What else was given to [`write`].
    pub(crate) rest: Vec<u8>,
}

impl SeriesFile {
    /// Opens a file and reads its directory.
    pub(crate) fn open(path: &Path) -> Result<Content, LedgerError> {
        let failed = |e| LedgerError::io("read", path)(e);
        let file = File::open(path).map_err(LedgerError::io("open", path))?;
        let length = file.metadata().map_err(failed)?.len();
        let this = Arc::new(Self { path: path.to_owned(), file, length, damage: Mutex::default() });
        let damaged =
            |reason: &str| LedgerError::DamagedSeries { path: path.to_owned(), reason: reason.to_owned() };
        let trailer = this
            .bytes(length.saturating_sub(TRAILER as u64), TRAILER)
            .ok_or_else(|| damaged("it is too short"))?;
        let (content, end) = trailer.split_at(TRAILER - 12);
        if end[4..] != MAGIC {
            return Err(damaged("it does not end as such a file does"));
        }
        if crc32fast::hash(content).to_le_bytes() != end[..4] {
            return Err(damaged("its end has another checksum"));
        }
        let section = |at: usize| {
            let (place, bytes, crc) = (word(content, at), word(content, at + 8), half(content, at + 16));
            let bytes = usize::try_from(bytes).ok()?;
            this.bytes(place, bytes).filter(|bytes| crc32fast::hash(bytes) == crc)
        };
        let directory = section(0).ok_or_else(|| damaged("its directory is damaged"))?;
        let rest = section(20).ok_or_else(|| damaged("its list of logs is damaged"))?;
        let series = this.directory(&directory).ok_or_else(|| damaged("its directory is malformed"))?;
        Ok(Content { series, rest })
    }

    fn directory(self: &Arc<Self>, mut bytes: &[u8]) -> Option<Vec<(String, Series)>> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_first_chunk()?;
            let (name, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let (entry, rest) = rest.split_at_checked(ENTRY)?;
            bytes = rest;
            let value = |at: usize| f64::from_bits(word(entry, at));
            let summary = Summary {
                count: word(entry, 12),
                non_finite: word(entry, 20),
                last_step: word(entry, 28),
                last: value(36),
                min: value(44),
                max: value(52),
                mean: value(60),
                first: value(68),
            };
            let (nodes, leaves) = (word(entry, 0), half(entry, 8) as usize);
            let frozen = Frozen { file: Some(Arc::clone(self)), nodes, leaves, all: leaves, summary };
            all.push((String::from_utf8(name.to_owned()).ok()?, Series::of_frozen(frozen)));
        }
        Some(all)
    }

    /// `length` bytes at `at`; `None` where there are none.
    fn bytes(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        if at.checked_add(length as u64)? > self.length {
            return None;
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }

    /// Some nodes that lie beside each other. Those that are damaged are noted and left out.
    pub(super) fn nodes(&self, at: u64, count: usize) -> Vec<Node> {
        self.nodes_or_gaps(at, count).into_iter().flatten().collect()
    }

    /// The same, with `None` in the place of those that are damaged.
    pub(super) fn nodes_or_gaps(&self, at: u64, count: usize) -> Vec<Option<Node>> {
        let Some(bytes) = self.bytes(at, count * SIZE) else {
            self.note(format!("{count} nodes at byte {at} cannot be read"));
            return Vec::new();
        };
        let read = |(i, bytes): (usize, &[u8])| {
            let node = Node::read(bytes);
            if node.is_none() {
                self.note(format!(
                    "the node at byte {} is damaged: its points are lost",
                    at + (i * SIZE) as u64
                ));
            }
            node
        };
        bytes.chunks_exact(SIZE).enumerate().map(read).collect()
    }

    fn packed(&self, column: &Column) -> Option<Vec<u8>> {
        self.bytes(column.at, column.length as usize).filter(|bytes| crc32fast::hash(bytes) == column.crc)
    }

    /// The points of a lowest node and the logs that they are of; none, and a note, when they are damaged.
    pub(super) fn points(&self, node: &Node) -> (Vec<Point>, Vec<Origin>) {
        let read = || {
            let [steps, times, values, origins] = node.columns.each_ref().map(|column| self.packed(column));
            let (steps, times, values, origins) = (steps?, times?, values?, origins?);
            column::unpack(
                [&steps, &times, &values, &origins],
                node.origin,
                usize::try_from(node.summary.count).ok()?,
            )
        };
        read().unwrap_or_else(|| {
            let (count, from, to) = (node.summary.count, node.first_step, node.summary.last_step);
            self.note(format!("{count} points of steps {from} to {to} are damaged"));
            Default::default()
        })
    }

    fn note(&self, reason: String) {
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if !damage.contains(&reason) {
            damage.push(reason);
        }
    }

    /// What was found to be damaged so far.
    pub(crate) fn damage(&self) -> Vec<LedgerError> {
        let damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        let error =
            |reason: &String| LedgerError::DamagedSeries { path: self.path.clone(), reason: reason.clone() };
        damage.iter().map(error).collect()
    }
}

/// Writes a file of these series, ascending by name, and of `rest`. Chunks that are frozen already are copied.
///
/// # Errors
/// When it cannot be written, or a chunk that is to be copied is damaged.
pub(crate) fn write<'a>(
    path: &Path,
    series: impl Iterator<Item = (&'a str, &'a Series)>,
    rest: &[u8],
) -> Result<(), LedgerError> {
    let failed = || LedgerError::io("write", path);
    let file = AtomicFile::create(path).map_err(failed())?;
    let mut writer =
        Writer { out: io::BufWriter::with_capacity(1 << 20, file), at: 0, known: HashMap::new() };
    writer.append(&MAGIC).map_err(failed())?;
    let mut directory = Vec::new();
    for (name, series) in series {
        let leaves = writer.chunks(path, series)?;
        let nodes = writer.pyramid(&leaves).map_err(failed())?;
        let Some(summary) = series.summary() else { continue };
        directory.extend((name.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        directory.extend(nodes.to_le_bytes());
        directory.extend((leaves.len() as u32).to_le_bytes());
        let s = &summary;
        let values = [s.last, s.min, s.max, s.mean, s.first].map(f64::to_bits);
        let words = [s.count, s.non_finite, s.last_step].into_iter().chain(values);
        words.for_each(|word| directory.extend(word.to_le_bytes()));
    }
    let mut trailer = Vec::new();
    for section in [&directory[..], rest] {
        let at = writer.append(section).map_err(failed())?;
        trailer.extend(at.to_le_bytes());
        trailer.extend((section.len() as u64).to_le_bytes());
        trailer.extend(crc32fast::hash(section).to_le_bytes());
    }
    trailer.extend(crc32fast::hash(&trailer).to_le_bytes());
    trailer.extend(MAGIC);
    writer.append(&trailer).map_err(failed())?;
    let file = writer.out.into_inner().map_err(|e| failed()(e.into_error()))?;
    file.publish().map_err(failed())
}

struct Writer {
    out: io::BufWriter<AtomicFile>,
    at: u64,
    /// Columns that were just written, by their checksum and length: series that are said together share their steps
    /// and their times.
    known: HashMap<(u32, u32), (Column, Vec<u8>)>,
}

impl Writer {
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        self.out.write_all(bytes)?;
        let at = self.at;
        self.at += bytes.len() as u64;
        Ok(at)
    }

    fn column(&mut self, bytes: Vec<u8>, shared: bool) -> io::Result<Column> {
        if bytes.is_empty() {
            return Ok(Column::default());
        }
        let (crc, length) = (crc32fast::hash(&bytes), bytes.len() as u32);
        if let Some((column, known)) = self.known.get(&(crc, length))
            && *known == bytes
        {
            return Ok(*column);
        }
        let column = Column { at: self.append(&bytes)?, length, crc };
        if shared {
            // What is remembered is bounded; what is forgotten is only written twice.
            if self.known.len() >= 1 << 16 {
                self.known.clear();
            }
            self.known.insert((crc, length), (column, bytes));
        }
        Ok(column)
    }

    /// The chunks of one series; its lowest nodes.
    fn chunks(&mut self, path: &Path, series: &Series) -> Result<Vec<Node>, LedgerError> {
        let mut leaves = Vec::new();
        if let Some((file, nodes)) = series.frozen_leaves() {
            if nodes.iter().map(|node| node.summary.count).sum::<u64>() != series.frozen_count() {
                return Err(file.lost());
            }
            for mut node in nodes {
                for (at, column) in node.columns.iter_mut().enumerate() {
                    let bytes = file.packed(column).ok_or_else(|| file.lost())?;
                    *column = self.column(bytes, at < 2).map_err(LedgerError::io("write", path))?;
                }
                leaves.push(node);
            }
        }
        let (points, origins) = series.thawed();
        for (points, origins) in points.chunks(CHUNK).zip(origins.chunks(CHUNK)) {
            let chunk = column::pack(points, origins).ok_or_else(|| LedgerError::Packer(path.to_owned()))?;
            let mut columns = [Column::default(); 4];
            for (at, (column, bytes)) in columns.iter_mut().zip(chunk.columns).enumerate() {
                *column = self.column(bytes, at < 2).map_err(LedgerError::io("write", path))?;
            }
            leaves.extend(Node::of(points).map(|node| Node { columns, origin: chunk.origin, ..node }));
        }
        Ok(leaves)
    }

    /// All levels above these nodes, them first; where they begin.
    fn pyramid(&mut self, leaves: &[Node]) -> io::Result<u64> {
        let mut bytes = Vec::new();
        let mut level = leaves.to_vec();
        loop {
            level.iter().for_each(|node| node.write(&mut bytes));
            if level.len() <= 1 {
                break;
            }
            level = level.chunks(FANOUT).filter_map(Node::over).collect();
        }
        self.append(&bytes)
    }
}

impl SeriesFile {
    fn lost(&self) -> LedgerError {
        LedgerError::DamagedSeries {
            path: self.path.clone(),
            reason: "some of its points are damaged, so it is kept as it is".to_owned(),
        }
    }

    /// A level of a series' pyramid with at most `most` nodes, where there is one; else the highest. `leaves` of the
    /// series' `all` lowest nodes still stand.
    pub(super) fn level(&self, at: u64, all: usize, leaves: usize, most: usize) -> Vec<Node> {
        let mut from = at;
        let (mut size, mut standing) = (all, leaves);
        for count in node::levels(all) {
            (size, standing) = (count, if count == all { leaves } else { standing.div_ceil(FANOUT) });
            if standing <= most || count == 1 {
                break;
            }
            from += (count * SIZE) as u64;
        }
        // A higher node also counts points that do not stand any more: then only the lowest tell the truth.
        if size != all && leaves != all {
            return self.nodes(at, leaves);
        }
        self.nodes(from, standing)
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

fn half(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |half| u32::from_le_bytes(*half))
}
