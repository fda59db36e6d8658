//! `lineage`: where a run or an artifact comes from, and what became of it.

use aether_core::suggest;
use aether_ledger::{Index, LedgerError, Lineage};

use super::artifacts::answers;
use crate::{cli, context::Context, failure::Failure, text};

pub(super) fn run(args: &cli::Lineage, context: &mut Context<'_>) -> Result<(), Failure> {
    let index = Index::open(&context.home()?)?;
    let lineage = match index.find(&args.of) {
        Ok(run) => Lineage::of_run(index.entries(), run),
        Err(LedgerError::NotFound { .. }) => of_artifact(&index, &args.of)?,
        Err(e) => return Err(e.into()),
    };
    context.render().lineage(&lineage)?;
    Ok(())
}

/// Of the artifact that `wanted` names, the newest of its name.
fn of_artifact(index: &Index, wanted: &str) -> Result<Lineage, Failure> {
    let mut runs: Vec<_> = index.entries().iter().collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.created));
    let mut all = runs.iter().flat_map(|run| run.artifacts.iter().rev());
    let found = all.clone().find(|blob| answers(blob, wanted));
    found.and_then(|blob| Lineage::of_blob(index.entries(), blob.digest)).ok_or_else(|| {
        let names =
            all.by_ref().map(|blob| blob.name.as_str()).chain(runs.iter().map(|run| run.name.as_str()));
        let near = suggest::nearest(wanted, names)
            .map_or(";".to_owned(), |near| format!("; did you mean '{}'?", text::escape(near)));
        Failure::request(format!(
            "no run and no artifact is called '{}'{near} list them with `runs` and `artifacts`",
            text::escape(wanted)
        ))
    })
}
