//! The frames of a `.wandb` file: LevelDB's log format with another header and another checksum.
//!
//! The file is a row of blocks of 32 KiB; the first begins with `:W&B`, magic `0xBEE1` as `u16` and version 0 as `u8`. A
//! piece is `crc32 u32 | length u16 | type u8 | data`, little-endian, with the CRC-32 (IEEE) of type and data; types are 1
//! (a whole record), 2, 3 and 4 (its first, middle and last pieces). No piece crosses a block's end; a rest of a block
//! of less than 7 bytes is zero. Source: LevelDB's `log_format.md`, and files written by `wandb` 0.31.

const HEADER: [u8; 7] = *b":W&B\xe1\xbe\x00";
const BLOCK: usize = 32 * 1024;
const HEAD: usize = 7;
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

fn checksum(kind: u8, data: &[u8]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&[kind]);
    hash.update(data);
    hash.finalize()
}

/// Whether a file's content begins as one.
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(&HEADER)
}

/// Makes frames of records.
#[derive(Debug, Default)]
pub struct Framer {
    /// Bytes made so far.
    at: usize,
}

impl Framer {
    /// Appends a record; the first one with the file's header before it.
    pub fn append(&mut self, out: &mut Vec<u8>, mut record: &[u8]) {
        let before = out.len();
        if self.at == 0 {
            out.extend_from_slice(&HEADER);
        }
        let mut first = true;
        loop {
            let at = self.at + out.len() - before;
            let mut left = BLOCK - at % BLOCK;
            if left < HEAD {
                out.resize(out.len() + left, 0);
                left = BLOCK;
            }
            let (piece, rest) = record.split_at(record.len().min(left - HEAD));
            let kind = match (first, rest.is_empty()) {
                (true, true) => FULL,
                (true, false) => FIRST,
                (false, false) => MIDDLE,
                (false, true) => LAST,
            };
            out.extend_from_slice(&checksum(kind, piece).to_le_bytes());
            out.extend_from_slice(&(piece.len() as u16).to_le_bytes());
            out.push(kind);
            out.extend_from_slice(piece);
            (record, first) = (rest, false);
            if record.is_empty() {
                break;
            }
        }
        self.at += out.len() - before;
    }
}

/// The records of a file. What is damaged costs the rest of its block; what is torn at the end is left out.
#[derive(Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    damaged: usize,
}

impl<'a> Records<'a> {
    /// Of the whole content of a file, after its header.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: HEADER.len(), damaged: 0 }
    }

    /// How many places were passed over because they were damaged or torn.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// The next piece; none at the end. A damaged one is `Some(Err)`, and the next is that of the next block.
    fn piece(&mut self) -> Option<Result<(u8, &'a [u8]), ()>> {
        let left = BLOCK - self.at % BLOCK;
        if left < HEAD {
            self.at += left;
        }
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let piece = rest.split_at_checked(HEAD).and_then(|(head, rest)| {
            let (length, kind) = (usize::from(u16::from_le_bytes([head[4], head[5]])), head[6]);
            let fits = self.at % BLOCK + HEAD + length <= BLOCK;
            let data = rest.get(..length).filter(|_| fits)?;
            let good = checksum(kind, data).to_le_bytes() == head[..4] && (FULL..=LAST).contains(&kind);
            good.then_some((kind, data))
        });
        match piece {
            Some((_, data)) => self.at += HEAD + data.len(),
            None => self.at += BLOCK - self.at % BLOCK,
        }
        Some(piece.ok_or(()))
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut record: Option<Vec<u8>> = None;
        loop {
            match (self.piece(), &mut record) {
                (None, None) => return None,
                (None, Some(_)) => {
                    self.damaged += 1;
                    return None;
                }
                (Some(Ok((FULL, data))), begun) => {
                    self.damaged += usize::from(begun.is_some());
                    return Some(data.to_vec());
                }
                (Some(Ok((FIRST, data))), begun) => {
                    self.damaged += usize::from(begun.is_some());
                    record = Some(data.to_vec());
                }
                (Some(Ok((kind, data))), Some(record)) => {
                    record.extend_from_slice(data);
                    if kind == LAST {
                        return Some(std::mem::take(record));
                    }
                }
                // The end of a record whose beginning is lost.
                (Some(Ok(_)), None) => {}
                (Some(Err(())), _) => {
                    self.damaged += 1;
                    record = None;
                }
            }
        }
    }
}
