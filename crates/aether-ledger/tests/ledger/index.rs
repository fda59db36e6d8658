//! The index answers from the files alone, whatever has become of its own file; and runs are found by what people
//! call them.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use aether_core::{Event, Listener, RunId, RunState, Signal};
use aether_ledger::{Filter, Home, Index, LedgerError, RunDirectory, RunWriter, Sort, Standing};

use crate::support::*;

fn names(index: &Index, filter: Filter, sort: Sort) -> Vec<&str> {
    index.list(&filter, &sort).into_iter().map(|entry| entry.name.as_str()).collect()
}

/// Three runs, oldest first.
fn three(home: &Home) -> [RunId; 3] {
    [("a", "Small", 0.5), ("b", "big", f64::NAN), ("a", "tiny", 0.1)].map(|(p, n, l)| done(home, p, n, l))
}

#[test]
fn runs_are_listed_filtered_and_sorted() {
    let (_dir, home) = home();
    assert!(Index::open(&home).unwrap().entries().is_empty(), "a home that does not exist has no runs");
    three(&home);
    let index = Index::open(&home).unwrap();
    let all = Filter::default();
    assert_eq!(names(&index, all.clone(), Sort::Newest), ["tiny", "big", "Small"]);
    assert_eq!(names(&index, all.clone(), Sort::Oldest), ["Small", "big", "tiny"]);
    assert_eq!(names(&index, all.clone(), Sort::Name), ["Small", "big", "tiny"]);
    assert_eq!(names(&index, all.clone(), Sort::Ascending("loss".into())), ["tiny", "Small", "big"]);
    assert_eq!(names(&index, all.clone(), Sort::Descending("loss".into())), ["Small", "tiny", "big"]);
    assert_eq!(names(&index, Filter { limit: Some(1), ..all.clone() }, Sort::Newest), ["tiny"]);
    assert_eq!(names(&index, Filter { project: Some("b".into()), ..all.clone() }, Sort::Newest), ["big"]);
    assert_eq!(names(&index, Filter { name: Some("SMA".into()), ..all.clone() }, Sort::Newest), ["Small"]);
    let of = |standing| Filter { standings: vec![standing], ..all.clone() };
    assert_eq!(names(&index, of(Standing::Done), Sort::Newest).len(), 3);
    assert!(names(&index, of(Standing::Running), Sort::Newest).is_empty());
    let since = Some(index.find("tiny").unwrap().created);
    assert_eq!(names(&index, Filter { since, ..all }, Sort::Newest), ["tiny"]);
    assert_eq!(index.find("big").unwrap().metrics.get("loss").unwrap().non_finite, 1);
}

#[test]
fn a_run_is_found_by_id_prefix_name_and_latest() {
    let (_dir, home) = home();
    let [small, big, tiny] = three(&home);
    let again = done(&home, "a", "Small", 0.2);
    let index = Index::open(&home).unwrap();
    let found = |query: &str| index.find(query).map(|entry| entry.id);
    assert_eq!(found("@latest").unwrap(), again);
    assert_eq!(found(small.as_str()).unwrap(), small);
    assert_eq!(found(&big.as_str().to_uppercase()).unwrap(), big);
    assert_eq!(found("Small").unwrap(), again, "the newest of a name");
    assert_eq!(found("tiny").unwrap(), tiny);
    // The shortest prefix that no other id begins with, of those that are long enough to be one.
    let others = [big, tiny, again];
    let unique = (3..=8).find(|&n| others.iter().all(|o| o.as_str()[..n] != small.as_str()[..n])).unwrap();
    assert_eq!(found(&small.as_str()[..unique]).unwrap(), small);

    for nothing in ["", &small.as_str()[..2], "@best", "no such run", "ß", "\0"] {
        assert!(matches!(found(nothing), Err(LedgerError::NotFound { .. })), "{nothing:?}");
    }
    let refused = index.find_one("Small").unwrap_err().to_string();
    for part in ["'Small' can mean 2 runs", small.as_str(), again.as_str(), "name one by its id"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert_eq!(index.find_one("tiny").unwrap().id, tiny);
}

#[test]
fn a_prefix_of_several_ids_is_refused_with_them() {
    let (_dir, home) = home();
    let writer = RunWriter::create(&home, new_run("a", "not an id")).unwrap();
    let id = writer.id();
    // Another whose id differs in the last character only.
    let last = if id.as_str().ends_with('0') { '1' } else { '0' };
    let twin = format!("{}{last}", &id.as_str()[..7]);
    let record = writer.directory().record();
    let copy = record.parent().unwrap().with_file_name(&twin);
    fs::create_dir(&copy).unwrap();
    let text = fs::read_to_string(&record).unwrap().replace(id.as_str(), &twin);
    fs::write(copy.join(record.file_name().unwrap()), text).unwrap();
    let index = Index::open(&home).unwrap();
    for length in [3, 7] {
        let refused = index.find(&id.as_str()[..length]).unwrap_err().to_string();
        assert!(refused.contains(id.as_str()) && refused.contains(&twin), "{refused}");
    }
    assert_eq!(index.find(&twin).unwrap().id.as_str(), twin);
}

#[test]
fn the_index_file_may_be_gone_damaged_old_newer_or_locked() {
    let (_dir, home) = home();
    three(&home);
    let expected = Index::open(&home).unwrap().entries().len();
    let whole = fs::read(home.index()).unwrap();
    let sees_all = |what: &str| {
        let mut index = Index::open(&home).unwrap();
        assert_eq!(index.entries().len(), expected, "{what}");
        assert_eq!(index.find("tiny").unwrap().metrics.get("loss").unwrap().last, 0.1, "{what}");
        index.refresh().unwrap();
        assert_eq!(index.entries().len(), expected, "{what}");
    };
    fs::remove_file(home.index()).unwrap();
    sees_all("gone");
    fs::write(home.index(), b"not a database at all, but long enough to be looked at").unwrap();
    sees_all("rubbish");
    assert!(fs::read(home.index()).unwrap().starts_with(b"SQLite"), "it was made anew");
    for cut in [0, 1, 100, 5000] {
        fs::write(home.index(), &whole[..cut.min(whole.len())]).unwrap();
        sees_all("cut");
    }
    for at in (0..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged[at..(at + 40).min(whole.len())].fill(0xa5);
        fs::write(home.index(), &damaged).unwrap();
        assert_eq!(Index::open(&home).unwrap().entries().len(), expected, "damaged at {at}");
    }
    for version in [-1, 99] {
        let _ = fs::remove_file(home.index());
        let other = rusqlite::Connection::open(home.index()).unwrap();
        other.execute_batch(&format!("CREATE TABLE runs (x); PRAGMA user_version = {version}")).unwrap();
        drop(other);
        sees_all("another version");
    }
    Index::rebuild(&home).unwrap();
    let lock = rusqlite::Connection::open(home.index()).unwrap();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    sees_all("locked");
    drop(lock);
    fs::remove_file(home.index()).unwrap();
    fs::create_dir(home.index()).unwrap();
    sees_all("a directory");
}

#[test]
fn what_changes_is_seen_and_what_does_not_is_not_read_again() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    say(&log, "loss", 1, 1.0);
    log.sync().unwrap();
    let mut index = Index::open(&home).unwrap();
    let entry = |index: &Index| index.entries()[0].clone();
    assert_eq!(
        (entry(&index).standing, entry(&index).metrics.get("loss").unwrap().last),
        (Standing::Running, 1.0)
    );
    say(&log, "loss", 2, 2.0);
    drop(log);
    index.refresh().unwrap();
    assert_eq!(entry(&index).metrics.get("loss").unwrap().last, 2.0);
    writer.end(RunState::Failed, Some("no more".into())).unwrap();
    index.refresh().unwrap();
    assert_eq!(
        (entry(&index).standing, entry(&index).reason.as_deref()),
        (Standing::Failed, Some("no more"))
    );

    // Same length, same record: what the log says now is not looked at.
    let path = writer.directory().logs().unwrap().remove(0).0;
    let length = fs::metadata(&path).unwrap().len();
    fs::write(&path, vec![0; length as usize]).unwrap();
    assert_eq!(entry(&Index::open(&home).unwrap()).metrics.get("loss").unwrap().last, 2.0);
    assert!(entry(&Index::rebuild(&home).unwrap()).metrics.is_empty(), "a rebuild reads everything");
}

#[test]
fn a_run_whose_record_is_rubbish_hides_no_other() {
    let (_dir, home) = home();
    let [small, ..] = three(&home);
    let record = home.run("a", small).unwrap().record();
    let right = fs::read_to_string(&record).unwrap();
    for rubbish in
        ["", "{}", "\u{feff}", &right[..right.len() / 2], &right.replace(small.as_str(), "00000000")]
    {
        fs::write(&record, rubbish).unwrap();
        let index = Index::open(&home).unwrap();
        assert_eq!((index.entries().len(), index.passed_over().len()), (2, 1));
        let said = index.passed_over()[0].to_string();
        assert!(said.contains("run.json is not a run's record"), "{said}");
    }
    fs::create_dir_all(home.runs().join("a/not a run")).unwrap();
    fs::write(home.runs().join("a file"), "").unwrap();
    fs::write(&record, right).unwrap();
    assert_eq!(Index::open(&home).unwrap().entries().len(), 3);
}

#[test]
fn a_run_is_removed_whole_and_a_live_one_is_not() {
    let (_dir, home) = home();
    let [small, big, _] = three(&home);
    let (writer, log) = begin(&home);
    let mut index = Index::open(&home).unwrap();
    let refused = index.remove(writer.id(), false).unwrap_err();
    assert!(matches!(refused, LedgerError::Alive { .. }), "{refused}");
    assert!(writer.directory().record().exists());
    index.remove(big, false).unwrap();
    assert!(!home.runs().join("b").exists(), "an empty project goes too");
    assert!(index.find(big.as_str()).is_err());

    // What a crash left of an earlier removal goes with the next.
    let left = home.runs().join("a/.removed-00000000");
    fs::create_dir(&left).unwrap();
    index.remove(small, false).unwrap();
    assert!(!left.exists() && !home.run("a", small).unwrap().path().exists());

    drop(log);
    index.remove(writer.id(), true).unwrap();
    assert_eq!(Index::open(&home).unwrap().entries().len(), 1);
    assert!(index.remove(small, true).is_err(), "twice");
}

#[test]
fn a_run_taken_up_or_removed_twice_at_once_is_refused() {
    let (_dir, home) = home();
    let id = done(&home, "a", "x", 0.0);
    let directory = home.run("a", id).unwrap();
    let other = fs::File::open(directory.path()).unwrap();
    other.lock().unwrap();
    let refused = RunWriter::resume(directory.clone(), false).unwrap_err();
    assert!(matches!(refused, LedgerError::Busy(_)), "{refused}");
    assert!(matches!(Index::open(&home).unwrap().remove(id, true), Err(LedgerError::Busy(_))));
    drop(other);
    let writer = RunWriter::resume(directory.clone(), false).unwrap();
    assert_eq!((writer.run().state, writer.run().resumed, writer.run().ended), (RunState::Running, 1, None));
    let refused = RunWriter::resume(directory, false).unwrap_err();
    assert!(matches!(refused, LedgerError::Alive { .. }), "{refused}");
}

#[test]
fn any_text_may_name_a_run_or_a_metric() {
    let (_dir, home) = home();
    for name in
        ["", "../../etc", "a\0b", "\u{202e}x", "'; DROP TABLE runs; --", &"ä".repeat(10_000), "@latest"]
    {
        let writer = RunWriter::create(&home, new_run("a", name)).unwrap();
        let log = writer.log().unwrap();
        say(&log, name, 1, 1.0);
        drop(log);
        let index = Index::open(&home).unwrap();
        let entry = index.find(writer.id().as_str()).unwrap();
        assert_eq!((entry.name.as_str(), entry.metrics.get(name).unwrap().last), (name, 1.0));
    }
    assert!(matches!(RunWriter::create(&home, new_run("../x", "n")), Err(LedgerError::Project(_))));
}

/// As if a run's directory of logs had been left alone for an hour, so that the index believes its time.
fn settle(directory: &RunDirectory) {
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::open(directory.signals()).unwrap().set_modified(hour_ago).unwrap();
}

#[test]
fn a_run_that_says_more_after_its_end_is_seen_to() {
    let (_dir, home) = home();
    three(&home);
    let (writer, log) = begin(&home);
    say(&log, "loss", 1, 1.0);
    log.sync().unwrap();
    writer.end(RunState::Done, None).unwrap();
    let id = writer.id().to_string();
    // Looked at as part of all, as the newest, and by itself; each without and with what the others leave in the index.
    let look = |how: usize| match how {
        0 => Index::open(&home).unwrap().find(&id).unwrap().clone(),
        1 => Index::of_newest(&home, None, 1).unwrap().entries()[0].clone(),
        2 => Index::find_in(&home, &id).unwrap(),
        _ => Index::find_in(&home, "@latest").unwrap(),
    };
    for how in 0..4 {
        settle(writer.directory());
        // The second time the directory's time is believed.
        look(how);
        look(how);
        let step = 10 * (how as u64 + 1);
        // More in the same log: no directory changes.
        say(&log, "loss", step, step as f64);
        log.sync().unwrap();
        assert_eq!(look(how).metrics.get("loss").unwrap().last_step, step, "{how}");
        // Another log, by another process.
        settle(writer.directory());
        look(how);
        let other = writer.log().unwrap();
        say(&other, "loss", step + 1, 0.0);
        let tag = format!("tag{how}");
        let fields = [("tags".to_owned(), serde_json::json!([tag]))].into_iter().collect();
        other.on(aether_core::signal::now(), &Signal::Event(Event { fields, ..event("tags", step) }));
        other.sync().unwrap();
        drop(other);
        let seen = look(how);
        assert_eq!(
            (seen.metrics.get("loss").unwrap().last_step, seen.tags.last()),
            (step + 1, Some(&tag)),
            "{how}"
        );
        // Another record.
        settle(writer.directory());
        look(how);
        writer.change(|run| run.reason = Some(tag.clone())).unwrap();
        assert_eq!(look(how).reason, Some(tag), "{how}");
    }
}

/// Runs of two projects, more than one thread looks at, begun one second after the other.
fn many(home: &Home) -> Vec<RunId> {
    let first = done(home, "a", "first", 1.0);
    let directory = home.run("a", first).unwrap();
    let record = fs::read_to_string(directory.record()).unwrap();
    let created: jiff::Timestamp = directory.run().unwrap().created;
    let log = directory.logs().unwrap().remove(0).0;
    let mut ids = vec![first];
    for number in 1..600 {
        let (id, project) = (format!("{number:08}"), if number % 3 == 0 { "b" } else { "a" });
        let began = (created - jiff::SignedDuration::from_secs(number)).to_string();
        let to = home.runs().join(project).join(&id);
        fs::create_dir_all(to.join("signals")).unwrap();
        let record = record.replace(first.as_str(), &id).replace(&created.to_string(), &began);
        fs::write(to.join("run.json"), record.replace("\"a\"", &format!("{project:?}"))).unwrap();
        fs::copy(&log, to.join("signals").join(log.file_name().unwrap())).unwrap();
        ids.push(id.parse().unwrap());
    }
    ids
}

#[test]
fn one_of_many_is_found_by_its_name_and_the_others_are_not_looked_at() {
    let (_dir, home) = home();
    let ids = many(&home);
    let [old, newer] = ["twice", "twice"].map(|name| done(&home, "b", name, 1.0));
    for state in ["without an index", "with one"] {
        for query in ["twice", "first", "00000", "0000001", old.as_str(), "nobody's", ""] {
            let of_all = Index::open(&home).unwrap().find(query).map(|entry| entry.id);
            if state == "without an index" {
                fs::remove_file(home.index()).unwrap();
            }
            let found = Index::find_in(&home, query).map(|entry| entry.id);
            match (of_all, found) {
                (Ok(of_all), Ok(found)) => assert_eq!(found, of_all, "{state} {query}"),
                (Err(of_all), Err(found)) => {
                    assert_eq!(found.to_string(), of_all.to_string(), "{state} {query}")
                }
                other => panic!("{state} {query}: {other:?}"),
            }
        }
    }
    let found = Index::find_all_in(&home, &["twice", ids[9].as_str(), "@latest", "first"]).unwrap();
    assert_eq!(
        found.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(),
        ["twice", "first", "twice", "first"]
    );
    assert_eq!((found[0].id, found[1].id), (newer, ids[9]));

    // One that changed is not read for another's sake, only for its own.
    let stored = || -> Vec<u8> {
        let index = rusqlite::Connection::open(home.index()).unwrap();
        let of = "SELECT known FROM runs WHERE run = ?";
        index.query_row(of, [format!("b/{old}")], |row| row.get(0)).unwrap()
    };
    let before = stored();
    let writer = RunWriter::resume(home.run("b", old).unwrap(), false).unwrap();
    writer.end(RunState::Failed, Some("later".to_owned())).unwrap();
    assert_eq!(Index::find_in(&home, ids[0].as_str()).unwrap().id, ids[0]);
    assert!(matches!(Index::find_in(&home, "0000001"), Err(LedgerError::Ambiguous { .. })));
    assert_eq!(stored(), before);
    assert_eq!(Index::find_in(&home, "twice").unwrap().id, newer);
    assert_ne!(stored(), before);

    // New ones are found, those that are gone are not, and so is one whose record has another name now.
    let new = done(&home, "c", "twice", 1.0);
    assert_eq!(Index::find_in(&home, "twice").unwrap().id, new);
    fs::remove_dir_all(home.run("c", new).unwrap().path()).unwrap();
    assert_eq!(Index::find_in(&home, "twice").unwrap().id, newer);
    let record = home.run("b", newer).unwrap().record();
    let text = fs::read_to_string(&record).unwrap().replace("\"twice\"", "\"renamed\"");
    fs::remove_file(&record).unwrap();
    fs::write(&record, text).unwrap();
    assert_eq!(Index::find_in(&home, "renamed").unwrap().id, newer);
    assert_eq!(Index::find_in(&home, "twice").unwrap().id, old);
}

#[test]
fn the_newest_of_many_are_those_of_the_whole_list() {
    let (_dir, home) = home();
    let ids = many(&home);
    for state in ["without an index", "with one", "with a part of one", "after changes"] {
        match state {
            "with a part of one" => {
                fs::remove_file(home.index()).unwrap();
                Index::find_in(&home, ids[7].as_str()).unwrap();
            }
            "after changes" => {
                fs::remove_dir_all(home.run("a", ids[1]).unwrap().path()).unwrap();
                fs::write(home.run("a", ids[2]).unwrap().record(), "rubbish").unwrap();
                done(&home, "b", "newer", 1.0);
            }
            _ => {}
        }
        for (project, most) in [(None, 1), (None, 20), (Some("b"), 20), (Some("b"), 5000), (Some("c"), 3)] {
            let some = Index::of_newest(&home, project, most).unwrap();
            let filter = Filter { project: project.map(str::to_owned), ..Filter::default() };
            let some_ids: Vec<_> = some.list(&filter, &Sort::Newest).iter().map(|e| e.id).collect();
            let all = Index::open(&home).unwrap();
            let listed = all.list(&filter, &Sort::Newest);
            let (shown, more) = listed.split_at(most.min(listed.len()));
            assert_eq!(
                some_ids,
                shown.iter().map(|e| e.id).collect::<Vec<_>>(),
                "{state}, {most} of {project:?}"
            );
            // One whose record became rubbish is only missed when it is looked at.
            let off = some.left_out() - more.len();
            assert!(off <= usize::from(state == "after changes"), "{state}, {most} of {project:?}: {off}");
            assert!(shown.iter().all(|entry| entry.metrics.get("loss").unwrap().last == 1.0));
        }
    }
    assert_eq!(Index::open(&home).unwrap().entries().len(), 599);
    assert!(matches!(Index::find_in(&home, "zzzzzzzz"), Err(LedgerError::NotFound { .. })));
    assert!(matches!(Index::find_in(&home, ids[1].as_str()), Err(LedgerError::NotFound { .. })));
    assert_eq!(Index::find_in(&home, "@latest").unwrap().name, "newer");
    assert_eq!(Index::find_in(&home, "newer").unwrap().project, "b");
}
