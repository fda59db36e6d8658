//! The page: files that its build made, in this program. `page/` has their sources.

use std::sync::OnceLock;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::Compression;

use super::answer::{self, Fault};

/// A file of the page, packed when it is first asked for.
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

static FILES: [File; 3] = [
    file!("index.html", "text/html; charset=utf-8"),
    file!("app.js", "text/javascript; charset=utf-8"),
    file!("app.css", "text/css; charset=utf-8"),
];

/// A file of the page; for any other address the page itself, which knows what to show there.
pub(super) async fn get(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/api/") {
        return Fault::nothing(
            format!("the API has no '{}'", path.escape_debug()),
            "GET /api/v1/openapi.yaml describes what it has",
        )
        .into_response();
    }
    match FILES.iter().find(|file| file.path == path) {
        Some(file) => file.answer(&headers),
        None => {
            let mut response = FILES[0].answer(&headers);
            for address in wanted(&uri) {
                let link = format!("<{address}>; rel=preload; as=fetch; crossorigin");
                if let Ok(link) = HeaderValue::try_from(link) {
                    response.headers_mut().append(header::LINK, link);
                }
            }
            response
        }
    }
}

/// What the page will ask for first at an address, word for word, so that a browser asks while it still reads the
/// page.
fn wanted(uri: &Uri) -> Vec<String> {
    match uri.path().strip_prefix("/runs/") {
        None if uri.path() == "/" && uri.query().is_none() => {
            vec!["/api/v1/runs?sort=-created&offset=0&limit=200".to_owned()]
        }
        Some(id) if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            vec![format!("/api/v1/runs/{id}"), format!("/api/v1/runs/{id}/events")]
        }
        _ => Vec::new(),
    }
}

impl File {
    fn answer(&'static self, asker: &HeaderMap) -> Response {
        let tag = self.tag.get_or_init(|| answer::tag(self.content));
        let mut response = if answer::has(asker, tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let packed = self.packed.get_or_init(|| answer::gzip(self.content, Compression::best()));
            match packed.as_deref().filter(|_| answer::takes_gzip(asker)) {
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
