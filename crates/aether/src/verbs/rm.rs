//! `rm`: removes runs with all their files.

use aether_core::RunId;
use aether_ledger::Index;
use serde::Serialize;

use crate::{cli, context::Context, failure::Failure};

/// A run that is gone.
#[derive(Debug, Serialize)]
pub(crate) struct Removed {
    /// Its id.
    pub(crate) removed: RunId,
    /// Its name.
    pub(crate) name: String,
}

pub(super) fn run(args: &cli::Rm, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut index = Index::open(&context.home()?)?;
    // All names are looked up before anything is removed: a typing error in the last one removes nothing.
    let mut doomed: Vec<Removed> = Vec::new();
    for query in &args.runs {
        let entry = index.find_one(query)?;
        if !doomed.iter().any(|known| known.removed == entry.id) {
            doomed.push(Removed { removed: entry.id, name: entry.name.clone() });
        }
    }
    for run in doomed {
        index.remove(run.removed, args.force)?;
        context.render().removed(&run)?;
    }
    Ok(())
}
