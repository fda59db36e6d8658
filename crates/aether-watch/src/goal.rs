//! The last step of a run, where it says that itself.

use aether_core::Event;
use serde_json::{Map, Value};

/// What programs call it: ours in `started`, others among their parameters.
const NAMES: [&str; 2] = ["total_steps", "max_steps"];

/// The last step, if `event` tells it: what a training plans, what is said of it in so many words (`goal`), or a parameter
/// `total_steps` or `max_steps`, whatever stands before its name. Frameworks write -1 where there is none.
pub(crate) fn of(event: &Event) -> Option<u64> {
    match event.kind.as_str() {
        "started" | "resumed" | "goal" | "config" => find(&event.fields),
        _ => None,
    }
}

fn find(fields: &Map<String, Value>) -> Option<u64> {
    let named = |name: &str| {
        let last = name.rsplit(['/', '.']).next().unwrap_or(name);
        NAMES.contains(&last)
    };
    let here = fields.iter().filter(|(name, _)| named(name)).filter_map(|(_, value)| value.as_u64());
    let below = || fields.values().filter_map(Value::as_object).find_map(find);
    here.filter(|&steps| steps > 0).min().or_else(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aether_core::Level;
    use serde_json::json;

    #[test]
    fn as_programs_say_it() {
        let of = |kind: &str, fields: Value| {
            let fields = fields.as_object().unwrap().clone();
            of(&Event { kind: kind.into(), level: Level::Info, step: 0, message: String::new(), fields })
        };
        assert_eq!(of("config", json!({"lr": 0.1, "total_steps": 500})), Some(500));
        assert_eq!(of("config", json!({"trainer/max_steps": 20, "total_steps": -1})), Some(20));
        assert_eq!(of("config", json!({"trainer": {"args": {"max_steps": 7}}})), Some(7));
        assert_eq!(of("started", json!({"total_steps": 3, "epochs": 1})), Some(3));
        // As the Python client says what it heard from tqdm, Lightning, Keras and others.
        assert_eq!(of("goal", json!({"total_steps": 250, "by": "tqdm"})), Some(250));
        assert_eq!(of("config", json!({"max_steps": -1, "warmup_steps": 5, "total_steps": 0})), None);
        assert_eq!(of("text", json!({"total_steps": 3})), None);
    }
}
