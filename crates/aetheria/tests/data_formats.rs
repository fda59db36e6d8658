//! Files as NumPy and Arrow write them. `golden/data/write.py` says what they hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use aether_core::config;
use aetheria::data::{Batch, Column, DataError, Dataset, Origin, Sources};

fn load(source: &str, options: &str) -> Result<Dataset, DataError> {
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data"));
    let options = config::parse("test.yaml", &format!("{{{options}}}")).unwrap();
    let source = Sources::built_in().get(source).unwrap()(&options).unwrap();
    source.load(&Origin { base, seed: 1 })
}

fn everything(data: &Dataset) -> (Vec<f32>, Column) {
    let mut batch = Batch::new(&data.spec);
    data.train.gather(&(0..data.train.len() as u32).collect::<Vec<_>>(), &mut batch);
    match batch.input {
        Column::F32(cells) => (cells, batch.target),
        Column::U32(_) => panic!("inputs are real numbers"),
    }
}

fn refusal(source: &str, options: &str) -> String {
    load(source, options).unwrap_err().to_string()
}

#[test]
fn parquet_of_every_compression() {
    for compression in ["none", "snappy", "zstd", "gzip"] {
        let options = format!(
            "path: {compression}.parquet, target: kind, features: [small, unsigned, real, flag, colour], \
             standardize: false, validation: 0"
        );
        let data = load("parquet", &options).unwrap();
        assert_eq!(data.spec.classes.as_ref().unwrap(), &["no", "yes"]);
        let (cells, target) = everything(&data);
        let expected: Vec<f32> = (0..40u32)
            .flat_map(|i| {
                let colour = |place| f32::from(u8::from(i % 3 == place));
                let numbers = [i as f32, (i + 4_000_000_000) as f32, i as f32 / 4.0, (i % 2) as f32];
                // blue, green, red
                numbers.into_iter().chain([colour(2), colour(1), colour(0)])
            })
            .collect();
        assert_eq!(cells, expected, "{compression}");
        assert_eq!(target, Column::U32((0..40).map(|i| u32::from(i / 3 % 2 == 0)).collect()));
    }
}

#[test]
fn parquet_that_cannot_be_learned_from() {
    let one = |features: &str| {
        refusal("parquet", &format!("path: none.parquet, target: kind, features: [{features}]"))
    };
    assert!(one("holes").ends_with(
        "none.parquet line 8, column `holes`: `null` is no value: fill it in, drop the line, or set `nan_cells: keep`"
    ));
    assert!(
        one("day").contains("column `day` is of type Date, which is not supported: cast it"),
        "{}",
        one("day")
    );
    assert!(one("list.list.element").contains("is nested, which is not supported: flatten it"));
    assert!(one("smal").contains("no column `smal` (did you mean `small`?)"));
    assert!(refusal("parquet", "path: labels.npy, target: y").contains("is not a readable Parquet file"));

    let keep = "path: none.parquet, target: kind, features: [holes], nan_cells: keep, validation: 0";
    let (cells, _) = everything(&load("parquet", keep).unwrap());
    assert!(cells[7].is_nan() && cells[8].is_finite());
}

#[test]
fn parquet_numbers_as_categories_and_as_text() {
    let options = "path: none.parquet, target: flag, task: classification, features: [small], categorical: [small], \
                   validation: 0";
    let data = load("parquet", options).unwrap();
    assert_eq!(data.spec.input.shape, [40]);
    assert_eq!(data.spec.classes.as_ref().unwrap(), &["0", "1"]);
}

#[test]
fn a_parquet_file_to_predict() {
    let options = "path: none.parquet, target: kind, features: [real, colour]";
    let encoder = load("parquet", options).unwrap().encoder.unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data/zstd.parquet");
    let rows = encoder.encode_file(Path::new(file)).unwrap();
    assert_eq!((rows.count, rows.width), (40, 4));
    assert_eq!(rows.cells[1..4], [0.0, 0.0, 1.0]);
}

#[test]
fn images_in_an_archive() {
    let data = load("npz", "path: images.npz, scale: 255, validation: 0").unwrap();
    assert_eq!(data.spec.input.shape, [2, 3]);
    assert_eq!(data.spec.classes.as_ref().unwrap(), &["0", "1", "2"]);
    let (cells, target) = everything(&data);
    assert_eq!(cells, (0..240).map(|i| (i % 256) as f32 / 255.0).collect::<Vec<_>>());
    assert_eq!(target, Column::U32((0..40).map(|i| i % 3).collect()));
    assert_eq!(data.encoder.unwrap().width(), 6);
}

#[test]
fn a_split_of_its_own() {
    let options = "path: values.npz, validation_input: x, validation_target: y";
    let data = load("npz", options).unwrap();
    assert_eq!((data.train.len(), data.validation.as_ref().unwrap().len()), (40, 40));
    assert!(data.spec.classes.is_none());
    assert_eq!(everything(&data).1, Column::F32((0..40).map(|i| i as f32 * 2.0).collect()));
}

#[test]
fn arrays_in_files_of_their_own() {
    let data = load("npy", "input: fortran.npy, target: labels.npy, validation: 0").unwrap();
    let (cells, target) = everything(&data);
    let expected: Vec<f32> = (0..40).flat_map(|i| (0..4).map(move |j| (i * 10 + j) as f32)).collect();
    assert_eq!(cells, expected);
    assert_eq!(target, Column::U32((0..40).map(|i| u32::from(i % 2 == 0)).collect()));
}

#[test]
fn arrays_that_cannot_be_learned_from() {
    let error = refusal("npz", "path: images.npz, input: images");
    assert!(error.ends_with("images.npz has no array `images`; it has `x`, `y`"), "{error}");
    let error = refusal("npz", "path: images.npz, target: x, task: classification");
    assert!(
        error.contains("`x` is of shape [40, 2, 3], which is not supported: classes are [40]"),
        "{error}"
    );
    let error = refusal("npy", "target: labels.npy");
    assert!(error.contains("`input` must name a .npy file, or `path` an .npz archive"), "{error}");
    assert!(refusal("npz", "path: labels.npy").contains("is not a readable npz file"));
    assert!(refusal("npy", "input: images.npz, target: labels.npy").contains("is not a readable npy file"));
    assert!(refusal("npz", "path: images.npz, validation_input: x").contains("go together"));
    assert!(matches!(load("npz", "path: nowhere.npz"), Err(DataError::Io { .. })));
}

#[test]
fn mistakes_in_the_options_show_their_line() {
    let message = |source: &str, options: &str| {
        let options = config::parse("test.yaml", options).unwrap();
        Sources::built_in().get(source).unwrap()(&options).err().unwrap().to_string()
    };
    let error = message("csv", "path: a.csv\ntarget: y\nignored: [b]\n");
    assert!(error.contains("test.yaml:3") && error.contains("ignore"), "{error}");
    let error = message("csv", "path: a.csv\n");
    assert!(error.contains("target"), "{error}");
    let error = message("csv", "path: a.csv\ntarget: y\nvalidation: 1.5\n");
    assert!(error.contains("must be a fraction from 0 to 1, or the path of a file"), "{error}");
    let error = message("digits", "validation: 1.5\n");
    assert!(error.contains("must be from 0 to 1"), "{error}");
    assert!(Sources::built_in().get("digit").err().unwrap().to_string().contains("did you mean `digits`?"));
}
