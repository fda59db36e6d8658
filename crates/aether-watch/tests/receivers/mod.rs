//! Receivers that listen on this machine, each on a thread of its own.

mod tls;

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use rustls::ServerConfig;

pub(crate) use tls::Authority;
use tls::{Wire, encrypted};

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
        Self::serving(answers, None)
    }

    /// The same over TLS. Whoever breaks off before saying anything gets no answer, and uses none up.
    pub(crate) fn encrypted(answers: &[&str], authority: &Authority) -> Self {
        Self::serving(answers, Some(Arc::clone(&authority.server)))
    }

    fn serving(answers: &[&str], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let (say, requests) = channel();
        thread::spawn(move || {
            let mut answers = answers.iter();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let mut wire: Box<dyn Wire> = match &tls {
                    Some(server) => encrypted(stream, server),
                    None => Box::new(stream),
                };
                let Ok(request) = receive(&mut *wire) else { continue };
                let Some(answer) = answers.next() else { return };
                // Kept before it is answered: whoever has the answer finds the request.
                let _ = say.send(request);
                write!(wire, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
                wire.flush().unwrap();
            }
        });
        Self { address, requests }
    }

    /// What has come so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn receive(wire: &mut dyn Wire) -> io::Result<Request> {
    let mut reader = BufReader::new(wire);
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text)?;
        io::Result::Ok(text.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { line: first, headers, body: String::new() };
    let length: u64 = request.header("content-length").parse().unwrap();
    reader.take(length).read_to_string(&mut request.body)?;
    Ok(request)
}

/// What an SMTP client sent.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Without the dots that the protocol adds.
    pub(crate) data: String,
    /// What it said to log in (RFC 4616, in base64), and whether that was encrypted.
    pub(crate) login: Option<String>,
    pub(crate) encrypted: bool,
}

/// When an SMTP server encrypts.
#[derive(Clone)]
pub(crate) enum Encrypts {
    Never,
    /// When it is asked to.
    WhenAsked(Arc<ServerConfig>),
    /// From the start.
    AtOnce(Arc<ServerConfig>),
}

/// An SMTP server (RFC 5321), with STARTTLS (RFC 3207) and AUTH (RFC 4954).
pub(crate) struct Smtp {
    pub(crate) port: u16,
    mails: Receiver<Mail>,
    /// All that was said to it in the open.
    open: Receiver<String>,
}

/// What it is like.
#[derive(Clone)]
struct Manner {
    encrypts: Encrypts,
    /// What it wants to be told to log in.
    login: Option<&'static str>,
}

impl Smtp {
    /// One that asks the first `times` clients to come again later.
    pub(crate) fn refusing(times: usize) -> Self {
        Self::serving(times, Manner { encrypts: Encrypts::Never, login: None })
    }

    /// One that takes mail only from who logs in so, and offers it where the connection is encrypted.
    pub(crate) fn guarded(encrypts: Encrypts, login: &'static str) -> Self {
        Self::serving(0, Manner { encrypts, login: Some(login) })
    }

    fn serving(times: usize, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (say, mails) = channel();
        let (overhear, open) = channel();
        thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                // A client that breaks off is what some tests are about.
                let _ = converse(stream.unwrap(), count < times, &manner, &say, &overhear);
            }
        });
        Self { port, mails, open }
    }

    /// The next mail.
    pub(crate) fn mail(&self) -> Mail {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }

    /// Whether no mail has come.
    pub(crate) fn has_none(&self) -> bool {
        self.mails.try_recv().is_err()
    }

    /// What was said to it in the open so far.
    pub(crate) fn overheard(&self) -> String {
        self.open.try_iter().collect()
    }
}

/// A line, byte by byte: what follows may be encrypted.
fn line(wire: &mut dyn Wire) -> io::Result<String> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    loop {
        wire.read_exact(&mut byte)?;
        match byte[0] {
            b'\n' => return Ok(String::from_utf8(text).unwrap().trim_end_matches('\r').to_owned()),
            byte => text.push(byte),
        }
    }
}

fn converse(
    stream: TcpStream,
    busy: bool,
    manner: &Manner,
    say: &Sender<Mail>,
    overhear: &Sender<String>,
) -> io::Result<()> {
    let mut mail = Mail::default();
    let mut wire: Box<dyn Wire> = match &manner.encrypts {
        Encrypts::AtOnce(server) => {
            mail.encrypted = true;
            encrypted(stream.try_clone()?, server)
        }
        _ => Box::new(stream.try_clone()?),
    };
    let reply = |wire: &mut dyn Wire, text: &str| {
        wire.write_all(format!("{text}\r\n").as_bytes())?;
        wire.flush()
    };
    reply(&mut *wire, "220 test")?;
    loop {
        let said = line(&mut *wire)?;
        if !mail.encrypted {
            let _ = overhear.send(format!("{said}\n"));
        }
        let (word, rest) = said.split_once([' ', ':']).unwrap_or((&said, ""));
        let answer = match (word, rest) {
            ("EHLO" | "HELO", _) => match (&manner.encrypts, manner.login) {
                (Encrypts::WhenAsked(_), _) if !mail.encrypted => "250-test\r\n250 STARTTLS",
                (_, Some(_)) => "250-test\r\n250 AUTH PLAIN",
                _ => "250 test",
            },
            ("STARTTLS", _) => {
                let Encrypts::WhenAsked(server) = &manner.encrypts else { return Ok(()) };
                reply(&mut *wire, "220 go on")?;
                wire = encrypted(stream.try_clone()?, server);
                mail.encrypted = true;
                continue;
            }
            ("AUTH", rest) if manner.login == rest.strip_prefix("PLAIN ") => {
                mail.login = manner.login.map(str::to_owned);
                "235 welcome"
            }
            ("AUTH", _) => "535 who are you?",
            ("MAIL", _) if manner.login.is_some() && mail.login.is_none() => "530 log in first",
            ("MAIL", _) if busy => "450 come again later",
            ("MAIL", rest) => {
                mail.from = rest.trim_start_matches("FROM:").to_owned();
                "250 ok"
            }
            ("RCPT", rest) => {
                mail.to.push(rest.trim_start_matches("TO:").to_owned());
                "250 ok"
            }
            ("DATA", _) => {
                reply(&mut *wire, "354 go on")?;
                loop {
                    let said = line(&mut *wire)?;
                    if said == "." {
                        break;
                    }
                    mail.data.push_str(said.strip_prefix('.').unwrap_or(&said));
                    mail.data.push_str("\r\n");
                }
                let _ = say.send(std::mem::take(&mut mail));
                "250 taken"
            }
            ("QUIT", _) => return reply(&mut *wire, "221 bye"),
            _ => "502 what?",
        };
        reply(&mut *wire, answer)?;
    }
}
