//! An index that is kept open: it learns of everything that another one would read, and of nothing else.

use aether_core::{Event, Level, Listener, RunState, Signal};
use aether_ledger::{Changes, Filter, Index, Sort};
use serde_json::json;

use crate::support::*;

/// Everything that a list shows, of an index.
fn shown(index: &Index) -> Vec<String> {
    let listed = index.list(&Filter::default(), &Sort::Name);
    let text = |entry: &aether_ledger::Entry| {
        format!("{} {} {:?} {:?} {:?}", entry.id, entry.standing, entry.tags, entry.metrics, entry.ended)
    };
    let mut all: Vec<String> = listed.into_iter().map(text).collect();
    all.sort();
    all
}

#[test]
fn what_happens_is_learnt_and_told_once() {
    let (_dir, home) = home();
    let mut index = Index::open(&home).unwrap();
    assert_eq!(index.catch_up(false).unwrap(), Changes::default());
    let (writer, log) = begin(&home);
    let id = writer.id();
    let changes = index.catch_up(false).unwrap();
    assert_eq!((changes.changed, changes.gone), (vec![id], vec![]));
    say(&log, "loss", 1, 0.5);
    log.sync().unwrap();
    assert_eq!(index.catch_up(false).unwrap().changed, [id]);
    assert_eq!(index.entries()[0].metrics.get("loss").unwrap().last, 0.5);
    assert!(index.catch_up(false).unwrap().is_empty());
    assert!(index.catch_up(true).unwrap().is_empty());
    drop(log);
    writer.end(RunState::Done, None).unwrap();
    assert_eq!(index.catch_up(false).unwrap().changed, [id]);
    assert_eq!(shown(&index), shown(&Index::open(&home).unwrap()));
    // After its end only a look at all runs, or at this one, sees what is said of it.
    let mut other = Index::open(&home).unwrap();
    let log = writer.log().unwrap();
    let tags = Event {
        kind: "tags".to_owned(),
        level: Level::Warning,
        step: 0,
        message: String::new(),
        fields: json!({ "tags": ["late"] }).as_object().unwrap().clone(),
    };
    log.on(aether_core::signal::now(), &Signal::Event(tags));
    drop(log);
    for seen in [&mut index, &mut other] {
        assert!(seen.catch_up(false).unwrap().is_empty());
    }
    assert_eq!(index.catch_up(true).unwrap().changed, [id]);
    let run = index.entries()[0].directory.clone();
    assert_eq!(other.catch_up_with(&run).changed, [id]);
    assert!(other.catch_up_with(&run).is_empty());
    assert_eq!(shown(&index), shown(&other));
    assert_eq!(
        (index.entries()[0].tags.as_slice(), index.entries()[0].alerts.len()),
        (&["late".to_owned()][..], 1)
    );
    let (other, log) = begin(&home);
    // What its beginning says is in the file now, and does not come between the looks.
    log.sync().unwrap();
    assert_eq!(index.catch_up(false).unwrap().changed, [other.id()]);
    Index::open(&home).unwrap().remove(id, false).unwrap();
    assert_eq!(index.catch_up(false).unwrap(), Changes { changed: vec![], gone: vec![id] });
    assert_eq!(shown(&index), shown(&Index::open(&home).unwrap()));
}
