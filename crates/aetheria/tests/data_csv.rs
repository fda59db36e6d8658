//! CSV files: what they become, and what is said about those that cannot be learned from.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use aether_core::config;
use aetheria::data::{Batch, Column, DataError, Dataset, Encoder, Feature, Origin, Sources, Split};
use proptest::prelude::*;

/// Loads `data.csv` of this content with these options (YAML, on one line).
fn load(csv: impl AsRef<[u8]>, options: &str) -> Result<Dataset, DataError> {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("data.csv"), csv).unwrap();
    load_in(home.path(), options)
}

fn load_in(home: &Path, options: &str) -> Result<Dataset, DataError> {
    let options = config::parse("test.yaml", &format!("{{path: data.csv, {options}}}")).unwrap();
    let source = Sources::built_in().get("csv").unwrap()(&options).unwrap();
    source.load(&Origin { base: home, seed: 1 })
}

/// Without the directory, which changes.
fn refusal(csv: impl AsRef<[u8]>, options: &str) -> String {
    let message = load(csv, options).unwrap_err().to_string();
    match message.split_once("/data.csv") {
        Some((start, rest)) => format!("{}data.csv{rest}", start.split('/').next().unwrap()),
        None => message,
    }
}

fn everything(split: &dyn Split, data: &Dataset) -> (Vec<f32>, Column) {
    let mut batch = Batch::new(&data.spec);
    split.gather(&(0..split.len() as u32).collect::<Vec<_>>(), &mut batch);
    match batch.input {
        Column::F32(cells) => (cells, batch.target),
        Column::U32(_) => panic!("inputs are real numbers"),
    }
}

const RAW: &str = "target: y, standardize: false, validation: 0, task: regression";

#[test]
fn columns_by_their_roles() {
    let csv = "id,a,colour,y,b\n9,1,red,0.5,10\n8,2,blue,1.5,20\n7,3,red,2.5,30\n";
    let data = load(csv, &format!("{RAW}, ignore: [id]")).unwrap();
    let (cells, target) = everything(&*data.train, &data);
    // a, colour=blue, colour=red, b
    assert_eq!(cells, [1.0, 0.0, 1.0, 10.0, 2.0, 1.0, 0.0, 20.0, 3.0, 0.0, 1.0, 30.0]);
    assert_eq!(target, Column::F32(vec![0.5, 1.5, 2.5]));

    let data = load(csv, "target: [y, a], features: [b], standardize: false, validation: 0").unwrap();
    assert_eq!(data.spec.target.shape, [2]);
    let (cells, target) = everything(&*data.train, &data);
    assert_eq!(cells, [10.0, 20.0, 30.0]);
    assert_eq!(target, Column::F32(vec![0.5, 1.0, 1.5, 2.0, 2.5, 3.0]));
}

#[test]
fn numbers_that_are_categories() {
    let csv = "code,y\n7,0.5\n10,1.5\n7,2.5\n";
    let data = load(csv, &format!("{RAW}, categorical: [code]")).unwrap();
    assert_eq!(everything(&*data.train, &data).0, [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn quotes_blank_lines_line_ends_and_delimiters() {
    for csv in [
        "a,b c,y\n1,\"x, \"\"y\"\"\",3\n4,z,6\n",
        "\u{feff}a;b c;y\r\n1;\"x, \"\"y\"\"\";3\r\n\r\n4 ; z;6",
        "\"a\"\tb c\ty\n1\t\"x, \"\"y\"\"\"\t3\n\n4\tz\t6\n",
    ] {
        let data = load(csv, RAW).unwrap();
        let Feature::Category { categories, .. } = &data.encoder.as_ref().unwrap().features[1] else {
            panic!("text is a category")
        };
        assert_eq!(categories, &["x, \"y\"", "z"]);
        assert_eq!(everything(&*data.train, &data).1, Column::F32(vec![3.0, 6.0]));
    }
}

#[test]
fn standardisation_knows_the_training_split_only() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("data.csv"), "a,c,y\n1,5,0\n2,5,0\n3,5,0\n6,5,0\n").unwrap();
    std::fs::write(home.path().join("other.csv"), "y,c,a\n0,5,3\n0,6,103\n").unwrap();
    let data = load_in(home.path(), "target: y, task: regression, validation: other.csv").unwrap();
    // Mean 3, variance 14 / 4; a constant column is only centred.
    let deviation = 3.5f32.sqrt();
    let (cells, _) = everything(&**data.validation.as_ref().unwrap(), &data);
    assert_eq!(cells, [0.0, 0.0, 100.0 / deviation, 1.0]);
    let (cells, _) = everything(&*data.train, &data);
    assert_eq!(cells[0], -2.0 / deviation);
}

#[test]
fn classes_are_numbered_in_order() {
    let classes = |csv: &str, more: &str| {
        let data = load(csv, &format!("target: y, validation: 0{more}")).unwrap();
        let target = everything(&*data.train, &data).1;
        (data.spec.classes.clone().unwrap_or_default(), target)
    };
    let (names, target) = classes("a,y\n1,b\n2,a\n3,b\n", "");
    assert_eq!((names, target), (vec!["a".into(), "b".into()], Column::U32(vec![1, 0, 1])));
    // As numbers, not as text.
    let (names, target) = classes("a,y\n1,10\n2,9\n3,10\n4,9\n", "");
    assert_eq!((names, target), (vec!["9".into(), "10".into()], Column::U32(vec![1, 0, 1, 0])));
    let (names, _) = classes("a,y\n1,10\n2,-1\n3,2\n", ", task: classification");
    assert_eq!(names, ["-1", "2", "10"]);
    // Many different numbers, or numbers with a fraction, are a quantity.
    assert!(classes("a,y\n1,10\n2,9\n3,8\n", "").0.is_empty());
    assert!(classes("a,y\n1,0.5\n2,1.5\n3,0.5\n4,1.5\n", "").0.is_empty());
}

#[test]
fn a_fifth_is_held_out_and_the_seed_decides_which() {
    let csv: String = "a,y\n".to_owned() + &(0..100).map(|i| format!("{i},{}\n", i % 2)).collect::<String>();
    let data = load(&csv, "target: y").unwrap();
    assert_eq!((data.train.len(), data.validation.as_ref().unwrap().len()), (80, 20));
    assert_eq!(data.fingerprint, load(&csv, "target: y").unwrap().fingerprint);
    assert_ne!(data.fingerprint, load(&csv, "target: y, seed: 2").unwrap().fingerprint);
    assert_ne!(data.fingerprint, load(csv.replace("99,", "98,"), "target: y").unwrap().fingerprint);
}

#[test]
fn a_file_that_cannot_be_learned_from() {
    let home = tempfile::tempdir().unwrap();
    assert!(matches!(load_in(home.path(), "target: y"), Err(DataError::Io { .. })));
    for (csv, expected) in [
        ("", "data.csv is empty: expected a header line with column names, then one sample a line"),
        ("a,y\n", "data.csv has a header but no samples"),
        ("1,2\n3,4\n", "data.csv: line 1 holds only numbers: add a header line with column names above it"),
        ("a,x\n1,2\n", "data.csv has no column `y`; it has `a`, `x`"),
        ("a,a,y\n1,2,3\n", "data.csv has two columns named `a`: rename one in the header"),
        (
            "a,y\n1,2\n\n3\n",
            "data.csv line 4: 1 cells, but the header has 2: mend the line, or quote cells that hold the delimiter",
        ),
        (
            "a,y\n1,2\n\"3\",4\n\n\nabc,6\n",
            "data.csv line 6, column `a`: `abc` is not a number: mend it, or list `a` under `categorical` or `ignore`",
        ),
        (
            "a,y\n1,2\n,3\n",
            "data.csv line 3, column `a`: the cell is empty: fill it in, drop the line, or set `nan_cells: keep`",
        ),
        (
            "a,y\n1,2\n2,NaN\n",
            "data.csv line 3, column `y`: `NaN` is no value: fill it in, drop the line, or set `nan_cells: keep`",
        ),
        (
            "a,y\n1,2\n1e39,3\n",
            "data.csv line 3, column `a`: `1e39` is not finite as a 32-bit number: mend it, or set `nan_cells: keep`",
        ),
        (
            "a,y\n1,2\n-inf,3\n",
            "data.csv line 3, column `a`: `-inf` is not finite as a 32-bit number: mend it, or set `nan_cells: keep`",
        ),
        ("y\n1\n2\n", "data.csv has no feature columns: every column is a target or ignored"),
    ] {
        assert_eq!(refusal(csv, RAW), expected, "{csv:?}");
    }
    let latin1 = b"a,y\ncaf\xe9,1\n";
    assert_eq!(
        refusal(latin1, RAW),
        "data.csv line 2, column `a`: not UTF-8: convert the file (iconv -t utf-8)"
    );
}

#[test]
fn roles_that_make_no_sense() {
    let csv = "a,height,y\n1,2,3\n4,5,6\n";
    assert_eq!(
        refusal(csv, "target: y, ignore: [heigth]"),
        "data.csv has no column `heigth` (did you mean `height`?); it has `a`, `height`, `y`"
    );
    assert_eq!(
        refusal(csv, "target: y, features: [a, y]"),
        "column `y` is listed as target and as features: list it once"
    );
    assert_eq!(
        refusal(csv, "target: y, ignore: [a], categorical: [a]"),
        "column `a` is listed as ignore and as categorical, which is for features: list it once"
    );
    assert!(refusal(csv, "target: []").contains("`target` names no column"));
    assert!(
        refusal(csv, "target: [y, a], task: classification, validation: 0").contains("one target column")
    );
    assert!(refusal(csv, "target: y, delimiter: é").contains("`delimiter` must be an ASCII character"));
}

#[test]
fn a_class_that_training_never_sees() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("data.csv"), "a,y\n1,cat\n2,dog\n").unwrap();
    std::fs::write(home.path().join("other.csv"), "a,y\n1,cat\n2,cow\n").unwrap();
    let error = load_in(home.path(), "target: y, validation: other.csv").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "other.csv line 3: class `cow` of `y` does not occur in the training split, so it cannot be learned: \
             the classes there are `cat`, `dog`"
        ),
        "{error}"
    );
    let error = refusal("a,y\n1,cat\n2,cat\n", "target: y, validation: 0");
    assert!(error.contains("every training sample has the class `cat` in `y`"), "{error}");
    let error = refusal("a,y\n1,cat\n2,\n3,dog\n", "target: y, validation: 0, nan_cells: keep");
    assert!(error.contains("line 3, column `y`: the cell is empty"), "{error}");
}

#[test]
fn a_category_that_training_never_sees() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("data.csv"), "a,y\nred,0.5\nblue,1\n").unwrap();
    std::fs::write(home.path().join("other.csv"), "a,y\nblue,0.5\ngreen,1\n").unwrap();
    let error = load_in(home.path(), "target: y, validation: other.csv").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "other.csv line 3, column `a`: category `green` does not occur in the training split: train with \
             `unknown: bucket` to accept such, or mend it (`blue`, `red`)"
        ),
        "{error}"
    );
    let data = load_in(home.path(), "target: y, validation: other.csv, unknown: bucket").unwrap();
    let (cells, _) = everything(&**data.validation.as_ref().unwrap(), &data);
    assert_eq!(cells, [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn too_few_samples() {
    let data = load("a,y\n1,2\n2,3\n4,5\n", RAW).unwrap();
    assert!(data.check_batch_size(3).is_ok());
    assert_eq!(
        data.check_batch_size(4).unwrap_err().to_string(),
        "data.csv has 3 training samples, fewer than one batch of 4: set `batch_size` to 3 or less"
    );
    let error = refusal("a,y\n1,2\n2,3\n", "target: y, task: regression, validation: 0.1");
    assert!(error.contains("leaves validation empty"), "{error}");
}

#[test]
fn poisoned_cells_are_kept_on_demand() {
    let csv = "a,b,y\n1,1,1\nnan,2,2\n3,-inf,3\n5,,4\n";
    let data = load(csv, "target: y, task: regression, validation: 0, nan_cells: keep").unwrap();
    let (cells, _) = everything(&*data.train, &data);
    assert!(cells[2].is_nan() && cells[5] == f32::NEG_INFINITY && cells[7].is_nan());
    // Fitted on what is a number: 1, 3 and 5 have the mean 3.
    assert_eq!(cells[4], 0.0);
}

#[test]
fn a_column_of_prose_is_no_category() {
    let lines: String = (0..2000).map(|i| format!("text {i},{i}.5\n")).collect();
    let error = refusal("a,y\n".to_owned() + &lines, RAW);
    assert!(error.contains("column `a` holds more than 1024 different texts"), "{error}");
}

#[test]
fn rows_to_predict() {
    let csv = "a,colour,y\n1,red,0\n3,blue,1\n1,red,0\n3,blue,1\n";
    let data = load(csv, "target: y, validation: 0").unwrap();
    let json = serde_json::to_string(data.encoder.as_ref().unwrap()).unwrap();
    let encoder: Encoder = serde_json::from_str(&json).unwrap();
    assert_eq!(Some(&encoder), data.encoder.as_ref());

    let encode = |csv: &str| encoder.encode_csv(Path::new("in.csv"), csv.as_bytes());
    // In another order, with columns that mean nothing here.
    let rows = encode("note,colour,a\nx,red,3\n,blue,1\n").unwrap();
    assert_eq!((rows.count, rows.width), (2, 3));
    assert_eq!(rows.cells, [1.0, 0.0, 1.0, -1.0, 1.0, 0.0]);

    let error = |csv: &str| encode(csv).unwrap_err().to_string();
    assert_eq!(
        error("a,color\n1,red\n"),
        "in.csv has no column `colour` (did you mean `color`?); it has `a`, `color`"
    );
    assert!(error("a,colour\n1,green\n").contains("line 2, column `colour`: category `green`"));
    assert!(error("a,colour\nx,red\n").contains("line 2, column `a`: `x` is not a number"));
    assert!(error("").contains("is empty"));
}

#[test]
fn rows_without_names() {
    let encoder = Encoder::plain(2, 4.0);
    let encode = |csv: &str| encoder.encode_csv(Path::new("in.csv"), csv.as_bytes());
    assert_eq!(encode("4,8\n2,1\n").unwrap().cells, [1.0, 2.0, 0.5, 0.25]);
    assert_eq!(encode("p,q\n4,8\n").unwrap().cells, [1.0, 2.0]);
    let error = encode("1,2,3\n").unwrap_err().to_string();
    assert_eq!(error, "in.csv: expected 2 columns, found 3");
}

/// A cell as a program might write it.
fn cell() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>().prop_filter("finite", |x| x.is_finite()), (-1000i16..1000).prop_map(f32::from)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_is_read(
        columns in 1usize..6,
        cells in proptest::collection::vec(cell(), 1..400),
    ) {
        let rows: Vec<&[f32]> = cells.chunks_exact(columns).collect();
        prop_assume!(!rows.is_empty());
        let header: Vec<String> = (0..columns).map(|c| format!("column {c}")).collect();
        let mut csv = format!("{},y\n", header.join(","));
        for (number, row) in rows.iter().enumerate() {
            for cell in *row {
                csv += &format!("{cell:?},");
            }
            csv += &format!("{number}.5\n");
        }
        let data = load(csv, RAW).unwrap();
        let (read, target) = everything(&*data.train, &data);
        prop_assert_eq!(&read, &rows.concat());
        let numbers: Vec<f32> = (0..rows.len()).map(|number| number as f32 + 0.5).collect();
        prop_assert_eq!(target, Column::F32(numbers));
    }

    #[test]
    fn text_survives_quoting(words in proptest::collection::vec("[a-z,;\"\n é]{1,8}", 2..30)) {
        // Cells are trimmed, and empty ones are refused.
        let words: Vec<String> = words.iter().map(|word| format!("w{}w", word)).collect();
        let mut csv = "word,y\n".to_owned();
        for word in &words {
            csv += &format!("\"{}\",1.5\n", word.replace('"', "\"\""));
        }
        let data = load(csv, RAW).unwrap();
        let Feature::Category { categories, .. } = &data.encoder.as_ref().unwrap().features[0] else {
            panic!("words are categories")
        };
        let mut sorted = words.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(categories, &sorted);
    }

    #[test]
    fn no_file_breaks_the_reader(csv in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = load(csv, RAW);
    }

    #[test]
    fn no_text_breaks_the_reader(csv in "(a,y\n)?[a-z0-9,.\"\n;\t\r-]{0,120}") {
        let _ = load(csv, "target: y, validation: 0.5");
    }
}
