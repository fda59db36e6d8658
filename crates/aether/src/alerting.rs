//! Alerts beside a run that is watched: raised as things are found, sent on a thread of their own.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use aether_core::{ConfigError, Event, Run};
use aether_watch::{Alerts, AlertsFile, RunFacts};

/// Between two looks at the queue.
const PAUSE: Duration = Duration::from_millis(500);

/// Alerts about one run. When it is dropped, what waits is sent at once, and waited for.
#[derive(Debug)]
pub(crate) struct Alerting {
    alerts: Arc<Alerts>,
    run: RunFacts,
    going: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Alerting {
    /// Begins, as the file in `home` says.
    pub(crate) fn begin(home: &Path, run: &Run) -> Result<Self, ConfigError> {
        let alerts = Arc::new(Alerts::open(home, AlertsFile::of_home(home)?));
        let (going, ended) = mpsc::channel();
        let sending = Arc::clone(&alerts);
        let send = move || {
            loop {
                let over = ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Disconnected);
                // What could not be sent stays in the queue, with the reason: `alerts` shows it.
                let _ = if over { sending.flush() } else { sending.deliver() };
                if over {
                    return;
                }
            }
        };
        let wanted = !alerts.config().routes.is_empty();
        let thread = wanted.then(|| thread::Builder::new().name("alerts".to_owned()).spawn(send));
        // Without a thread alerts are kept all the same.
        let thread = thread.and_then(io::Result::ok);
        Ok(Self { alerts, run: run.into(), going: Some(going), thread })
    }

    /// Raises what concerns somebody; an error says why it could not be kept.
    pub(crate) fn raise(&self, event: &Event) -> Result<(), String> {
        self.alerts.raise(event, &self.run).map(drop).map_err(|error| error.to_string())
    }
}

impl Drop for Alerting {
    fn drop(&mut self) {
        drop(self.going.take());
        if let Some(thread) = self.thread.take() {
            // It panics only by a defect, which was printed.
            let _ = thread.join();
        }
    }
}
