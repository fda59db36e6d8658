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
                let said = event.fields.get("tags").and_then(Value::as_array).into_iter().flatten();
                for tag in said.filter_map(Value::as_str) {
                    add_tag(&mut self.tags, tag);
                }
            }
            _ => {}
        }
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
        ];
        let described = Described::by(&events);
        assert_eq!(Value::Object(described.config), json!({"lr": 0.2, "layers": [1, 2]}));
        assert_eq!(Value::Object(described.summary), json!({"best": 1}));
        assert_eq!(described.tags, ["a", "b", "c"]);
    }
}
