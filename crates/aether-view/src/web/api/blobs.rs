//! `GET /blobs/{digest}`: a content that a run names.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    pin::Pin,
    task::{Context, Poll},
};

use aether_ledger::Digest;
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::sync::mpsc;

use super::{
    super::{
        answer::{Fault, blocking},
        parameters::Parameters,
        state::Shared,
    },
    run::media_of,
};

/// So much is read at once.
const PIECE: usize = 64 * 1024;

/// A content may load nothing and run nothing, whatever it is.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

pub(in super::super) async fn get(
    State(app): State<Shared>,
    Path(digest): Path<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let parameters = Parameters::read(raw.as_deref(), &["name", "download"])?;
    let name = parameters.one("name").unwrap_or(&digest).to_owned();
    let download = parameters.one("download").is_some();
    let tag = format!("\"{digest}\"");
    let digest: Digest = digest.parse()?;
    let known = blocking(move || {
        if !app.catalogue.ask(|known| known.names_blob(digest))? {
            return Err(Fault::nothing(
                format!("no run names a content {digest}"),
                "GET /runs/{id} tells what a run left and took",
            ));
        }
        let file = app.home.blobs().open(digest)?;
        let length = file.metadata().map_err(|e| Fault::work(e, "look at the disk"))?.len();
        Ok((file, length))
    });
    let (file, length) = known.await?;
    if super::super::answer::has(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let (status, from, to) = match part(&headers, length)? {
        None => (StatusCode::OK, 0, length),
        Some((from, to)) => (StatusCode::PARTIAL_CONTENT, from, to),
    };
    let mut response = Response::new(Body::new(Pieces::of(file, from, to)));
    *response.status_mut() = status;
    let media = media_of(&name);
    let shown = !download && media != "application/octet-stream";
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
    put(header::CONTENT_DISPOSITION, &disposition(&name, shown));
    if status == StatusCode::PARTIAL_CONTENT {
        put(header::CONTENT_RANGE, &format!("bytes {from}-{}/{length}", to - 1));
    }
    Ok(response)
}

/// The bytes that are asked for, if that is one range: `bytes=0-99`, `bytes=100-`, `bytes=-100`.
fn part(headers: &HeaderMap, length: u64) -> Result<Option<(u64, u64)>, Fault> {
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
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

/// A file's bytes as they are read by a thread that waits for whoever takes them.
struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
}

impl Pieces {
    fn of(mut file: File, from: u64, to: u64) -> Self {
        let (give, pieces) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            let mut left = to - from;
            if let Err(e) = file.seek(SeekFrom::Start(from)) {
                let _ = give.blocking_send(Err(e));
                return;
            }
            while left > 0 {
                let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
                let read = file.read_exact(&mut piece).map(|()| Bytes::from(piece));
                let failed = read.is_err();
                left -= read.as_ref().map_or(0, |piece| piece.len() as u64);
                // Whoever asked is gone.
                if give.blocking_send(read).is_err() || failed {
                    return;
                }
            }
        });
        Self { pieces }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        self.pieces.poll_recv(context).map(|piece| piece.map(|piece| piece.map(http_body::Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |range: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            part(&headers, 10).map_err(|fault| fault.status.as_u16())
        };
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
