//! What a run ran in: the version of the code, variables, Python and its packages, host, devices. Gathered by a thread
//! of the supervisor while the program already works. What cannot be found out is left out.

mod devices;
mod git;
mod host;
mod python;
pub mod secrets;

use std::{
    env,
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel},
    thread,
    time::{Duration, Instant},
};

use aether_ledger::{Home, RunWriter};
use rustix::process::setpriority_process;
use serde_json::{Map, Value};

use crate::spec::Spec;

/// The niceness of who takes only what others leave.
const LAST: i32 = 19;

/// So long after the program began, that there is such a run is made safe: one that has ended until then costs less.
pub(crate) const PATIENCE: Duration = Duration::from_millis(100);

/// Gathers everything and notes it in the run's record. Writes that as long as the program works, which `ended` tells;
/// after that whoever waits for this does. The run is safe by then, or after [`PATIENCE`].
pub(crate) fn gather(run: &RunWriter, home: &Home, spec: &Spec, ended: Receiver<()>) {
    thread::scope(|scope| {
        let (gathers, gathered) = channel::<()>();
        let begun = Instant::now();
        // Apart, as it may take long to gather. What cannot be written now is written with the run's end.
        let safe = thread::Builder::new().name("aether-safe".to_owned()).spawn_scoped(scope, move || {
            let in_time = |other: &Receiver<()>| {
                other.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) != Err(RecvTimeoutError::Timeout)
            };
            let done = in_time(&ended) && in_time(&gathered);
            (!done).then(|| drop(run.make_safe())).map(|()| ended)
        });
        let found = found(home, spec);
        run.note(|run| run.environment.extend(found));
        drop(gathers);
        let ended = safe.ok().and_then(|safe| safe.join().ok()).flatten();
        if ended.is_some_and(|ended| ended.try_recv() == Err(TryRecvError::Empty)) {
            let _ = run.make_safe();
        }
    });
}

fn found(home: &Home, spec: &Spec) -> Map<String, Value> {
    // Of this thread and what it starts alone: the program comes first where cores are few. Refused, it is only slower.
    let _ = setpriority_process(None, LAST);
    let mut found = Map::new();
    found.insert("variables".to_owned(), variables(spec).into());
    found.insert("host".to_owned(), host::facts());
    let devices = devices::facts();
    if !devices.is_empty() {
        found.insert("devices".to_owned(), devices.into());
    }
    if let Some(python) = python::facts(spec) {
        found.insert("python".to_owned(), python.about);
        found.insert("packages".to_owned(), python.packages.into());
    }
    if let Some(git) = git::facts(spec, home) {
        found.insert("git".to_owned(), git);
    }
    found
}

/// The variables that the program was started with, secrets masked.
fn variables(spec: &Spec) -> Map<String, Value> {
    let mut variables: Map<String, Value> = Map::new();
    let inherited =
        env::vars_os().map(|(n, v)| (n.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()));
    for (name, value) in inherited.chain(spec.variables.iter().cloned()) {
        let value = secrets::masked(&name, &value).into();
        variables.insert(name, value);
    }
    variables.sort_keys();
    variables
}
