//! Where artifacts come from and where they go: which run left one, which runs took it, and so on in both directions.

use std::collections::{HashMap, HashSet};

use aether_core::RunId;
use serde::Serialize;

use crate::{Digest, Direction, Entry, NamedBlob};

/// One run or one artifact, with what leads to it or what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relative {
    /// What it is.
    #[serde(flatten)]
    pub who: Who,
    /// The next ones in the same direction.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Relative>,
    /// It stands elsewhere in the same tree, with what follows: it is not repeated here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// A run or an artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Who {
    /// A run.
    Run {
        /// Its id.
        run: RunId,
        /// Its name.
        name: String,
    },
    /// An artifact, as the run next to it calls it.
    Artifact(NamedBlob),
}

/// The ancestors and descendants of a run or an artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lineage {
    /// Of what.
    #[serde(flatten)]
    pub of: Who,
    /// What it was made from: for a run, what it took; for an artifact, the runs that left it.
    pub from: Vec<Relative>,
    /// What became of it: for a run, what it left; for an artifact, the runs that took it.
    pub to: Vec<Relative>,
}

/// Who left and who took what.
struct Graph<'a> {
    /// By digest and direction.
    passed: HashMap<(Digest, Direction), Vec<(&'a Entry, &'a NamedBlob)>>,
}

impl Lineage {
    /// Of a run among `entries`.
    pub fn of_run(entries: &[Entry], run: &Entry) -> Self {
        let graph = Graph::of(entries);
        let seen = &mut HashSet::from([run.id.to_string()]);
        let from = graph.beside_run(run, Direction::Input, seen);
        let to = graph.beside_run(run, Direction::Output, seen);
        Self { of: Who::Run { run: run.id, name: run.name.clone() }, from, to }
    }

    /// Of a content that any of `entries` names; `None` when none does.
    pub fn of_blob(entries: &[Entry], digest: Digest) -> Option<Self> {
        let graph = Graph::of(entries);
        // The name that its maker gave it, else the first that anybody did.
        let called = [Direction::Output, Direction::Input]
            .iter()
            .find_map(|&direction| graph.passed.get(&(digest, direction))?.first())?;
        let seen = &mut HashSet::from([digest.to_string()]);
        let from = graph.beside_blob(digest, Direction::Input, seen);
        let to = graph.beside_blob(digest, Direction::Output, seen);
        Some(Self { of: Who::Artifact(called.1.clone()), from, to })
    }
}

impl<'a> Graph<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut graph = Self { passed: HashMap::new() };
        for entry in entries {
            for blob in &entry.artifacts {
                let runs = graph.passed.entry((blob.digest, blob.direction)).or_default();
                if runs.last().is_none_or(|(last, _)| last.id != entry.id) {
                    runs.push((entry, blob));
                }
            }
        }
        graph.passed.values_mut().for_each(|runs| runs.sort_by_key(|(entry, _)| entry.created));
        graph
    }

    /// What a run took, or what it left, and on from there in that direction.
    fn beside_run(&self, run: &Entry, way: Direction, seen: &mut HashSet<String>) -> Vec<Relative> {
        let mut found: Vec<Relative> = Vec::new();
        for blob in run.artifacts.iter().filter(|blob| blob.direction == way) {
            let who = Who::Artifact(blob.clone());
            if found.iter().any(|known| known.who == who) {
                continue;
            }
            let again = !seen.insert(format!("{}{way}", blob.digest));
            let next = if again { Vec::new() } else { self.beside_blob(blob.digest, way, seen) };
            found.push(Relative { who, next, again });
        }
        found
    }

    /// The runs that left a content (towards its origins) or that took it (towards what became of it).
    fn beside_blob(&self, digest: Digest, way: Direction, seen: &mut HashSet<String>) -> Vec<Relative> {
        let other = match way {
            Direction::Input => Direction::Output,
            Direction::Output => Direction::Input,
        };
        let runs = self.passed.get(&(digest, other)).into_iter().flatten();
        runs.map(|(run, _)| {
            let again = !seen.insert(run.id.to_string());
            let next = if again { Vec::new() } else { self.beside_run(run, way, seen) };
            Relative { who: Who::Run { run: run.id, name: run.name.clone() }, next, again }
        })
        .collect()
    }
}
