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
