//! Relatives of a run or an artifact as a tree of lines.

use aether_ledger::{Relative, Who};

use crate::text;

/// A run or an artifact in a few words.
pub(super) fn who(who: &Who) -> String {
    match who {
        Who::Run { run, name } => format!("run {run}  {}", text::escape(name)),
        Who::Artifact(blob) => format!(
            "{} {}  {}  {}",
            text::escape(if blob.kind.is_empty() { "artifact" } else { &blob.kind }),
            text::escape(&blob.name),
            &blob.digest.to_string()[..12],
            text::bytes(blob.bytes)
        ),
    }
}

/// The lines of a tree without its root.
pub(super) fn lines(relatives: &[Relative]) -> Vec<String> {
    let mut lines = Vec::new();
    below("", relatives, &mut lines);
    lines
}

fn below(indent: &str, relatives: &[Relative], lines: &mut Vec<String>) {
    for (at, relative) in relatives.iter().enumerate() {
        let last = at + 1 == relatives.len();
        let (branch, on) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let again = if relative.again { "  (see above)" } else { "" };
        lines.push(format!("{indent}{branch}{}{again}", who(&relative.who)));
        below(&format!("{indent}{on}"), &relative.next, lines);
    }
}
