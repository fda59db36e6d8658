//! MLflow: a new run on a tracking server, through its REST API.
//!
//! MLflow keeps milliseconds, and its databases keep an infinity as the greatest finite double.

use std::time::Duration;

use aether_core::{Run, RunState};
use aether_ledger::TimedEvent;
use serde_json::{Map, Value, json};

use super::{Exporter, Point};
use crate::{
    ExchangeError,
    http::{Server, escape},
};

/// What one `log-batch` may hold.
const METRICS: usize = 1000;
const PARAMETERS: usize = 100;
/// The longest value of a parameter that every version takes.
const LONGEST_PARAMETER: usize = 500;

/// Sends a run to an MLflow server.
#[derive(Debug)]
pub struct MlFlow {
    server: Server,
    run: String,
    metrics: Vec<Value>,
    ended: i64,
}

impl MlFlow {
    /// Begins a run in the experiment that is named as the run's project, which is made if it is not there.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn begin(url: &str, run: &Run) -> Result<Self, ExchangeError> {
        let server = Server::of_mlflow(url);
        let experiment = experiment(&server, &run.project)?;
        let mut tags = vec![tag("mlflow.runName", &run.name), tag("aether.run", run.id.as_str())];
        tags.extend(run.tags.iter().map(|word| tag(&format!("aether.tag.{word}"), "true")));
        let begun = call(
            &server,
            "runs/create",
            &json!({
                "experiment_id": experiment,
                "run_name": run.name,
                "start_time": run.created.as_millisecond(),
                "tags": tags,
            }),
        )?;
        let id = begun["run"]["info"]["run_id"].as_str().unwrap_or_default().to_owned();
        let mut flow = Self { server, run: id, metrics: Vec::new(), ended: run.created.as_millisecond() };
        flow.parameters(&aether_ledger::flatten(&run.spec))?;
        Ok(flow)
    }

    fn parameters(&mut self, leaves: &Map<String, Value>) -> Result<(), ExchangeError> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let all: Vec<Value> = leaves
            .iter()
            .map(|(key, value)| {
                let value: String = text(value).chars().take(LONGEST_PARAMETER).collect();
                json!({"key": name(key), "value": value})
            })
            .collect();
        for params in all.chunks(PARAMETERS) {
            call(&self.server, "runs/log-batch", &json!({"run_id": self.run, "params": params}))?;
        }
        Ok(())
    }
}

fn tag(key: &str, value: &str) -> Value {
    json!({"key": key, "value": value})
}

/// MLflow takes names of letters, digits, `_`, `-`, `.`, `/`, ` ` and `:`.
fn name(metric: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || "_-./ :".contains(c);
    metric.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

fn experiment(server: &Server, project: &str) -> Result<String, ExchangeError> {
    // Somebody else may make it at the same moment.
    for _ in 0..2 {
        let path = format!("/api/2.0/mlflow/experiments/get-by-name?experiment_name={}", escape(project));
        let (status, text) = server.get(&path)?;
        if status == 200 {
            let found: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(id) = found["experiment"]["experiment_id"].as_str() {
                return Ok(id.to_owned());
            }
        }
        let body = json!({"name": project}).to_string();
        let path = "/api/2.0/mlflow/experiments/create";
        let (status, text) = server.post(path, "application/json", body.as_bytes())?;
        let made: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(id) = made["experiment_id"].as_str().filter(|_| status == 200) {
            return Ok(id.to_owned());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let reason = format!("it has no experiment '{project}' and makes none");
    Err(ExchangeError::Server { url: server.base().to_owned(), reason })
}

fn call(server: &Server, what: &str, body: &Value) -> Result<Value, ExchangeError> {
    let path = format!("/api/2.0/mlflow/{what}");
    let text = server.demand(&path, "application/json", body.to_string().as_bytes())?;
    serde_json::from_str(&text).map_err(|e| server.failed(&path, e))
}

impl Exporter for MlFlow {
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError> {
        // Protobuf's JSON has texts for what JSON has no numbers for.
        let value = if point.value.is_nan() {
            json!("NaN")
        } else if point.value.is_infinite() {
            json!(if point.value > 0.0 { "Infinity" } else { "-Infinity" })
        } else {
            json!(point.value)
        };
        let time = point.time.div_euclid(1_000_000);
        self.ended = self.ended.max(time);
        let step = i64::try_from(point.step).unwrap_or(i64::MAX);
        self.metrics
            .push(json!({"key": name(point.metric), "value": value, "timestamp": time, "step": step}));
        if self.metrics.len() >= METRICS { self.flush() } else { Ok(()) }
    }

    /// What MLflow has a place for: parameters.
    fn event(&mut self, event: &TimedEvent) -> Result<(), ExchangeError> {
        if event.event.kind == "config" {
            self.parameters(&aether_ledger::flatten(&Value::Object(event.event.fields.clone())))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        if !self.metrics.is_empty() {
            let metrics = std::mem::take(&mut self.metrics);
            call(&self.server, "runs/log-batch", &json!({"run_id": self.run, "metrics": metrics}))?;
        }
        Ok(())
    }

    fn end(&mut self, run: &Run) -> Result<String, ExchangeError> {
        self.flush()?;
        let status = match run.state {
            RunState::Done => "FINISHED",
            RunState::Failed => "FAILED",
            RunState::Interrupted => "KILLED",
            RunState::Running => "RUNNING",
        };
        let mut body = json!({"run_id": self.run, "status": status});
        if run.state != RunState::Running {
            body["end_time"] = json!(run.ended.map_or(self.ended, |time| time.as_millisecond()));
        }
        call(&self.server, "runs/update", &body)?;
        Ok(format!("{} run {}", self.server.base(), self.run))
    }
}
