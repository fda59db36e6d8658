//! Text files of delimited columns: RFC 4180, any line ending, cells trimmed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::frame::{Cell, Frame, Kind, NanCells, Selection, Slot, Wanted};
use super::records::{Record, Records};
use super::{DataError, number};

/// As many first lines decide whether a column holds numbers or text.
const LOOKED_AT: usize = 256;

/// How a file is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    /// What separates cells; `None` is the one that the header uses most of comma, semicolon, tab and bar.
    pub(super) delimiter: Option<u8>,
    pub(super) nan_cells: NanCells,
    /// Whether columns go by their place: a header may then be missing.
    pub(super) by_place: bool,
}

/// Reads the columns that `select` chooses once it has seen the header.
pub(super) fn read_file(
    path: &Path,
    format: Format,
    select: impl FnOnce(&[String]) -> Result<Selection, DataError>,
) -> Result<Frame, DataError> {
    let file = File::open(path).map_err(DataError::io(path))?;
    read(path, file, format, select)
}

/// Reads from `input`, which messages call `path`.
pub(super) fn read(
    path: &Path,
    input: impl Read,
    format: Format,
    select: impl FnOnce(&[String]) -> Result<Selection, DataError>,
) -> Result<Frame, DataError> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let delimiter = match format.delimiter {
        Some(delimiter) => delimiter,
        None => sniff(input.fill_buf().map_err(DataError::io(path))?),
    };
    let mut rows = Rows { path, records: Records::new(input, delimiter), columns: None };

    let mut first = Record::new();
    if !rows.next(&mut first)? {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let numbers_only = first.cells().all(|cell| number::parse(cell).is_some());
    let headless = numbers_only && format.by_place;
    let header = match numbers_only {
        true if !format.by_place => return Err(DataError::NoHeader { path: path.to_owned() }),
        true => (0..first.len()).map(|place| format!("x{place}")).collect(),
        false => header(path, &first)?,
    };
    let selection = select(&header)?;

    let mut head = Vec::new();
    if headless {
        head.push(first);
    }
    while head.len() < LOOKED_AT {
        let mut record = Record::new();
        if !rows.next(&mut record)? {
            break;
        }
        head.push(record);
    }
    let slots = |wanted: &[Wanted], make: fn(&str, usize, Kind) -> Slot| {
        let slot = |wanted: &Wanted| {
            let source = header.iter().position(|name| *name == wanted.name)?;
            Some(make(&wanted.name, source, wanted.kind.unwrap_or_else(|| looks_like(&head, source))))
        };
        wanted.iter().map(slot).collect::<Option<Vec<_>>>()
    };
    // `select` chooses among the header's names.
    let (Some(features), Some(targets)) =
        (slots(&selection.features, Slot::feature), slots(&selection.targets, Slot::target))
    else {
        return Err(DataError::NoFeatures { path: path.to_owned() });
    };

    let mut frame = Frame::new(path, features, targets);
    for record in &head {
        push(&mut frame, record, format.nan_cells)?;
    }
    let mut record = Record::new();
    while rows.next(&mut record)? {
        push(&mut frame, &record, format.nan_cells)?;
    }
    frame.filled()
}

/// The delimiter that the first line uses most; a comma if it uses none.
fn sniff(start: &[u8]) -> u8 {
    let line = start.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    let uses = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // The last of equals wins.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(uses).unwrap_or(b',')
}

fn header(path: &Path, record: &Record) -> Result<Vec<String>, DataError> {
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for (place, cell) in record.cells().enumerate() {
        let Ok(name) = std::str::from_utf8(cell) else {
            let column = (place + 1).to_string();
            return Err(DataError::NotText { path: path.to_owned(), line: 1, column });
        };
        names.push(name.to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(DataError::DuplicateColumn { path: path.to_owned(), column: twice.clone() }),
        None => Ok(names),
    }
}

/// Text if no cell is a number, and some cell is not missing either.
fn looks_like(head: &[Record], column: usize) -> Kind {
    let mut kind = Kind::Number;
    for cell in head.iter().map(|record| record.cell(column)) {
        if number::is_missing(cell) {
            continue;
        }
        if number::parse(cell).is_some() {
            return Kind::Number;
        }
        kind = Kind::Text;
    }
    kind
}

/// Records of one length; their errors name file and line.
struct Rows<'a, R> {
    path: &'a Path,
    records: Records<R>,
    /// Cells in the first record.
    columns: Option<usize>,
}

impl<R: BufRead> Rows<'_, R> {
    fn next(&mut self, record: &mut Record) -> Result<bool, DataError> {
        let more = self.records.next(record).map_err(DataError::io(self.path))?;
        let expected = *self.columns.get_or_insert(record.len());
        if more && record.len() != expected {
            let (path, line) = (self.path.to_owned(), record.line);
            return Err(DataError::Ragged { path, line, found: record.len(), expected });
        }
        Ok(more)
    }
}

fn push(frame: &mut Frame, record: &Record, nan_cells: NanCells) -> Result<(), DataError> {
    let line = record.line;
    frame.lines.push(frame.rows, line);
    let sides = [(&mut frame.features, &mut frame.cells), (&mut frame.targets, &mut frame.target_cells)];
    for (slots, cells) in sides {
        for slot in slots {
            let text = record.cell(slot.source);
            let number = if slot.texts.is_none() { number::parse(text) } else { None };
            let cell = match number {
                Some(number) if number.is_finite() => number,
                number => special(&frame.path, line, slot, text, number, nan_cells)?,
            };
            cells.push(cell);
        }
    }
    frame.rows += 1;
    Ok(())
}

/// A cell that is not simply a finite number in a column of numbers.
fn special(
    path: &Path,
    line: u64,
    slot: &mut Slot,
    text: &[u8],
    number: Option<f32>,
    nan_cells: NanCells,
) -> Result<f32, DataError> {
    let cell = Cell { path, line, column: &slot.name };
    let utf8 = std::str::from_utf8(text).map_err(|_| cell.not_text())?;
    let keep = nan_cells == NanCells::Keep;
    // `none` and `NA` are words like others where words are expected.
    let missing = text.is_empty() || (slot.texts.is_none() && number::is_missing(text));
    if missing && !keep {
        return Err(cell.missing(utf8));
    }
    match (&mut slot.texts, number) {
        (Some(texts), _) => texts.cell(utf8, &slot.name),
        (None, _) if missing => Ok(f32::NAN),
        (None, Some(number)) if keep => Ok(number),
        (None, Some(_)) => Err(cell.infinite(utf8)),
        (None, None) => Err(cell.not_a_number(utf8)),
    }
}
