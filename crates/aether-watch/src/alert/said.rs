//! Remembers what was said, so that the same is not said again too soon: by this process, by another that watches the
//! same run, or by the next one.

use std::{collections::BTreeMap, fs, io, path::PathBuf, time::Duration};

use aether_core::{AtomicFile, Event};
use jiff::Timestamp;

use super::{RunFacts, times};

/// What was said, in one small file. Two processes that write it at once may lose a line of it: then something is said
/// twice.
#[derive(Debug)]
pub(super) struct Said {
    path: PathBuf,
}

impl Said {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whether the same was said within `span` before `now`.
    pub(super) fn lately(
        &self,
        event: &Event,
        run: &RunFacts,
        now: Timestamp,
        span: Duration,
    ) -> io::Result<bool> {
        let said = self.read()?.get(&subject(event, run)).copied();
        // A clock that was put back must not silence anything for as long as it jumped.
        Ok(said.is_some_and(|time| time <= now && now < times::later(time, span)))
    }

    /// Notes that it was said at `now`, and forgets what is older than `span`.
    pub(super) fn note(
        &self,
        event: &Event,
        run: &RunFacts,
        now: Timestamp,
        span: Duration,
    ) -> io::Result<()> {
        let mut all = self.read()?;
        all.retain(|_, time| *time <= now && now < times::later(*time, span));
        all.insert(subject(event, run), now);
        AtomicFile::write(&self.path, &serde_json::to_vec(&all)?)
    }

    fn read(&self) -> io::Result<BTreeMap<String, Timestamp>> {
        match fs::read(&self.path) {
            // It is written whole. One that somebody damaged is worth a repetition, not an error for ever.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }
}

/// What makes two events the same: of one run, kind and level, about one metric, rule or title; failing those, the same
/// sentence.
fn subject(event: &Event, run: &RunFacts) -> String {
    let field = |name: &str| event.fields.get(name).and_then(|value| value.as_str());
    let about = ["rule", "metric", "title"].iter().find_map(|name| field(name)).unwrap_or(&event.message);
    format!("{} {} {:?} {about}", run.id, event.kind, event.level)
}
