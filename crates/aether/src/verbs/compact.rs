//! `compact`: packs what runs said into columns, so that long runs are shown at once.

use std::path::PathBuf;

use aether_core::RunId;
use aether_ledger::{Compacted, Entry, Index, LedgerError};
use serde::Serialize;

use crate::{cli, context::Context, failure::Failure, text};

/// What became of one run's logs.
#[derive(Debug, Serialize)]
pub(crate) struct CompactedRun {
    /// The run.
    pub(crate) run: RunId,
    /// Its points.
    pub(crate) points: u64,
    /// The bytes of its logs, which stay until `gc` removes them.
    pub(crate) logs: u64,
    /// The bytes that the points take now.
    pub(crate) bytes: u64,
    /// The file that holds them.
    pub(crate) file: PathBuf,
}

pub(super) fn run(args: &cli::Compact, context: &mut Context<'_>) -> Result<(), Failure> {
    let index = Index::open(&context.home()?)?;
    let entries: Vec<&Entry> = if args.runs.is_empty() {
        index.entries().iter().filter(|entry| entry.directory.is_long().unwrap_or_default()).collect()
    } else {
        args.runs.iter().map(|run| index.find_one(run)).collect::<Result<_, _>>()?
    };
    let mut done = Vec::new();
    let mut failed = 0;
    for entry in entries {
        match compact(entry) {
            Ok(compacted) => done.extend(compacted),
            // The other runs are still worth it.
            Err(error) => {
                context.note(&text::escape(&format!("run {}: {error}", entry.id)));
                failed += 1;
            }
        }
    }
    context.render().compacted(&done)?;
    match failed {
        0 => Ok(()),
        n => Err(Failure::work(format!("{} could not be compacted", text::count(n, "run")))),
    }
}

/// `None`: there is nothing that is not compacted.
fn compact(entry: &Entry) -> Result<Option<CompactedRun>, LedgerError> {
    let logs = entry.directory.logs()?.iter().map(|(_, length)| length).sum();
    let compacted = aether_ledger::compact(&entry.directory)?;
    Ok(compacted.map(|Compacted { file, bytes, points }| CompactedRun {
        run: entry.id,
        points,
        logs,
        bytes,
        file,
    }))
}
