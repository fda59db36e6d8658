//! `GET /live`: what changes, as it changes, over a WebSocket.
//!
//! One thread looks at files, for all pages, while anybody subscribes, and at none while nobody does. It sends nothing:
//! it says that there is something new. Each page then reads what it has not had yet, from where it stands, once its
//! connection takes more. So a page that does not read is given less, and nothing is queued for it.

mod connection;
mod subscription;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use axum::{
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::sync::{Semaphore, watch};

use super::{answer::Fault, catalogue::Catalogue, open_runs::OpenRuns, state::Shared};

/// How often files are looked at while somebody subscribes.
const LOOK: Duration = Duration::from_millis(50);
/// How often the list of runs is.
const LOOK_AT_ALL: Duration = Duration::from_millis(250);

/// Pages that are told what changes, at most.
const PAGES: usize = 256;

/// A page says less than this at once.
const LONGEST: usize = 1 << 20;

/// Says when there is something new.
#[derive(Debug)]
pub(crate) struct Live {
    catalogue: Arc<Catalogue>,
    runs: Arc<OpenRuns>,
    /// Those who subscribe to anything.
    subscribers: Arc<AtomicUsize>,
    looking: Arc<Mutex<bool>>,
    news: watch::Sender<u64>,
    room: Arc<Semaphore>,
}

/// Somebody subscribes, until this is dropped.
#[derive(Debug)]
pub(crate) struct Subscriber(Arc<AtomicUsize>);

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Live {
    pub(crate) fn new(catalogue: Arc<Catalogue>, runs: Arc<OpenRuns>) -> Self {
        let (subscribers, looking) = (Arc::default(), Arc::default());
        let room = Arc::new(Semaphore::new(PAGES));
        Self { catalogue, runs, subscribers, looking, news: watch::Sender::new(0), room }
    }

    /// Tells when there is something new.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Makes files be looked at for as long as the result lives.
    pub(crate) fn subscribe(&self) -> Result<Subscriber, Fault> {
        self.subscribers.fetch_add(1, Ordering::SeqCst);
        let subscriber = Subscriber(Arc::clone(&self.subscribers));
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if !*looking {
            let look = Look {
                catalogue: Arc::clone(&self.catalogue),
                runs: Arc::clone(&self.runs),
                subscribers: Arc::clone(&self.subscribers),
                looking: Arc::clone(&self.looking),
                news: self.news.clone(),
            };
            thread::Builder::new()
                .name("aether-look".to_owned())
                .spawn(move || look.run())
                .map_err(|e| Fault::work(format!("cannot start a thread: {e}"), "end some processes"))?;
            *looking = true;
        }
        Ok(subscriber)
    }
}

/// The thread that looks.
struct Look {
    catalogue: Arc<Catalogue>,
    runs: Arc<OpenRuns>,
    subscribers: Arc<AtomicUsize>,
    looking: Arc<Mutex<bool>>,
    news: watch::Sender<u64>,
}

impl Look {
    fn run(self) {
        let mut revision = *self.catalogue.changes().borrow();
        let mut looked = Instant::now();
        while !self.is_over() {
            let mut anything = false;
            for run in self.runs.followed() {
                // What is wrong with a run, the next answer about it says.
                anything |= run.poll().unwrap_or(false);
                anything |= run.output_grew();
            }
            if looked.elapsed() >= LOOK_AT_ALL {
                self.catalogue.look();
                looked = Instant::now();
                let now = *self.catalogue.changes().borrow();
                anything |= std::mem::replace(&mut revision, now) != now;
            }
            if anything {
                self.news.send_modify(|count| *count += 1);
            }
            thread::sleep(LOOK);
        }
    }

    /// Whether nobody subscribes any more: then the next subscriber starts another thread.
    fn is_over(&self) -> bool {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if self.subscribers.load(Ordering::SeqCst) == 0 {
            *looking = false;
        }
        !*looking
    }
}

pub(super) async fn get(
    State(app): State<Shared>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(place) = Arc::clone(&app.live.room).try_acquire_owned() else {
        return Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{PAGES} pages are open already"),
            "close some of them",
        )
        .into_response();
    };
    match upgrade {
        // Buffers as small as what is sent: there may be many pages.
        Ok(upgrade) => upgrade
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            .max_message_size(LONGEST)
            .max_frame_size(LONGEST)
            .on_upgrade(move |socket| async move {
                connection::serve(app, socket).await;
                drop(place);
            }),
        Err(e) => {
            Fault::wrong(format!("this is a WebSocket: {e}"), "open it with a client of such").into_response()
        }
    }
}
