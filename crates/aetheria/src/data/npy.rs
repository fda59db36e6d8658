//! NumPy's `.npy` format, versions 1 to 3 (numpy/lib/format.py), and its `.npz` archives.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::DataError;
use super::error::abridged;

/// Longer headers than any array of numbers needs are refused.
const LONGEST_HEADER: usize = 1 << 16;

/// An array of numbers, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    /// Whether its elements are whole numbers or booleans.
    pub(super) whole: bool,
    pub(super) cells: Vec<f64>,
}

/// The array in the `.npy` file at `path`.
pub(super) fn read_file(path: &Path) -> Result<Array, DataError> {
    let file = File::open(path).map_err(DataError::io(path))?;
    read(path, "the array", BufReader::new(file))
}

/// The array called `key` in the `.npz` archive at `path`.
pub(super) fn read_archive(path: &Path, key: &str) -> Result<Array, DataError> {
    let malformed = |error: ZipError| match error {
        ZipError::Io(source) => DataError::Io { path: path.to_owned(), source },
        error => DataError::Malformed { path: path.to_owned(), format: "npz", problem: error.to_string() },
    };
    let file = File::open(path).map_err(DataError::io(path))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(malformed)?;
    let entry = format!("{key}.npy");
    let names = archive.file_names().collect::<Result<Vec<_>, _>>().map_err(malformed)?;
    if !names.iter().any(|name| *name == entry) {
        let arrays: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".npy")).collect();
        let (path, key, available) = (path.to_owned(), key.to_owned(), abridged(&arrays));
        return Err(DataError::MissingArray { path, key, available });
    }
    drop(names);
    let file = archive.by_name(&entry).map_err(malformed)?;
    read(path, &format!("the array `{key}`"), BufReader::new(file))
}

/// Reads an array that messages call `what`, in the file `path`.
fn read(path: &Path, what: &str, mut input: impl Read) -> Result<Array, DataError> {
    let malformed = |problem: String| DataError::Malformed { path: path.to_owned(), format: "npy", problem };
    let cut = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => malformed(format!("{what} ends too early")),
        _ => DataError::Io { path: path.to_owned(), source: error },
    };
    let mut start = [0; 8];
    input.read_exact(&mut start).map_err(cut)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err(malformed(format!("{what} does not begin as `numpy.save` writes it")));
    }
    let length = match start[6] {
        1 => {
            let mut length = [0; 2];
            input.read_exact(&mut length).map_err(cut)?;
            usize::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            input.read_exact(&mut length).map_err(cut)?;
            u32::from_le_bytes(length) as usize
        }
        version => return Err(malformed(format!("{what} has the unknown version {version}"))),
    };
    if length > LONGEST_HEADER {
        return Err(malformed(format!("{what} has a header of {length} bytes")));
    }
    let mut text = vec![0; length];
    input.read_exact(&mut text).map_err(cut)?;
    let text = String::from_utf8_lossy(&text);
    let header = Header::parse(&text).ok_or_else(|| malformed(format!("{what} has the header `{text}`")))?;

    let element = Element::parse(header.descr).ok_or_else(|| DataError::UnsupportedType {
        path: path.to_owned(),
        what: what.to_owned(),
        found: format!("of dtype {}", header.descr),
        fix: "save it as numbers, such as `array.astype('float32')`".to_owned(),
    })?;
    let count = header.shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    let count = count.ok_or_else(|| malformed(format!("{what} has the shape {:?}", header.shape)))?;
    let mut cells = element.read(&mut input, count).map_err(cut)?;
    if header.fortran_order {
        cells = to_row_major(&cells, &header.shape);
    }
    Ok(Array { shape: header.shape, whole: element.kind != Kind::Float, cells })
}

/// What the header says: the literal of a Python dictionary with three keys.
#[derive(Debug, PartialEq)]
struct Header<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            let after = match key {
                "descr" => {
                    // A list describes a structured array; it is kept whole for the message.
                    let (found, after) = match value.strip_prefix('[') {
                        Some(_) => value.split_at(value.rfind(']')? + 1),
                        None => quoted(value)?,
                    };
                    descr = Some(found);
                    after
                }
                "fortran_order" => {
                    let yes = value.strip_prefix("True");
                    fortran_order = Some(yes.is_some());
                    yes.or_else(|| value.strip_prefix("False"))?
                }
                "shape" => {
                    let (sizes, after) = value.strip_prefix('(')?.split_once(')')?;
                    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
                    shape = Some(sizes.map(|size| size.parse().ok()).collect::<Option<Vec<_>>>()?);
                    after
                }
                _ => return None,
            };
            rest = after.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        Some(Self { descr: descr?, fortran_order: fortran_order?, shape: shape? })
    }
}

/// A text in quotes at the start of `text`, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
}

/// The type of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    kind: Kind,
    bytes: usize,
    big_endian: bool,
}

impl Element {
    fn parse(descr: &str) -> Option<Self> {
        let mut letters = descr.chars();
        let big_endian = match letters.next()? {
            '<' | '|' => false,
            '>' => true,
            _ => return None,
        };
        let kind = match letters.next()? {
            'b' => Kind::Bool,
            'i' => Kind::Signed,
            'u' => Kind::Unsigned,
            'f' => Kind::Float,
            _ => return None,
        };
        let bytes = letters.as_str().parse().ok()?;
        let known = match kind {
            Kind::Bool => bytes == 1,
            Kind::Signed | Kind::Unsigned => matches!(bytes, 1 | 2 | 4 | 8),
            Kind::Float => matches!(bytes, 4 | 8),
        };
        known.then_some(Self { kind, bytes, big_endian })
    }

    fn read(self, input: &mut impl Read, count: usize) -> std::io::Result<Vec<f64>> {
        const BLOCK: usize = 1 << 13;
        // The header may promise more than there is, so memory is taken as elements arrive.
        let mut cells = Vec::with_capacity(count.min(1 << 20));
        let mut block = vec![0; BLOCK * self.bytes];
        while cells.len() < count {
            let bytes = &mut block[..(count - cells.len()).min(BLOCK) * self.bytes];
            input.read_exact(bytes)?;
            cells.extend(bytes.chunks_exact_mut(self.bytes).map(|element| self.value(element)));
        }
        Ok(cells)
    }

    fn value(self, element: &mut [u8]) -> f64 {
        if self.big_endian {
            element.reverse();
        }
        let mut bytes = [0; 8];
        bytes[..element.len()].copy_from_slice(element);
        let bits = u64::from_le_bytes(bytes);
        // Shifted up and down again, the sign of the element becomes that of all 64 bits.
        let unused = 64 - 8 * self.bytes as u32;
        match (self.kind, self.bytes) {
            (Kind::Bool, _) => f64::from(u8::from(bits != 0)),
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, _) => (((bits << unused) as i64) >> unused) as f64,
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
        }
    }
}

/// Fortran's order has the first index run fastest.
fn to_row_major(cells: &[f64], shape: &[usize]) -> Vec<f64> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut place = 0;
    let mut row_major = Vec::with_capacity(cells.len());
    for _ in 0..cells.len() {
        row_major.push(cells[place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    row_major
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), data].concat()
    }

    fn parse(bytes: &[u8]) -> Result<Array, DataError> {
        read(Path::new("test.npy"), "the array", bytes)
    }

    #[test]
    fn numbers_of_every_type() {
        let cases: [(&str, &[u8], f64); 8] = [
            ("|b1", &[1], 1.0),
            ("|i1", &[0xff], -1.0),
            ("<i2", &[0xfe, 0xff], -2.0),
            (">i4", &[0, 0, 1, 2], 258.0),
            ("<u8", &[0, 0, 0, 0, 1, 0, 0, 0], 4_294_967_296.0),
            ("|u1", &[200], 200.0),
            ("<f4", &1.5f32.to_le_bytes(), 1.5),
            (">f8", &(-2.25f64).to_be_bytes(), -2.25),
        ];
        for (descr, data, value) in cases {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n");
            assert_eq!(parse(&file(&header, data)).unwrap().cells, [value], "{descr}");
        }
    }

    #[test]
    fn fortran_order_is_turned() {
        let header = "{'shape': (2, 3), 'fortran_order': True, 'descr': '|u1'}";
        let array = parse(&file(header, &[1, 4, 2, 5, 3, 6])).unwrap();
        assert_eq!(array.cells, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(array.shape, [2, 3]);
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused() {
        let text = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
        assert!(text(b"a,b\n1,2\n").contains("does not begin as `numpy.save` writes it"));
        let object = "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}";
        assert!(text(&file(object, &[])).contains("dtype |O, which is not supported: save it as numbers"));
        let structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}";
        assert!(text(&file(structured, &[])).contains("not supported"));
        let short = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}";
        assert!(text(&file(short, &[0; 9])).contains("ends too early"));
        let wide = "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999)}";
        assert!(text(&file(wide, &[])).contains("shape"));
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_reader(header in "[{}'(),:a-z0-9<\\[\\] ]{0,80}", data: Vec<u8>) {
            let _ = parse(&file(&header, &data));
        }

        #[test]
        fn no_file_breaks_the_reader(data: Vec<u8>) {
            let _ = parse(&data);
        }
    }
}
