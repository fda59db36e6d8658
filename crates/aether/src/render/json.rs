//! Results as JSON: one object a line. Times are RFC 3339, durations seconds, sizes bytes.

use std::io::{self, Write};

use aether_exec::protocol::Ended;
use aether_ledger::Lineage;
use aether_view::top::Glance;
use aether_watch::alert::{Delivered, Entry};
use serde_json::json;

use super::{Out, Renderer, Value, json_line};
use crate::verbs::{
    artifacts::{ArtifactRow, Exported},
    compact::CompactedRun,
    compare::Comparison,
    dash::Serving,
    export::PassedOn,
    gc::Gone,
    import::Imported,
    logs::LogEntry,
    output::Output,
    plot::Plots,
    predict::{Answer, Predictions},
    ps::{Alive, Watched},
    report::Reported,
    rm::Removed,
    run::Launched,
    runs::RunList,
    show::RunDetails,
    stop::Stopped,
    train::{Began, Checked, Trained},
};

pub(super) struct Json {
    out: Out,
}

impl Json {
    pub(super) fn new(out: Out) -> Self {
        Self { out }
    }
}

impl Renderer for Json {
    fn runs(&mut self, list: &RunList) -> io::Result<()> {
        list.rows.iter().try_for_each(|row| json_line(&mut self.out, row))
    }

    fn show(&mut self, run: &RunDetails) -> io::Result<()> {
        json_line(&mut self.out, run)
    }

    fn launched(&mut self, run: &Launched) -> io::Result<()> {
        json_line(&mut self.out, run)
    }

    fn ran(&mut self, ended: &Ended) -> io::Result<()> {
        json_line(&mut self.out, ended)
    }

    fn alive(&mut self, runs: &[Alive]) -> io::Result<()> {
        runs.iter().try_for_each(|run| json_line(&mut self.out, run))
    }

    /// A line for each run that has changed; one that is over has a `state`.
    fn watched(&mut self, watched: &Watched) -> io::Result<()> {
        watched.over.iter().try_for_each(|run| json_line(&mut self.out, run))?;
        let changed = watched.alive.iter().filter(|run| watched.changed.contains(&run.run));
        changed.into_iter().try_for_each(|run| json_line(&mut self.out, run))
    }

    fn stopped(&mut self, run: &Stopped) -> io::Result<()> {
        json_line(&mut self.out, run)
    }

    /// One object a line: `time`, `stream`, `text`.
    fn output(&mut self, output: &Output<'_>) -> io::Result<()> {
        let text = String::from_utf8_lossy(output.bytes);
        let stream = output.stream.as_str();
        json_line(&mut self.out, &json!({"time": output.time, "stream": stream, "text": text}))
    }

    fn log(&mut self, entry: &LogEntry) -> io::Result<()> {
        json_line(&mut self.out, entry)
    }

    /// One line for each metric: `{"run", "metric", "points": [[step, value], ...]}`; or, if files were written, one
    /// line that names them.
    fn plot(&mut self, plots: &Plots) -> io::Result<()> {
        if !plots.files.is_empty() {
            return json_line(&mut self.out, &json!({"run": plots.run, "files": plots.files}));
        }
        for series in plots.charts.iter().flat_map(|chart| &chart.series) {
            let points: Vec<(u64, Value)> =
                series.points.iter().map(|&(x, y)| (x as u64, Value(y))).collect();
            json_line(&mut self.out, &json!({"run": plots.run, "metric": series.name, "points": points}))?;
        }
        Ok(())
    }

    fn glance(&mut self, glance: Glance) -> io::Result<()> {
        json_line(&mut self.out, &glance.facts())
    }

    fn compare(&mut self, comparison: &Comparison) -> io::Result<()> {
        json_line(&mut self.out, comparison)
    }

    fn began(&mut self, began: &Began) -> io::Result<()> {
        json_line(&mut self.out, began)
    }

    fn trained(&mut self, trained: &Trained) -> io::Result<()> {
        json_line(&mut self.out, trained)
    }

    fn checked(&mut self, checked: &Checked) -> io::Result<()> {
        json_line(&mut self.out, &checked.json)
    }

    /// One line for each row: `{"prediction", "probabilities": {class: p}}`, lists where there are several targets; or,
    /// if a file was written, one line that names it.
    fn predictions(&mut self, predictions: &Predictions) -> io::Result<()> {
        if let Some(file) = &predictions.file {
            return json_line(&mut self.out, &json!({"rows": predictions.len(), "file": file}));
        }
        for row in predictions.rows() {
            let mut answers: Vec<_> = row.iter().map(|answer| answer_json(predictions, answer)).collect();
            match answers.len() {
                1 => json_line(&mut self.out, &answers.remove(0))?,
                _ => json_line(&mut self.out, &answers)?,
            }
        }
        Ok(())
    }

    fn artifacts(&mut self, rows: &[ArtifactRow]) -> io::Result<()> {
        rows.iter().try_for_each(|row| json_line(&mut self.out, row))
    }

    fn exported(&mut self, exported: &Exported) -> io::Result<()> {
        json_line(&mut self.out, exported)
    }

    fn lineage(&mut self, lineage: &Lineage) -> io::Result<()> {
        json_line(&mut self.out, lineage)
    }

    fn alerts(&mut self, waiting: &[Entry]) -> io::Result<()> {
        waiting.iter().try_for_each(|entry| json_line(&mut self.out, entry))
    }

    fn delivered(&mut self, delivered: &Delivered) -> io::Result<()> {
        let failed = |(route, reason): &(String, String)| json!({"route": route, "error": reason});
        let failed: Vec<_> = delivered.failed.iter().map(failed).collect();
        json_line(&mut self.out, &json!({"sent": delivered.sent, "failed": failed}))
    }

    fn removed(&mut self, removed: &Removed) -> io::Result<()> {
        json_line(&mut self.out, removed)
    }

    fn compacted(&mut self, runs: &[CompactedRun]) -> io::Result<()> {
        runs.iter().try_for_each(|run| json_line(&mut self.out, run))
    }

    fn collected(&mut self, gone: &Gone) -> io::Result<()> {
        json_line(&mut self.out, &gone.json())
    }

    fn passed_on(&mut self, passed: &PassedOn) -> io::Result<()> {
        json_line(&mut self.out, passed)
    }

    fn imported(&mut self, imported: &Imported) -> io::Result<()> {
        json_line(&mut self.out, imported)
    }

    fn reported(&mut self, report: &Reported) -> io::Result<()> {
        json_line(&mut self.out, report)
    }

    fn serving(&mut self, server: &Serving) -> io::Result<()> {
        json_line(&mut self.out, server)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn answer_json(predictions: &Predictions, answer: &Answer) -> serde_json::Value {
    match answer {
        Answer::Value(value) => json!({"prediction": Value(f64::from(*value))}),
        Answer::Class { probabilities, .. } if predictions.with_probabilities => {
            let classes = predictions.classes.iter().flatten().cloned();
            let each: serde_json::Map<_, _> =
                classes.zip(probabilities.iter().map(|p| json!(Value(*p)))).collect();
            json!({"prediction": predictions.word(answer), "probabilities": each})
        }
        Answer::Class { .. } => json!({"prediction": predictions.word(answer)}),
    }
}
