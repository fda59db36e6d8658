//! What is known of a run beyond what every list shows. A list of ten thousand runs shows twenty of them, so these
//! are only unpacked of the runs that are asked about.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{named::Named, names};
use crate::{Digest, LogDamage, NamedBlob, Summary, TimedEvent};

/// The larger part of an [`Entry`](super::Entry).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Words to find it by: its record's, then those that it said.
    pub tags: Vec<String>,
    /// Its parameters by their paths, such as `optimizer.kind`: what was asked for, then what it said in `config`.
    pub parameters: Named<Value>,
    /// Values that it said stand for it, by name.
    pub summary: Named<Value>,
    /// What it took and left, in the order in which it said so.
    pub artifacts: Vec<NamedBlob>,
    /// The last of its events that ask for somebody's attention: alerts, warnings and errors.
    pub alerts: Vec<TimedEvent>,
    /// Every content that its record or anything it said names, each once.
    pub blobs: Vec<Digest>,
    /// Its metrics in a few numbers each, by name, ascending.
    pub metrics: Named<Summary>,
    /// What of its logs could not be read.
    pub damage: Vec<LogDamage>,
}

impl Details {
    /// In no more memory than they take: there may be those of ten thousand runs.
    fn fitted(mut self) -> Self {
        self.tags.shrink_to_fit();
        self.artifacts.shrink_to_fit();
        self.alerts.shrink_to_fit();
        self.blobs.shrink_to_fit();
        self.damage.shrink_to_fit();
        self
    }
}

/// Details that are unpacked when they are first asked for, and then not kept twice.
#[derive(Debug, Default)]
pub(super) struct Packed {
    bytes: Mutex<Box<[u8]>>,
    unpacked: OnceLock<Details>,
}

impl Clone for Packed {
    fn clone(&self) -> Self {
        // In this order: what is unpacked meanwhile is then in one of the two.
        let bytes = self.bytes().clone();
        Self { bytes: Mutex::new(bytes), unpacked: self.unpacked.clone() }
    }
}

impl Packed {
    pub(super) fn of(details: Details) -> Self {
        Self { bytes: Mutex::default(), unpacked: details.fitted().into() }
    }

    /// What [`Packed::pack`] made: the index's checksum vouches for that.
    pub(super) fn from_index(bytes: &[u8]) -> Self {
        Self { bytes: Mutex::new(bytes.into()), unpacked: OnceLock::new() }
    }

    pub(super) fn get(&self) -> &Details {
        if let Some(details) = self.unpacked.get() {
            return details;
        }
        let unpack = || serde_json::from_slice::<Details>(&self.bytes()).unwrap_or_default().fitted();
        let details = self.unpacked.get_or_init(unpack);
        // Not before it is unpacked: a clone finds it in one of the two.
        *self.bytes() = Box::default();
        details
    }

    /// Says the names that are in it. What is packed stays so.
    pub(super) fn names(&self, heard: names::Heard<'_>) {
        if let Some(details) = self.unpacked.get() {
            names::of(details, heard);
            return;
        }
        let bytes = self.bytes();
        // Somebody may have unpacked it meanwhile.
        match self.unpacked.get() {
            Some(details) => names::of(details, heard),
            // As with what cannot be unpacked: then nothing is known.
            None => names::of_packed(&bytes, heard).unwrap_or_default(),
        }
    }

    fn bytes(&self) -> MutexGuard<'_, Box<[u8]>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Taken out, to be continued.
    pub(super) fn into_inner(mut self) -> Details {
        self.get();
        self.unpacked.take().unwrap_or_default()
    }

    /// Appends the details as they are stored. JSON, because parameters are.
    pub(super) fn pack(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, self.get())
    }
}
