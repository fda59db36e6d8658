//! Receivers that listen on this machine, each on a thread of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

/// No message takes longer; only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an HTTP client sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(key, _)| key == name).unwrap().1
    }
}

/// An HTTP server.
pub(crate) struct Http {
    pub(crate) address: SocketAddr,
    requests: Receiver<Request>,
}

impl Http {
    /// One that gives these answers, one after the other.
    pub(crate) fn answering(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let (say, requests) = channel();
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                // Kept before it is answered: whoever has the answer finds the request.
                let _ = say.send(receive(&stream));
                write!(&stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
            }
        });
        Self { address, requests }
    }

    /// What has come so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn receive(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).unwrap();
        text.trim_end().to_owned()
    };
    let first = line();
    let mut headers = Vec::new();
    loop {
        let header = line();
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { line: first, headers, body: String::new() };
    let length: u64 = request.header("content-length").parse().unwrap();
    reader.take(length).read_to_string(&mut request.body).unwrap();
    request
}

/// What an SMTP client sent.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Without the dots that the protocol adds.
    pub(crate) data: String,
}

/// An SMTP server (RFC 5321), without extensions.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    mails: Receiver<Mail>,
}

impl Smtp {
    /// One that asks the first `times` clients to come again later.
    pub(crate) fn refusing(times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (say, mails) = channel();
        thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                converse(&stream.unwrap(), count < times, &say);
            }
        });
        Self { port, mails }
    }

    /// The next mail.
    pub(crate) fn mail(&self) -> Mail {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }
}

fn converse(stream: &TcpStream, busy: bool, say: &Sender<Mail>) {
    let mut writer = stream;
    let mut reply = |text: &str| write!(writer, "{text}\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut mail = Mail::default();
    reply("220 test");
    while let Some(line) = lines.next() {
        let (word, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        match (word, rest) {
            ("EHLO" | "HELO", _) => reply("250 test"),
            ("MAIL", _) if busy => reply("450 come again later"),
            ("MAIL", rest) => {
                mail.from = rest.trim_start_matches("FROM:").to_owned();
                reply("250 ok");
            }
            ("RCPT", rest) => {
                mail.to.push(rest.trim_start_matches("TO:").to_owned());
                reply("250 ok");
            }
            ("DATA", _) => {
                reply("354 go on");
                for line in lines.by_ref().take_while(|line| line != ".") {
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.data.push_str("\r\n");
                }
                let _ = say.send(std::mem::take(&mut mail));
                reply("250 taken");
            }
            ("QUIT", _) => return reply("221 bye"),
            _ => reply("502 what?"),
        }
    }
}
