//! `GET /openapi.yaml` and `.json`: what this API is, for programs that read such descriptions.

use axum::{http::HeaderMap, response::Response};

use super::super::answer::{Answer, Fault};

/// The description.
pub(in super::super) const YAML: &str = include_str!("../openapi.yaml");

pub(in super::super) async fn yaml(headers: HeaderMap) -> Response {
    Answer::new("application/yaml", YAML).to(&headers)
}

pub(in super::super) async fn json(headers: HeaderMap) -> Result<Response, Fault> {
    let value = aether_core::config::parse("openapi.yaml", YAML)
        .and_then(|node| node.to_json())
        .map_err(|e| Fault::work(e, "report this"))?;
    Ok(Answer::json(&value)?.to(&headers))
}
