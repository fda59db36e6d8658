//! Prometheus: the last value of each metric, in its text format, version 0.0.4, served at `/metrics`.
//!
//! `aether_metric{run,name,project,metric}` is the value, `aether_metric_step` its step; `aether_run_info` names the
//! run. There are no times: Prometheus refuses what was said too long ago.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use aether_core::Run;
use aether_ledger::TimedEvent;

use super::{Exporter, Point};
use crate::ExchangeError;

/// How long a scraper may take to ask and to listen.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many are served at once.
const AT_ONCE: usize = 64;
/// The longest request that is read.
const LONGEST_REQUEST: u64 = 16 * 1024;

/// Remembers the last value of each metric of a run.
#[derive(Debug)]
pub struct Prometheus {
    labels: String,
    last: BTreeMap<String, (u64, f64)>,
}

impl Prometheus {
    /// For a run that has said nothing yet.
    pub fn new(run: &Run) -> Self {
        let labels =
            format!("run=\"{}\",name=\"{}\",project=\"{}\"", run.id, escape(&run.name), escape(&run.project));
        Self { labels, last: BTreeMap::new() }
    }
}

/// What a scraper is told of these runs.
pub fn page(runs: &[Prometheus]) -> String {
    let mut page = String::new();
    // Writing into a text cannot fail.
    let mut line = |text: std::fmt::Arguments<'_>| _ = page.write_fmt(text);
    line(format_args!("# HELP aether_run_info A run.\n# TYPE aether_run_info gauge\n"));
    for run in runs {
        line(format_args!("aether_run_info{{{}}} 1\n", run.labels));
    }
    line(format_args!("# HELP aether_metric The last value of a metric.\n# TYPE aether_metric gauge\n"));
    for run in runs {
        for (metric, (_, value)) in &run.last {
            let (labels, metric) = (&run.labels, escape(metric));
            line(format_args!("aether_metric{{{labels},metric=\"{metric}\"}} {}\n", number(*value)));
        }
    }
    line(format_args!("# HELP aether_metric_step Its step.\n# TYPE aether_metric_step gauge\n"));
    for run in runs {
        for (metric, (step, _)) in &run.last {
            let (labels, metric) = (&run.labels, escape(metric));
            line(format_args!("aether_metric_step{{{labels},metric=\"{metric}\"}} {step}\n"));
        }
    }
    page
}

/// Answers everybody who connects, each on a thread of its own: a scraper that dawdles keeps no other one waiting. `page` is
/// asked for what they are told.
///
/// # Errors
/// When there is no page any more.
pub fn serve(
    listener: &TcpListener,
    mut page: impl FnMut() -> Result<String, ExchangeError>,
) -> Result<(), ExchangeError> {
    let served = Arc::new(());
    for stream in listener.incoming() {
        let page = page()?;
        // Whoever comes while too many are being served is turned away, and comes again.
        let Some(stream) = stream.ok().filter(|_| Arc::strong_count(&served) <= AT_ONCE) else { continue };
        let being = Arc::clone(&served);
        let work = move || {
            // What goes wrong with one scraper is its own affair.
            let _ = answer(&stream, &page);
            drop(being);
        };
        // Without a thread it is turned away as well.
        let _ = thread::Builder::new().name("scraper".to_owned()).spawn(work);
    }
    Ok(())
}

fn answer(stream: &TcpStream, page: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.take(LONGEST_REQUEST));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path.split('?').next() {
        Some("/metrics") => ("200 OK", page),
        _ => ("404 Not Found", "The metrics are at /metrics.\n"),
    };
    let media = "text/plain; version=0.0.4; charset=utf-8";
    let length = body.len();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    stream.flush()
}

/// Listens at an address such as `127.0.0.1:9464`.
///
/// # Errors
/// When it cannot.
pub fn listen(address: &str) -> Result<TcpListener, ExchangeError> {
    TcpListener::bind(address).map_err(ExchangeError::io("listen at", address))
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

/// Of a label's value.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Exporter for Prometheus {
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError> {
        self.last.insert(point.metric.to_owned(), (point.step, point.value));
        Ok(())
    }

    fn event(&mut self, _: &TimedEvent) -> Result<(), ExchangeError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        Ok(())
    }

    fn end(&mut self, _: &Run) -> Result<String, ExchangeError> {
        Ok("/metrics".to_owned())
    }
}
