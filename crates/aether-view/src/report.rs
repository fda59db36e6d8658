//! Runs as one HTML file that needs nothing else: the page's own charts, with what the API answers recorded in it.

use std::fmt::Write;

use aether_ledger::{Entry, Home, Index, LedgerError, Range};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::web::{answer::Fault, api, blocks, open_runs::OpenRuns};

/// What draws a report, and how it looks: made by the build of `page/`.
const SCRIPT: &str = include_str!("../page/dist/report.js");
const STYLE: &str = include_str!("../page/dist/report.css");

/// Stretches of a metric: as fine as a screen shows them, and a few times finer to zoom in.
const STRETCHES: usize = 2_000;

/// Events of a run at most: the last.
const EVENTS: usize = 2_000;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A run cannot be found or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What was found cannot be told.
    #[error("{0}")]
    Content(String),
}

impl From<Fault> for ReportError {
    fn from(fault: Fault) -> Self {
        Self::Content(if fault.help.is_empty() {
            fault.error
        } else {
            format!("{}; {}", fault.error, fault.help)
        })
    }
}

/// A report of these runs, each named as [`Index::find`] understands it.
///
/// # Errors
/// When one is not there or cannot be read.
pub fn report(home: &Home, runs: &[String], title: Option<&str>) -> Result<String, ReportError> {
    let index = Index::open(home)?;
    let mut entries: Vec<Entry> = Vec::new();
    for run in runs {
        let entry = index.find(run)?;
        if !entries.iter().any(|known| known.id == entry.id) {
            entries.push(entry.clone());
        }
    }
    let title = title.map_or_else(|| title_of(&entries), str::to_owned);
    let content = content(home, &entries, &title)?;
    Ok(page(&title, &content))
}

fn title_of(entries: &[Entry]) -> String {
    match entries {
        [one] => one.name.clone(),
        several => format!("{} runs", several.len()),
    }
}

/// What the API would answer.
fn content(home: &Home, entries: &[Entry], title: &str) -> Result<Value, ReportError> {
    let open = OpenRuns::default();
    let (mut runs, mut series, mut events, mut diffs) = (Vec::new(), Map::new(), Map::new(), Map::new());
    for entry in entries {
        let id = entry.id.to_string();
        let run = open.get(&entry.directory)?;
        let details = api::run::details(entry, &run)?;
        runs.push(serde_json::to_value(details).map_err(|e| ReportError::Content(e.to_string()))?);
        let reading = run.reading();
        let mut columns = Vec::new();
        for (name, window) in api::series::windows(&reading.reader, &[], Range::ALL, STRETCHES)? {
            blocks::append(&mut columns, &name, &window);
        }
        series.insert(id.clone(), json!(BASE64_STANDARD.encode(columns)));
        let said = reading.reader.events();
        let last = said.iter().skip(said.len().saturating_sub(EVENTS)).map(api::events::event);
        events.insert(id.clone(), last.collect());
        if let Some(diff) = api::diff::text(home, entry)? {
            diffs.insert(id, json!(diff));
        }
    }
    let compare = (entries.len() > 1).then(|| api::compare::compare(entries));
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "made": Timestamp::now(),
        "title": title,
        "runs": runs,
        "series": series,
        "events": events,
        "compare": compare,
        "diff": diffs,
    }))
}

/// The file. Its policy lets it run and load nothing but what is written in it here.
fn page(title: &str, content: &Value) -> String {
    // Within a script's text only `<` can begin anything.
    let content = content.to_string().replace('<', "\\u003c");
    let digest = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data: blob:; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE),
    );
    let mut page = String::with_capacity(content.len() + SCRIPT.len() + STYLE.len() + 2048);
    // Writing to a text does not fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{}</title><style>{STYLE}</style></head><body>\
         <noscript>This report draws with JavaScript, which is switched off.</noscript>\
         <script type=\"application/json\" id=\"aether-report\">{content}</script>\
         <script>{SCRIPT}</script></body></html>\n",
        escaped(title),
    );
    page
}

/// A text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_recorded_ends_its_place() {
        let hostile = "</script><script>alert(1)</script><!--";
        let page = page(hostile, &json!({ "title": hostile }));
        assert!(!page.contains("alert(1)</script><!--"), "{page}");
        assert!(page.contains("&lt;/script&gt;") && page.contains("\\u003c/script>"));
        assert!(page.contains("script-src 'sha256-"));
    }
}
