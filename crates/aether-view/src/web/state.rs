//! What all requests share.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aether_ledger::Home;
use jiff::Timestamp;

use super::{catalogue::Catalogue, live::Live, memory, open_runs::OpenRuns, security::Gate};
use crate::host::{HISTORY, Host};

/// How often it is looked for runs that nobody needs any more.
const TIDY: Duration = Duration::from_secs(10);

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) home: Home,
    pub(crate) gate: Gate,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) runs: Arc<OpenRuns>,
    pub(crate) live: Live,
    pub(crate) started: Timestamp,
    host: Mutex<Option<Host>>,
}

/// Shared by handlers.
pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(home: Home, gate: Gate) -> Self {
        let catalogue = Arc::new(Catalogue::new(home.clone()));
        let runs = Arc::new(OpenRuns::default());
        let live = Live::new(Arc::clone(&catalogue), Arc::clone(&runs));
        Self { home, gate, catalogue, runs, live, started: Timestamp::now(), host: Mutex::new(None) }
    }

    /// Asks something of the machine's sampler, which takes a reading if the last is older than `fresh`.
    pub(crate) fn host<T>(&self, fresh: Duration, question: impl FnOnce(&Host) -> T) -> T {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        let host = host.get_or_insert_with(|| {
            let mut host = Host::find(self.home.path(), HISTORY);
            // Rates take two looks.
            host.look();
            std::thread::sleep(Duration::from_millis(50));
            host.look();
            host
        });
        let age = host.now().map_or(Duration::MAX, |now| {
            Duration::from_nanos(u64::try_from(aether_core::signal::now() - now.time).unwrap_or(0))
        });
        if age >= fresh {
            host.look();
        }
        question(host)
    }
}

/// Drops what nobody needs any more, as long as the server works.
pub(crate) async fn tidy(app: Shared) {
    loop {
        tokio::time::sleep(TIDY).await;
        let app = Arc::clone(&app);
        // Dropping a long run takes a moment.
        let tidied = tokio::task::spawn_blocking(move || {
            let dropped = app.runs.sweep();
            if app.catalogue.rest() || dropped {
                memory::give_back();
            }
        });
        // One that failed is tried again.
        let _ = tidied.await;
    }
}
