//! Records of delimited text, each with the line that it really begins in. (The `csv` crate's own numbers are off after
//! blank lines, and a wrong line in a message is worse than none.)

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// One record. Its buffers are used again and again.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// The line that it begins in, from 1.
    pub(super) line: u64,
    bytes: Vec<u8>,
    /// Where each cell ends in `bytes`.
    ends: Vec<usize>,
    len: usize,
}

impl Record {
    pub(super) fn new() -> Self {
        Self { line: 0, bytes: vec![0; 256], ends: vec![0; 32], len: 0 }
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The cell number `place`, without the white space around it.
    pub(super) fn cell(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes[start..self.ends[place]].trim_ascii()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len).map(|place| self.cell(place))
    }
}

/// Reads records.
pub(super) struct Records<R> {
    input: R,
    core: Reader,
    /// Line ends between records, which the reader never sees.
    skipped: u64,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self { input, core: ReaderBuilder::new().delimiter(delimiter).build(), skipped: 0 }
    }

    /// Reads the next record that is not a blank line; false at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> io::Result<bool> {
        self.skip_line_ends()?;
        record.line = self.core.line() + self.skipped;
        let (mut bytes, mut ends) = (0, 0);
        loop {
            let input = self.input.fill_buf()?;
            let (result, read, written, ended) =
                self.core.read_record(input, &mut record.bytes[bytes..], &mut record.ends[ends..]);
            self.input.consume(read);
            bytes += written;
            ends += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => record.bytes.resize(2 * record.bytes.len(), 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize(2 * record.ends.len(), 0),
                ReadRecordResult::Record => {
                    record.len = ends;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.skipped += input[..blank].iter().filter(|&&byte| byte == b'\n').count() as u64;
            let all = blank == input.len();
            self.input.consume(blank);
            if blank == 0 || !all {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each record's line and cells, whatever the size of the buffer.
    fn read(text: &str, buffer: usize) -> Vec<(u64, Vec<String>)> {
        let input = io::BufReader::with_capacity(buffer, text.as_bytes());
        let mut records = Records::new(input, b',');
        let mut record = Record::new();
        let mut found = Vec::new();
        while records.next(&mut record).unwrap() {
            let cells = record.cells().map(|cell| String::from_utf8_lossy(cell).into_owned());
            found.push((record.line, cells.collect()));
        }
        found
    }

    #[test]
    fn every_record_knows_its_line() {
        let text = "a,b\n\n\n1,\"x\n\ny\"\n 2 ,\n\n\"\",4";
        for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("{text}\n\n")] {
            let newline = if text.contains('\r') { "\r\n" } else { "\n" };
            for buffer in [1, 2, 3, 7, 4096] {
                let cells = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
                let quoted = format!("x{newline}{newline}y");
                let expected = vec![
                    (1, cells(["a", "b"])),
                    (4, cells(["1", &quoted])),
                    (7, cells(["2", ""])),
                    (9, cells(["", "4"])),
                ];
                assert_eq!(read(&text, buffer), expected, "{text:?} by {buffer}");
            }
        }
    }

    #[test]
    fn long_records_grow_the_buffers() {
        let cells: Vec<String> = (0..1000).map(|i| format!("{i}")).collect();
        assert_eq!(read(&cells.join(","), 64), [(1, cells)]);
    }
}
