//! Records: what the payload of a frame says. Its first byte is the kind; kinds that a reader does not know it skips.

use aether_core::{Event, signal::Nanos};

use super::{
    frame::LONGEST,
    varint::{self, Malformed},
};

/// The version of the format that this code writes, and the newest that it reads. A log of a newer one is refused.
pub const MAJOR: u8 = 1;
/// Raised when kinds or fields are added that an older reader may skip.
pub const MINOR: u8 = 1;

/// Begins every log's first record, after its kind.
const MAGIC: &[u8; 6] = b"aether";

/// The kinds of records.
mod kind {
    pub(super) const HEADER: u8 = 1;
    pub(super) const METRIC: u8 = 2;
    pub(super) const POINTS: u8 = 3;
    pub(super) const EVENT: u8 = 4;
    pub(super) const REWIND: u8 = 5;
    pub(super) const SET: u8 = 6;
    pub(super) const ROWS: u8 = 7;
}

/// The longest name of a metric in bytes; a longer one is cut.
const LONGEST_NAME: usize = 1 << 16;

/// Who writes a log: its first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How often the run had been taken up again when the log began (`resumed` in `run.json`).
    pub session: u32,
    /// When the log began.
    pub start: Nanos,
    /// The run's id.
    pub run: String,
    /// The file's name without its extension.
    pub writer: String,
}

/// A value of a metric, whose name an earlier record gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoggedPoint {
    /// The number that stands for the metric in this log.
    pub metric: u32,
    /// The step it belongs to.
    pub step: u64,
    /// When it was said.
    pub time: Nanos,
    /// The value, bit for bit.
    pub value: f64,
}

/// What one frame says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// Who writes.
    Header(Header),
    /// From here on `id` stands for the metric called `name`.
    Metric {
        /// The number.
        id: u32,
        /// The name: any text.
        name: String,
    },
    /// Values, in the order in which they were said.
    Points(Vec<LoggedPoint>),
    /// Something happened.
    Event {
        /// When it was said.
        time: Nanos,
        /// What was said.
        event: Event,
    },
    /// What was said before about later steps is void.
    Rewind {
        /// When it was said.
        time: Nanos,
        /// The last step that still stands.
        step: u64,
    },
    /// From here on `id` stands for these metrics, in this order.
    Set {
        /// The number.
        id: u32,
        /// The metrics' numbers.
        metrics: Vec<u32>,
    },
    /// Values of all metrics of a set, in the order in which they were said.
    Rows(Rows),
}

/// Rows of one set, as they lie in the log: how wide they are, the set says, which an earlier record defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The set's number.
    pub set: u32,
    pub(super) bytes: Vec<u8>,
}

impl Rows {
    /// The points, given the set's metrics. A rest that is no whole row is passed over.
    pub fn points<'a>(&'a self, metrics: &'a [u32]) -> impl Iterator<Item = LoggedPoint> + 'a {
        // Step, time, values.
        self.bytes.chunks_exact(8 * (2 + metrics.len())).flat_map(move |row| {
            let mut words = row.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
            let (step, time) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            metrics.iter().zip(words).map(move |(&metric, bits)| LoggedPoint {
                metric,
                step,
                time: time as Nanos,
                value: f64::from_bits(bits),
            })
        })
    }
}

/// Why a whole frame says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// The log is of a newer format, whose major version this is.
    Newer(u8),
    /// The payload does not hold what its kind promises.
    Malformed(String),
}

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Self {
        Self::Malformed("a number is cut off or too long".to_owned())
    }
}

/// Whether this version knows a kind.
pub(super) fn is_known(kind: u8) -> bool {
    (kind::HEADER..=kind::ROWS).contains(&kind)
}

/// Reads a payload. `None`: of a kind that this version does not know.
///
/// # Errors
/// When the payload does not hold what its kind promises.
pub fn read(payload: &[u8]) -> Result<Option<Record>, Unreadable> {
    let Some((&kind, mut rest)) = payload.split_first() else {
        return Err(Unreadable::Malformed("the record is empty".to_owned()));
    };
    let record = match kind {
        kind::HEADER => Record::Header(header(rest)?),
        kind::METRIC => {
            let id = number(&mut rest)?;
            Record::Metric { id, name: text(rest)? }
        }
        kind::POINTS => Record::Points(points(rest)?),
        kind::EVENT => {
            let time = i64::from_le_bytes(fixed(&mut rest)?);
            let event =
                serde_json::from_slice(rest).map_err(|e| Unreadable::Malformed(format!("the event: {e}")))?;
            Record::Event { time, event }
        }
        kind::REWIND => Record::Rewind {
            time: i64::from_le_bytes(fixed(&mut rest)?),
            step: u64::from_le_bytes(fixed(&mut rest)?),
        },
        kind::SET => {
            let id = number(&mut rest)?;
            let mut metrics = Vec::with_capacity(rest.len());
            while !rest.is_empty() {
                metrics.push(number(&mut rest)?);
            }
            Record::Set { id, metrics }
        }
        kind::ROWS => Record::Rows(Rows { set: number(&mut rest)?, bytes: rest.to_owned() }),
        _ => return Ok(None),
    };
    Ok(Some(record))
}

fn header(mut rest: &[u8]) -> Result<Header, Unreadable> {
    if &fixed::<6>(&mut rest)? != MAGIC {
        return Err(Unreadable::Malformed("the header does not begin with 'aether'".to_owned()));
    }
    let [major, _minor] = fixed(&mut rest)?;
    if major > MAJOR {
        return Err(Unreadable::Newer(major));
    }
    let session = u32::from_le_bytes(fixed(&mut rest)?);
    let start = i64::from_le_bytes(fixed(&mut rest)?);
    let run = counted_text(&mut rest)?;
    let writer = counted_text(&mut rest)?;
    // A newer minor version may go on from here.
    Ok(Header { session, start, run, writer })
}

fn points(mut rest: &[u8]) -> Result<Vec<LoggedPoint>, Unreadable> {
    // The shortest point has eleven bytes.
    let mut points = Vec::with_capacity(rest.len() / 11);
    let (mut step, mut time) = (0u64, 0i64);
    while !rest.is_empty() {
        let metric = number(&mut rest)?;
        step = step.wrapping_add_signed(varint::take_signed(&mut rest)?);
        time = time.wrapping_add(varint::take_signed(&mut rest)?);
        let value = f64::from_le_bytes(fixed(&mut rest)?);
        points.push(LoggedPoint { metric, step, time, value });
    }
    Ok(points)
}

fn number(rest: &mut &[u8]) -> Result<u32, Unreadable> {
    u32::try_from(varint::take(rest)?)
        .map_err(|_| Unreadable::Malformed("a number has more than 32 bits".to_owned()))
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Unreadable> {
    let (bytes, after) = rest
        .split_first_chunk()
        .ok_or_else(|| Unreadable::Malformed("the record ends too early".to_owned()))?;
    *rest = after;
    Ok(*bytes)
}

fn counted_text(rest: &mut &[u8]) -> Result<String, Unreadable> {
    let length = usize::try_from(varint::take(rest)?).unwrap_or(usize::MAX);
    let (bytes, after) = rest
        .split_at_checked(length)
        .ok_or_else(|| Unreadable::Malformed("a text is longer than its record".to_owned()))?;
    *rest = after;
    text(bytes)
}

fn text(bytes: &[u8]) -> Result<String, Unreadable> {
    String::from_utf8(bytes.to_owned()).map_err(|e| Unreadable::Malformed(format!("a text: {e}")))
}

impl Header {
    /// Appends the header's payload.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(kind::HEADER);
        out.extend(MAGIC);
        out.extend([MAJOR, MINOR]);
        out.extend(self.session.to_le_bytes());
        out.extend(self.start.to_le_bytes());
        for text in [&self.run, &self.writer] {
            varint::put(out, text.len() as u64);
            out.extend(text.as_bytes());
        }
    }
}

/// Appends the payload that gives a metric its number.
pub(super) fn write_metric(out: &mut Vec<u8>, id: u32, name: &str) {
    out.push(kind::METRIC);
    varint::put(out, id.into());
    out.extend(&name.as_bytes()[..name.floor_char_boundary(LONGEST_NAME)]);
}

/// Appends an event's payload. One that would be too long for a frame keeps its kind, its level, its step and the
/// beginning of its message.
pub(super) fn write_event(out: &mut Vec<u8>, time: Nanos, event: &Event) {
    out.push(kind::EVENT);
    out.extend(time.to_le_bytes());
    let at = out.len();
    let written = serde_json::to_writer(&mut *out, event);
    if written.is_err() || out.len() - at > LONGEST - 9 {
        out.truncate(at);
        let beginning = |text: &str| text[..text.floor_char_boundary(4096)].to_owned();
        let short = serde_json::json!({
            "kind": beginning(&event.kind),
            "level": event.level,
            "step": event.step,
            "message": beginning(&event.message),
            "fields": { "cut": true },
        });
        out.extend(short.to_string().as_bytes());
    }
}

/// Appends a rewind's payload.
pub(super) fn write_rewind(out: &mut Vec<u8>, time: Nanos, step: u64) {
    out.push(kind::REWIND);
    out.extend(time.to_le_bytes());
    out.extend(step.to_le_bytes());
}

/// A payload of points in the making. Each point holds what has changed since the one before it; the first of a
/// payload follows step 0 at time 0, so that each payload can be read alone.
#[derive(Debug, Default)]
pub(super) struct PointsWriter {
    payload: Vec<u8>,
    step: u64,
    time: Nanos,
}

impl PointsWriter {
    pub(super) fn push(&mut self, point: LoggedPoint) {
        if self.payload.is_empty() {
            self.payload.push(kind::POINTS);
        }
        varint::put(&mut self.payload, point.metric.into());
        varint::put_signed(&mut self.payload, point.step.wrapping_sub(self.step) as i64);
        varint::put_signed(&mut self.payload, point.time.wrapping_sub(self.time));
        self.payload.extend(point.value.to_le_bytes());
        (self.step, self.time) = (point.step, point.time);
    }

    /// The payload's bytes so far; 0 when there is no point.
    pub(super) fn len(&self) -> usize {
        self.payload.len()
    }

    /// Appends the payload, if there is a point in it, and begins another.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.payload);
        (self.step, self.time) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use aether_core::Level;
    use proptest::prelude::*;

    use super::*;

    fn event(kind: &str, message: &str) -> Event {
        let fields = serde_json::from_str(r#"{"rate": 1e-3, "layers": ["fc1", null]}"#).unwrap();
        Event { kind: kind.into(), level: Level::Warning, step: u64::MAX, message: message.into(), fields }
    }

    #[test]
    fn an_event_survives_and_one_too_long_is_cut() {
        let mut out = Vec::new();
        let said = event("epoch", "Größe\n\0\u{1F600}");
        write_event(&mut out, -1, &said);
        assert_eq!(read(&out), Ok(Some(Record::Event { time: -1, event: said })));

        out.clear();
        write_event(&mut out, 7, &event("epoch", &"ü".repeat(LONGEST)));
        assert!(out.len() <= LONGEST);
        let Ok(Some(Record::Event { event, .. })) = read(&out) else { panic!("{:?}", read(&out)) };
        assert_eq!((event.kind.as_str(), event.message.len()), ("epoch", 4096));
    }

    #[test]
    fn unknown_kinds_are_passed_over_and_newer_formats_refused() {
        assert_eq!(read(&[200, 1, 2, 3]), Ok(None));
        let mut out = Vec::new();
        Header { session: 1, start: 2, run: "r".into(), writer: "w".into() }.write(&mut out);
        out[7] = MAJOR + 1;
        assert_eq!(read(&out), Err(Unreadable::Newer(MAJOR + 1)));
    }

    #[test]
    fn a_header_may_go_on() {
        let header = Header { session: 1, start: -2, run: "r".into(), writer: "wé".into() };
        let mut out = Vec::new();
        header.write(&mut out);
        out.extend(b"of a later minor version");
        assert_eq!(read(&out), Ok(Some(Record::Header(header))));
    }

    #[test]
    fn a_dense_series_takes_at_most_14_bytes_a_point() {
        let mut writer = PointsWriter::default();
        for step in 0..1000u64 {
            for metric in 0..3 {
                // A step takes 10 ms.
                let time = 1_800_000_000_000_000_000 + step as i64 * 10_000_000;
                writer.push(LoggedPoint { metric, step, time, value: 0.5 });
            }
        }
        assert!(writer.len() <= 3000 * 14, "{}", writer.len());
    }

    proptest! {
        #[test]
        fn points_survive_bit_for_bit(points in prop::collection::vec(any::<(u32, u64, i64, u64)>(), 1..50)) {
            let mut writer = PointsWriter::default();
            for &(metric, step, time, bits) in &points {
                writer.push(LoggedPoint { metric, step, time, value: f64::from_bits(bits) });
            }
            let mut out = Vec::new();
            writer.finish(&mut out);
            let Ok(Some(Record::Points(read))) = read(&out) else { panic!() };
            let read: Vec<_> = read.iter().map(|p| (p.metric, p.step, p.time, p.value.to_bits())).collect();
            prop_assert_eq!(read, points);
        }

        #[test]
        fn rows_survive_bit_for_bit(
            rows in prop::collection::vec((any::<u64>(), any::<i64>(), any::<[u64; 3]>()), 0..20),
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let set = [7, u32::MAX, 7];
            let mut out = vec![kind::SET, 3];
            set.iter().for_each(|&metric| varint::put(&mut out, metric.into()));
            prop_assert_eq!(read(&out), Ok(Some(Record::Set { id: 3, metrics: set.to_vec() })));
            out = vec![kind::ROWS, 3];
            for (step, time, values) in &rows {
                out.extend(step.to_le_bytes());
                out.extend(time.to_le_bytes());
                values.iter().for_each(|bits| out.extend(bits.to_le_bytes()));
            }
            out.extend(&rest[..rest.len().min(39)]);
            let Ok(Some(Record::Rows(read))) = read(&out) else { panic!() };
            let read: Vec<_> =
                read.points(&set).map(|p| (p.metric, p.step, p.time, p.value.to_bits())).collect();
            let expected: Vec<_> = rows
                .iter()
                .flat_map(|&(step, time, values)| {
                    set.into_iter().zip(values).map(move |(metric, bits)| (metric, step, time, bits))
                })
                .collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_payload_is_a_panic(payload: Vec<u8>, kind in 0u8..9) {
            let _ = read(&payload);
            let _ = read(&[&[kind][..], &payload].concat());
        }
    }
}
