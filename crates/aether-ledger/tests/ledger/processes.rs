//! Processes that write into one home, or into one run, at once: nothing lost, nothing mixed.

use aether_ledger::{Index, Standing};

use crate::{child::Writer, support::*};

fn expected() -> Vec<(u64, f64)> {
    (1..=20_000).map(|step| (step, step as f64)).collect()
}

#[test]
fn runs_beside_each_other_in_one_home() {
    let (_dir, home) = home();
    let mut writers: Vec<_> = (0..3).map(|_| Writer::start(&home, "many", None)).collect();
    let pids: Vec<_> = writers.iter_mut().map(|w| w.told("pid").unwrap()).collect();
    for (writer, pid) in writers.into_iter().zip(pids) {
        let run = read(&writer.succeeds());
        assert_eq!(run.metrics().count(), 1, "nothing of another run");
        assert_eq!(series(&run, &format!("of {pid}")), expected());
    }
    let index = Index::open(&home).unwrap();
    assert!(index.entries().iter().all(|e| e.standing == Standing::Done && e.metrics.len() == 1));
    assert_eq!(index.entries().len(), 3);
}

#[test]
fn processes_beside_each_other_in_one_run() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    let mut writers: Vec<_> = (0..3).map(|_| Writer::start(&home, "many", Some(writer.id()))).collect();
    say(&log, "own", 1, 1.0);
    drop(log);
    let pids: Vec<_> = writers.iter_mut().map(|w| w.told("pid").unwrap()).collect();
    writers.into_iter().for_each(|w| drop(w.succeeds()));
    let run = read(writer.directory());
    assert_eq!(run.metrics().count(), 4);
    for pid in pids {
        assert_eq!(series(&run, &format!("of {pid}")), expected());
    }
    assert_eq!(writer.directory().logs().unwrap().len(), 4);
}

#[test]
fn a_hundred_writers_at_once() {
    let (_dir, home) = home();
    let (shared, log) = begin(&home);
    // Half of them in one run, half in runs of their own; all alive before the first says anything.
    let mut writers: Vec<_> = (0..100)
        .map(|number| Writer::start(&home, "together", Some(shared.id()).filter(|_| number % 2 == 0)))
        .collect();
    let pids: Vec<_> = writers.iter_mut().map(|writer| writer.told("pid").unwrap()).collect();
    std::fs::write(home.path().join("go"), "").unwrap();
    // And somebody looks on: whatever is half written is no damage.
    for _ in 0..5 {
        assert_eq!(read(shared.directory()).damage(), []);
        assert!(Index::open(&home).unwrap().passed_over().is_empty());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(log);
    let directories: Vec<_> = writers.into_iter().map(Writer::succeeds).collect();
    let expected: Vec<_> = (1..=300).map(|step| (step, step as f64)).collect();
    for (directory, pid) in directories.iter().zip(pids) {
        let run = read(directory);
        assert_eq!(run.damage(), []);
        assert!(series(&run, &format!("of {pid}")) == expected, "{pid}");
    }
    let index = Index::open(&home).unwrap();
    assert!(index.passed_over().is_empty());
    assert_eq!(index.entries().len(), 51);
    let done = index.entries().iter().filter(|e| e.standing == Standing::Done && e.metrics.len() == 1);
    assert_eq!(done.count(), 50);
    assert_eq!(index.find(shared.id().as_str()).unwrap().metrics.len(), 50);
}
