//! The page: files that its build made, in this program. `page/` has their sources.
//!
//! The page brings along the answers to what it asks first, so that it need not ask: as JSON in an element that is no
//! script, for there is nothing in it that a browser would run. The series of a run's first charts are too many bytes for
//! that: its head has the browser ask for them before there is a script. What the head says at every time is sent before
//! any of this is looked for.

use std::sync::OnceLock;

use axum::{
    body::to_bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::Compression;

use super::{
    answer::{self, Fault, blocking},
    api,
    parts::Parts,
    router,
    state::Shared,
};
use crate::text;

/// Asks for what the head wants to be asked for, and keeps its bytes for the page's script (`page/src/core/brought.ts`). The
/// one script that the policy allows beside files of ours, by its hash (`security.rs`).
pub(super) const BEGIN: &str = "begun=fetch(document.querySelector(\"link[as=fetch]\").href)\
    .then(a=>a.ok?a.arrayBuffer():void 0).then(b=>begun=b,()=>begun=void 0)";

/// So many charts of a run are made at once, and asked for together.
const FIRST_CHARTS: usize = 12;

/// A file of the page, packed before it is first asked for, if there is time.
struct File {
    path: &'static str,
    content_type: &'static str,
    content: &'static [u8],
    packed: OnceLock<Option<Vec<u8>>>,
    tag: OnceLock<String>,
}

macro_rules! file {
    ($name:literal, $content_type:literal) => {
        File {
            path: concat!("/", $name),
            content_type: $content_type,
            content: include_bytes!(concat!("../../page/dist/", $name)),
            packed: OnceLock::new(),
            tag: OnceLock::new(),
        }
    };
}

static FILES: [File; 5] = [
    file!("index.html", "text/html; charset=utf-8"),
    file!("app.js", "text/javascript; charset=utf-8"),
    file!("run.js", "text/javascript; charset=utf-8"),
    file!("others.js", "text/javascript; charset=utf-8"),
    file!("app.css", "text/css; charset=utf-8"),
];

/// Has a file that the table of runs does not need there when the page's script asks for it, before anything is drawn.
macro_rules! early {
    ($file:literal) => {
        concat!("<script type=\"module\" src=\"/", $file, "\" blocking=\"render\"></script>")
    };
}

/// A file of the page; for any other address the page itself, which knows what to show there.
pub(super) async fn get(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/api/") {
        return Fault::nothing(
            format!("the API has no '{}'", path.escape_debug()),
            "GET /api/v1/openapi.yaml describes what it has",
        )
        .into_response();
    }
    if let Some(file) = FILES.iter().find(|file| file.path == path) {
        return file.answer(&headers);
    }
    let mut early = String::new();
    if path != "/" {
        early.push_str(early!("run.js"));
        // Of a run's page all tabs but the first are elsewhere.
        if run_of(&uri).is_none() || uri.query().is_some_and(|query| query.contains("tab=")) {
            early.push_str(early!("others.js"));
        }
    }
    // What is brought along is for whoever may ask for it.
    let wanted = if app.gate.lets_read(&headers) { wanted(&uri) } else { Vec::new() };
    if early.is_empty() && wanted.is_empty() {
        return FILES[0].answer(&headers);
    }
    let (parts, response) = Parts::begin(FILES[0].content_type, &headers);
    tokio::spawn(bring(app, uri, early, wanted, parts));
    response
}

/// Sends the page: what its head names that is always there, which the browser fetches while the rest is looked for; from
/// where it is to ask for the series of a run's first charts; the answers to what it is going to ask, by their addresses.
async fn bring(app: Shared, uri: Uri, early: String, wanted: Vec<String>, mut parts: Parts) {
    let page = str::from_utf8(FILES[0].content).unwrap_or_default();
    let (head, body) = page.split_once("</head>").unwrap_or((page, ""));
    let (before, styles) = head.split_once("<link rel=\"stylesheet\"").unwrap_or((head, ""));
    if !parts.send(&format!("{before}{early}<link rel=\"stylesheet\"{styles}")).await {
        return;
    }
    if !wanted.is_empty()
        && let Some(address) = first_series(&app, &uri).await
    {
        // Nothing in an address of ours needs more to stand in an attribute.
        let address = address.replace('&', "&amp;");
        let link = format!("<link rel=\"preload\" as=\"fetch\" crossorigin href=\"{address}\" />");
        if !parts.send(&format!("{link}<script>{BEGIN}</script>")).await {
            return;
        }
    }
    let mut brought = Vec::new();
    for address in wanted {
        if let Some(answer) = answer_to(&app, &address).await {
            brought.push(format!("\"{address}\":{answer}"));
        }
    }
    let mut element = String::new();
    if !brought.is_empty() {
        // In JSON this letter stands in texts alone. Without it nothing there ends the element or begins a comment.
        let json = brought.join(",").replace('<', "\\u003c");
        element = format!("<script type=\"application/json\" id=\"brought\">{{{json}}}</script>");
    }
    parts.end(&format!("{element}</head>{body}")).await;
}

/// What the page will ask for first at an address, word for word.
fn wanted(uri: &Uri) -> Vec<String> {
    match run_of(uri) {
        Some(id) => vec![format!("/api/v1/runs/{id}"), format!("/api/v1/runs/{id}/events")],
        None if uri.path() == "/" && uri.query().is_none() => {
            vec!["/api/v1/runs?sort=-created&offset=0&limit=200&columns=proposed".to_owned()]
        }
        None => Vec::new(),
    }
}

/// The run whose page an address is, and nothing beside it.
fn run_of(uri: &Uri) -> Option<&str> {
    let id = uri.path().strip_prefix("/runs/")?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(id)
}

/// Where the series are of the charts that a run's page shows first.
async fn first_series(app: &Shared, uri: &Uri) -> Option<String> {
    let id = run_of(uri).filter(|_| uri.query().is_none())?.to_owned();
    let app = app.clone();
    blocking(move || {
        let (_, run) = api::run::open(&app, &id)?;
        let reading = run.reading();
        let mut names: Vec<&str> = reading
            .reader
            .metrics()
            .map(|(name, _)| name)
            .filter(|name| !name.starts_with("system/"))
            .collect();
        names.sort_by(|a, b| text::by_place(a, b));
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in names.iter().take(FIRST_CHARTS) {
            query.append_pair("metric", name);
        }
        let address = query.append_pair("x", "step").append_pair("most", "1000").finish();
        Ok((!names.is_empty()).then(|| format!("/api/v1/runs/{id}/series?{address}")))
    })
    .await
    .ok()?
}

/// What the API answers with JSON; nothing where that is no success.
async fn answer_to(app: &Shared, address: &str) -> Option<String> {
    let (app, address) = (app.clone(), address.to_owned());
    let response = blocking(move || router::ask(&app, &address)).await.ok()?;
    let body = to_bytes(response.into_body(), usize::MAX).await.ok()?;
    String::from_utf8(body.into()).ok()
}

/// Packs the files. A server that does so when it begins does not keep its first visitor waiting for it.
pub(super) fn pack() {
    for file in &FILES {
        file.packed();
        file.tag();
    }
}

impl File {
    /// Nothing where it cannot be packed.
    fn packed(&self) -> Option<&[u8]> {
        self.packed.get_or_init(|| answer::gzip(self.content, Compression::best())).as_deref()
    }

    fn tag(&self) -> &str {
        self.tag.get_or_init(|| answer::tag(self.content))
    }

    fn answer(&'static self, asker: &HeaderMap) -> Response {
        let tag = self.tag();
        let mut response = if answer::has(asker, tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            match self.packed().filter(|_| answer::takes_gzip(asker)) {
                Some(packed) => ([(header::CONTENT_ENCODING, "gzip")], packed).into_response(),
                None => self.content.into_response(),
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        // Asked each time, which costs one short answer: so a newer program shows its own page at once.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Ok(tag) = HeaderValue::from_str(tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}
