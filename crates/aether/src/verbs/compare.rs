//! `compare`: two runs side by side.

use std::collections::{BTreeMap, BTreeSet};

use aether_core::RunId;
use aether_ledger::{Entry, Index};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    cli,
    context::Context,
    failure::Failure,
    render::{self, MetricSummary},
};

/// Two runs side by side.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// The first.
    pub(crate) a: Side,
    /// The second.
    pub(crate) b: Side,
    /// Parameters that differ, by name; `None` where a run has none.
    pub(crate) parameters: BTreeMap<String, [Option<Json>; 2]>,
    /// All metrics of either; `None` where a run has none.
    pub(crate) metrics: BTreeMap<String, [Option<MetricSummary>; 2]>,
}

/// One of the two.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    /// Its id.
    pub(crate) id: RunId,
    /// Its name.
    pub(crate) name: String,
}

pub(super) fn run(args: &cli::Compare, context: &mut Context<'_>) -> Result<(), Failure> {
    let found = Index::find_all_in(&context.home()?, &[&args.a, &args.b])?;
    let [a, b] = &found[..] else { return Err(Failure::work("two runs were asked for")) };
    let comparison =
        Comparison { a: side(a), b: side(b), parameters: parameters(a, b), metrics: metrics(a, b) };
    context.render().compare(&comparison)?;
    Ok(())
}

fn side(entry: &Entry) -> Side {
    Side { id: entry.id, name: entry.name.clone() }
}

fn parameters(a: &Entry, b: &Entry) -> BTreeMap<String, [Option<Json>; 2]> {
    let (a, b) = (&a.parameters, &b.parameters);
    let keys: BTreeSet<&str> = a.keys().chain(b.keys()).collect();
    keys.into_iter()
        .map(|key| (key.to_owned(), [a.get(key).cloned(), b.get(key).cloned()]))
        .filter(|(_, [a, b])| a != b)
        .collect()
}

fn metrics(a: &Entry, b: &Entry) -> BTreeMap<String, [Option<MetricSummary>; 2]> {
    let [mut a, mut b] = [a, b].map(render::metrics);
    let names: BTreeSet<String> = a.keys().chain(b.keys()).cloned().collect();
    names.into_iter().map(|name| (name.clone(), [a.remove(&name), b.remove(&name)])).collect()
}
