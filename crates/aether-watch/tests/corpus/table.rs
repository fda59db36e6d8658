//! The tables of `docs/detectors.md`, which tests keep.

use std::{env, fs, path::Path};

/// Fails when the page does not hold this table behind `<!-- name -->`; with `AETHER_WRITE=1` it is written there.
pub(crate) fn hold(name: &str, table: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/detectors.md");
    let text = fs::read_to_string(&page).unwrap();
    let begin = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let new = format!("{before}{begin}{table}<!-- end -->{after}");
    if env::var_os("AETHER_WRITE").is_some() {
        fs::write(&page, new).unwrap();
    } else {
        assert!(
            text == new,
            "docs/detectors.md does not hold this table; write it with AETHER_WRITE=1:\n{table}"
        );
    }
}
