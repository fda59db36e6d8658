//! The tools themselves read what was exported, and write what is imported.

use std::{collections::BTreeMap, fs, path::Path};

use aether_exchange::{
    export::{jsonl::JsonLines, parquet::Parquet, tensorboard::TensorBoard, wandb::Wandb},
    import,
};
use aether_ledger::{Digest, RunDirectory, RunReader};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Points, bits, export, import, points, python, run, said, script};

/// What every script says, of one metric `loss` at steps 0 to 4.
fn special() -> Vec<(u64, u64)> {
    (0..).zip([0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].map(bits)).collect()
}

#[test]
fn tensorboard_reads_event_files() {
    let Some(python) = python("tensorboard") else { return };
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let board = TensorBoard::create(&dir.path().join("logs"), &directory.run().unwrap()).unwrap();
    let file = export(&directory, board);
    let lines = script(
        python,
        r#"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
events = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
events.Reload()
for tag in events.Tags()["tensors"]:
    plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
    for e in events.Tensors(tag):
        value = tensor_util.make_ndarray(e.tensor_proto).item()
        if plugin == "scalars":
            print(json.dumps([tag, e.step, repr(value)]))
"#,
        &[&file],
    );
    assert_eq!(said(&lines), points(&directory));
}

#[test]
fn tensorboard_writes_event_files() {
    let Some(python) = python("tensorboard") else { return };
    let dir = TempDir::new().unwrap();
    let logs = dir.path().join("logs");
    script(
        python,
        r#"
import sys, math
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.scalar import metadata
from tensorboard.util import tensor_util
import numpy
writer = EventFileWriter(sys.argv[1] + "/sub/run")
for step, value in enumerate([0.5, math.nan, math.inf, -math.inf, -0.0]):
    old = summary_pb2.Summary.Value(tag="loss", simple_value=value)
    tensor = tensor_util.make_tensor_proto(numpy.float32(value))
    new = summary_pb2.Summary.Value(tag="new", tensor=tensor, metadata=metadata.create_summary_metadata("", ""))
    writer.add_event(event_pb2.Event(step=step, wall_time=1000.5 + step, summary=summary_pb2.Summary(value=[old, new])))
writer.close()
"#,
        &[logs.to_str().unwrap()],
    );
    let runs = import(&dir.path().join("home"), || import::tensorboard::read(&logs));
    let [(back, _)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(back.run().unwrap().name, "sub/run");
    let points = points(back);
    assert_eq!((&points["loss"], &points["new"]), (&special(), &special()));
    assert_eq!(back.run().unwrap().created.as_millisecond(), 1_000_500);
}

/// A PNG of three by two pixels, as Python makes one with its standard library, into `png`.
const PNG: &str = r#"
import struct, zlib
def piece(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
header = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)
png = b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", header) + piece(b"IDAT", zlib.compress(b"\0" * 20)) + piece(b"IEND", b"")
"#;

/// What a run kept of a kind, by name.
fn events(directory: &RunDirectory, kind: &str) -> BTreeMap<String, Value> {
    let reader = RunReader::open(directory.clone()).unwrap();
    let of_kind = reader.events().iter().filter(|event| event.event.kind == kind);
    of_kind
        .map(|event| {
            let fields = Value::Object(event.event.fields.clone());
            (fields["name"].as_str().unwrap().to_owned(), fields)
        })
        .collect()
}

/// The content of an image is there, as large as it says.
fn check_image(home: &Path, image: &Value, width: u64, height: u64) {
    let digest = image["digest"].as_str().unwrap();
    let bytes = fs::read(home.join("blobs").join(&digest[..2]).join(digest)).unwrap();
    assert_eq!(Digest::of(&bytes).to_string(), digest);
    assert_eq!((&image["media"], &bytes[1..4]), (&json!("image/png"), &b"PNG"[..]));
    let number = |at: usize| u64::from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()));
    assert_eq!((number(16), number(20)), (width, height), "what the file itself says");
    assert_eq!((&image["width"], &image["height"]), (&json!(width), &json!(height)));
}

#[test]
fn images_and_histograms_of_tensorboard_are_kept() {
    let Some(python) = python("tensorboard, torch") else { return };
    let dir = TempDir::new().unwrap();
    let (home, logs) = (dir.path().join("home"), dir.path().join("logs"));
    let body = r#"
import sys
import numpy, torch
from torch.utils.tensorboard import SummaryWriter
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.util import tensor_util
writer = SummaryWriter(sys.argv[1] + "/run")
writer.add_image("old", torch.zeros(3, 4, 5), 7)
writer.add_histogram("weights", torch.tensor([0.0, 0.1, 0.2, 0.9]), 7, bins=[-0.5, 0.0, 0.5, 1.0])
writer.add_text("note", "hello", 7)
writer.add_scalar("loss", 1.0, 7)
files = tensor_util.make_tensor_proto([b"3", b"2", png, png])
rows = tensor_util.make_tensor_proto(numpy.array([[0.0, 1.0, 3.0], [1.0, 2.5, 4.0]]))
new = summary_pb2.Summary(value=[
    summary_pb2.Summary.Value(tag="new", tensor=files, metadata=image_metadata.create_summary_metadata("", "")),
    summary_pb2.Summary.Value(tag="rows", tensor=rows, metadata=histogram_metadata.create_summary_metadata("", "")),
])
writer.file_writer.event_writer.add_event(event_pb2.Event(step=8, wall_time=2000.0, summary=new))
writer.close()
"#;
    script(python, &format!("{PNG}{body}"), &[logs.to_str().unwrap()]);
    let runs = import(&home, || import::tensorboard::read(&logs));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(kept.remarks, Vec::<String>::new());
    let images = events(back, "image");
    assert_eq!(images.keys().collect::<Vec<_>>(), ["new/0", "new/1", "old"]);
    check_image(&home, &images["old"], 5, 4);
    check_image(&home, &images["new/1"], 3, 2);
    let histograms = events(back, "histogram");
    let of = |name: &str| (histograms[name]["edges"].clone(), histograms[name]["counts"].clone());
    assert_eq!(of("rows"), (json!([0.0, 1.0, 2.5]), json!([3.0, 4.0])));
    let (edges, counts) = of("weights");
    // PyTorch leaves out bins at the ends that are empty.
    let sum: f64 = counts.as_array().unwrap().iter().map(|count| count.as_f64().unwrap()).sum();
    assert_eq!(sum, 4.0);
    assert_eq!(edges.as_array().unwrap().last(), Some(&json!(1.0)), "{edges}");
    let at = edges.as_array().unwrap().iter().position(|edge| *edge == json!(0.0)).unwrap();
    assert_eq!(counts[at], 3.0, "three from 0 to 0.5: {edges} {counts}");
    assert_eq!(events(back, "text")["note"]["text"], "hello");
}

#[test]
fn images_and_histograms_of_wandb_are_kept() {
    let Some(mut python) = python("wandb, PIL, numpy") else { return };
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("home");
    python.env("WANDB_MODE", "offline").env("WANDB_DIR", dir.path()).env("WANDB_SILENT", "true");
    python.env("HOME", dir.path());
    script(
        python,
        r#"
import numpy, wandb
run = wandb.init(project="p", name="media")
picture = wandb.Image(numpy.zeros((4, 5, 3), dtype="uint8"), caption="a black one")
run.log({"one": picture, "many": [wandb.Image(numpy.zeros((2, 3, 3), dtype="uint8")) for _ in range(2)]})
run.log({"weights": wandb.Histogram(np_histogram=([3, 4], [0.0, 1.0, 2.5])), "table": wandb.Table(columns=["a"], data=[[1]])})
run.finish()
"#,
        &[],
    );
    let runs = import(&home, || import::wandb::read(&dir.path().join("wandb")));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(kept.remarks, ["1 values that are no numbers, texts, images or histograms were passed over"]);
    let metrics: Vec<String> = points(back).into_keys().filter(|name| !name.starts_with("system/")).collect();
    assert_eq!(metrics, Vec::<String>::new(), "sizes of images are no metrics");
    let images = events(back, "image");
    assert_eq!(images.keys().collect::<Vec<_>>(), ["many/0", "many/1", "one"]);
    check_image(&home, &images["one"], 5, 4);
    check_image(&home, &images["many/1"], 3, 2);
    assert_eq!(images["one"]["caption"], "a black one");
    let weights = &events(back, "histogram")["weights"];
    assert_eq!((&weights["edges"], &weights["counts"]), (&json!([0.0, 1.0, 2.5]), &json!([3.0, 4.0])));
}

#[test]
fn wandb_messages_are_those_of_its_package() {
    let Some(python) = python("wandb") else { return };
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let place = export(&directory, Wandb::create(dir.path(), &directory.run().unwrap()).unwrap());
    let file = format!("{place}/run-{}.wandb", directory.id());
    // Its file reader is part of a program in Go; here its blocks are read by hand, and its messages by its own code.
    let lines = script(
        python,
        r#"
import json, struct, sys, zlib
from wandb.proto import wandb_internal_pb2 as pb
data = open(sys.argv[1], "rb").read()
assert data[:7] == b":W&B\xe1\xbe\x00"
at, record = 7, b""
while at < len(data):
    if 32768 - at % 32768 < 7:
        at += 32768 - at % 32768
        continue
    crc, length, kind = struct.unpack("<IHB", data[at:at + 7])
    piece = data[at + 7:at + 7 + length]
    assert zlib.crc32(bytes([kind]) + piece) == crc
    record += piece
    at += 7 + length
    if kind in (1, 4):
        message = pb.Record.FromString(record)
        record = b""
        if message.HasField("run"):
            assert message.run.display_name == 'größe "one"', message
            config = {i.nested_key[0]: json.loads(i.value_json) for i in message.run.config.update}
            assert config["lr"] == 0.1 and message.run.tags == ["baseline"], config
        for item in message.history.item:
            if not item.nested_key[0].startswith("_"):
                print(json.dumps([item.nested_key[0], message.history.step.num, repr(json.loads(item.value_json))]))
assert message.HasField("exit")
"#,
        &[&file],
    );
    assert_eq!(said(&lines), points(&directory));
}

#[test]
fn wandb_writes_offline_runs() {
    let Some(mut python) = python("wandb") else { return };
    let dir = TempDir::new().unwrap();
    python.env("WANDB_MODE", "offline").env("WANDB_DIR", dir.path()).env("WANDB_SILENT", "true");
    python.env("HOME", dir.path());
    script(
        python,
        r#"
import math, wandb
run = wandb.init(project="p", name="first", config={"lr": 0.1, "a": {"b": 2}}, tags=["x"])
for step, value in enumerate([0.5, math.nan, math.inf, -math.inf, -0.0]):
    run.log({"loss": value, "nested": {"a": step}, "text": "t"})
run.summary["best"] = 3
run.finish()
"#,
        &[],
    );
    let runs = import(&dir.path().join("home"), || import::wandb::read(&dir.path().join("wandb")));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    let record = back.run().unwrap();
    assert_eq!(
        (record.name.as_str(), record.project.as_str(), record.state.as_str()),
        ("first", "p", "done")
    );
    assert_eq!((&record.tags[..], &record.spec["a"]["b"]), (&["x".to_owned()][..], &2.into()));
    let points = points(back);
    assert_eq!(points["loss"], special());
    assert_eq!(points["nested.a"].len(), 5);
    assert_eq!(kept.remarks, Vec::<String>::new());
}

#[test]
fn trackio_writes_its_database() {
    let Some(mut python) = python("trackio") else { return };
    let dir = TempDir::new().unwrap();
    python.env("TRACKIO_DIR", dir.path().join("trackio")).env("HOME", dir.path()).env("HF_HUB_OFFLINE", "1");
    script(
        python,
        r#"
import math
from trackio.sqlite_storage import SQLiteStorage
SQLiteStorage.init_db("p")
values = [0.5, math.nan, math.inf, -math.inf, -0.0]
SQLiteStorage.bulk_log("p", "first", [{"loss": v} for v in values], steps=list(range(5)), config={"lr": 0.1})
"#,
        &[],
    );
    let runs = import(&dir.path().join("home"), || import::trackio::read(&dir.path().join("trackio")));
    let [(back, _)] = &runs[..] else { panic!("{runs:?}") };
    let record = back.run().unwrap();
    assert_eq!(
        (record.name.as_str(), record.project.as_str(), &record.spec["lr"]),
        ("first", "p", &0.1.into())
    );
    assert_eq!(points(back)["loss"], special());
}

#[test]
fn pandas_reads_parquet() {
    let Some(python) = python("pandas, pyarrow") else { return };
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let file = export(
        &directory,
        Parquet::create(&dir.path().join("p.parquet"), &directory.run().unwrap()).unwrap(),
    );
    let lines = script(
        python,
        r#"
import json, sys, pandas
table = pandas.read_parquet(sys.argv[1])
assert str(table.time.dtype).startswith("datetime64[ns, UTC"), table.dtypes
for row in table.itertuples():
    print(json.dumps([row.metric, row.step, repr(float(row.value))]))
"#,
        &[&file],
    );
    assert_eq!(said(&lines), points(&directory));
}

#[test]
fn json_lines() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let file = export(
        &directory,
        JsonLines::create(&dir.path().join("p.jsonl"), &directory.run().unwrap()).unwrap(),
    );
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["run"]["name"], "größe \"one\"");
    let mut found = Points::new();
    for line in lines.iter().filter(|line| line["metric"].is_string()) {
        let value =
            line["value"].as_f64().unwrap_or_else(|| line["value"].as_str().unwrap().parse().unwrap());
        let of = found.entry(line["metric"].as_str().unwrap().to_owned()).or_default();
        of.push((line["step"].as_u64().unwrap(), bits(value)));
    }
    assert_eq!(found, points(&directory));
    assert_eq!(lines.iter().filter(|line| line["event"].is_object()).count(), 4);
}
