//! `docs/format.md` and the code say the same: the specification's example is read, and written anew.

use aether_core::{Event, Level};

use super::{
    frame::{self, Front, HEAD},
    record::{self, Header, LoggedPoint, PointsWriter, Record, Rows},
    varint,
};

const SPECIFICATION: &str = include_str!("../../../../docs/format.md");
const START: i64 = 1_763_773_200_000_000_000;

/// The bytes of the specification's example.
fn example() -> Vec<u8> {
    let (_, block) = SPECIFICATION.split_once("```log\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let mut bytes = Vec::new();
    for line in block.lines().filter(|line| !line.starts_with('#')) {
        let (offset, line) = line.split_once("  ").unwrap();
        assert_eq!(usize::from_str_radix(offset, 16).unwrap(), bytes.len());
        bytes.extend(line.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()));
    }
    bytes
}

fn records() -> [Record; 8] {
    let point = |metric, step, after, value| LoggedPoint { metric, step, time: START + after, value };
    let name = |id, name: &str| Record::Metric { id, name: name.to_owned() };
    let event = Event {
        kind: "epoch".to_owned(),
        level: Level::Info,
        step: 2,
        message: "Epoch 1".to_owned(),
        fields: [("epoch".to_owned(), 1.into())].into_iter().collect(),
    };
    [
        Record::Header(Header {
            session: 0,
            start: START,
            run: "0123abcd".to_owned(),
            writer: format!("atlas-4711-{START}"),
        }),
        name(0, "loss"),
        name(1, "größe"),
        Record::Points(vec![
            point(0, 1, 1_000_000, 0.5),
            point(1, 1, 1_000_000, f64::NEG_INFINITY),
            point(0, 2, 3_000_000, f64::NAN),
        ]),
        Record::Event { time: START + 4_000_000, event },
        Record::Rewind { time: START + 5_000_000, step: 1 },
        Record::Set { id: 0, metrics: vec![1, 0] },
        Record::Rows(Rows { set: 0, bytes: rows_payload()[2..].to_vec() }),
    ]
}

/// Two rows of größe and loss.
fn rows_payload() -> Vec<u8> {
    let mut payload = vec![7, 0];
    for (step, after, values) in [(2u64, 6_000_000, [0.25, f64::NAN]), (3, 7_000_000, [-0.0, f64::INFINITY])]
    {
        payload.extend(step.to_le_bytes());
        payload.extend((START + after).to_le_bytes());
        values.iter().for_each(|value| payload.extend(value.to_le_bytes()));
    }
    payload
}

fn write(out: &mut Vec<u8>, record: &Record) {
    match record {
        Record::Header(header) => header.write(out),
        Record::Metric { id, name } => record::write_metric(out, *id, name),
        Record::Points(points) => {
            let mut writer = PointsWriter::default();
            points.iter().for_each(|&point| writer.push(point));
            writer.finish(out);
        }
        Record::Event { time, event } => record::write_event(out, *time, event),
        Record::Rewind { time, step } => record::write_rewind(out, *time, *step),
        // Aether's own writer writes none of these two.
        Record::Set { id, metrics } => {
            out.push(6);
            [id].into_iter().chain(metrics).for_each(|&number| varint::put(out, number.into()));
        }
        Record::Rows(_) => out.extend(rows_payload()),
    }
}

#[test]
fn the_example_says_what_the_specification_says_it_does() {
    let bytes = example();
    let mut rest = &bytes[..];
    for record in records() {
        let Front::Whole(payload) = frame::front(rest) else { panic!("{rest:?}") };
        // NaN is not equal to itself.
        assert_eq!(format!("{:?}", record::read(payload)), format!("{:?}", Ok::<_, ()>(Some(record))));
        rest = &rest[HEAD + payload.len()..];
    }
    assert!(rest.is_empty());
}

#[test]
fn the_example_is_what_the_writer_writes() {
    let mut bytes = Vec::new();
    for record in records() {
        frame::append(&mut bytes, |out| write(out, &record));
    }
    assert_eq!(bytes, example());
}
