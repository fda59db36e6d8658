//! A server of this test, and a client that can also say what no client should.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout},
    time::Duration,
};

use serde_json::Value;
use tungstenite::{Message, WebSocket, client::IntoClientRequest};

use crate::harness::{Aether, Scratch};

/// How long anything may take on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server, until it is dropped.
pub(crate) struct Dash {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) port: u16,
    /// What it printed when it began.
    pub(crate) said: Value,
}

impl Dash {
    pub(crate) fn of(scratch: &Scratch) -> Self {
        Self::with(&scratch.home(), "--port 0")
    }

    pub(crate) fn with(home: &Path, args: &str) -> Self {
        Self::begun(Aether::new().args("dash --json").args(args).home(home).start())
    }

    /// One that was just started.
    pub(crate) fn begun(mut child: Child) -> Self {
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            child.kill().unwrap();
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            panic!("no server: {line}{error}");
        };
        let port = said["address"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, stdout, port, said }
    }

    /// Says a line to its standard input; the next line of its standard output.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    /// Ends it as a person does, and waits for that.
    pub(crate) fn end(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Sends these bytes as they are, and reads what comes until the server closes.
    pub(crate) fn raw(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::read(&bytes)
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let port = self.port;
        let host = if headers.to_lowercase().contains("host:") {
            String::new()
        } else {
            format!("Host: 127.0.0.1:{port}\r\n")
        };
        let length = body.len();
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, "", "")
    }

    /// The JSON at this address of the API.
    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> Value {
        self.get(&format!("/api/v1{path}")).json()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.request(
            "POST",
            &format!("/api/v1{path}"),
            "Content-Type: application/json\r\n",
            &body.to_string(),
        )
    }

    pub(crate) fn live(&self) -> Page {
        let url = format!("ws://127.0.0.1:{}/api/v1/live", self.port);
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(url.into_client_request().unwrap(), stream).unwrap();
        Page { socket }
    }
}

impl Drop for Dash {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text_lossy(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Demands an error of this status, in JSON; what it says.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}{}", self.head, String::from_utf8_lossy(&self.body));
        let error: Value = serde_json::from_slice(&self.body).unwrap();
        format!("{}; {}", error["error"].as_str().unwrap(), error["help"].as_str().unwrap())
    }
}

/// A page's connection.
pub(crate) struct Page {
    socket: WebSocket<TcpStream>,
}

impl Page {
    pub(crate) fn say(&mut self, value: &Value) {
        self.socket.send(Message::text(value.to_string())).unwrap();
    }

    pub(crate) fn subscribe(&mut self, asked: Value) {
        self.say(&serde_json::json!({ "subscribe": asked }));
    }

    /// The next message that is no sign of life.
    pub(crate) fn next(&mut self) -> Message {
        loop {
            match self.socket.read().unwrap() {
                Message::Text(text) if text.as_str().contains("\"alive\"") => {}
                message @ (Message::Text(_) | Message::Binary(_)) => return message,
                _ => {}
            }
        }
    }

    /// The next text for which this holds; others are passed over.
    pub(crate) fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Message::Text(text) = self.next() {
                let value: Value = serde_json::from_str(text.as_str()).unwrap();
                if holds(&value) {
                    return value;
                }
            }
        }
    }

    /// The blocks of the next binary message, which must be for `key`.
    pub(crate) fn blocks(&mut self, key: &str) -> Vec<Block> {
        loop {
            if let Message::Binary(bytes) = self.next() {
                let length = usize::from(bytes[0]);
                assert_eq!(&bytes[1..=length], key.as_bytes());
                return blocks(&bytes[(length + 1).next_multiple_of(8)..]);
            }
        }
    }
}

/// A block of points or stretches: the metric, the kind, the columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) columns: Vec<Vec<f64>>,
}

pub(crate) fn blocks(mut bytes: &[u8]) -> Vec<Block> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(&bytes[..4], b"APS1");
        let (kind, length, count) = (bytes[4], word(8), word(12));
        let name = String::from_utf8(bytes[16..16 + length].to_vec()).unwrap();
        let begin = (16 + length).next_multiple_of(8);
        let column = |at: usize| {
            let bytes = &bytes[begin + at * count * 8..begin + (at + 1) * count * 8];
            bytes.chunks(8).map(|number| f64::from_le_bytes(number.try_into().unwrap())).collect()
        };
        let columns = if kind == 0 { 3 } else { 12 };
        all.push(Block { name, kind, columns: (0..columns).map(column).collect() });
        bytes = &bytes[begin + columns * count * 8..];
    }
    all
}
