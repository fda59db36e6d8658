//! All runs of the home, in memory once for all pages.
//!
//! Entries of runs whose files have not changed stay as they are. Runs that may be alive are looked at before each
//! answer, a few times a second at most, and a run that somebody names; all others every few seconds, and only while
//! somebody asks.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aether_core::RunId;
use aether_ledger::{Changes, Digest, Entry, Home, Index, LedgerError, NameOf};
use jiff::Timestamp;
use tokio::sync::watch;

use super::{answer::Fault, memory};

/// An answer is no older than this, for runs that may be alive and new ones.
const FRESH: Duration = Duration::from_millis(200);
/// And this, for what is done to a run after its end.
const WHOLE: Duration = Duration::from_secs(5);

/// What is known of runs is forgotten when nobody has asked for so long.
const IDLE: Duration = Duration::from_secs(60);

/// How new an answer is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// As new as the files, but for moments.
    Now,
    /// Of runs that have ended what is known will do: whoever asks is told of what is found out later, or looks at them
    /// himself.
    Followed,
}

/// All runs of a home.
#[derive(Debug)]
pub(crate) struct Catalogue {
    home: Home,
    known: Mutex<Option<Known>>,
    /// The revision: those who wait for changes wait here.
    revision: watch::Sender<u64>,
}

/// What is known of all runs.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) index: Index,
    /// Counts changes, from the time on at which this was read: no two that are read one after the other share any.
    pub(crate) revision: u64,
    first: u64,
    /// At which revision each run last changed; runs that never did since the beginning are not here.
    changed: HashMap<RunId, u64>,
    gone: Vec<(u64, RunId)>,
    names: Names,
    blobs: HashSet<Digest>,
    looked: Instant,
    /// `None`: something was done to one of them.
    looked_at_all: Option<Instant>,
    asked: Instant,
}

/// What there is to choose from.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Names {
    pub(crate) projects: BTreeSet<String>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) parameters: BTreeSet<String>,
    pub(crate) metrics: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, entry: &Entry) {
        fn put(into: &mut BTreeSet<String>, name: &str) {
            if !into.contains(name) {
                into.insert(name.to_owned());
            }
        }
        put(&mut self.projects, &entry.project);
        entry.names(|of, name| {
            let into = match of {
                NameOf::Tag => &mut self.tags,
                NameOf::Parameter => &mut self.parameters,
                NameOf::Metric => &mut self.metrics,
            };
            put(into, name);
        });
    }

    fn of(entries: &[Entry]) -> Self {
        let mut names = Self::default();
        entries.iter().for_each(|entry| names.add(entry));
        names
    }
}

/// What has changed since a revision.
#[derive(Debug, Default)]
pub(crate) struct Since {
    pub(crate) changed: HashSet<RunId>,
    pub(crate) gone: Vec<RunId>,
}

impl Known {
    fn new(index: Index) -> Self {
        let names = Names::of(index.entries());
        let now = Instant::now();
        let first = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(1);
        Self {
            index,
            revision: first,
            first,
            changed: HashMap::new(),
            gone: Vec::new(),
            names,
            blobs: HashSet::new(),
            looked: now,
            looked_at_all: Some(now),
            asked: now,
        }
    }

    /// All runs, in no order.
    pub(crate) fn entries(&self) -> &[Entry] {
        self.index.entries()
    }

    /// What there is to choose from.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The runs that changed after `revision`; `None` where that is none of this server's.
    pub(crate) fn since(&self, revision: u64) -> Option<Since> {
        if !(self.first..=self.revision).contains(&revision) {
            return None;
        }
        let later = |(id, at): (&RunId, &u64)| (*at > revision).then_some(*id);
        let gone = self.gone.iter().filter(|(at, _)| *at > revision).map(|(_, id)| *id);
        Some(Since { changed: self.changed.iter().filter_map(later).collect(), gone: gone.collect() })
    }

    /// Whether any run names this content.
    pub(crate) fn names_blob(&mut self, digest: Digest) -> bool {
        if self.blobs.contains(&digest) {
            return true;
        }
        let named = self.entries().iter().any(|entry| entry.blobs.contains(&digest));
        if named {
            self.blobs.insert(digest);
        }
        named
    }

    /// Looks at files.
    fn catch_up(&mut self, fresh: Fresh) -> Result<(), Fault> {
        let now = Instant::now();
        let whole = self
            .looked_at_all
            .is_none_or(|looked| fresh == Fresh::Now && now.duration_since(looked) >= WHOLE);
        if !whole && now.duration_since(self.looked) < FRESH {
            return Ok(());
        }
        let changes = self.index.catch_up(whole)?;
        let done = Instant::now();
        self.looked = done;
        if whole {
            self.looked_at_all = Some(done);
        }
        self.note(changes);
        Ok(())
    }

    /// The run that a text names, as it is now.
    fn find(&mut self, text: &str) -> Result<Entry, LedgerError> {
        let (id, run) = self.index.find(text).map(|entry| (entry.id, entry.directory.clone()))?;
        let changes = self.index.catch_up_with(&run);
        self.note(changes);
        self.index.find(id.as_str()).cloned()
    }

    fn note(&mut self, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        self.revision += 1;
        if changes.gone.is_empty() {
            let changed: HashSet<RunId> = changes.changed.iter().copied().collect();
            for entry in self.index.entries().iter().filter(|entry| changed.contains(&entry.id)) {
                self.names.add(entry);
            }
        } else {
            self.names = Names::of(self.index.entries());
            self.blobs.clear();
        }
        self.changed.extend(changes.changed.into_iter().map(|id| (id, self.revision)));
        self.note_gone(&changes.gone);
    }

    fn note_gone(&mut self, gone: &[RunId]) {
        for id in gone {
            self.changed.remove(id);
            self.gone.push((self.revision, *id));
        }
    }
}

impl Catalogue {
    pub(crate) fn new(home: Home) -> Self {
        Self { home, known: Mutex::new(None), revision: watch::Sender::new(0) }
    }

    /// Asks something of all runs as they are now. Reads files: not for the edge.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Known) -> T) -> Result<T, Fault> {
        self.ask_as(Fresh::Now, question)
    }

    /// Asks something of all runs. Reads files: not for the edge.
    pub(crate) fn ask_as<T>(&self, fresh: Fresh, question: impl FnOnce(&mut Known) -> T) -> Result<T, Fault> {
        let mut known = self.locked();
        let known = match &mut *known {
            Some(known) => {
                known.catch_up(fresh)?;
                known
            }
            none => {
                let known = none.insert(Known::new(Index::open(&self.home)?));
                // What was read on the way is not needed any more.
                memory::give_back();
                known
            }
        };
        known.asked = Instant::now();
        let answer = question(known);
        self.revision.send_if_modified(|told| std::mem::replace(told, known.revision) != known.revision);
        Ok(answer)
    }

    /// The run that a text names, as it is now.
    pub(crate) fn find(&self, text: &str) -> Result<Entry, Fault> {
        match self.ask_as(Fresh::Followed, |known| known.find(text))? {
            // Another record may say that it is called so since.
            Err(LedgerError::NotFound { .. }) => Ok(self.ask(|known| known.find(text))??),
            found => Ok(found?),
        }
    }

    /// Removes a run with all of its files.
    pub(crate) fn remove(&self, id: &str) -> Result<RunId, Fault> {
        self.ask(|known| -> Result<RunId, Fault> {
            let id = known.index.find_one(id)?.id;
            known.index.remove(id, false)?;
            known.revision += 1;
            known.names = Names::of(known.index.entries());
            known.note_gone(&[id]);
            Ok(id)
        })?
    }

    /// Looks again at what may have changed, as `ask` does; for those who only want to be told of changes.
    pub(crate) fn look(&self) {
        // What is wrong with the home, the next answer says.
        let _ = self.ask(|_| ());
    }

    /// The next look is at all runs: something was done to one of them.
    pub(crate) fn touch(&self) {
        if let Some(known) = &mut *self.locked() {
            known.looked_at_all = None;
        }
    }

    /// Forgets everything, if nobody has asked for a while: the next question has it read again.
    pub(crate) fn rest(&self) -> bool {
        let mut known = self.locked();
        let idle = known.as_ref().is_some_and(|known| known.asked.elapsed() >= IDLE);
        if idle {
            *known = None;
        }
        idle
    }

    /// Tells when anything changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
