//! OpenTelemetry: OTLP over HTTP, in its binary encoding, to `URL/v1/metrics` and `URL/v1/logs`. A metric is a gauge of
//! its name; the step is an attribute of each of its points. Events are log records.

use std::collections::BTreeMap;

use aether_core::{Level, Run};
use aether_ledger::TimedEvent;
use prost::Message;

use super::{Exporter, Point};
use crate::{
    ExchangeError,
    http::Server,
    proto::otlp::{
        AnyValue, DataPoint, Gauge, KeyValue, LogRecord, Logs, Metric, Metrics, Resource, ResourceLogs,
        ResourceMetrics, Scope, ScopeLogs, ScopeMetrics,
    },
};

const MEDIA: &str = "application/x-protobuf";
/// Points in a request; collectors refuse requests of several MiB.
const BATCH: usize = 8192;

/// Sends a run to a collector.
#[derive(Debug)]
pub struct Otlp {
    server: Server,
    resource: Resource,
    points: BTreeMap<String, Vec<DataPoint>>,
    waiting: usize,
    logs: Vec<LogRecord>,
}

impl Otlp {
    /// For a collector such as `http://localhost:4318`.
    pub fn new(url: &str, run: &Run) -> Self {
        let attributes = vec![
            KeyValue::text("service.name", "aether"),
            KeyValue::text("service.instance.id", run.id.as_str()),
            KeyValue::text("host.name", &run.host),
            KeyValue::text("aether.run", run.id.as_str()),
            KeyValue::text("aether.name", &run.name),
            KeyValue::text("aether.project", &run.project),
        ];
        let resource = Resource { attributes };
        Self { server: Server::new(url), resource, points: BTreeMap::new(), waiting: 0, logs: Vec::new() }
    }
}

fn scope() -> Option<Scope> {
    Some(Scope { name: "aether".to_owned() })
}

impl Exporter for Otlp {
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError> {
        let data = DataPoint {
            attributes: vec![KeyValue::int("step", i64::try_from(point.step).unwrap_or(i64::MAX))],
            time_unix_nano: point.time.max(0) as u64,
            as_double: Some(point.value),
        };
        self.points.entry(point.metric.to_owned()).or_default().push(data);
        self.waiting += 1;
        if self.waiting >= BATCH { self.flush() } else { Ok(()) }
    }

    fn event(&mut self, event: &TimedEvent) -> Result<(), ExchangeError> {
        let said = &event.event;
        // `SeverityNumber` of logs.proto.
        let (severity_number, severity_text) = match said.level {
            Level::Info => (9, "INFO"),
            Level::Warning => (13, "WARN"),
            Level::Error => (17, "ERROR"),
        };
        let fields = serde_json::Value::Object(said.fields.clone()).to_string();
        self.logs.push(LogRecord {
            time_unix_nano: event.time.max(0) as u64,
            severity_number,
            severity_text: severity_text.to_owned(),
            body: Some(AnyValue { string: Some(said.message.clone()), int: None }),
            attributes: vec![
                KeyValue::text("kind", &said.kind),
                KeyValue::int("step", i64::try_from(said.step).unwrap_or(i64::MAX)),
                KeyValue::text("fields", &fields),
            ],
        });
        if self.logs.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        if self.waiting > 0 {
            let metric = |(name, data_points)| Metric { name, gauge: Some(Gauge { data_points }) };
            let metrics = std::mem::take(&mut self.points).into_iter().map(metric).collect();
            let resource_metrics = vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![ScopeMetrics { scope: scope(), metrics }],
            }];
            self.waiting = 0;
            self.server.demand("/v1/metrics", MEDIA, &Metrics { resource_metrics }.encode_to_vec())?;
        }
        if !self.logs.is_empty() {
            let log_records = std::mem::take(&mut self.logs);
            let resource_logs = vec![ResourceLogs {
                resource: Some(self.resource.clone()),
                scope_logs: vec![ScopeLogs { scope: scope(), log_records }],
            }];
            self.server.demand("/v1/logs", MEDIA, &Logs { resource_logs }.encode_to_vec())?;
        }
        Ok(())
    }

    fn end(&mut self, _: &Run) -> Result<String, ExchangeError> {
        self.flush()?;
        Ok(self.server.base().to_owned())
    }
}
