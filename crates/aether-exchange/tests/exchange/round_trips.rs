//! Out and back in: every point is the same.

use aether_core::RunState;
use aether_exchange::{
    export::{Exporter, Follower, Point, csv::Csv, tensorboard::TensorBoard, wandb::Wandb},
    import,
};
use aether_ledger::{RunDirectory, RunReader, compact, drop_covered_logs};
use tempfile::TempDir;

use crate::support::{bits, export, import, points, run};

fn times_are_close(a: &RunDirectory, b: &RunDirectory, nanos: u64) {
    let (a, b) = (RunReader::open(a.clone()).unwrap(), RunReader::open(b.clone()).unwrap());
    for (name, series) in a.metrics() {
        for (p, q) in series.points().iter().zip(b.series(name).unwrap().points()) {
            assert!(p.time.abs_diff(q.time) <= nanos, "{name} {p:?} {q:?}");
        }
    }
}

#[test]
fn tensorboard() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let logs = dir.path().join("logs");
    export(&directory, TensorBoard::create(&logs, &directory.run().unwrap()).unwrap());
    let runs = import(&dir.path().join("other"), || import::tensorboard::read(&logs));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(points(back), points(&directory));
    assert_eq!(kept.remarks, Vec::<String>::new());
    times_are_close(&directory, back, 500);
    let reader = RunReader::open(back.clone()).unwrap();
    let text = reader.events().iter().find(|e| e.event.fields["name"] == "sample").unwrap();
    assert_eq!((text.event.kind.as_str(), &text.event.fields["text"]), ("text", &"hello\nworld".into()));
}

#[test]
fn wandb() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let logs = dir.path().join("wandb");
    export(&directory, Wandb::create(&logs, &directory.run().unwrap()).unwrap());
    let runs = import(&dir.path().join("other"), || import::wandb::read(&logs));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(points(back), points(&directory));
    assert_eq!(kept.remarks, Vec::<String>::new());
    // A row has one time: the distance of the points of a step in the run.
    times_are_close(&directory, back, 1_000_000_000);
    let (a, b) = (directory.run().unwrap(), back.run().unwrap());
    assert_eq!((&a.name, &a.project, &a.tags, a.state), (&b.name, &b.project, &b.tags, RunState::Done));
    assert_eq!(a.created, b.created);
    assert_eq!((&b.spec["lr"], &b.spec["note"], &b.spec["seed"]), (&0.1.into(), &"a\nb".into(), &7.into()));
    let reader = RunReader::open(back.clone()).unwrap();
    assert_eq!(reader.described().summary["best"], 0.5);
    assert!(reader.events().iter().any(|e| e.event.kind == "alert" && e.event.fields["title"] == "Hot"));
}

#[test]
fn csv() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let file = dir.path().join("points.csv");
    export(&directory, Csv::create(&file, &directory.run().unwrap()).unwrap());
    let runs = import(&dir.path().join("other"), || import::csv::read(&file));
    let [(back, _)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(points(back), points(&directory));
    times_are_close(&directory, back, 0);
}

#[test]
fn a_followed_run_that_was_rewound() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let logs = dir.path().join("logs");
    let mut board = TensorBoard::create(&logs, &directory.run().unwrap()).unwrap();
    let mut follower = Follower::new(&directory);
    assert!(follower.poll(&mut board).unwrap());
    assert!(!follower.poll(&mut board).unwrap());
    // What is taken up again at step 100 voids what was said later.
    board.rewind(0, 100).unwrap();
    board.point(Point { metric: "train/loss", step: 101, time: 0, value: 7.0 }).unwrap();
    board.end(&directory.run().unwrap()).unwrap();
    let runs = import(&dir.path().join("other"), || import::tensorboard::read(&logs));
    let loss = &points(&runs[0].0)["train/loss"];
    assert_eq!((loss.len(), loss[100]), (101, (101, bits(7.0))));
}

#[test]
fn a_compacted_run_whose_logs_are_gone() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let before = points(&directory);
    compact(&directory).unwrap().unwrap();
    assert_eq!(drop_covered_logs(&directory, false).unwrap().0, 1);

    let file = dir.path().join("whole.csv");
    export(&directory, Csv::create(&file, &directory.run().unwrap()).unwrap());
    let runs = import(&dir.path().join("of-whole"), || import::csv::read(&file));
    assert_eq!(points(&runs[0].0), before);

    let logs = dir.path().join("followed");
    let mut board = TensorBoard::create(&logs, &directory.run().unwrap()).unwrap();
    let mut follower = Follower::new(&directory);
    assert!(follower.poll(&mut board).unwrap());
    assert_eq!(follower.points(), before.values().map(|of| of.len() as u64).sum::<u64>());
    board.end(&directory.run().unwrap()).unwrap();
    let runs = import(&dir.path().join("of-followed"), || import::tensorboard::read(&logs));
    assert_eq!(points(&runs[0].0), before);
}
