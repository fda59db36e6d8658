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

use serde::de::DeserializeOwned;

use super::answer::Fault;

/// Reads what a request carries.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|e| {
        Fault::wrong(format!("the request's JSON is not what is expected: {e}"), "see openapi.yaml")
    })
}
