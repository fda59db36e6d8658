//! `gc`: removes what need not be kept.

use std::time::Duration;

use aether_ledger::{
    Index,
    gc::{self, Collected, Pile, Retention},
};
use jiff::SpanRelativeTo;
use serde_json::{Value, json};

use super::runs;
use crate::{cli, context::Context, failure::Failure, text};

/// What went, or would go.
#[derive(Debug)]
pub(crate) struct Gone {
    /// What it is.
    pub(crate) collected: Collected,
    /// Nothing was done.
    pub(crate) dry_run: bool,
}

impl Gone {
    /// As JSON.
    pub(crate) fn json(&self) -> Value {
        let pile = |pile: Pile| json!({"count": pile.count, "bytes": pile.bytes});
        let c = &self.collected;
        let runs: Vec<Value> = c.runs.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
        json!({
            "dry_run": self.dry_run,
            "runs": runs,
            "logs": pile(c.logs),
            "blobs": pile(c.blobs),
            "parts": pile(c.parts),
            "failed": c.failed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

pub(super) fn run(args: &cli::Gc, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = context.home()?;
    let query = runs::query(args.query.as_deref())?;
    if let Some(query) = &query {
        // A typing error must not make the condition one that holds for every run.
        query.check(Index::open(&home)?.entries()).map_err(Failure::request)?;
    }
    let retention = Retention {
        keep_last: args.keep_last,
        older_than: args.older_than.as_deref().map(|span| duration("--older-than", span)).transpose()?,
        standings: args.state.iter().filter_map(|word| runs::standing(word)).collect(),
        query,
        grace: duration("--grace", &args.grace)?,
        dry_run: args.dry_run,
    };
    let gone = Gone { collected: gc::collect(&home, &retention)?, dry_run: args.dry_run };
    context.render().collected(&gone)?;
    for reason in &gone.collected.failed {
        context.note(&reason.to_string());
    }
    match gone.collected.failed.len() {
        0 => Ok(()),
        n => Err(Failure::work(format!(
            "{} could not be removed or compacted",
            text::count(n as u64, "thing")
        ))),
    }
}

fn duration(option: &str, span: &str) -> Result<Duration, Failure> {
    let read = || span.parse::<jiff::Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
    read().filter(|duration| !duration.is_negative()).map(|duration| duration.unsigned_abs()).ok_or_else(
        || Failure::request(format!("{option} {}: not a span such as 12h or 30d", text::escape(span))),
    )
}
