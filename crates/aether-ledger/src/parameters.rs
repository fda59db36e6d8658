//! A tree of parameters as a flat table, as `--set` writes its keys.

use serde_json::{Map, Value};

/// The leaves of `tree` by their paths, such as `optimizer.betas`, in their order. A list of plain values is a leaf;
/// nulls are left out.
pub fn flatten(tree: &Value) -> Map<String, Value> {
    let mut leaves = Map::new();
    descend(String::new(), tree, &mut leaves);
    leaves
}

fn descend(path: String, node: &Value, leaves: &mut Map<String, Value>) {
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
        leaf => {
            leaves.insert(path, leaf.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_and_leaves() {
        let tree = json!({"a": 1, "b": {"c": "x", "d": null}, "e": [1, 2], "f": [{"g": true}]});
        assert_eq!(Value::Object(flatten(&tree)), json!({"a": 1, "b.c": "x", "e": [1, 2], "f.0.g": true}));
    }
}
