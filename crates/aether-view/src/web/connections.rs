//! Connections, each answered by a task of its own. There are so many at most; where one more comes, the one goes that
//! has said nothing for longest, so that those who say nothing keep out nobody.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, serve::Listener};
use hyper::{
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// What nobody may have more of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at a time. Pages that are told what changes are counted by themselves.
    pub(super) connections: usize,
    /// So long somebody may take to agree on a key, and so long to say what is asked for, from the beginning of a
    /// connection or from the answer before on.
    pub(super) silence: Duration,
}

impl Limits {
    /// A process may commonly have 1,024 files open, of which connections may be half.
    pub(super) const USUAL: Self = Self { connections: 512, silence: Duration::from_secs(30) };
}

/// A connection on which nothing has been asked yet.
struct Silent {
    spoke: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Silent {
    fn is_still(&self) -> bool {
        !self.spoke.load(Ordering::Relaxed) && !self.task.is_finished()
    }
}

/// Answers whoever connects.
pub(super) async fn answer(
    mut listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
) {
    let mut open = JoinSet::new();
    let mut silent: VecDeque<Silent> = VecDeque::new();
    loop {
        // It waits for a moment where the process may open no more files.
        let (stream, _) = Listener::accept(&mut listener).await;
        while open.try_join_next().is_some() {}
        if silent.len() >= 2 * limits.connections {
            silent.retain(Silent::is_still);
        }
        if open.len() >= limits.connections {
            while silent.front().is_some_and(|first| !first.is_still()) {
                silent.pop_front();
            }
            match silent.pop_front() {
                Some(longest) => longest.task.abort(),
                // All are at work: one more is closed.
                None => continue,
            }
        }
        let spoke = Arc::new(AtomicBool::new(false));
        let task = serve(stream, acceptor.clone(), router.clone(), Arc::clone(&spoke), limits.silence);
        silent.push_back(Silent { spoke, task: open.spawn(task) });
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    spoke: Arc<AtomicBool>,
    silence: Duration,
) {
    // Points are small, and must not wait for more of them.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => speak(stream, router, spoke, silence).await,
        Some(acceptor) => {
            // Who does not speak TLS is nobody to answer.
            if let Ok(Ok(stream)) = timeout(silence, acceptor.accept(stream)).await {
                speak(stream, router, spoke, silence).await;
            }
        }
    }
}

async fn speak<S>(stream: S, router: Router, spoke: Arc<AtomicBool>, silence: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        spoke.store(true, Ordering::Relaxed);
        router.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(silence);
    // How it ends concerns only whoever asked.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net, thread,
        time::Instant,
    };

    use axum::routing::get;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A server that works until the test ends.
    fn server(limits: Limits) -> net::SocketAddr {
        let listener = net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let router = Router::new().route("/", get(async || "here"));
                answer(TcpListener::from_std(listener).unwrap(), None, router, limits).await;
            });
        });
        address
    }

    fn connect(address: net::SocketAddr) -> net::TcpStream {
        let stream = net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Asks on a connection that stays open; what it is told.
    fn ask(stream: &mut net::TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    #[test]
    fn who_says_nothing_is_not_waited_for() {
        let address = server(Limits { connections: 8, silence: Duration::from_millis(50) });
        let mut silent = connect(address);
        assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0, "closed");
        let mut half = connect(address);
        half.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
        let mut rest = Vec::new();
        half.read_to_end(&mut rest).unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
        // After an answer, too.
        let mut quick = connect(address);
        assert!(ask(&mut quick).starts_with("HTTP/1.1 200"));
        assert_eq!(quick.read(&mut [0; 1]).unwrap(), 0, "closed");
    }

    #[test]
    fn those_who_say_nothing_keep_out_nobody() {
        let address = server(Limits { connections: 8, silence: LONG });
        let mut first = connect(address);
        assert!(ask(&mut first).ends_with("here"));
        let silent: Vec<_> = (0..100).map(|_| connect(address)).collect();
        assert!(ask(&mut connect(address)).ends_with("here"));
        // Who has asked is none of those that go.
        assert!(ask(&mut first).ends_with("here"));
        // The ones that came last are still there, so no more than the limit are.
        let mut gone = 0;
        for mut stream in silent {
            stream.set_nonblocking(true).unwrap();
            gone += usize::from(matches!(stream.read(&mut [0; 1]), Ok(0)));
        }
        assert!(gone >= 100 - 8, "{gone}");
    }

    #[test]
    fn one_more_than_may_work_is_closed() {
        let address = server(Limits { connections: 4, silence: LONG });
        let mut busy: Vec<_> = (0..4).map(|_| connect(address)).collect();
        busy.iter_mut().for_each(|stream| assert!(ask(stream).ends_with("here")));
        assert_eq!(connect(address).read(&mut [0; 1]).unwrap(), 0, "closed");
        // Where one of them goes, there is room again.
        busy.pop();
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE);
            let mut next = connect(address);
            let _ = next.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let mut answer = Vec::new();
            if next.read_to_end(&mut answer).is_ok() && answer.ends_with(b"here") {
                break;
            }
        }
    }
}
