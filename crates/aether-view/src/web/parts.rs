//! An answer that is sent in parts, each as soon as it is there.

use std::{
    convert::Infallible,
    io::Write,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::answer::takes_gzip;

/// Where the parts of an answer go. It ends when this does.
pub(super) struct Parts {
    packer: Option<GzEncoder<Vec<u8>>>,
    to: Sender<Bytes>,
}

impl Parts {
    /// An answer of this moment, which nobody keeps; packed where the asker unpacks.
    pub(super) fn begin(content_type: &'static str, asker: &HeaderMap) -> (Self, Response) {
        let packer = takes_gzip(asker).then(|| GzEncoder::new(Vec::new(), Compression::fast()));
        let (to, from) = channel(1);
        let mut response = Response::new(Body::new(Taken(from)));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if packer.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        (Self { packer, to }, response)
    }

    /// Sends a part now. Whether anybody still takes it.
    pub(super) async fn send(&mut self, part: &str) -> bool {
        let bytes = match &mut self.packer {
            None => Bytes::copy_from_slice(part.as_bytes()),
            Some(packer) => {
                // Memory takes whatever is written to it.
                let _ = packer.write_all(part.as_bytes()).and_then(|()| packer.flush());
                std::mem::take(packer.get_mut()).into()
            }
        };
        self.to.send(bytes).await.is_ok()
    }

    /// Sends the last part.
    pub(super) async fn end(mut self, part: &str) {
        let bytes = match self.packer.take() {
            None => Bytes::copy_from_slice(part.as_bytes()),
            Some(mut packer) => {
                let _ = packer.write_all(part.as_bytes());
                packer.finish().unwrap_or_default().into()
            }
        };
        let _ = self.to.send(bytes).await;
    }
}

/// What was sent, as the browser takes it.
struct Taken(Receiver<Bytes>);

impl HttpBody for Taken {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|part| part.map(|bytes| Ok(http_body::Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::body::to_bytes;

    use super::*;

    async fn sent(asker: &HeaderMap) -> (Response, Vec<Bytes>) {
        let (mut parts, mut response) = Parts::begin("text/plain", asker);
        let mut body = std::mem::take(response.body_mut());
        let mut seen = Vec::new();
        let mut next = async || {
            let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
            seen.push(frame.unwrap().unwrap().into_data().unwrap());
        };
        // Each can be taken before the next one is known.
        assert!(parts.send("first").await);
        next().await;
        assert!(parts.send(" second").await);
        next().await;
        parts.end(" last").await;
        next().await;
        assert!(to_bytes(body, 9).await.unwrap().is_empty());
        (response, seen)
    }

    #[tokio::test]
    async fn each_part_can_be_taken_before_the_next_is_known() {
        let (response, seen) = sent(&HeaderMap::new()).await;
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(seen, ["first", " second", " last"]);
    }

    #[tokio::test]
    async fn packed_parts_unpack_as_far_as_they_came() {
        let mut asker = HeaderMap::new();
        asker.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let (response, seen) = sent(&asker).await;
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        let mut first = [0; 5];
        flate2::read::GzDecoder::new(&*seen[0]).read_exact(&mut first).unwrap();
        assert_eq!(&first, b"first");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*seen.concat()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "first second last");
    }

    #[tokio::test]
    async fn who_has_gone_takes_nothing() {
        let (mut parts, response) = Parts::begin("text/plain", &HeaderMap::new());
        drop(response);
        assert!(!parts.send("first").await);
    }
}
