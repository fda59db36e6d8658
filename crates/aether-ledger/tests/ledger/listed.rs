//! A project that has not changed is not listed again, and nothing that happens in it is missed.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use aether_core::RunId;
use aether_ledger::{Home, Index};

use crate::support::*;

/// Two times at which projects may have changed last, long ago.
const THEN: Duration = Duration::from_secs(1_700_000_000);
const LATER: Duration = Duration::from_secs(1_700_000_100);

/// As if the project had changed last at this time: by it the index tells whether it has changed.
fn set(home: &Home, project: &str, time: Duration) {
    fs::File::open(home.runs().join(project)).unwrap().set_modified(SystemTime::UNIX_EPOCH + time).unwrap();
}

/// The names of the newest runs, newest first, and how many more there are.
fn newest(home: &Home, project: Option<&str>, most: usize) -> (Vec<String>, usize) {
    let index = Index::of_newest(home, project, most).unwrap();
    (index.entries().iter().map(|entry| entry.name.clone()).collect(), index.left_out())
}

fn expect(names: &[&str], more: usize) -> (Vec<String>, usize) {
    (names.iter().map(|&name| name.to_owned()).collect(), more)
}

fn database(home: &Home) -> rusqlite::Connection {
    rusqlite::Connection::open(home.index()).unwrap()
}

/// The projects that need not be listed, with the numbers of their runs.
fn noted(home: &Home) -> Vec<(String, i64)> {
    let index = database(home);
    let mut select = index.prepare("SELECT project, count FROM projects ORDER BY project").unwrap();
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Three runs of project `a`, oldest first, listed when they had settled.
fn three(home: &Home) -> [RunId; 3] {
    let ids = ["first", "second", "third"].map(|name| done(home, "a", name, 1.0));
    set(home, "a", THEN);
    assert_eq!(newest(home, None, 2), expect(&["third", "second"], 1));
    assert_eq!(noted(home), [("a".to_owned(), 3)]);
    ids
}

fn path(home: &Home, project: &str, id: RunId) -> std::path::PathBuf {
    home.run(project, id).unwrap().path().to_owned()
}

#[test]
fn what_has_settled_is_not_listed_again() {
    let (_dir, home) = home();
    let [first, ..] = three(&home);
    let away = home.path().join("away");
    // Nobody can know, as long as the project says that nothing has changed.
    fs::rename(path(&home, "a", first), &away).unwrap();
    set(&home, "a", THEN);
    for most in [0, 1, 2] {
        assert_eq!(newest(&home, None, most).1, 3 - most);
    }
    assert_eq!(newest(&home, Some("a"), 2), expect(&["third", "second"], 1));
    // Unless it is looked at.
    assert_eq!(newest(&home, None, 3), expect(&["third", "second"], 0));
    assert_eq!(noted(&home), [("a".to_owned(), 2)]);
    fs::rename(&away, path(&home, "a", first)).unwrap();
    assert_eq!(newest(&home, None, 3), expect(&["third", "second", "first"], 0));
}

#[test]
fn new_and_removed_runs_are_seen_to_at_once() {
    let (_dir, home) = home();
    let [first, second, third] = three(&home);
    let fourth = done(&home, "a", "fourth", 1.0);
    assert_eq!(newest(&home, None, 1), expect(&["fourth"], 3));
    assert_eq!(Index::find_in(&home, "@latest").unwrap().id, fourth);
    set(&home, "a", LATER);
    assert_eq!(newest(&home, None, 1), expect(&["fourth"], 3));
    assert_eq!(noted(&home), [("a".to_owned(), 4)]);

    Index::open(&home).unwrap().remove(second, false).unwrap();
    assert_eq!(newest(&home, None, 1), expect(&["fourth"], 2));
    set(&home, "a", THEN);
    assert_eq!(newest(&home, None, 1), expect(&["fourth"], 2));
    assert_eq!(noted(&home), [("a".to_owned(), 3)]);
    fs::remove_dir_all(path(&home, "a", first)).unwrap();
    assert_eq!(newest(&home, None, 1), expect(&["fourth"], 1));
    set(&home, "a", LATER);
    newest(&home, None, 1);
    // One that is taken up again changes no project.
    let run = home.run("a", third).unwrap();
    let writer = aether_ledger::RunWriter::resume(run, false).unwrap();
    assert_eq!(newest(&home, None, 2).0, ["fourth", "third"]);
    let entry = Index::of_newest(&home, None, 2).unwrap().entries()[1].clone();
    assert_eq!((entry.id, entry.resumed), (writer.id(), 1));
}

#[test]
fn a_run_that_is_being_made_is_seen_when_it_is_made() {
    let (_dir, home) = home();
    let [first, ..] = three(&home);
    let record = path(&home, "a", first).join("run.json");
    let record = fs::read_to_string(record).unwrap();
    let making = home.runs().join("a/00000001");
    fs::create_dir(&making).unwrap();
    set(&home, "a", LATER);
    assert_eq!(newest(&home, None, 2), expect(&["third", "second"], 1));
    fs::write(making.join("run.json"), "{").unwrap();
    for _ in 0..2 {
        let index = Index::of_newest(&home, None, 2).unwrap();
        assert_eq!(index.passed_over().len(), 1, "what cannot be read is said each time");
    }
    let record = record.replace(first.as_str(), "00000001").replace("\"first\"", "\"made\"");
    fs::write(making.join("run.json"), record).unwrap();
    assert_eq!(newest(&home, None, 4), expect(&["third", "second", "first", "made"], 0));
}

#[test]
fn what_has_just_changed_is_listed_each_time() {
    let (_dir, home) = home();
    done(&home, "a", "first", 1.0);
    for seconds in [0, 1, 2] {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let changed = now - Duration::from_secs(seconds);
        let name = format!("{seconds} seconds ago");
        set(&home, "a", changed);
        newest(&home, None, 1);
        // A clock that ticks every two seconds still shows the same time.
        done(&home, "a", &name, 1.0);
        set(&home, "a", changed);
        assert_eq!(newest(&home, None, 1).0, [name]);
    }
    // So does one that is ahead.
    set(&home, "a", THEN * 10);
    newest(&home, None, 1);
    assert!(noted(&home).is_empty());
}

#[test]
fn one_project_is_told_from_the_others() {
    let (_dir, home) = home();
    three(&home);
    // Names that begin alike, and one that looks like a pattern.
    for project in ["a0", "a-", "a%"] {
        done(&home, project, project, 1.0);
        set(&home, project, THEN);
    }
    assert_eq!(newest(&home, None, 2), expect(&["a%", "a-"], 4));
    let one = |name: &str| (name.to_owned(), 1);
    assert_eq!(noted(&home), [("a".to_owned(), 3), one("a%"), one("a-"), one("a0")]);
    assert_eq!(newest(&home, None, 2), expect(&["a%", "a-"], 4));
    for project in ["a0", "a-", "a%"] {
        assert_eq!(newest(&home, Some(project), 2), expect(&[project], 0));
    }
    assert_eq!(newest(&home, Some("a"), 2), expect(&["third", "second"], 1));
    assert_eq!(newest(&home, Some("b"), 2), expect(&[], 0));

    // What happens in the others makes nobody list this one: see `what_has_settled_is_not_listed_again`.
    let [oldest] = ["first"].map(|name| Index::find_in(&home, name).unwrap().id);
    fs::remove_dir_all(path(&home, "a", oldest)).unwrap();
    set(&home, "a", THEN);
    done(&home, "a0", "newer", 1.0);
    assert_eq!(newest(&home, Some("a"), 2), expect(&["third", "second"], 1));
    assert_eq!(newest(&home, Some("a0"), 2), expect(&["newer", "a0"], 0));
    assert_eq!(newest(&home, None, 2), expect(&["newer", "a%"], 4));
}

#[test]
fn what_the_index_forgot_or_lost_is_listed() {
    let (_dir, home) = home();
    let [_, second, _] = three(&home);
    let all = || newest(&home, None, 3);
    let whole = expect(&["third", "second", "first"], 0);
    let two = expect(&["third", "second"], 1);
    // A power cut took what is known of one.
    database(&home).execute("DELETE FROM runs WHERE run = ?", [format!("a/{second}")]).unwrap();
    assert_eq!(newest(&home, None, 2), two);
    // Or only what says when it began.
    let torn = format!(
        "DROP INDEX newest;
         CREATE INDEX newest ON runs (began, substr(run, -8), run) WHERE run <> 'a/{second}';
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, ' WHERE') - 1) WHERE name = 'newest'"
    );
    database(&home).execute_batch(&torn).unwrap();
    assert_eq!(newest(&home, None, 2), two);
    Index::rebuild(&home).unwrap();
    assert_eq!(newest(&home, None, 2), two);
    // Somebody who was slow stores one that is gone, and it is older than those that are looked at.
    let slow = "INSERT INTO runs SELECT 'a/00000001', 1, name, known FROM runs LIMIT 1";
    database(&home).execute(slow, []).unwrap();
    assert_eq!(newest(&home, None, 2), two);
    assert_eq!(noted(&home), [("a".to_owned(), 3)]);
    // Somebody saw a run as gone when it was not, and forgot it; that another is there instead hides it from nobody.
    let mut mistaken = Index::open(&home).unwrap();
    let away = home.path().join("away");
    fs::rename(path(&home, "a", second), &away).unwrap();
    mistaken.catch_up(true).unwrap();
    fs::rename(&away, path(&home, "a", second)).unwrap();
    set(&home, "a", THEN);
    database(&home).execute(slow, []).unwrap();
    assert_eq!(newest(&home, None, 2), two);
    fs::remove_file(home.index()).unwrap();
    assert_eq!(all(), whole);
    Index::rebuild(&home).unwrap();
    assert_eq!(all(), whole);
    assert_eq!(noted(&home), [("a".to_owned(), 3)]);
}

#[test]
fn what_can_no_longer_be_read_makes_room_for_the_next() {
    let (_dir, home) = home();
    let [_, second, third] = three(&home);
    fs::remove_file(path(&home, "a", third).join("run.json")).unwrap();
    assert_eq!(newest(&home, None, 2), expect(&["second", "first"], 0));
    fs::write(path(&home, "a", second).join("run.json"), "rubbish").unwrap();
    assert_eq!(newest(&home, None, 1).0, ["first"]);
    assert_eq!(Index::of_newest(&home, None, 1).unwrap().passed_over().len(), 1);
}

#[test]
fn a_home_and_its_projects_may_be_moved() {
    let (dir, home) = home();
    let [_, _, third] = three(&home);
    // Neither a run nor a project.
    fs::create_dir(home.runs().join("a/not a run")).unwrap();
    fs::write(home.runs().join("a file"), "").unwrap();
    set(&home, "a", LATER);
    newest(&home, None, 2);
    let to = Home::at(dir.path().join("elsewhere"));
    fs::rename(home.path(), to.path()).unwrap();
    let moved = Index::of_newest(&to, None, 2).unwrap();
    assert_eq!((moved.entries()[0].directory.path(), moved.left_out()), (&*path(&to, "a", third), 1));

    fs::rename(to.runs().join("a"), to.runs().join("b")).unwrap();
    let renamed = Index::of_newest(&to, None, 1).unwrap();
    assert_eq!((renamed.entries()[0].directory.path(), renamed.left_out()), (&*path(&to, "b", third), 2));
    assert_eq!(newest(&to, Some("a"), 1), expect(&[], 0));
    fs::rename(to.runs().join("b"), to.runs().join("a")).unwrap();
    assert_eq!(newest(&to, None, 1), expect(&["third"], 2));

    fs::remove_dir_all(to.runs().join("a")).unwrap();
    assert_eq!(newest(&to, Some("a"), 1), expect(&[], 0));
    assert_eq!(newest(&to, None, 1), expect(&[], 0));
    fs::remove_dir_all(to.runs()).unwrap();
    assert_eq!(newest(&to, None, 1), expect(&[], 0));
}

/// A run beside another, begun in the same moment.
fn twin(of: &Path, id: &str) {
    let copy = of.with_file_name(id);
    fs::create_dir(&copy).unwrap();
    let name = of.file_name().unwrap().to_str().unwrap();
    let record = fs::read_to_string(of.join("run.json")).unwrap();
    let record = record.replace(name, id).replace("\"third\"", &format!("{id:?}"));
    fs::write(copy.join("run.json"), record).unwrap();
}

#[test]
fn of_runs_that_began_at_once_the_order_is_that_of_their_ids() {
    let (_dir, home) = home();
    let [first, _, third] = three(&home);
    for id in ["00000000", "zzzzzzzz", "00000001"] {
        twin(&path(&home, "a", third), id);
    }
    set(&home, "a", LATER);
    let listed = newest(&home, None, 3);
    assert_eq!(listed, expect(&["zzzzzzzz", "third", "00000001"], 3));
    assert_eq!(noted(&home), [("a".to_owned(), 6)]);
    // Not by another listing.
    fs::remove_dir_all(path(&home, "a", first)).unwrap();
    set(&home, "a", LATER);
    assert_eq!(newest(&home, None, 3), listed);
}
