//! Short calls to a gRPC server of this machine, without TLS: `PROTOCOL-HTTP2.md` of gRPC's documentation.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use h2::client::SendRequest;
use prost::{Message, bytes::Bytes};
use tokio::{net::TcpStream, task::JoinSet};

/// What is taken of an answer, in bytes.
const LONGEST: usize = 1 << 20;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    requests: SendRequest<Bytes>,
    /// What moves the bytes, as long as this lives.
    _moves: JoinSet<()>,
}

impl Connection {
    /// To a port of this machine; `None` when nobody there speaks HTTP/2.
    pub(super) async fn open(port: u16) -> Option<Self> {
        // `localhost` is either, and a server may listen on one only.
        let addresses =
            [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
        let stream = TcpStream::connect(&addresses[..]).await.ok()?;
        let (requests, connection) = h2::client::handshake(stream).await.ok()?;
        let mut moves = JoinSet::new();
        moves.spawn(async move {
            // How it ended, those hear who wait for an answer.
            let _ = connection.await;
        });
        Some(Self { requests, _moves: moves })
    }

    /// Asks for something; `None` when the server does not know it, or does not answer as it should.
    pub(super) async fn call<A: Message + Default>(
        &self,
        method: &str,
        question: &impl Message,
    ) -> Option<A> {
        let request = http::Request::post(format!("http://localhost{method}"))
            .version(http::Version::HTTP_2)
            .header(http::header::CONTENT_TYPE, "application/grpc")
            .header(http::header::TE, "trailers")
            .body(())
            .ok()?;
        // Not compressed; its length; the message.
        let mut body = vec![0];
        body.extend(u32::try_from(question.encoded_len()).ok()?.to_be_bytes());
        body.extend(question.encode_to_vec());
        let (response, mut upload) =
            self.requests.clone().ready().await.ok()?.send_request(request, false).ok()?;
        upload.send_data(body.into(), true).ok()?;

        let mut download = response.await.ok()?.into_body();
        let mut answer = Vec::new();
        while let Some(part) = download.data().await {
            let part = part.ok()?;
            answer.extend_from_slice(&part);
            if answer.len() > LONGEST {
                return None;
            }
            download.flow_control().release_capacity(part.len()).ok()?;
        }
        // A call that failed has no message, and its status in the trailers.
        let (&[compressed, a, b, c, d], message) = answer.split_first_chunk()?;
        let whole = compressed == 0 && message.len() == u32::from_be_bytes([a, b, c, d]) as usize;
        if whole { A::decode(message).ok() } else { None }
    }
}
