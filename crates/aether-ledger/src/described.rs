//! What a run's events say of it as a whole: `config`, `summary` and `tags`.

use aether_core::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a run says of itself beside its metrics. A later word for a name replaces an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// Parameters, by name.
    pub config: Map<String, Value>,
    /// Values that stand for the run, by name: in tables they take the place of the last value of that metric.
    pub summary: Map<String, Value>,
    /// Words to find it by, in the order in which they were first said.
    pub tags: Vec<String>,
    /// Words that were taken away since, those of the run's record among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untagged: Vec<String>,
}

impl Described {
    /// What these events say, in their order.
    pub fn by<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut described = Self::default();
        events.into_iter().for_each(|event| described.hear(event));
        described
    }

    pub(crate) fn hear(&mut self, event: &Event) {
        match event.kind.as_str() {
            "config" => self.config.extend(event.fields.clone()),
            "summary" => self.summary.extend(event.fields.clone()),
            "tags" => {
                let said = |field: &str| {
                    let words = event.fields.get(field).and_then(Value::as_array).into_iter().flatten();
                    words.filter_map(Value::as_str)
                };
                for tag in said("tags") {
                    add_tag(&mut self.tags, tag);
                    self.untagged.retain(|gone| gone != tag);
                }
                for tag in said("removed") {
                    self.tags.retain(|known| known != tag);
                    add_tag(&mut self.untagged, tag);
                }
            }
            _ => {}
        }
    }
}

impl Described {
    /// All words to find a run by: its record's, then those that it said, without those that were taken away.
    pub(crate) fn all_tags(&self, mut recorded: Vec<String>) -> Vec<String> {
        recorded.retain(|tag| !self.untagged.contains(tag));
        self.tags.iter().for_each(|tag| add_tag(&mut recorded, tag));
        recorded
    }
}

/// Adds a word that is not there yet.
pub(crate) fn add_tag(tags: &mut Vec<String>, tag: &str) {
    if !tags.iter().any(|known| known == tag) {
        tags.push(tag.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use aether_core::Level;
    use serde_json::json;

    use super::*;

    #[test]
    fn later_words_add_to_earlier_ones_and_replace_those_of_the_same_name() {
        let event = |kind: &str, fields: Value| Event {
            kind: kind.to_owned(),
            level: Level::Info,
            step: 0,
            message: String::new(),
            fields: fields.as_object().unwrap().clone(),
        };
        let events = [
            event("config", json!({"lr": 0.1, "layers": [1, 2]})),
            event("tags", json!({"tags": ["a", 7, "b"]})),
            event("epoch", json!({"lr": 9})),
            event("config", json!({"lr": 0.2})),
            event("summary", json!({"best": 1})),
            event("tags", json!({"tags": ["b", "c"]})),
            event("tags", json!({"tags": "no list"})),
            event("tags", json!({"tags": ["d"], "removed": ["a", "recorded", "d"]})),
            event("tags", json!({"tags": ["d"]})),
        ];
        let described = Described::by(&events);
        assert_eq!(Value::Object(described.config.clone()), json!({"lr": 0.2, "layers": [1, 2]}));
        assert_eq!(Value::Object(described.summary.clone()), json!({"best": 1}));
        assert_eq!(described.tags, ["b", "c", "d"]);
        let recorded = ["recorded", "c", "e"].map(str::to_owned).to_vec();
        assert_eq!(described.all_tags(recorded), ["c", "e", "b", "d"]);
    }
}
