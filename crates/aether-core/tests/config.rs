//! The reader of YAML: what it fills, and the exact words in which it refuses.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::{collections::BTreeMap, fs::File, num::NonZeroU32, path::PathBuf};

use aether_core::config::{self, ConfigError, Fraction, Node, Positive, limits};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A bit of everything that schemas hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Schema {
    name: String,
    #[serde(default)]
    rate: Option<Positive>,
    #[serde(default)]
    share: Option<Fraction>,
    #[serde(default)]
    count: Option<NonZeroU32>,
    #[serde(default)]
    small: u8,
    #[serde(default)]
    fast: bool,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    pair: Option<[f64; 2]>,
    #[serde(default)]
    layers: Vec<Layer>,
    #[serde(default)]
    inner: Option<Inner>,
    #[serde(default)]
    free: Option<Node>,
    #[serde(default)]
    table: BTreeMap<u8, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Constant,
    OneCycle,
}

/// Written as serde writes enums: `relu`, or `dense: {units: 3}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Layer {
    Relu,
    Dense { units: NonZeroU32 },
    Scale(f64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    dir: PathBuf,
    #[serde(default)]
    keep: u64,
}

fn read(text: &str) -> Result<Schema, ConfigError> {
    config::parse("run.yaml", text)?.read()
}

fn with(text: &str, overrides: &[&str]) -> Result<Schema, ConfigError> {
    let mut node = config::parse("run.yaml", text)?;
    for assignment in overrides {
        node.set(assignment)?;
    }
    node.read()
}

/// Checks the whole text of an error.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ConfigError>, expected: &str) {
    let error = result.unwrap_err().to_string();
    assert_eq!(error, expected.trim_start_matches('\n').trim_end(), "\n{error}\n");
}

#[test]
fn every_shape_is_filled() {
    let text = "
# a comment
name: a
rate: 1e-3
share: 1
count: 1e3
small: 0xff
fast: true
kind: one_cycle
pair: [1, 2.5]
layers:
  - relu
  - dense: {units: 3}
  - scale: 2
inner: {dir: /tmp/x}
free: {a: [1, {b: null}]}
table: {1: one, 2: two}
";
    let schema = read(text).unwrap();
    let free = schema.free.clone().unwrap();
    assert_eq!(free.to_json().unwrap(), serde_json::json!({"a": [1, {"b": null}]}));
    assert_eq!(
        schema,
        Schema {
            name: "a".into(),
            rate: Some(Positive::new(1e-3).unwrap()),
            share: Some(Fraction::new(1.0).unwrap()),
            count: NonZeroU32::new(1000),
            small: 255,
            fast: true,
            kind: Kind::OneCycle,
            pair: Some([1.0, 2.5]),
            layers: vec![Layer::Relu, Layer::Dense { units: NonZeroU32::new(3).unwrap() }, Layer::Scale(2.0)],
            inner: Some(Inner { dir: "/tmp/x".into(), keep: 0 }),
            free: Some(free),
            table: BTreeMap::from([(1, "one".into()), (2, "two".into())]),
        }
    );
}

#[test]
fn a_key_with_nothing_below_it_is_a_key_left_out() {
    let schema = read("name: a\nrate:\nlayers:\ninner: ~\ntable:\n").unwrap();
    assert_eq!(schema, read("name: a").unwrap());
}

#[test]
fn numbers_are_names_as_they_are_written() {
    assert_eq!(read("name: 1.10").unwrap().name, "1.10");
    assert_eq!(read("name: 2024_01").unwrap().name, "2024_01");
    assert_eq!(read("name: no").unwrap().name, "no");
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "
name: &n base
inner: &i {dir: x, keep: 2}
free:
  a: *n
  b: {<<: *i, keep: 3}
  c: {keep: 4, <<: [{keep: 5, more: 1}, *i]}
";
    let free = read(text).unwrap().free.unwrap().to_json().unwrap();
    let expected = serde_json::json!({
        "a": "base", "b": {"keep": 3, "dir": "x"}, "c": {"keep": 4, "more": 1, "dir": "x"},
    });
    assert_eq!(free, expected);
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_taken() {
    assert_eq!(read("\u{feff}name: a\r\nsmall: 1\r\n").unwrap().small, 1);
    refused(
        read("\u{feff}name: a\r\nsmal: 1\r\n"),
        "
unknown key `smal`
 --> run.yaml:2:1
  |
2 | smal: 1
  | ^^^^
  = help: did you mean `small`?
",
    );
}

#[test]
fn unknown_keys() {
    refused(
        read("name: a\nrat: 0.1"),
        "
unknown key `rat`
 --> run.yaml:2:1
  |
2 | rat: 0.1
  | ^^^
  = help: did you mean `rate`?
",
    );
    refused(
        read("name: a\ninner:\n  dir: x\n  \"kep\": 3"),
        "
unknown key `kep` in `inner`
 --> run.yaml:4:3
  |
4 |   \"kep\": 3
  |   ^^^^^
  = help: did you mean `keep`?
",
    );
    refused(
        read("name: a\ninner: {dir: x, banana: 3}"),
        "
unknown key `banana` in `inner`
 --> run.yaml:2:17
  |
2 | inner: {dir: x, banana: 3}
  |                 ^^^^^^
  = help: known here: `dir`, `keep`
",
    );
}

#[test]
fn unknown_variants() {
    refused(
        read("name: a\nkind: one_cycel"),
        "
`kind` cannot be `one_cycel`
 --> run.yaml:2:7
  |
2 | kind: one_cycel
  |       ^^^^^^^^^
  = help: did you mean `one_cycle`?
",
    );
    refused(
        read("name: a\nlayers:\n- relu\n- convolve: {units: 3}"),
        "
`layers.1` cannot be `convolve`
 --> run.yaml:4:3
  |
4 | - convolve: {units: 3}
  |   ^^^^^^^^
  = help: known here: `relu`, `dense`, `scale`
",
    );
    refused(
        read("name: a\nkind: 3"),
        "
`kind` cannot be `3`
 --> run.yaml:2:7
  |
2 | kind: 3
  |       ^
  = help: known here: `constant`, `one_cycle`
",
    );
    refused(
        read("name: a\nlayers: [dense]"),
        "
`layers.0` must be a mapping with the key `dense`
 --> run.yaml:2:10
  |
2 | layers: [dense]
  |          ^^^^^
",
    );
}

#[test]
fn wrong_types() {
    refused(
        read("name: a\ncount: many"),
        "
`count` must be a whole number from 1 to 4294967295, found the text `many`
 --> run.yaml:2:8
  |
2 | count: many
  |        ^^^^
",
    );
    refused(
        read("name: a\ncount: 1.5"),
        "
`count` must be a whole number from 1 to 4294967295, found 1.5
 --> run.yaml:2:8
  |
2 | count: 1.5
  |        ^^^
",
    );
    refused(
        read("name: a\nrate: [1]"),
        "
`rate` must be a number, found a list
 --> run.yaml:2:7
  |
2 | rate: [1]
  |       ^^^
",
    );
    refused(
        read("name: a\nlayers:\n  - dense:\n      units: 3\n      bias: yes\n    relu: 1\n"),
        "
`layers.0` must be a name, or a mapping with one key, found a mapping
 --> run.yaml:3:5
  |
3 |   - dense:
  |     ^^^^^^
",
    );
    refused(
        read("name: [a]"),
        "
`name` must be text, found a list
 --> run.yaml:1:7
  |
1 | name: [a]
  |       ^^^
",
    );
    refused(
        read("name: true"),
        "
`name` must be text, found `true`
 --> run.yaml:1:7
  |
1 | name: true
  |       ^^^^
  = help: write it in quotes: \"true\"
",
    );
    refused(
        read("name: a\ninner: 3"),
        "
`inner` must be a mapping, found 3
 --> run.yaml:2:8
  |
2 | inner: 3
  |        ^
",
    );
    refused(
        read("- a\n- b"),
        "
this must be a mapping, found a list
 --> run.yaml:1:1
  |
1 | - a
  | ^^^
",
    );
}

#[test]
fn what_was_meant_is_suggested() {
    refused(
        read("name: a\nfast: yes"),
        "
`fast` must be `true` or `false`, found the text `yes`
 --> run.yaml:2:7
  |
2 | fast: yes
  |       ^^^
  = help: write `true`
",
    );
    refused(
        read("name: a\ncount: 1_000"),
        "
`count` must be a whole number from 1 to 4294967295, found the text `1_000`
 --> run.yaml:2:8
  |
2 | count: 1_000
  |        ^^^^^
  = help: write `1000`
",
    );
    refused(
        read("name: a\nrate: \"0.1\""),
        "
`rate` must be a number, found the text `0.1`
 --> run.yaml:2:7
  |
2 | rate: \"0.1\"
  |       ^^^^^
  = help: write it without quotes
",
    );
}

#[test]
fn values_out_of_range() {
    refused(
        read("name: a\nrate: -1e-3"),
        "
`rate` must be above 0, found -0.001
 --> run.yaml:2:7
  |
2 | rate: -1e-3
  |       ^^^^^
",
    );
    refused(
        read("name: a\nrate: .nan"),
        "
`rate` must be above 0, found NaN
 --> run.yaml:2:7
  |
2 | rate: .nan
  |       ^^^^
",
    );
    refused(
        read("name: a\nshare: 1.5"),
        "
`share` must be from 0 to 1, found 1.5
 --> run.yaml:2:8
  |
2 | share: 1.5
  |        ^^^
",
    );
    refused(
        read("name: a\ncount: 0"),
        "
`count` must be a whole number from 1 to 4294967295, found 0
 --> run.yaml:2:8
  |
2 | count: 0
  |        ^
",
    );
    refused(
        read("name: a\nsmall: 256"),
        "
`small` must be a whole number from 0 to 255, found 256
 --> run.yaml:2:8
  |
2 | small: 256
  |        ^^^
",
    );
    refused(
        read("name: a\npair: [1, 2, 3]"),
        "
`pair` must be a list of 2 values, found 3
 --> run.yaml:2:7
  |
2 | pair: [1, 2, 3]
  |       ^^^^^^^^^
",
    );
    refused(
        read("name: a\ntable: {300: x}"),
        "
`table` must be a whole number from 0 to 255, found the text `300`
 --> run.yaml:2:9
  |
2 | table: {300: x}
  |         ^^^
",
    );
}

#[test]
fn missing_keys() {
    refused(
        read("# nothing yet\nfast: true\n"),
        "
`name` is missing
 --> run.yaml:2:1
  |
2 | fast: true
  | ^^^^^^^^^^
",
    );
    refused(
        read("name: a\ninner:\n  keep: 3\n"),
        "
`inner.dir` is missing
 --> run.yaml:2:1
  |
2 | inner:
  | ^^^^^
",
    );
}

#[test]
fn what_is_not_yaml() {
    refused(
        read("name: a\nname: b"),
        "
the key `name` is given twice
 --> run.yaml:2:1
  |
2 | name: b
  | ^^^^
  = help: it is on line 1 already
",
    );
    refused(read(""), "the file says nothing\n --> run.yaml");
    refused(read("# only a comment\n---\n"), "the file says nothing\n --> run.yaml");
    refused(
        read("name: a\n---\nname: b\n"),
        "
a second document begins here: one file holds one
 --> run.yaml:2:1
  |
2 | ---
  | ^^^
",
    );
    refused(
        read("name: !python/object:os.system a"),
        "
the tag `!python/object:os.system` means nothing here
 --> run.yaml:1:32
  |
1 | name: !python/object:os.system a
  |                                ^
  = help: remove it
",
    );
    refused(
        read("name: a\n[1]: b"),
        "
a key must be text, not a list or a mapping
 --> run.yaml:2:1
  |
2 | [1]: b
  | ^^^
",
    );
    refused(
        read("name: a\0b"),
        "
the control character U+0000 is not text
 --> run.yaml:1:8
  |
1 | name: a\u{fffd}b
  |        ^
",
    );
    for text in [
        "name: *nobody",
        "name: [1, 2",
        "name: \"a",
        "a: b: c",
        "name:\n\ta: b",
        "name: a\n- b",
        "}",
        "%YAML 9",
    ] {
        let error = read(text).unwrap_err();
        assert!(error.message().starts_with("not YAML: "), "{text:?}: {error}");
        assert!(error.line_column().is_some(), "{text:?}: {error}");
    }
}

#[test]
fn an_error_shows_nothing_that_moves_the_cursor() {
    let error = read("\"a\\e[2J\": 1").unwrap_err().to_string();
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn of_a_long_line_only_what_is_around_the_mistake() {
    let text = format!(
        "{{name: a, free: [{}], smal: 1, table: {{}}, layers: [{}]}}",
        "1, ".repeat(200),
        "relu, ".repeat(40)
    );
    let error = read(&text).unwrap_err().to_string();
    assert!(error.lines().all(|line| line.chars().count() < 120), "{error}");
    let lines: Vec<&str> = error.lines().collect();
    let column = lines[4].find('^').unwrap();
    assert_eq!(&lines[3][column..column + 4], "smal", "{error}");
}

#[test]
fn overrides() {
    let schema = with(
        "name: a\nlayers: [relu, {dense: {units: 1}}]",
        &[
            "rate=0.5",
            "inner.dir=/x",
            "inner.keep=7",
            "layers.1.dense.units=3",
            "pair=[1, 2]",
            "name = b",
            "free.deep.deeper={a: 1}",
            "share=",
        ],
    )
    .unwrap();
    assert_eq!(schema.rate, Some(Positive::new(0.5).unwrap()));
    assert_eq!(schema.inner, Some(Inner { dir: "/x".into(), keep: 7 }));
    assert_eq!(schema.layers[1], Layer::Dense { units: NonZeroU32::new(3).unwrap() });
    assert_eq!(schema.pair, Some([1.0, 2.0]));
    assert_eq!(schema.share, None);
    assert_eq!(schema.free.unwrap().to_json().unwrap(), serde_json::json!({"deep": {"deeper": {"a": 1}}}));
}

#[test]
fn a_bare_name_on_the_way_stays() {
    let mut node = config::parse("run.yaml", "optimizer: sgd").unwrap();
    node.set("optimizer.momentum=0.9").unwrap();
    let optimizer = node.get("optimizer").unwrap().clone();
    let expected = serde_json::json!({"kind": "sgd", "momentum": 0.9});
    assert_eq!(optimizer.clone().named_mapping("kind").to_json().unwrap(), expected);
    let expected = serde_json::json!({"source": "sgd", "momentum": 0.9});
    assert_eq!(optimizer.named_mapping("source").to_json().unwrap(), expected);
}

#[test]
fn mistakes_in_overrides() {
    refused(
        with("name: a", &["rate=-1"]),
        "
`rate` must be above 0, found -1
 --> the command line
  |
  | --set rate=-1
  |            ^^
",
    );
    refused(
        with("name: a", &["inner.dir=x", "inner.kep=1"]),
        "
unknown key `kep` in `inner`
 --> the command line
  |
  | --set inner.kep=1
  |             ^^^
  = help: did you mean `keep`?
",
    );
    refused(
        with("name: a", &["rate"]),
        "
an override needs a value
 --> the command line
  |
  | --set rate
  |       ^^^^
  = help: write it as key=value
",
    );
    refused(
        with("name: a", &["inner..dir=x"]),
        "
an override needs a key between its dots and before its `=`
 --> the command line
  |
  | --set inner..dir=x
  |             ^
  = help: write it as optimizer.weight_decay=0.1
",
    );
    refused(
        with("name: a\nsmall: 3", &["small.x=1"]),
        "
`x` cannot be set: above it stands 3, not a mapping
 --> the command line
  |
  | --set small.x=1
  |             ^
",
    );
    refused(
        with("name: a\nlayers: [relu]", &["layers.1=relu"]),
        "
`1` is no index: the list's are 0 to 0
 --> the command line
  |
  | --set layers.1=relu
  |              ^
",
    );
    let error = with("name: a", &["pair=[1"]).unwrap_err().to_string();
    assert!(error.starts_with("not YAML: ") && error.contains("--set pair=[1"), "{error}");
    let deep = format!("{}a=1", "a.".repeat(20_000));
    assert!(with("name: a", &[&deep]).unwrap_err().message().contains("this deep"));
}

#[test]
fn a_node_is_read_later_with_the_same_errors() {
    let free = read("name: a\nfree:\n  dir: x\n  kep: 2\n").unwrap().free.unwrap();
    refused(
        free.read::<Inner>(),
        "
unknown key `kep` in `free`
 --> run.yaml:4:3
  |
4 |   kep: 2
  |   ^^^
  = help: did you mean `keep`?
",
    );
    refused(
        Err::<(), _>(free.error_at("dir", "cannot be opened")),
        "
`dir` cannot be opened
 --> run.yaml:3:8
  |
3 |   dir: x
  |        ^
",
    );
    refused(
        Err::<(), _>(free.error_at("owner.name", "nobody owns this")),
        "
`owner.name`: nobody owns this
 --> run.yaml:2:1
  |
2 | free:
  | ^^^^
",
    );
}

#[test]
fn a_node_without_a_file_is_read_all_the_same() {
    let node = Node::from_json(&serde_json::json!({"dir": "x", "keep": "y"})).unwrap();
    assert_eq!(
        node.read::<Inner>().unwrap_err().to_string(),
        "`keep` must be a whole number, 0 or more, found the text `y`"
    );
}

#[test]
fn budgets() {
    let bomb: String = (1..10)
        .map(|i| format!("l{i}: &l{i} [{}]\n", vec![format!("*l{}", i - 1); 9].join(", ")))
        .fold("l0: &l0 lol\n".to_owned(), |all, line| all + &line);
    let error = config::parse("bomb.yaml", &bomb).unwrap_err().to_string();
    assert!(
        error.starts_with("the file holds more than 100000 values, with what aliases (`*name`) repeat"),
        "{error}"
    );

    let long = format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), vec!["*a"; 100].join(", "));
    let error = config::parse("bomb.yaml", &long).unwrap_err().to_string();
    assert!(error.starts_with("the file holds more than 8 MiB of text"), "{error}");

    for open in ["[", "{a: ", "- ", "? "] {
        let error = config::parse("deep.yaml", &open.repeat(100_000)).unwrap_err();
        assert_eq!(error.message(), "more than 64 mappings and lists inside each other", "{open}");
    }
    let tower: String = (1..100).map(|i| format!("t{i}: &t{i} [*t{}]\n", i - 1)).collect();
    let error = config::parse("deep.yaml", &format!("t0: &t0 x\n{tower}")).unwrap_err();
    assert_eq!(error.message(), "more than 64 mappings and lists inside each other");

    let error = config::parse("self.yaml", "a: &a [*a]").unwrap_err();
    assert_eq!(error.message(), "this alias stands inside of what it stands for");

    let error = config::parse("large.yaml", &"#".repeat(limits::BYTES + 1)).unwrap_err();
    assert_eq!(error.message(), "large.yaml is larger than 4 MiB: that is no configuration");
}

#[test]
fn files_that_are_no_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        config::load(&path).unwrap_err().to_string().replace(&format!("{}/", dir.path().display()), "")
    };
    assert_eq!(load("a.yaml", b"a: 1\nb: \xff"), "a.yaml is not UTF-8 text: byte 0xff on line 2");
    assert_eq!(load("b.yaml", b"\xff\xfea\0"), "b.yaml is UTF-16: save it as UTF-8");
    assert_eq!(load("c.yaml", b""), "the file says nothing\n --> c.yaml");

    // A hole of 1 GB: refused by its length, or the test would take its memory and its time.
    let path = dir.path().join("huge.yaml");
    File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let error = config::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("huge.yaml is larger than 4 MiB: that is no configuration"), "{error}");
    // A file without a length and without an end.
    let error = config::load("/dev/zero".as_ref()).unwrap_err().to_string();
    assert_eq!(error, "/dev/zero is larger than 4 MiB: that is no configuration");

    let error = config::load(dir.path()).unwrap_err().to_string();
    assert!(error.ends_with("is a directory, not a file"), "{error}");
    let error = config::load(&dir.path().join("a.yml")).unwrap_err().to_string();
    assert!(
        error.contains("cannot be read") && error.contains("help: there is a") && error.ends_with("a.yaml"),
        "{error}"
    );
    let error = config::load("none.yaml".as_ref()).unwrap_err().to_string();
    assert_eq!(error, "none.yaml cannot be read: No such file or directory (os error 2)");
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter("JSON has no other", |v| v.is_finite()).prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
        "[-+.0-9eExo_~:#nulltrefasyNO \\n\\t'\"&*!|>%@`]{0,10}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::btree_map("[-+.0-9a-z~ :#]{0,6}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in values()) {
        let value = serde_json::json!({ "value": value });
        let yaml = config::to_yaml(&value).unwrap();
        let node = config::parse("written.yaml", &yaml).unwrap();
        prop_assert_eq!(node, Node::from_json(&value).unwrap(), "{}", yaml);
    }

    #[test]
    fn json_is_yaml(value in values()) {
        let value = serde_json::json!({ "value": value });
        let node = config::parse("written.json", &value.to_string()).unwrap();
        prop_assert_eq!(node, Node::from_json(&value).unwrap());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[-:{}\\[\\],&*!|>'\"%@#?<~ \\n\\t\\ra-c0-2\u{0}\u{85}\u{2028}ä😀]{0,80}") {
        match config::parse("any.yaml", &text) {
            Ok(node) => {
                let _ = node.read::<Schema>().map_err(|error| error.to_string());
                let _ = node.error_at("a.b", "no").to_string();
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn no_schema_makes_the_reader_panic(
        keys in proptest::collection::vec(
            ("name|rate|share|count|small|fast|kind|pair|layers|inner|free|table|x", "[-0-9a-z.{}\\[\\], :]{0,16}"), 0..6)
    ) {
        let text: String = keys.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        if let Ok(node) = config::parse("any.yaml", &text) {
            let _ = node.read::<Schema>().map_err(|error| error.to_string());
        }
    }

    #[test]
    fn no_override_makes_the_reader_panic(assignment in "[a-c.0-2= \\[{ä]{0,24}") {
        let mut node = config::parse("any.yaml", "a: {b: [1, 2]}\nc: d").unwrap();
        let before = node.clone();
        if node.set(&assignment).is_err() {
            prop_assert_eq!(node, before);
        }
    }
}
