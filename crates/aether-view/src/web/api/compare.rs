//! `GET /compare`: runs side by side.

use std::collections::BTreeSet;

use aether_ledger::{Entry, LedgerError};
use aether_watch::Unit;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::{
    answer::{Fault, Number},
    call::Call,
    catalogue::Known,
    rows::Row,
};
use crate::text;

/// Runs in one comparison at most.
const MOST: usize = 1_000;

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let ids: Vec<&str> = call.parameters.all("id").collect();
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::wrong("no runs to compare", format!("name 1 to {MOST} by id=A&id=B")));
    }
    let find = |known: &mut Known| ids.iter().map(|id| known.index.find(id).cloned()).collect();
    let runs: Result<Vec<Entry>, LedgerError> = call.app.catalogue.ask(find)?;
    call.json(&compare(&runs?))
}

/// These runs side by side, in this order.
pub(crate) fn compare(runs: &[Entry]) -> Value {
    let parameter = |name: &str| {
        let values: Vec<Option<&Value>> = runs.iter().map(|run| run.parameters.get(name)).collect();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        json!({ "name": name, "values": values, "differs": differs })
    };
    let metric = |name: &str| {
        let value = |run: &Entry| {
            let last = run.headline(name)?;
            let summary = run.metrics.get(name);
            let number = |of: Option<f64>| of.map(Number);
            Some(json!({
                "last": Number(last),
                "min": number(summary.map(|s| s.min)),
                "max": number(summary.map(|s| s.max)),
                "mean": number(summary.map(|s| s.mean)),
            }))
        };
        let values: Vec<Option<Value>> = runs.iter().map(value).collect();
        match Unit::of(name) {
            Some(unit) => json!({ "name": name, "unit": unit, "values": values }),
            None => json!({ "name": name, "values": values }),
        }
    };
    let parameters: BTreeSet<&str> = runs.iter().flat_map(|run| run.parameters.keys()).collect();
    let metrics: BTreeSet<&str> =
        runs.iter().flat_map(|run| run.metrics.keys().chain(run.summary.keys())).collect();
    let mut metrics: Vec<&str> = metrics.into_iter().collect();
    metrics.sort_by(|a, b| text::by_place(a, b));
    let parameters: Vec<Value> = parameters.into_iter().map(parameter).collect();
    let metrics: Vec<Value> = metrics.into_iter().map(metric).collect();
    let rows: Vec<Row> = runs.iter().map(|run| Row::of(run, &[])).collect();
    json!({ "runs": rows, "parameters": parameters, "metrics": metrics })
}
