//! Which address is answered by whom.

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{MethodRouter, delete, get, post, put},
};

use super::{
    api, live, page, security,
    state::{App, Shared},
};

/// Where the API begins.
const ROOT: &str = "/api/v1";

/// A request's body is no longer than this.
const LONGEST: usize = 4 << 20;

/// All addresses of the API, with their methods. `openapi.yaml` has the same: a test compares.
pub(super) fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Shared>)> {
    vec![
        ("get", "/server", get(api::server::get)),
        ("post", "/session", post(api::session::post)),
        ("get", "/runs", get(api::runs::get)),
        ("post", "/runs/tag", post(api::change::tag)),
        ("post", "/runs/delete", post(api::change::delete)),
        ("get", "/runs/{id}", get(api::run::get)),
        ("post", "/runs/{id}/stop", post(api::change::stop)),
        ("get", "/runs/{id}/series", get(api::series::get)),
        ("get", "/runs/{id}/events", get(api::events::get)),
        ("get", "/runs/{id}/output", get(api::output::get)),
        ("get", "/runs/{id}/diff", get(api::diff::get)),
        ("get", "/blobs/{digest}", get(api::blobs::get)),
        ("get", "/compare", get(api::compare::get)),
        ("get", "/host", get(api::host::get)),
        ("get", "/alerts", get(api::alerts::get)),
        ("get", "/boards", get(api::boards::list)),
        ("get", "/boards/{name}", get(api::boards::get)),
        ("put", "/boards/{name}", put(api::boards::put)),
        ("delete", "/boards/{name}", delete(api::boards::delete)),
        ("get", "/openapi.yaml", get(api::openapi::yaml)),
        ("get", "/openapi.json", get(api::openapi::json)),
        ("get", "/live", get(live::get)),
    ]
}

/// All of them, behind the gate.
pub(super) fn router(app: Arc<App>) -> Router {
    let routes = routes()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| router.route(&format!("{ROOT}{path}"), handler));
    routes
        .fallback(page::get)
        .layer(axum::extract::DefaultBodyLimit::max(LONGEST))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), security::guard))
        .with_state(app)
}
