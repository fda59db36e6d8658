//! What is asked of the runtime and what it answers: those fields of `tpu_metric_service.proto`, package
//! `tpu.monitoring.runtime`, that are used here.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct MetricRequest {
    #[prost(string, tag = "1")]
    pub(super) metric_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MetricResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) metric: Option<TpuMetric>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TpuMetric {
    #[prost(message, repeated, tag = "3")]
    pub(super) metrics: Vec<Reading>,
}

/// One value, of one device.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Reading {
    #[prost(message, optional, tag = "1")]
    attribute: Option<Attribute>,
    #[prost(message, optional, tag = "3")]
    gauge: Option<Gauge>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(message, optional, tag = "2")]
    value: Option<AttributeValue>,
}

/// The one that names a device; the others of its `oneof` are passed over.
#[derive(Clone, PartialEq, Message)]
struct AttributeValue {
    #[prost(int64, tag = "3")]
    int_attr: i64,
}

/// Those of its `oneof` that are numbers.
#[derive(Clone, PartialEq, Message)]
struct Gauge {
    #[prost(double, optional, tag = "1")]
    as_double: Option<f64>,
    #[prost(int64, optional, tag = "2")]
    as_int: Option<i64>,
}

impl Reading {
    /// The number of the device that it is of.
    pub(super) fn device(&self) -> i64 {
        let value = self.attribute.as_ref().and_then(|attribute| attribute.value.as_ref());
        value.map_or(0, |value| value.int_attr)
    }

    pub(super) fn value(&self) -> Option<f64> {
        let gauge = self.gauge.as_ref()?;
        gauge.as_double.or(gauge.as_int.map(|number| number as f64))
    }
}
