//! `GET /blobs/{digest}`: a content that a run names.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use aether_ledger::Digest;
use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::task::JoinHandle;

use super::{
    super::{
        answer::{self, Fault},
        call::Call,
    },
    run::media_of,
};

/// So much is read at once.
const PIECE: usize = 64 * 1024;

/// A content may load nothing and run nothing, whatever it is.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let name = call.parameters.one("name").unwrap_or(&call.name);
    let tag = format!("\"{}\"", call.name);
    let digest: Digest = call.name.parse()?;
    if !call.app.catalogue.ask(|known| known.names_blob(digest))? {
        return Err(Fault::nothing(
            format!("no run names a content {digest}"),
            "GET /runs/{id} tells what a run left and took",
        ));
    }
    let file = call.app.home.blobs().open(digest)?;
    let length = file.metadata().map_err(|e| Fault::work(e, "look at the disk"))?.len();
    if answer::has(&call.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let (status, from, to) = match part(call.header(header::RANGE), length)? {
        None => (StatusCode::OK, 0, length),
        Some((from, to)) => (StatusCode::PARTIAL_CONTENT, from, to),
    };
    let mut response = Response::new(Body::new(Pieces::of(file, from, to)));
    *response.status_mut() = status;
    let media = media_of(name);
    let shown = call.parameters.one("download").is_none() && media != "application/octet-stream";
    let mut put = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, media);
    put(header::CONTENT_LENGTH, &(to - from).to_string());
    put(header::ACCEPT_RANGES, "bytes");
    put(header::ETAG, &tag);
    // A digest's content never changes.
    put(header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    put(header::CONTENT_DISPOSITION, &disposition(name, shown));
    if status == StatusCode::PARTIAL_CONTENT {
        put(header::CONTENT_RANGE, &format!("bytes {from}-{}/{length}", to - 1));
    }
    Ok(response)
}

/// The bytes that are asked for, if that is one range: `bytes=0-99`, `bytes=100-`, `bytes=-100`.
fn part(range: Option<&str>, length: u64) -> Result<Option<(u64, u64)>, Fault> {
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((from, to)) = range else { return Ok(None) };
    let bounds = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) => (from, to.saturating_add(1).min(length)),
        (Ok(from), Err(_)) if to.is_empty() => (from, length),
        (Err(_), Ok(last)) if from.is_empty() => (length.saturating_sub(last), length),
        // Several ranges, or none: the whole is a right answer.
        _ => return Ok(None),
    };
    if bounds.0 < bounds.1 {
        return Ok(Some(bounds));
    }
    Err(Fault::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        format!("the content has {length} bytes"),
        "ask for some of these",
    ))
}

/// How a browser is to take it, with the name that it is saved under: a file's, whatever the name says.
fn disposition(name: &str, shown: bool) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let encoded: String = form_urlencoded::byte_serialize(file.as_bytes()).collect();
    let encoded = encoded.replace('+', "%20");
    let how = if shown { "inline" } else { "attachment" };
    format!("{how}; filename*=UTF-8''{encoded}")
}

/// A file's bytes, a piece at a time, each read when the one before was taken: who takes them slowly keeps no thread.
struct Pieces {
    file: Arc<File>,
    at: u64,
    end: u64,
    next: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Pieces {
    fn of(file: File, at: u64, end: u64) -> Self {
        Self { file: Arc::new(file), at, end, next: None }
    }

    /// Begins to read the next piece.
    fn read(&self) -> JoinHandle<io::Result<Bytes>> {
        let (file, at) = (Arc::clone(&self.file), self.at);
        let length = PIECE.min(usize::try_from(self.end - at).unwrap_or(PIECE));
        tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; length];
            file.read_exact_at(&mut piece, at)?;
            Ok(Bytes::from(piece))
        })
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        if self.at == self.end {
            return Poll::Ready(None);
        }
        let mut next = self.next.take().unwrap_or_else(|| self.read());
        let read = match Pin::new(&mut next).poll(context) {
            Poll::Pending => {
                self.next = Some(next);
                return Poll::Pending;
            }
            Poll::Ready(Ok(read)) => read,
            Poll::Ready(Err(e)) => Err(io::Error::other(e)),
        };
        // After what cannot be read comes nothing.
        self.at = read.as_ref().map_or(self.end, |piece| self.at + piece.len() as u64);
        Poll::Ready(Some(read.map(http_body::Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |range| part(Some(range), 10).map_err(|fault| fault.status.as_u16());
        assert_eq!(of("bytes=0-3"), Ok(Some((0, 4))));
        assert_eq!(of("bytes=5-"), Ok(Some((5, 10))));
        assert_eq!(of("bytes=-3"), Ok(Some((7, 10))));
        assert_eq!(of("bytes=0-99"), Ok(Some((0, 10))));
        assert_eq!(of("bytes=10-"), Err(416));
        assert_eq!(of("lines=1-2"), Ok(None));
        assert_eq!(of("bytes=0-1,3-4"), Ok(None));
    }

    #[test]
    fn a_name_is_only_a_name() {
        assert_eq!(disposition("../../etc/passwd", false), "attachment; filename*=UTF-8''passwd");
        assert_eq!(disposition("a\r\nb\".png", true), "inline; filename*=UTF-8''a%0D%0Ab%22.png");
    }
}
