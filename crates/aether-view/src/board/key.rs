//! Keys: what of a run stands in a column, on an axis, on a gauge.

use std::fmt;

use aether_core::suggest;
use aether_ledger::{Entry, Summary};
use aether_watch::Unit;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

/// What of a run: `name`, `state`, ..., `param.NAME`, `metric.NAME` or `metric.NAME.min`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A fixed field.
    Field(&'static str),
    /// A parameter, by its path.
    Parameter(String),
    /// A number of a metric.
    Metric(String, Statistic),
}

/// Which number of a metric. All but `last` and `first` are over finite values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// The last, or what the run's summary says in its place.
    #[default]
    Last,
    /// The first.
    First,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean.
    Mean,
    /// How many there are.
    Count,
}

const STATISTICS: [(&str, Statistic); 6] = [
    ("last", Statistic::Last),
    ("first", Statistic::First),
    ("min", Statistic::Min),
    ("max", Statistic::Max),
    ("mean", Statistic::Mean),
    ("count", Statistic::Count),
];

const FIELDS: [&str; 10] =
    ["id", "name", "project", "kind", "state", "tags", "created", "ended", "duration", "host"];

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot be `{text}`")]
pub struct KeyError {
    text: String,
    /// What to write instead.
    pub help: String,
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// When it is neither a field nor begins with `param.` or `metric.`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(name) = text.strip_prefix("param.").filter(|name| !name.is_empty()) {
            return Ok(Self::Parameter(name.to_owned()));
        }
        if let Some(name) = text.strip_prefix("metric.").filter(|name| !name.is_empty()) {
            let split = name.rsplit_once('.');
            let known = |word: &str| STATISTICS.iter().find(|(known, _)| *known == word);
            return Ok(match split.and_then(|(name, word)| Some((name, known(word)?.1))) {
                Some((name, statistic)) => Self::Metric(name.to_owned(), statistic),
                None => Self::Metric(name.to_owned(), Statistic::Last),
            });
        }
        match FIELDS.iter().find(|field| **field == text) {
            Some(field) => Ok(Self::Field(field)),
            None => {
                let near = suggest::nearest(text, FIELDS);
                let help = near.map_or_else(
                    || {
                        format!(
                            "write metric.NAME, metric.NAME.min, param.NAME, or one of {}",
                            FIELDS.join(", ")
                        )
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                Err(KeyError { text: text.to_owned(), help })
            }
        }
    }

    /// What stands above a column of it: the name alone.
    pub fn label(&self) -> String {
        match self {
            Self::Field(field) => (*field).to_owned(),
            Self::Parameter(name) | Self::Metric(name, Statistic::Last) => name.clone(),
            Self::Metric(name, statistic) => format!("{name} {}", statistic.word()),
        }
    }

    /// What its values count in, where that is known.
    pub fn unit(&self) -> Option<Unit> {
        match self {
            Self::Metric(_, Statistic::Count) | Self::Parameter(_) | Self::Field(_) => None,
            Self::Metric(name, _) => Unit::of(name),
        }
    }

    /// What a run has of it. Times are RFC 3339, durations seconds, numbers that are not finite the texts `NaN`,
    /// `Infinity` and `-Infinity`.
    pub fn of(&self, entry: &Entry) -> Option<Value> {
        match self {
            Self::Parameter(name) => entry.parameters.get(name).cloned(),
            Self::Metric(..) => self.number(entry).map(number),
            Self::Field(field) => Some(match *field {
                "id" => json!(entry.id),
                "name" => json!(entry.name),
                "project" => json!(entry.project),
                "kind" => json!(entry.kind),
                "state" => json!(entry.standing),
                "tags" => json!(entry.tags),
                "created" => json!(entry.created),
                "ended" => json!(entry.ended?),
                "host" => json!(entry.host),
                _ => number(entry.duration().as_secs_f64()),
            }),
        }
    }

    /// The same where it is a number; a time is its seconds since 1970.
    pub fn number(&self, entry: &Entry) -> Option<f64> {
        match self {
            Self::Parameter(name) => entry.parameters.get(name)?.as_f64(),
            Self::Metric(name, Statistic::Last) => entry.headline(name),
            Self::Metric(name, statistic) => Some(statistic.of(entry.metrics.get(name)?)),
            Self::Field("created") => Some(entry.created.as_millisecond() as f64 / 1e3),
            Self::Field("ended") => Some(entry.ended?.as_millisecond() as f64 / 1e3),
            Self::Field("duration") => Some(entry.duration().as_secs_f64()),
            Self::Field(_) => None,
        }
    }
}

/// A number in JSON, or the text for what JSON has no number for.
fn number(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(value)
    }
}

impl Statistic {
    /// The word for it.
    pub fn word(self) -> &'static str {
        STATISTICS.iter().find(|(_, known)| *known == self).map_or("last", |(word, _)| word)
    }

    /// That number of a summary.
    pub fn of(self, summary: &Summary) -> f64 {
        match self {
            Self::Last => summary.last,
            Self::First => summary.first,
            Self::Min => summary.min,
            Self::Max => summary.max,
            Self::Mean => summary.mean,
            Self::Count => summary.count as f64,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field),
            Self::Parameter(name) => write!(f, "param.{name}"),
            // A metric may itself be called `loss.min`.
            Self::Metric(name, Statistic::Last)
                if Self::parse(&format!("metric.{name}")) == Ok(self.clone()) =>
            {
                write!(f, "metric.{name}")
            }
            Self::Metric(name, statistic) => write!(f, "metric.{name}.{}", statistic.word()),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_written() {
        for text in ["name", "param.optimizer.lr", "metric.val/loss", "metric.val/loss.min", "metric.a.b"] {
            assert_eq!(Key::parse(text).map(|key| key.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(Key::parse("metric.loss.min"), Ok(Key::Metric("loss".to_owned(), Statistic::Min)));
        let odd = Key::Metric("loss.min".to_owned(), Statistic::Last);
        assert_eq!(
            (odd.to_string(), Key::parse(&odd.to_string())),
            ("metric.loss.min.last".to_owned(), Ok(odd))
        );
        let unit = |text| Key::parse(text).unwrap().unit();
        assert_eq!(unit("metric.system/memory.max"), Some(Unit::Bytes));
        assert_eq!(
            [unit("metric.system/memory.count"), unit("metric.loss"), unit("param.system/memory")],
            [None; 3]
        );
        assert_eq!(Key::parse("crated").unwrap_err().help, "did you mean `created`?");
        assert!(Key::parse("metric.").unwrap_err().help.starts_with("write metric.NAME"));
    }
}
