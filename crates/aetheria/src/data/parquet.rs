//! Parquet files of flat columns: whole and real numbers, booleans and text.

use std::fs::File;
use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::frame::{Cell, Frame, Kind, NanCells, Selection, Slot, Wanted};
use super::{DataError, number};

/// As many values are decoded at a time.
const CHUNK: usize = 8192;

/// Reads the columns that `select` chooses once it has seen the schema. What messages call a line is a row, counted
/// from 1.
pub(super) fn read(
    path: &Path,
    nan_cells: NanCells,
    select: impl FnOnce(&[String]) -> Result<Selection, DataError>,
) -> Result<Frame, DataError> {
    let malformed = |error: ParquetError| malformed(path, &error);
    let file = File::open(path).map_err(DataError::io(path))?;
    if file.metadata().map_err(DataError::io(path))?.len() == 0 {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let reader = SerializedFileReader::new(file).map_err(malformed)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let columns = schema.columns();
    let names: Vec<String> = columns.iter().map(|column| column.path().string()).collect();
    let selection = select(&names)?;

    let slots = |wanted: &[Wanted], make: fn(&str, usize, Kind) -> Slot| {
        let slot = |wanted: &Wanted| {
            // `select` chooses among the schema's names.
            let source = names.iter().position(|name| *name == wanted.name);
            let source = source.ok_or_else(|| DataError::NoFeatures { path: path.to_owned() })?;
            let natural = kind(path, &columns[source])?;
            Ok(make(&wanted.name, source, wanted.kind.unwrap_or(natural)))
        };
        wanted.iter().map(slot).collect::<Result<Vec<_>, DataError>>()
    };
    let features = slots(&selection.features, Slot::feature)?;
    let targets = slots(&selection.targets, Slot::target)?;

    let mut frame = Frame::new(path, features, targets);
    let (width, target_width) = (frame.features.len(), frame.targets.len());
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(malformed)?;
        let (first, rows) = (frame.rows, group.metadata().num_rows() as usize);
        frame.rows += rows;
        frame.cells.resize(frame.rows * width, 0.0);
        frame.target_cells.resize(frame.rows * target_width, 0.0);
        let sides = [(&mut frame.features, &mut frame.cells), (&mut frame.targets, &mut frame.target_cells)];
        for (slots, cells) in sides {
            let width = slots.len();
            for (place, slot) in slots.iter_mut().enumerate() {
                let column = group.get_column_reader(slot.source).map_err(malformed)?;
                let optional = columns[slot.source].max_def_level() > 0;
                let unsigned = is_unsigned(&columns[slot.source]);
                let to = Sink {
                    path,
                    slot,
                    cells: &mut cells[first * width..],
                    next: place,
                    width,
                    row: first,
                    nan_cells,
                };
                let found = to.read(column, optional, unsigned)?;
                if found != rows {
                    let problem = format!("column `{}` has {found} of {rows} rows", names[slot.source]);
                    return Err(DataError::Malformed { path: path.to_owned(), format: "Parquet", problem });
                }
            }
        }
    }
    frame.filled()
}

fn malformed(path: &Path, error: &ParquetError) -> DataError {
    DataError::Malformed { path: path.to_owned(), format: "Parquet", problem: error.to_string() }
}

/// What a column holds, if it is a type that can become numbers.
fn kind(path: &Path, column: &ColumnDescriptor) -> Result<Kind, DataError> {
    use ConvertedType as C;
    let unsupported = |found: String, fix: &str| {
        let what = format!("column `{}`", column.path().string());
        Err(DataError::UnsupportedType { path: path.to_owned(), what, found, fix: fix.to_owned() })
    };
    if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
        return unsupported("nested".to_owned(), "flatten it, or list it under `ignore`");
    }
    let integer = matches!(column.logical_type_ref(), Some(LogicalType::Integer(_)));
    let text = matches!(
        column.logical_type_ref(),
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json)
    );
    let plain = matches!(column.converted_type(), C::NONE | C::UTF8 | C::ENUM | C::JSON)
        || matches!(column.converted_type(), C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64)
        || is_unsigned(column);
    let logical = column.logical_type_ref().is_some() && !integer && !text;
    if !plain || logical {
        let found = match column.logical_type_ref() {
            Some(logical) => format!("of type {logical:?}"),
            None => format!("of type {}", column.converted_type()),
        };
        return unsupported(found, "cast it to a float or an integer, or list it under `ignore`");
    }
    match column.physical_type() {
        Physical::BYTE_ARRAY => Ok(Kind::Text),
        Physical::BOOLEAN | Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE => {
            Ok(Kind::Number)
        }
        other => unsupported(format!("of type {other}"), "cast it to a float or a string, or ignore it"),
    }
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    matches!(column.converted_type(), C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64)
        || matches!(column.logical_type_ref(), Some(LogicalType::Integer(integer)) if !integer.is_signed)
}

/// Where the values of one column of one row group go.
struct Sink<'a> {
    path: &'a Path,
    slot: &'a mut Slot,
    cells: &'a mut [f32],
    /// The place of the next cell.
    next: usize,
    width: usize,
    /// The row of the next cell, in the file.
    row: usize,
    nan_cells: NanCells,
}

impl Sink<'_> {
    /// Returns how many rows there were.
    fn read(self, column: ColumnReader, optional: bool, unsigned: bool) -> Result<usize, DataError> {
        match column {
            ColumnReader::BoolColumnReader(values) => {
                self.numbers(values, optional, |&value| f64::from(u8::from(value)))
            }
            ColumnReader::Int32ColumnReader(values) if unsigned => {
                self.numbers(values, optional, |&value| f64::from(value as u32))
            }
            ColumnReader::Int32ColumnReader(values) => {
                self.numbers(values, optional, |&value| f64::from(value))
            }
            ColumnReader::Int64ColumnReader(values) if unsigned => {
                self.numbers(values, optional, |&value| value as u64 as f64)
            }
            ColumnReader::Int64ColumnReader(values) => self.numbers(values, optional, |&value| value as f64),
            ColumnReader::FloatColumnReader(values) => {
                self.numbers(values, optional, |&value| f64::from(value))
            }
            ColumnReader::DoubleColumnReader(values) => self.numbers(values, optional, |&value| value),
            ColumnReader::ByteArrayColumnReader(values) => {
                self.each(values, optional, |sink, value| sink.text(value.map(|value| value.data())))
            }
            ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => {
                let problem = format!("column `{}` is not of the type in the schema", self.slot.name);
                Err(DataError::Malformed { path: self.path.to_owned(), format: "Parquet", problem })
            }
        }
    }

    fn numbers<T: DataType>(
        self,
        values: ColumnReaderImpl<T>,
        optional: bool,
        value: impl Fn(&T::T) -> f64,
    ) -> Result<usize, DataError> {
        self.each(values, optional, |sink, found| sink.number(found.map(&value)))
    }

    /// Gives each value, or `None` for a null, to `put`.
    fn each<T: DataType>(
        mut self,
        mut reader: ColumnReaderImpl<T>,
        optional: bool,
        put: impl Fn(&mut Self, Option<&T::T>) -> Result<f32, DataError>,
    ) -> Result<usize, DataError> {
        let first = self.row;
        let (mut values, mut levels) = (Vec::with_capacity(CHUNK), Vec::new());
        loop {
            values.clear();
            levels.clear();
            let levels_wanted = optional.then_some(&mut levels);
            let read = reader.read_records(CHUNK, levels_wanted, None, &mut values);
            let (records, _, _) = read.map_err(|error| malformed(self.path, &error))?;
            if records == 0 {
                return Ok(self.row - first);
            }
            let mut values = values.iter();
            for record in 0..records {
                let null = optional && levels.get(record) == Some(&0);
                let cell = put(&mut self, if null { None } else { values.next() })?;
                // A file may hold more values than it says; they are counted and refused later.
                if let Some(place) = self.cells.get_mut(self.next) {
                    *place = cell;
                }
                self.next += self.width;
                self.row += 1;
            }
        }
    }

    fn number(&mut self, value: Option<f64>) -> Result<f32, DataError> {
        let at = Cell { path: self.path, line: self.row as u64 + 1, column: &self.slot.name };
        let keep = self.nan_cells == NanCells::Keep;
        let Some(value) = value else {
            return if keep && self.slot.texts.is_none() { Ok(f32::NAN) } else { Err(at.missing("null")) };
        };
        if let Some(texts) = &mut self.slot.texts {
            return texts.cell(&value.to_string(), &self.slot.name);
        }
        let cell = value as f32;
        if cell.is_finite() || keep {
            Ok(cell)
        } else if value.is_nan() {
            Err(at.missing("NaN"))
        } else {
            Err(at.infinite(&value.to_string()))
        }
    }

    fn text(&mut self, value: Option<&[u8]>) -> Result<f32, DataError> {
        let at = Cell { path: self.path, line: self.row as u64 + 1, column: &self.slot.name };
        let text = std::str::from_utf8(value.unwrap_or_default()).map_err(|_| at.not_text())?;
        match &mut self.slot.texts {
            Some(_) if value.is_none() && self.nan_cells == NanCells::Error => Err(at.missing("null")),
            Some(texts) => texts.cell(text, &self.slot.name),
            None => match number::parse(text.trim().as_bytes()) {
                Some(number) => self.number(Some(f64::from(number))),
                None => Err(at.not_a_number(text)),
            },
        }
    }
}
