//! MLflow: the runs of a tracking server, through its REST API (MLflow's documentation, "REST API", version 2.0). Files
//! come through the server, too: it need not lie where they do.

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use aether_core::signal::Nanos;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    ForeignArtifact, ForeignPoint, ForeignRun,
    artifact::{Download, Source},
    mlflow::{finite_or_not, milliseconds, parameter, state, tag},
};
use crate::{
    ExchangeError,
    http::{Server, escape},
};

const EXPERIMENTS: usize = 1000;
/// Runs in one answer: each comes with all its parameters and tags.
const RUNS: usize = 100;
/// Points in one answer; every version gives 25,000.
const POINTS: usize = 20_000;

/// Whether this names a server, and not a file.
pub fn is_address(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
}

/// The runs of a server, experiment after experiment, the oldest first; removed ones are left out. Each is asked for
/// when it is its turn. An error ends them.
#[derive(Debug)]
pub struct Runs {
    server: Arc<Server>,
    experiments: VecDeque<Experiment>,
    /// Of the first experiment; read and not given yet.
    waiting: VecDeque<Found>,
    /// What asks for its next page; `None`: there is none.
    next: Option<String>,
}

/// Begins to read what the server at `url` has, of all experiments or of the one that is called `experiment`. Whom the
/// server is told about stands in the variables that MLflow's own client reads.
///
/// # Errors
/// When `url` holds a password, the server does not answer, or it has no such experiment.
pub fn read(url: &str, experiment: Option<&str>) -> Result<Runs, ExchangeError> {
    let server = Server::of_mlflow(url);
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if let Some((_, host)) = authority.rsplit_once('@') {
        let reason = "an address is kept with the runs, so it may hold no password; set MLFLOW_TRACKING_USERNAME and \
                      MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
        return Err(ExchangeError::Server { url: host.to_owned(), reason: reason.to_owned() });
    }
    let experiments = match experiment {
        Some(name) => {
            let path = format!("/api/2.0/mlflow/experiments/get-by-name?experiment_name={}", escape(name));
            let named: Named = parsed(&server, &path, &server.demand_text(&path)?)?;
            vec![named.experiment]
        }
        None => {
            let path = "/api/2.0/mlflow/experiments/search";
            pages(|token| {
                let body =
                    json!({"max_results": EXPERIMENTS, "view_type": "ACTIVE_ONLY", "page_token": token});
                parsed(&server, path, &server.demand(path, "application/json", body.to_string().as_bytes())?)
            })?
        }
    };
    Ok(Runs {
        server: Arc::new(server),
        experiments: experiments.into(),
        waiting: VecDeque::new(),
        next: Some(String::new()),
    })
}

/// One page of a list, whatever the list is called.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    #[serde(default = "Vec::new", alias = "experiments", alias = "runs", alias = "metrics", alias = "files")]
    items: Vec<T>,
    #[serde(default)]
    next_page_token: String,
}

impl<T> Page<T> {
    /// What asks for the page after this one, for which `token` had asked. Some versions name a next page for ever.
    fn next(&self, token: &str) -> Option<String> {
        let ends = self.items.is_empty() || self.next_page_token.is_empty() || self.next_page_token == token;
        (!ends).then(|| self.next_page_token.clone())
    }
}

#[derive(Deserialize)]
struct Named {
    experiment: Experiment,
}

#[derive(Debug, Deserialize)]
struct Experiment {
    experiment_id: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Found {
    info: Info,
    #[serde(default)]
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Info {
    run_id: String,
    #[serde(default)]
    run_name: String,
    #[serde(default)]
    status: String,
    start_time: Option<Number>,
    end_time: Option<Number>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data {
    /// The last value of each.
    metrics: Vec<Metric>,
    params: Vec<Pair>,
    tags: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
struct Metric {
    key: String,
}

#[derive(Debug, Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Value {
    value: Number,
    timestamp: Number,
    step: Option<Number>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
    #[serde(default)]
    is_dir: bool,
}

/// A number as protobuf's JSON has it: one of 64 bits may be a text, and what is not finite always is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Fraction(f64),
    Text(String),
}

impl Number {
    fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Fraction(_) => None,
            Self::Text(text) => text.parse().ok(),
        }
    }

    fn value(&self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(*number as f64),
            Self::Fraction(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }

    fn time(&self) -> Option<Nanos> {
        self.whole().map(milliseconds)
    }
}

impl Value {
    fn point(&self) -> Option<ForeignPoint> {
        let step = self.step.as_ref().map_or(Some(0), Number::whole);
        Some(ForeignPoint {
            step: step.and_then(|step| u64::try_from(step).ok()),
            time: self.timestamp.time()?,
            value: finite_or_not(self.value.value()?),
        })
    }
}

fn parsed<T: DeserializeOwned>(server: &Server, path: &str, text: &str) -> Result<T, ExchangeError> {
    serde_json::from_str(text)
        .map_err(|e| server.failed(path, format!("its answer is none of MLflow's: {e}")))
}

/// All of a list.
fn pages<T>(ask: impl Fn(&str) -> Result<Page<T>, ExchangeError>) -> Result<Vec<T>, ExchangeError> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = ask(&token)?;
        let next = page.next(&token);
        all.extend(page.items);
        match next {
            Some(next) => token = next,
            None => return Ok(all),
        }
    }
}

impl Iterator for Runs {
    type Item = Result<ForeignRun, ExchangeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = loop {
            if let Some(found) = self.waiting.pop_front() {
                break found;
            }
            let experiment = self.experiments.front()?;
            let Some(token) = self.next.take() else {
                self.experiments.pop_front();
                self.next = Some(String::new());
                continue;
            };
            match self.page(experiment, &token) {
                Ok(page) => {
                    self.next = page.next(&token);
                    self.waiting = page.items.into();
                }
                Err(error) => {
                    self.experiments.clear();
                    return Some(Err(error));
                }
            }
        };
        let run = self.whole(found);
        if run.is_err() {
            self.experiments.clear();
            self.waiting.clear();
        }
        Some(run)
    }
}

impl Runs {
    fn page(&self, experiment: &Experiment, token: &str) -> Result<Page<Found>, ExchangeError> {
        let path = "/api/2.0/mlflow/runs/search";
        let body = json!({
            "experiment_ids": [experiment.experiment_id],
            "max_results": RUNS,
            "run_view_type": "ACTIVE_ONLY",
            // What begins meanwhile is at the end, so no page is shifted.
            "order_by": ["attributes.start_time ASC"],
            "page_token": token,
        });
        let text = self.server.demand(path, "application/json", body.to_string().as_bytes())?;
        parsed(&self.server, path, &text)
    }

    /// Asks for what the list does not say of a run.
    fn whole(&self, found: Found) -> Result<ForeignRun, ExchangeError> {
        let Found { info, data } = found;
        let id = info.run_id;
        let name = if info.run_name.is_empty() { id.clone() } else { info.run_name };
        let mut run = ForeignRun::new("mlflow", id.clone(), &PathBuf::from(self.server.base()), name);
        run.project = self.experiments.front().map(|experiment| experiment.name.clone());
        run.state = state(&info.status);
        run.created = info.start_time.as_ref().and_then(Number::time);
        run.ended = info.end_time.as_ref().and_then(Number::time);
        for Pair { key, value } in data.params {
            run.config.insert(key, parameter(&value));
        }
        for Pair { key, value } in &data.tags {
            tag(&mut run, key, value);
        }
        for Metric { key } in data.metrics {
            self.history(&mut run, &id, &key)?;
        }
        match self.files(&id) {
            Ok(files) => {
                let time = run.ended.or(run.created).unwrap_or_else(aether_core::signal::now);
                run.artifacts = files.into_iter().map(|name| self.artifact(&id, time, name)).collect();
            }
            // A server may be one that keeps no files, or may not reach where they are.
            Err(error) => run.remarks.push(format!("its files could not be listed: {error}")),
        }
        Ok(run)
    }

    fn history(&self, run: &mut ForeignRun, id: &str, metric: &str) -> Result<(), ExchangeError> {
        let path = "/api/2.0/mlflow/metrics/get-history";
        let asked = format!("run_id={}&metric_key={}&max_results={POINTS}", escape(id), escape(metric));
        let (mut token, mut unread) = (String::new(), 0);
        loop {
            let more =
                if token.is_empty() { String::new() } else { format!("&page_token={}", escape(&token)) };
            let text = self.server.demand_text(&format!("{path}?{asked}{more}"))?;
            let page: Page<Value> = parsed(&self.server, path, &text)?;
            for value in &page.items {
                match value.point() {
                    Some(point) => run.point(metric, point),
                    None => unread += 1,
                }
            }
            match page.next(&token) {
                Some(next) => token = next,
                None => break,
            }
        }
        run.passed_over(unread, "values that are no points were");
        Ok(())
    }

    /// The paths of all files of a run, in the order of the directories that hold them.
    fn files(&self, id: &str) -> Result<Vec<String>, ExchangeError> {
        let path = "/api/2.0/mlflow/artifacts/list";
        let (mut files, mut directories) = (Vec::new(), VecDeque::from([String::new()]));
        while let Some(directory) = directories.pop_front() {
            let of =
                if directory.is_empty() { String::new() } else { format!("&path={}", escape(&directory)) };
            let listed = pages(|token| {
                let more =
                    if token.is_empty() { String::new() } else { format!("&page_token={}", escape(token)) };
                let asked = format!("{path}?run_id={}{of}{more}", escape(id));
                parsed(&self.server, path, &self.server.demand_text(&asked)?)
            })?;
            for Listed { path, is_dir } in listed {
                if is_dir { directories.push_back(path) } else { files.push(path) }
            }
        }
        Ok(files)
    }

    fn artifact(&self, id: &str, time: Nanos, name: String) -> ForeignArtifact {
        let path = format!("/get-artifact?path={}&run_uuid={}", escape(&name), escape(id));
        ForeignArtifact { time, name, source: Source::Server(Download::new(Arc::clone(&self.server), path)) }
    }
}
