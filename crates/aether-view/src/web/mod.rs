//! The web face: one server for pages and programs, over HTTP and a WebSocket. `openapi.yaml` describes what it
//! answers.
//!
//! Async only at the edge: whatever reads files works on a few threads of its own. The index of all runs is in memory
//! once, runs that somebody looks at are read once for all pages, and files are looked at only while somebody asks.

pub(crate) mod answer;
pub(crate) mod api;
pub(crate) mod blocks;
mod call;
mod catalogue;
mod connections;
mod cursor;
mod live;
mod memory;
pub(crate) mod open_runs;
mod output;
mod page;
mod parameters;
mod parts;
mod proposed;
mod router;
mod rows;
mod security;
mod state;
mod tls;
mod token;

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use aether_ledger::Home;
use tokio::runtime;

use connections::Limits;
use security::Gate;
use state::App;

pub use tls::Certificate;
pub use token::Token;

/// Where the server listens unless it is told.
pub const PORT: u16 = 8420;

/// So many ports above [`PORT`] are tried where that is taken.
const TRIED: u16 = 20;

/// Threads that read files.
const READERS: usize = 4;

/// How a server is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose runs it shows.
    pub home: Home,
    /// On which address it listens.
    pub host: IpAddr,
    /// On which port; 0 for any that is free. Without one, on 8420 or the next that is free.
    pub port: Option<u16>,
    /// Names that a `Host` header may have beside those of the address.
    pub allow_hosts: Vec<String>,
    /// Whether a token is made anew, and asked for on the loopback too: what the old one opened is then closed.
    pub new_token: bool,
    /// Whether it encrypts.
    pub tls: Tls,
}

/// Whether and how a server encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// It does not.
    Off,
    /// With a certificate that it makes itself and keeps in the home.
    SelfMade,
    /// With these files: a chain of certificates and its key, both PEM.
    Files {
        /// The certificates.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; name another with --host and --port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The token cannot be kept, and without one nobody else may be let in.
    #[error("cannot keep the token in {}: {source}; listen on the loopback, or make the home writable", path.display())]
    Token {
        /// Its file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The certificate or its key is of no use.
    #[error("cannot encrypt with {}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The operating system does not let it work.
    #[error("cannot serve: {0}")]
    System(#[from] io::Error),
}

/// A server that listens, and answers once it is run.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
    certificate: Option<Certificate>,
}

impl Server {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address is taken or not this machine's, or a token or a certificate is needed and cannot be had.
    pub fn bind(options: Options) -> Result<Self, WebError> {
        let listener = listen(options.host, options.port)?;
        let address = listener.local_addr()?;
        let needed = !options.host.is_loopback() || options.new_token;
        let token = needed.then(|| Token::of(&options.home, options.new_token)).transpose()?;
        let certificate = Certificate::of(&options, address)?;
        let gate = Gate::new(address, options.allow_hosts, token.as_ref(), certificate.is_some());
        let app = Arc::new(App::new(options.home, gate));
        Ok(Self { app, listener, address, token, certificate })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser finds it: with the token in its fragment, which browsers do not send, if there is a new one.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let host = match self.address.ip() {
            ip if ip.is_unspecified() => security::machine(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        let token = self.token.as_ref().and_then(Token::secret);
        let fragment = token.map_or_else(String::new, |secret| format!("#token={secret}"));
        format!("{scheme}://{host}:{}/{fragment}", self.address.port())
    }

    /// The token that lets others in, if one is needed.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The certificate that it encrypts with, if it does.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Answers until the process is asked to end, by SIGINT or SIGTERM.
    ///
    /// # Errors
    /// When the operating system does not let it.
    pub fn run(self) -> Result<(), WebError> {
        memory::share();
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(READERS)
            .thread_name("aether-read")
            .build()?;
        let done = runtime.block_on(self.answer());
        // What reads a file just now is not waited for.
        runtime.shutdown_background();
        done
    }

    async fn answer(self) -> Result<(), WebError> {
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let warm = Arc::clone(&self.app);
        // The first page need wait neither for the index nor for its own files.
        tokio::task::spawn_blocking(move || warm.catalogue.look());
        tokio::task::spawn_blocking(page::pack);
        let router = router::router(Arc::clone(&self.app));
        tokio::spawn(state::tidy(Arc::clone(&self.app)));
        let acceptor = self.certificate.as_ref().map(Certificate::acceptor);
        tokio::select! {
            () = connections::answer(listener, acceptor, router, Limits::USUAL) => {}
            () = asked_to_end() => {}
        }
        Ok(())
    }
}

/// Listens on the port that is asked for, or on the first that is free from the usual one on.
fn listen(host: IpAddr, port: Option<u16>) -> Result<TcpListener, WebError> {
    let ports = port.map_or(PORT..=PORT + TRIED, |port| port..=port);
    let mut last = None;
    for port in ports {
        let address = SocketAddr::new(host, port);
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(source) => {
                let taken = source.kind() == io::ErrorKind::AddrInUse;
                last = Some(WebError::Listen { address, source });
                if !taken {
                    break;
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| WebError::System(io::ErrorKind::AddrInUse.into())))
}

/// Returns when the process is asked to end. Where that cannot be heard, it ends all the same.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = signal(SignalKind::terminate()).and_then(|t| Ok((t, signal(SignalKind::interrupt())?)));
    match signals {
        Ok((mut terminate, mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        Err(_) => std::future::pending().await,
    }
}
