//! A tree of parameters as a flat list, as `--set` writes its keys.

use serde_json::Value;

/// The leaves of `tree` with their paths, in their order. A list of plain values is a leaf; nulls are left out.
pub(crate) fn flatten(tree: &Value) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    descend(String::new(), tree, &mut leaves);
    leaves
}

fn descend(path: String, node: &Value, leaves: &mut Vec<(String, Value)>) {
    match node {
        Value::Null => {}
        Value::Object(fields) => {
            for (key, value) in fields {
                descend(if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, leaves);
            }
        }
        Value::Array(items) if items.iter().any(|i| i.is_object() || i.is_array()) => {
            for (i, item) in items.iter().enumerate() {
                descend(format!("{path}.{i}"), item, leaves);
            }
        }
        leaf => leaves.push((path, leaf.clone())),
    }
}

/// A leaf for a person: text without its quotes.
pub(super) fn plain(leaf: &Value) -> String {
    match leaf {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_and_leaves() {
        let tree = json!({"a": 1, "b": {"c": "x", "d": null}, "e": [1, 2], "f": [{"g": true}]});
        let flat: Vec<String> = flatten(&tree).iter().map(|(k, v)| format!("{k}={}", plain(v))).collect();
        assert_eq!(flat, ["a=1", "b.c=x", "e=[1,2]", "f.0.g=true"]);
    }
}
