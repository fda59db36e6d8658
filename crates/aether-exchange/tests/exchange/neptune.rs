//! What the Neptune exporter's own code has written is read: `neptune/make.py` makes it. The exporter is on no package index,
//! so it is not run here.

use std::{collections::BTreeMap, fs, path::Path};

use aether_core::RunState;
use aether_exchange::import::{self, ForeignRun};
use aether_ledger::{Digest, RunDirectory, RunReader};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{bits, import, points};

const EXPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exchange/neptune/exports");

/// Fields of events of a kind, by the names in them.
fn said(directory: &RunDirectory, kind: &str) -> BTreeMap<String, (u64, Value)> {
    let reader = RunReader::open(directory.clone()).unwrap();
    let of_kind = reader.events().iter().filter(|event| event.event.kind == kind);
    of_kind
        .map(|of| {
            let name = of.event.fields["name"].as_str().unwrap();
            (name.to_owned(), (of.event.step, Value::Object(of.event.fields.clone())))
        })
        .collect()
}

fn content(home: &Path, fields: &Value) -> Vec<u8> {
    let digest = fields["digest"].as_str().unwrap();
    let bytes = fs::read(home.join("blobs").join(&digest[..2]).join(digest)).unwrap();
    assert_eq!(Digest::of(&bytes).to_string(), digest);
    bytes
}

#[test]
fn each_type_of_attribute() {
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("home");
    let runs = import(&home, || import::neptune::read(&Path::new(EXPORTS).join("data")));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    let run = back.run().unwrap();
    assert_eq!((run.name.as_str(), run.project.as_str(), run.host.as_str()), ("first", "digits", "node-1"));
    assert_eq!((run.state, run.created.to_string().as_str()), (RunState::Failed, "2025-01-01T00:00:00Z"));
    assert_eq!(run.tags, ["x", "y", "all"]);
    let config = json!({
        "lr": 0.1, "layers": 3, "note": "größe\n\"one\"", "frozen": false, "data/made": "2025-01-01T00:00:07Z",
        "sys/name": "first",
    });
    assert_eq!(run.spec, config);

    let points = points(back);
    let special = [0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].map(bits);
    assert_eq!(points["metrics/loss"], (0..).zip(special).collect::<Vec<_>>());
    assert_eq!(points["metrics/half"], [(0, bits(1.0)), (1, bits(2.0))], "its steps were 0.5 and 1.5");

    let reader = RunReader::open(back.clone()).unwrap();
    let texts = reader.events().iter().filter(|of| of.event.kind == "text");
    let texts: Vec<_> =
        texts.map(|of| (of.event.step, of.event.fields["text"].as_str().unwrap().to_owned())).collect();
    assert_eq!(texts, [(0, "hello".to_owned()), (1, "world\n".to_owned())]);
    let (step, weights) = &said(back, "histogram")["weights"];
    assert_eq!(
        (*step, &weights["edges"], &weights["counts"]),
        (3, &json!([0.0, 0.5, 2.0]), &json!([3.0, 1.0]))
    );

    let artifacts = said(back, "artifact");
    assert_eq!(artifacts.keys().collect::<Vec<_>>(), ["model/weights"]);
    assert_eq!(content(&home, &artifacts["model/weights"].1), b"weights");
    let images = said(back, "image");
    let (step, sample) = &images["sample"];
    assert_eq!((*step, &sample["media"]), (2, &json!("image/png")));
    assert_eq!(&content(&home, sample)[1..4], b"PNG");

    let [of_files, of_steps] = &kept.remarks[..] else { panic!("{:?}", kept.remarks) };
    assert!(of_files.starts_with("1 attributes"), "'lost' is not there: {of_files}");
    assert!(of_steps.contains("'metrics/half'"), "{of_steps}");
}

/// The Parquet by itself, and with a file that leads out of the exporter's directory.
#[test]
fn files_that_are_not_below_the_exporters_are_not_taken() {
    let dir = TempDir::new().unwrap();
    let data = Path::new(EXPORTS).join("data");
    let project = fs::read_dir(&data).unwrap().next().unwrap().unwrap().file_name();
    let parquet = fs::read_dir(data.join(&project)).unwrap().next().unwrap().unwrap();
    let copied = dir.path().join("data").join(&project);
    fs::create_dir_all(&copied).unwrap();
    fs::copy(parquet.path(), copied.join(parquet.file_name())).unwrap();
    let read = || -> ForeignRun { import::neptune::read(&dir.path().join("data")).unwrap().remove(0) };
    let run = read();
    assert!(run.artifacts.is_empty() && run.images.is_empty(), "{run:?}");
    assert!(run.remarks[0].starts_with("3 attributes"), "{:?}", run.remarks);

    let files = dir.path().join("files").join(&project);
    fs::create_dir_all(&files).unwrap();
    fs::write(dir.path().join("secret"), "no business of theirs").unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret"), files.join("weights.bin")).unwrap();
    assert!(read().artifacts.is_empty());
    fs::write(files.join("lost.bin"), "found").unwrap();
    assert_eq!(read().artifacts.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["lost"]);
}
