//! `GET /openapi.yaml` and `.json`: what this API is, for programs that read such descriptions.

use axum::response::Response;

use super::super::{
    answer::{Answer, Fault},
    call::Call,
};

/// The description.
pub(in super::super) const YAML: &str = include_str!("../openapi.yaml");

pub(in super::super) fn yaml(call: &Call) -> Result<Response, Fault> {
    Ok(call.answer(Answer::new("application/yaml", YAML)))
}

pub(in super::super) fn json(call: &Call) -> Result<Response, Fault> {
    let value = aether_core::config::parse("openapi.yaml", YAML)
        .and_then(|node| node.to_json())
        .map_err(|e| Fault::work(e, "report this"))?;
    call.json(&value)
}
