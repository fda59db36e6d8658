//! From a text to a tree of [`Node`]s, within [`limits`].

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, Tag};

use super::{
    ConfigError, limits,
    load::too_large,
    node::{Key, Node, Value},
    scalar,
    source::{Place, Source},
};

/// Parses `text`, called `name` in messages: one YAML document that is not empty.
///
/// # Errors
/// When it is not YAML, gives a key twice, has a tag that is not YAML's own, or passes one of the [`limits`].
pub fn parse(name: &str, text: &str) -> Result<Node, ConfigError> {
    if text.len() > limits::BYTES {
        return Err(too_large(name));
    }
    // Some editors put a byte order mark before everything; YAML allows it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
    let source = Arc::new(Source { name: name.to_owned(), text, inline: false });
    match parse_from(&source, 0)? {
        Some(node) if !node.is_null() => Ok(node),
        _ => Err(ConfigError::new("the file says nothing").of(&source)),
    }
}

/// Parses what `source` holds from byte `base` on; `None` if that is blank.
pub(super) fn parse_from(source: &Arc<Source>, base: usize) -> Result<Option<Node>, ConfigError> {
    let text = &source.text[base..];
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    if let Some((at, c)) = text.char_indices().find(|&(_, c)| forbidden(c)) {
        let place = Place::new(source, base + at..base + at + c.len_utf8());
        return Err(
            ConfigError::new(format!("the control character U+{:04X} is not text", u32::from(c))).at(place)
        );
    }
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    let mut tree =
        Tree { source, base, open: Vec::new(), root: None, anchors: HashMap::new(), cost: Cost::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let at = base + error.marker().byte_offset().unwrap_or(text.len());
            let error = match error.kind() {
                ErrorKind::RecursionLimitExceeded => too_deep(),
                kind => syntax(&kind.to_string()),
            };
            error.at(Place::new(source, at..at + 1))
        })?;
        tree.take(event, span)?;
    }
    Ok(tree.root)
}

fn syntax(message: &str) -> ConfigError {
    let help = message.contains("tab").then_some("indent with spaces: YAML knows no tabs there");
    let error = ConfigError::new(format!("not YAML: {message}"));
    match help {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// What a node costs, with everything inside of it.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    values: usize,
    text: usize,
    /// Of the tallest tower of mappings and lists.
    depth: usize,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.values += other.values;
        self.text += other.text;
        self.depth = self.depth.max(other.depth);
    }
}

/// A list or mapping that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    children: Vec<Node>,
    cost: Cost,
    /// Of a mapping only.
    keys: Option<Keys>,
}

#[derive(Default)]
struct Keys {
    seen: HashMap<String, Place>,
    /// A key whose value has not come yet.
    waiting: Option<Key>,
    /// What `<<` brings in.
    merged: Vec<Node>,
}

struct Tree<'a> {
    source: &'a Arc<Source>,
    base: usize,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, (Node, Cost)>,
    /// Of everything so far.
    cost: Cost,
}

impl Tree<'_> {
    fn place(&self, range: Range<usize>) -> Place {
        Place::new(self.source, self.base + range.start..self.base + range.end)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ConfigError> {
        let range = span.byte_range().unwrap_or(0..0);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(ConfigError::new("a second document begins here: one file holds one")
                    .at(self.place(range)))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let place = self.place(range);
                let value =
                    value_of(&text, style, tag.as_deref()).map_err(|error| error.at(place.clone()))?;
                let cost = Cost { values: 1, text: text.len(), depth: 0 };
                self.spend(cost, &place)?;
                // What a key is called is what is written, be it `1`, `null` or `true`.
                let name = text.into_owned();
                let node = Node { key: None, place: Some(place), value };
                self.anchor(anchor, &node, cost);
                self.put(node, cost, Some(name))
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(range, anchor, tag.as_deref(), "seq", None),
            Event::MappingStart(_, anchor, tag) => {
                self.begin(range, anchor, tag.as_deref(), "map", Some(Keys::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range),
            Event::Alias(id) => {
                let place = self.place(range);
                let Some((node, cost)) = self.anchors.get(&id).cloned() else {
                    return Err(ConfigError::new("this alias stands inside of what it stands for").at(place));
                };
                if self.open.len() + cost.depth > limits::DEPTH {
                    return Err(too_deep().at(place));
                }
                self.spend(cost, &place)?;
                let name = node.text().map(str::to_owned);
                self.put(node, cost, name)
            }
            _ => Ok(()),
        }
    }

    fn spend(&mut self, cost: Cost, place: &Place) -> Result<(), ConfigError> {
        self.cost.add(cost);
        let over = if self.cost.values > limits::VALUES {
            format!("more than {} values", limits::VALUES)
        } else if self.cost.text > limits::TEXT {
            format!("more than {} MiB of text", limits::TEXT >> 20)
        } else {
            return Ok(());
        };
        let message = format!("the file holds {over}, with what aliases (`*name`) repeat");
        Err(ConfigError::new(message).at(place.clone()))
    }

    fn anchor(&mut self, id: usize, node: &Node, cost: Cost) {
        // The parser numbers anchors from 1.
        if id > 0 {
            self.anchors.insert(id, (node.clone(), cost));
        }
    }

    fn begin(
        &mut self,
        range: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
        kind: &str,
        keys: Option<Keys>,
    ) -> Result<(), ConfigError> {
        let place = self.place(range);
        if let Some(tag) = tag
            && !tag.is_yaml_core_schema_tag(kind)
        {
            return Err(foreign_tag(tag).at(place));
        }
        if self.open.len() >= limits::DEPTH {
            return Err(too_deep().at(place));
        }
        let cost = Cost { values: 1, text: 0, depth: 0 };
        self.spend(cost, &place)?;
        self.open.push(Open { start: place.start, anchor, children: Vec::new(), cost, keys });
        Ok(())
    }

    fn end(&mut self, range: Range<usize>) -> Result<(), ConfigError> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        open.cost.depth += 1;
        let end = self.base + range.end;
        let place = Place::new(self.source, open.start..end);
        let value = match open.keys {
            None => Value::List(open.children),
            Some(keys) => Value::Mapping(merge(open.children, keys.merged)),
        };
        let node = Node { key: None, place: Some(place), value };
        self.anchor(open.anchor, &node, open.cost);
        self.put(node, open.cost, None)
    }

    /// Puts a finished node where it belongs: as a key if one is due (`name` is what it is called then), else as a
    /// value.
    fn put(&mut self, mut node: Node, cost: Cost, name: Option<String>) -> Result<(), ConfigError> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.cost.add(cost);
        let Some(keys) = &mut open.keys else {
            node.key = None;
            open.children.push(node);
            return Ok(());
        };
        let Some(key) = keys.waiting.take() else {
            let place = node.place.unwrap_or_else(|| Place::new(self.source, 0..0));
            let Some(text) = name else {
                return Err(ConfigError::new("a key must be text, not a list or a mapping").at(place));
            };
            if let Some(first) = keys.seen.get(&text) {
                let (line, _) = first.position();
                let message = format!("the key `{text}` is given twice");
                return Err(ConfigError::new(message)
                    .with_help(format!("it is on line {line} already"))
                    .at(place));
            }
            keys.seen.insert(text.clone(), place.clone());
            keys.waiting = Some(Key { text, place: Some(place) });
            return Ok(());
        };
        if key.text == "<<" {
            match &node.value {
                Value::Mapping(_) => keys.merged.push(node),
                Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Mapping(_))) => {
                    keys.merged.extend(items.iter().cloned());
                }
                _ => return Err(node.error("`<<` merges a mapping, or a list of mappings")),
            }
            return Ok(());
        }
        node.key = Some(Box::new(key));
        open.children.push(node);
        Ok(())
    }
}

/// Adds the entries of `merged` whose keys are not there yet; earlier ones come first
/// (<https://yaml.org/type/merge.html>).
fn merge(mut entries: Vec<Node>, merged: Vec<Node>) -> Vec<Node> {
    if merged.is_empty() {
        return entries;
    }
    let mut seen: HashSet<String> = entries.iter().filter_map(|e| e.key().map(str::to_owned)).collect();
    for mapping in merged {
        for entry in mapping.entries() {
            if entry.key().is_some_and(|key| seen.insert(key.to_owned())) {
                entries.push(entry.clone());
            }
        }
    }
    entries
}

fn too_deep() -> ConfigError {
    ConfigError::new(format!("more than {} mappings and lists inside each other", limits::DEPTH))
}

fn foreign_tag(tag: &Tag) -> ConfigError {
    ConfigError::new(format!("the tag `{}` means nothing here", tag.original())).with_help("remove it")
}

/// What a scalar stands for.
fn value_of(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, ConfigError> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => scalar::resolve(text),
            _ => Value::Text(text.to_owned()),
        });
    };
    let suffix = tag.core_suffix().ok_or_else(|| foreign_tag(tag))?;
    let value = match suffix {
        "str" => return Ok(Value::Text(text.to_owned())),
        "float" => match scalar::number(text) {
            Some(Value::Integer(integer)) => Value::Float(integer as f64),
            other => other.unwrap_or_default(),
        },
        _ => scalar::resolve(text),
    };
    match (suffix, &value) {
        ("null", Value::Null)
        | ("bool", Value::Bool(_))
        | ("int", Value::Integer(_))
        | ("float", Value::Float(_)) => Ok(value),
        ("null" | "bool" | "int" | "float", _) => {
            Err(ConfigError::new(format!("`{text}` is no {}", tag.original())))
        }
        _ => Err(foreign_tag(tag)),
    }
}
