//! What an answer is made of: JSON, errors that say what to do, an `ETag`, and gzip where it pays.

use std::io::{self, Write};

use aether_ledger::LedgerError;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use serde::{Serialize, Serializer};

/// Answers of fewer bytes are not worth packing.
const WORTH: usize = 4096;

/// Why a request is not answered as it was meant.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// What failed, on what.
    pub(crate) error: String,
    /// What to do.
    pub(crate) help: String,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status, error: error.into(), help: help.into() }
    }

    /// The request was wrong.
    pub(crate) fn wrong(error: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, help)
    }

    /// There is no such thing.
    pub(crate) fn nothing(error: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, help)
    }

    /// The work failed here.
    pub(crate) fn work(error: impl ToString, help: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string(), help)
    }

    /// A file could not be read or written.
    pub(crate) fn disk(error: impl ToString, source: &io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let (status, help) = match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => (
                StatusCode::INSUFFICIENT_STORAGE,
                "nothing was changed; make room on the disk, and try again",
            ),
            PermissionDenied | ReadOnlyFilesystem => {
                (StatusCode::FORBIDDEN, "start the server as somebody who may write there")
            }
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "look at the disk"),
        };
        Self::new(status, error.to_string(), help)
    }

    /// As it is told in JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({ "error": self.error, "help": self.help })
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        let status = match &error {
            LedgerError::Io { source, .. } => return Self::disk(&error, source),
            LedgerError::NotFound { .. } | LedgerError::NoBlob { .. } => StatusCode::NOT_FOUND,
            LedgerError::Ambiguous { .. } | LedgerError::Digest(_) => StatusCode::BAD_REQUEST,
            LedgerError::Alive { .. } | LedgerError::Busy(_) => StatusCode::CONFLICT,
            LedgerError::HomeNotWritable { .. } => StatusCode::FORBIDDEN,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let text = error.to_string();
        let (error, help) = text.split_once("; ").unwrap_or((&text, ""));
        Self::new(status, error, help)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = self.json().to_string();
        let content = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (self.status, content, body).into_response()
    }
}

/// A number in JSON, which has none for NaN and infinities: they are the strings `NaN`, `Infinity` and `-Infinity`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            finite if finite.is_finite() => to.serialize_f64(finite),
            nan if nan.is_nan() => to.serialize_str("NaN"),
            infinite if infinite > 0.0 => to.serialize_str("Infinity"),
            _ => to.serialize_str("-Infinity"),
        }
    }
}

/// An answer whose content is known as a whole.
#[derive(Debug)]
pub(crate) struct Answer {
    content_type: &'static str,
    content: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(content_type: &'static str, content: impl Into<Vec<u8>>) -> Self {
        Self { content_type, content: content.into() }
    }

    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Fault> {
        let content = serde_json::to_vec(value).map_err(|e| Fault::work(e, "report this"))?;
        Ok(Self::new("application/json", content))
    }

    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::new("text/plain; charset=utf-8", text)
    }

    /// The response: nothing but the news that nothing is new, where the asker has this content.
    pub(crate) fn to(self, asker: &HeaderMap) -> Response {
        let tag = tag(&self.content);
        if has(asker, &tag) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
        }
        let mut packed = false;
        let mut content = self.content;
        if content.len() >= WORTH
            && takes_gzip(asker)
            && let Some(smaller) = gzip(&content, Compression::fast())
        {
            (content, packed) = (smaller, true);
        }
        let mut response = Response::new(Body::from(content));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// What tells a content from another one.
pub(crate) fn tag(content: &[u8]) -> String {
    format!("\"{:08x}-{:x}\"", crc32fast::hash(content), content.len())
}

/// Whether the asker has the content of this tag.
pub(crate) fn has(asker: &HeaderMap, tag: &str) -> bool {
    let known = asker.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// Whether the asker unpacks gzip.
pub(crate) fn takes_gzip(asker: &HeaderMap) -> bool {
    let takes = asker.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    takes.split(',').any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && quality.trim() != "q=0"
    })
}

/// The content packed; `None` when it cannot be.
pub(crate) fn gzip(content: &[u8], level: Compression) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::with_capacity(content.len() / 3), level);
    packer.write_all(content).ok()?;
    packer.finish().ok()
}

/// Does what reads files where it holds up nobody else.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => Err(Fault::work(format!("the work for this request ended early: {e}"), "report this")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_has_not() {
        let all = [0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Number);
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"[0.5,"NaN","Infinity","-Infinity"]"#);
    }

    #[test]
    fn an_asker_who_has_it_is_told_so() {
        let mut asker = HeaderMap::new();
        let first = Answer::text("a").to(&asker);
        asker.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(Answer::text("a").to(&asker).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(Answer::text("b").to(&asker).status(), StatusCode::OK);
    }

    #[test]
    fn gzip_for_those_who_take_it() {
        let mut asker = HeaderMap::new();
        asker.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.5"));
        assert!(Answer::text("x".repeat(WORTH)).to(&asker).headers().contains_key(header::CONTENT_ENCODING));
        assert!(!Answer::text("x").to(&asker).headers().contains_key(header::CONTENT_ENCODING));
        asker.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip;q=0"));
        assert!(!Answer::text("x".repeat(WORTH)).to(&asker).headers().contains_key(header::CONTENT_ENCODING));
    }
}
