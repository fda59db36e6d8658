//! The reader against real homes.

use std::sync::{Arc, mpsc};

use aether_core::{Bus, Event, Level, Metric, RunState, Signal};
use aether_ledger::{Home, NewRun, RunWriter};
use serde_json::{Value, json};

use super::*;
use crate::{
    board::Board,
    top::{
        model::{ChartWishes, PanelView, Sorting, Wishes},
        reader::Reader,
    },
};

fn run(home: &Home, name: &str, spec: Value, say: impl FnOnce(&Bus)) -> RunWriter {
    let new = NewRun {
        name: name.to_owned(),
        project: "default".to_owned(),
        kind: "train".to_owned(),
        spec,
        command: vec!["aether".to_owned()],
        directory: "/".into(),
        tags: vec!["t".to_owned()],
    };
    let writer = RunWriter::create(home, new).unwrap();
    let mut bus = Bus::new();
    bus.add(Arc::new(writer.log().unwrap()));
    say(&bus);
    assert_eq!(bus.sync(), Vec::<String>::new());
    drop(bus);
    writer
}

fn event(kind: &str, fields: Value) -> Signal {
    Signal::Event(Event {
        kind: kind.to_owned(),
        level: Level::Info,
        step: 0,
        message: String::new(),
        fields: fields.as_object().unwrap().clone(),
    })
}

fn losses(bus: &Bus, values: impl IntoIterator<Item = f64>) {
    let loss = Metric::named("train/loss");
    (1..).zip(values).for_each(|(step, value)| bus.point(loss, step, value));
}

/// What a reader says to these wishes.
fn said(home: &Home, board: Option<Board>, wishes: Wishes) -> Vec<News> {
    let (tell, hear) = mpsc::channel();
    Reader::new(home.clone(), board, move |news| tell.send(news).is_ok()).once(wishes);
    hear.try_iter().collect()
}

#[test]
fn runs_with_their_details() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    let writer = run(&home, "a", json!({"lr": 0.1}), |bus| {
        bus.emit(&event("started", json!({"total_steps": 400})));
        losses(bus, (0..100).map(|i| if i == 50 { 9.0 } else { 1.0 }));
    });
    let wishes = Wishes { in_sight: vec![writer.id()], runs: vec![writer.id()], ..Wishes::default() };
    let news = said(&home, None, wishes);
    let listed =
        news.iter().find_map(|news| if let News::Listing(l) = news { Some(l) } else { None }).unwrap();
    assert_eq!((listed.total, listed.rows[0].name.as_str(), listed.complete), (1, "a", true));
    let details =
        news.iter().find_map(|news| if let News::Details(d) = news { Some(d) } else { None }).unwrap();
    let detail = &details[&writer.id()];
    assert_eq!((detail.step, detail.total, detail.value), (Some(100), Some(400), Some(1.0)));
    assert_eq!(detail.spark.iter().map(|s| s.extremes.1).fold(f64::NAN, f64::max), 9.0);
    let view = news.iter().find_map(|news| if let News::Run(v) = news { Some(v) } else { None }).unwrap();
    assert_eq!(view.names, ["train/loss"]);
    assert_eq!(view.charts[0][0].stretches.len(), 100);
    let parameters = view.config.iter().find(|(title, _)| title == "Parameters").unwrap();
    assert_eq!(parameters.1, [("lr".to_owned(), "0.1".to_owned())]);
}

#[test]
fn lists_are_filtered_and_sorted() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    for (name, loss) in [("b", 3.0), ("a", 1.0), ("c", f64::NAN)] {
        run(&home, name, json!({}), |bus| losses(bus, [loss])).end(RunState::Done, None).unwrap();
    }
    let names = |query: &str, sort| {
        let news = said(&home, None, Wishes { query: query.to_owned(), sort, ..Wishes::default() });
        news.iter()
            .rev()
            .find_map(|news| match news {
                News::Listing(listing) => Some(listing.rows.iter().map(|row| row.name.clone()).collect()),
                News::NoQuery(why) => Some(vec![why.lines().next().unwrap().to_owned()]),
                _ => None,
            })
            .unwrap_or_else(Vec::new)
    };
    assert_eq!(names("", Sorting::Newest), ["c", "a", "b"]);
    assert_eq!(names("", Sorting::BestLoss), ["a", "b", "c"]);
    assert_eq!(names("train/loss < 2", Sorting::Newest), ["a"]);
    assert_eq!(names("los", Sorting::Newest).len(), 1);
    assert!(names("los <", Sorting::Newest)[0].contains("nothing to compare with"));
}

#[test]
fn a_window_of_a_long_series_is_read_more_finely() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    let writer = run(&home, "long", json!({}), |bus| {
        losses(bus, (1..=200_000).map(|i| if i == 150_000 { 7.0 } else { 0.0 }));
    });
    let stretches = |window| {
        let charts = ChartWishes { window, columns: 100, ..ChartWishes::default() };
        let news = said(&home, None, Wishes { runs: vec![writer.id()], charts, ..Wishes::default() });
        let view = news.into_iter().find_map(|news| if let News::Run(v) = news { Some(v) } else { None });
        view.unwrap().charts[0][0].stretches.clone()
    };
    let all = stretches(None);
    assert!(all.len() <= 101, "{}", all.len());
    assert_eq!(all.iter().map(|s| s.extremes.1).fold(f64::NAN, f64::max), 7.0, "the spike is there");
    assert_eq!(all.iter().map(|s| s.count).sum::<u64>(), 200_000);
    let near = stretches(Some((149_900.0, 150_100.0)));
    let widest = near.iter().map(|s| s.count).max().unwrap();
    assert!(widest <= 4, "{widest} points in one stretch");
    let spike = near.iter().find(|s| s.extremes.1 == 7.0).unwrap();
    assert!((spike.x.0 - 150_000.0).abs() <= 4.0, "{spike:?}");
}

#[test]
fn events_are_what_happened_and_not_what_was_logged() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    let writer = run(&home, "busy", json!({}), |bus| {
        bus.emit(&event("spike", json!({})));
        for step in 0..2000 {
            let counts = [1, step];
            bus.emit(&event("histogram", json!({"name": "weights", "edges": [0, 1, 2], "counts": counts})));
        }
    });
    let news = said(&home, None, Wishes { runs: vec![writer.id()], ..Wishes::default() });
    let view = news.into_iter().find_map(|news| if let News::Run(v) = news { Some(v) } else { None });
    let kinds: Vec<String> = view.unwrap().events.into_iter().map(|line| line.kind).collect();
    assert!(kinds.iter().any(|kind| kind == "spike"), "{kinds:?}");
    assert!(kinds.iter().all(|kind| kind != "histogram"), "{} events", kinds.len());
}

#[test]
fn every_kind_of_panel() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    for (name, rate) in [("a", 0.1), ("b", 0.2)] {
        let spec = json!({"learning_rate": rate});
        let writer = run(&home, name, spec, |bus| {
            losses(bus, [3.0, 2.0]);
            bus.point(Metric::named("val/loss"), 2, rate * 10.0);
            bus.point(Metric::named("val/accuracy"), 2, 0.9);
            for step in 0..3 {
                let counts = [1, 0, step];
                bus.emit(&event(
                    "histogram",
                    json!({"name": "weights/0", "edges": [0, 1, 2, 3], "counts": counts}),
                ));
            }
        });
        writer.end(RunState::Done, None).unwrap();
    }
    let text = include_str!("../../../../../examples/boards/digits.yaml");
    let board = Board::parse("digits.yaml", text).unwrap();
    let news = said(&home, Some(board), Wishes { board: true, ..Wishes::default() });
    let panels =
        news.into_iter().rev().find_map(|news| if let News::Board(p) = news { Some(p) } else { None });
    let panels = panels.unwrap();
    let PanelView::Curves(curves) = &panels[0] else { panic!("{:?}", panels[0]) };
    let names: Vec<&str> = curves.iter().map(|curve| curve.name.as_str()).collect();
    assert_eq!(names, ["b train/loss", "b val/loss", "a train/loss", "a val/loss"]);
    assert_eq!(panels[1], PanelView::Gauge(Some((0.9, "b".to_owned()))));
    assert_eq!(panels[2], PanelView::Bars(vec![("done".to_owned(), 2.0)]));
    assert_eq!(panels[3], PanelView::Bars(vec![("b".to_owned(), 0.9), ("a".to_owned(), 0.9)]));
    assert_eq!(panels[4], PanelView::Points { points: vec![(0.2, 2.0), (0.1, 1.0)], without: 0 });
    let PanelView::Rows { columns, rows } = &panels[5] else { panic!("{:?}", panels[5]) };
    assert_eq!((columns[0].as_str(), rows[0][0].as_str()), ("name", "a"), "sorted by the least loss");
    assert_eq!(panels[6], PanelView::Nothing("nothing was printed yet".to_owned()));
    let PanelView::Histogram { steps, edges, shares } = &panels[7] else { panic!("{:?}", panels[7]) };
    assert_eq!((steps.len(), *edges), (3, (0.0, 3.0)));
    // Bins that no one fell into stay empty, whatever the others hold.
    assert_eq!(shares[2][shares[2].len() / 2], 0.0);
    let (first, last) = (shares[2][0], shares[2][shares[2].len() - 1]);
    assert!((first - 0.5).abs() < 1e-9 && last == 1.0, "{first} {last}");
    assert_eq!(panels[8], PanelView::Nothing("no run has said an image 'confusion' yet".to_owned()));
    assert_eq!(panels[9], PanelView::Lines(vec!["Baselines are tagged `baseline`.".to_owned()]));
}
