//! What the API answers, one file a resource.

pub(super) mod alerts;
pub(super) mod blobs;
pub(super) mod boards;
pub(super) mod change;
pub(crate) mod compare;
pub(crate) mod diff;
pub(crate) mod events;
pub(super) mod host;
pub(super) mod openapi;
pub(super) mod output;
pub(crate) mod run;
pub(super) mod runs;
pub(crate) mod series;
pub(super) mod server;
pub(super) mod session;
