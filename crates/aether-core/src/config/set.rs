//! Overrides: `--set optimizer.weight_decay=0.1`.

use std::sync::Arc;

use super::{
    ConfigError, limits,
    node::{Key, Node, Value},
    parse::parse_from,
    source::{Place, Source},
};

/// What messages show before the override, so that it looks as it was typed.
const FLAG: &str = "--set ";

impl Node {
    /// Sets the value at a path, as in `optimizer.weight_decay=0.1` or `layers.0.units=3`: the value is YAML, and
    /// mappings on the way are made. A bare name on the way stays, as what [`Node::named_mapping`] makes of it, so that
    /// `optimizer: sgd` and `optimizer.momentum=0.9` go together.
    ///
    /// # Errors
    /// When the assignment is not `path=value`, the value is not YAML, or the path leads through a value that is no
    /// mapping, or past the end of a list. Nothing has changed then.
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let source = Arc::new(Source {
            name: "the command line".to_owned(),
            text: format!("{FLAG}{assignment}"),
            inline: true,
        });
        let whole = || Place::new(&source, FLAG.len()..source.text.len());
        let Some(equals) = assignment.find('=') else {
            return Err(ConfigError::new("an override needs a value")
                .at(whole())
                .with_help("write it as key=value"));
        };
        if assignment[..equals].matches('.').count() >= limits::DEPTH {
            return Err(ConfigError::new("an override this deep is a mistake").at(whole()));
        }
        let mut keys = Vec::new();
        let mut start = FLAG.len();
        for segment in assignment[..equals].split('.') {
            let place = Place::new(&source, start..start + segment.len());
            let text = segment.trim().to_owned();
            if text.is_empty() {
                let error = ConfigError::new("an override needs a key between its dots and before its `=`");
                return Err(error.at(place).with_help("write it as optimizer.weight_decay=0.1"));
            }
            keys.push(Key { text, place: Some(place) });
            start += segment.len() + 1;
        }
        let base = FLAG.len() + equals + 1;
        let value = parse_from(&source, base)?.unwrap_or_else(|| Node {
            key: None,
            place: Some(Place::new(&source, base..base)),
            value: Value::Null,
        });
        // On a copy, so that a path that fails half-way has changed nothing.
        let mut changed = self.clone();
        changed.assign(&keys, value)?;
        *self = changed;
        Ok(())
    }

    fn assign(&mut self, keys: &[Key], mut value: Node) -> Result<(), ConfigError> {
        let Some((key, rest)) = keys.split_first() else {
            value.key = self.key.take();
            *self = value;
            return Ok(());
        };
        let about = |message: String| match &key.place {
            Some(place) => ConfigError::new(message).at(place.clone()),
            None => ConfigError::new(message),
        };
        self.spell_out();
        let found = self.describe();
        match &mut self.value {
            Value::Mapping(entries) => {
                let at = match entries.iter().position(|entry| entry.key() == Some(&key.text)) {
                    Some(at) => at,
                    None => {
                        let key = Some(Box::new(key.clone()));
                        entries.push(Node { key, place: value.place.clone(), value: Value::Null });
                        entries.len() - 1
                    }
                };
                entries[at].assign(rest, value)
            }
            Value::List(items) => {
                let length = items.len();
                match key.text.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                    Some(item) => item.assign(rest, value),
                    None => Err(about(match length {
                        0 => format!("`{}` is no index: the list is empty", key.text),
                        _ => format!("`{}` is no index: the list's are 0 to {}", key.text, length - 1),
                    })),
                }
            }
            _ => Err(about(format!("`{}` cannot be set: above it stands {found}, not a mapping", key.text))),
        }
    }
}
