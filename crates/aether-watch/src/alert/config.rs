//! The file that says where alerts go: `alerts.yaml`.

use std::{path::Path, time::Duration};

use aether_core::{
    ConfigError, Event, Level,
    config::{self, Node},
    suggest,
};
use serde::Deserialize;

use super::{Alerts, Route, Silence, times};

/// A route under its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedRoute {
    /// The key in the file.
    pub name: String,
    /// Only events at least so urgent; else those that concern anybody at all ([`Alerts::concerns`]).
    pub level: Option<Level>,
    /// Only events of these kinds; none: of all.
    pub kinds: Vec<String>,
    /// Where it leads.
    pub route: Route,
}

impl NamedRoute {
    /// Whether `event` is to go this way.
    pub fn wants(&self, event: &Event) -> bool {
        let level = self.level.map_or_else(|| Alerts::concerns(event), |level| event.level >= level);
        level && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// All that the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertsFile {
    /// Findings of one kind in one run within this time become one message.
    pub group: Duration,
    /// The same finding is not said again within this time.
    pub repeat: Duration,
    /// From a first failure to the second try; each further wait is twice as long.
    pub retry: Duration,
    /// After this time a message counts as failed.
    pub give_up: Duration,
    /// Routes, in the order of the file.
    pub routes: Vec<NamedRoute>,
    /// What nobody wants to hear of.
    pub silence: Vec<Silence>,
}

const GROUP: Duration = Duration::from_secs(10);
const REPEAT: Duration = Duration::from_secs(3600);
const RETRY: Duration = Duration::from_secs(10);
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 3600);

impl Default for AlertsFile {
    fn default() -> Self {
        Self {
            group: GROUP,
            repeat: REPEAT,
            retry: RETRY,
            give_up: GIVE_UP,
            routes: Vec::new(),
            silence: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    group: Option<Node>,
    repeat: Option<Node>,
    retry: Option<Node>,
    give_up: Option<Node>,
    #[serde(default = "Node::empty")]
    routes: Node,
    #[serde(default)]
    silence: Vec<Node>,
}

impl AlertsFile {
    /// The file of `home`; nothing goes anywhere where there is none.
    ///
    /// # Errors
    /// As [`AlertsFile::load`].
    pub fn of_home(home: &Path) -> Result<Self, ConfigError> {
        let path = home.join("alerts.yaml");
        if path.exists() { Self::load(&path) } else { Ok(Self::default()) }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or says something that is not allowed; shows the line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::read(&config::load(path)?)
    }

    /// Takes up what was read.
    ///
    /// # Errors
    /// As [`AlertsFile::load`].
    pub fn read(node: &Node) -> Result<Self, ConfigError> {
        let written: Written = node.read()?;
        written.routes.check_mapping()?;
        Ok(Self {
            group: times::span(written.group.as_ref(), GROUP)?,
            repeat: times::span(written.repeat.as_ref(), REPEAT)?,
            retry: times::span(written.retry.as_ref(), RETRY)?,
            give_up: times::span(written.give_up.as_ref(), GIVE_UP)?,
            routes: written.routes.entries().iter().map(route).collect::<Result<_, _>>()?,
            silence: written.silence.iter().map(Silence::read).collect::<Result<_, _>>()?,
        })
    }

    /// The route called `name`.
    pub fn route(&self, name: &str) -> Option<&NamedRoute> {
        self.routes.iter().find(|route| route.name == name)
    }
}

/// `NAME: {kind: webhook, ...}`, or `NAME: desktop` where there is nothing more to say.
fn route(node: &Node) -> Result<NamedRoute, ConfigError> {
    let mut rest = node.clone().named_mapping("kind");
    let kind: Option<Node> = rest.take("kind")?;
    let kind = kind.ok_or_else(|| {
        node.missing("kind").with_help(format!("known here: {}", suggest::list(Route::KINDS)))
    })?;
    let level = rest.take("level")?;
    let kinds = rest.take("kinds")?.unwrap_or_default();
    let word = kind.text().unwrap_or_default();
    let Some(route) = Route::read(word, &rest)? else {
        let error = kind.error(format!("cannot be `{word}`"));
        return Err(match suggest::help(word, &Route::KINDS) {
            Some(help) => error.with_help(help),
            None => error,
        });
    };
    Ok(NamedRoute { name: node.key().unwrap_or_default().to_owned(), level, kinds, route })
}
