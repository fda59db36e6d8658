//! Which address is answered by whom.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method},
    middleware,
    response::Response,
    routing::{MethodFilter, MethodRouter, get},
};

use super::{
    answer::Fault,
    api,
    call::{Call, Work, answered},
    catalogue::Fresh,
    live, page,
    parameters::Parameters,
    security,
    state::{App, Shared},
};

/// Where the API begins.
const ROOT: &str = "/api/v1";

/// An address of the API with a method.
struct Route {
    method: Method,
    path: &'static str,
    /// Parameters behind the `?`; any other is refused.
    parameters: &'static [&'static str],
    by: By,
}

/// By what an address is answered.
enum By {
    Work(Work),
    /// The WebSocket.
    Live,
}

const fn route(method: Method, path: &'static str, parameters: &'static [&'static str], work: Work) -> Route {
    Route { method, path, parameters, by: By::Work(work) }
}

/// All of the API. `openapi.yaml` says the same: a test compares.
static ROUTES: [Route; 22] = [
    route(Method::GET, "/server", &[], api::server::get),
    route(Method::POST, "/session", &[], api::session::post),
    route(Method::GET, "/runs", &["q", "sort", "offset", "limit", "columns", "group"], api::runs::get),
    route(Method::POST, "/runs/tag", &[], api::change::tag),
    route(Method::POST, "/runs/delete", &[], api::change::delete),
    route(Method::GET, "/runs/{id}", &[], api::run::get),
    route(Method::POST, "/runs/{id}/stop", &[], api::change::stop),
    route(Method::GET, "/runs/{id}/series", &["metric", "x", "from", "to", "most"], api::series::get),
    route(Method::GET, "/runs/{id}/events", &["after", "limit"], api::events::get),
    route(
        Method::GET,
        "/runs/{id}/output",
        &["stream", "from", "before", "lines", "search"],
        api::output::get,
    ),
    route(Method::GET, "/runs/{id}/diff", &[], api::diff::get),
    route(Method::GET, "/blobs/{digest}", &["name", "download"], api::blobs::get),
    route(Method::GET, "/compare", &["id"], api::compare::get),
    route(Method::GET, "/host", &[], api::host::get),
    route(Method::GET, "/alerts", &["limit"], api::alerts::get),
    route(Method::GET, "/boards", &[], api::boards::list),
    route(Method::GET, "/boards/{name}", &[], api::boards::get),
    route(Method::PUT, "/boards/{name}", &["keep"], api::boards::put),
    route(Method::DELETE, "/boards/{name}", &[], api::boards::delete),
    route(Method::GET, "/openapi.yaml", &[], api::openapi::yaml),
    route(Method::GET, "/openapi.json", &[], api::openapi::json),
    Route { method: Method::GET, path: "/live", parameters: &[], by: By::Live },
];

impl Route {
    fn handler(&'static self) -> MethodRouter<Shared> {
        let method = match self.method {
            Method::POST => MethodFilter::POST,
            Method::PUT => MethodFilter::PUT,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        match self.by {
            By::Work(work) => answered(method, self.parameters, work),
            By::Live => get(live::get),
        }
    }

    /// What a path of the API names, where it is one of this route's: nothing, or a run, a board, a content.
    fn named<'a>(&self, path: &'a str) -> Option<&'a str> {
        let (mut pattern, mut path) = (self.path.split('/'), path.split('/'));
        let mut name = "";
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return Some(name),
                (Some(part), Some(given)) if part.starts_with('{') && !given.is_empty() => name = given,
                (Some(part), Some(given)) if part == given => {}
                _ => return None,
            }
        }
    }
}

/// Asks the API from inside, as a `GET` of this address would, for a page that follows what it shows; names in it are not
/// decoded. It may read files.
///
/// # Errors
/// As the resource answers, or when there is none.
pub(super) fn ask(app: &Shared, address: &str) -> Result<Response, Fault> {
    let path = address.strip_prefix(ROOT).unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let routes = ROUTES.iter().filter(|route| route.method == Method::GET);
    let mut found = routes.filter_map(|route| match route.by {
        By::Work(work) => Some((route, work, route.named(path)?)),
        By::Live => None,
    });
    let Some((route, work, name)) = found.next() else {
        return Err(Fault::nothing(format!("the API has no '{}'", path.escape_debug()), "see openapi.yaml"));
    };
    work(&Call {
        app: Arc::clone(app),
        name: name.to_owned(),
        parameters: Parameters::read(query, route.parameters)?,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        fresh: Fresh::Followed,
    })
}

/// All of them, behind the gate.
pub(super) fn router(app: Arc<App>) -> Router {
    let routes = ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(&format!("{ROOT}{}", route.path), route.handler()));
    routes
        .fallback(page::get)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), security::guard))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Method, path, and the names behind the `?`, ascending.
    type Said = (String, String, Vec<String>);

    fn said(method: &str, path: &str, parameters: impl Iterator<Item = String>) -> Said {
        let parameters: BTreeSet<String> = parameters.collect();
        (method.to_lowercase(), path.to_owned(), parameters.into_iter().collect())
    }

    #[test]
    fn what_a_path_names() {
        let route = |path| route(Method::GET, path, &[], api::run::get);
        assert_eq!(route("/runs/{id}").named("/runs/k3v9"), Some("k3v9"));
        assert_eq!(route("/runs/{id}/events").named("/runs/k3v9/events"), Some("k3v9"));
        assert_eq!(route("/runs").named("/runs"), Some(""));
        for other in ["/runs", "/runs/", "/runs/k3v9/", "/runs/k3v9/events", "/boards/k3v9", ""] {
            assert_eq!(route("/runs/{id}").named(other), None, "{other}");
        }
    }

    /// The description says of each route which parameters it takes, and of nothing else.
    #[test]
    fn the_description_says_what_is_there_and_nothing_else() {
        let node = aether_core::config::parse("openapi.yaml", api::openapi::YAML).unwrap();
        let described = node.to_json().unwrap();
        let mut expected = BTreeSet::new();
        for (path, item) in described["paths"].as_object().unwrap() {
            let in_query = |of: &Value| -> Vec<String> {
                let all = of["parameters"].as_array().into_iter().flatten();
                all.filter(|one| one["in"] == "query")
                    .map(|one| one["name"].as_str().unwrap().to_owned())
                    .collect()
            };
            for (method, operation) in
                item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters")
            {
                expected.insert(said(method, path, in_query(item).into_iter().chain(in_query(operation))));
            }
        }
        let names = |route: &Route| route.parameters.iter().map(|&name| name.to_owned());
        let there: BTreeSet<Said> =
            ROUTES.iter().map(|route| said(route.method.as_str(), route.path, names(route))).collect();
        assert_eq!(there, expected);
        assert_eq!(there.len(), ROUTES.len(), "none is there twice");
    }
}
