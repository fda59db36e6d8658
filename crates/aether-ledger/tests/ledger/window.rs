//! A part of a long series: the same, however much of it is compacted, and at a bounded cost.

use aether_core::{Listener, Metric, RunState, Signal};
use aether_ledger::{Node, Point, Range, Series, Window, compact};
use proptest::prelude::*;

use crate::support::*;

const COUNT: u64 = 300_000;

fn value(step: u64) -> f64 {
    match step {
        123_456 => 1e9,
        200_000..200_010 => f64::NAN,
        _ => ((step * 7919) % 1000) as f64,
    }
}

/// What a window says of the part, whichever way it says it: how many points, extremes, ends.
fn said(window: &Window) -> (u64, f64, f64, u64, u64) {
    let nodes: Vec<Node> = match window {
        Window::Points(points) => points.iter().map(|&point| Node::of_point(point)).collect(),
        Window::Stretches(nodes) => nodes.clone(),
    };
    assert!(nodes.windows(2).all(|pair| pair[0].summary.last_step < pair[1].first_step));
    assert!(nodes.iter().all(|node| node.last_time >= node.first_time && node.last_time > 0));
    (
        nodes.iter().map(|node| node.summary.count).sum(),
        nodes.iter().map(|node| node.summary.min).fold(f64::NAN, f64::min),
        nodes.iter().map(|node| node.summary.max).fold(f64::NAN, f64::max),
        nodes.first().map_or(0, |node| node.first_step),
        nodes.last().map_or(0, |node| node.summary.last_step),
    )
}

fn check(series: &Series, from: u64, to: u64, most: usize) -> Result<(), TestCaseError> {
    let inside: Vec<&Point> = series.points().iter().filter(|p| (from..=to).contains(&p.step)).collect();
    let window = series.window(Range::Steps(from, to), most);
    let (count, min, max, first, last) = said(&window);
    let finite = inside.iter().map(|p| p.value).filter(|v| v.is_finite());
    let (least, greatest) = finite.fold((f64::NAN, f64::NAN), |(a, b), v| (a.min(v), b.max(v)));
    prop_assert!(count >= inside.len() as u64);
    if let (Some(begin), Some(end)) = (inside.first(), inside.last()) {
        prop_assert!(first <= begin.step && last >= end.step);
        prop_assert!(least.is_nan() || (min <= least && max >= greatest));
    }
    match &window {
        // All of the part, and one on either side.
        Window::Points(points) => {
            prop_assert!(points.len() <= most && points.len() <= inside.len() + 2);
        }
        Window::Stretches(nodes) => prop_assert!(nodes.len() <= 2 * most + 2, "{} of {most}", nodes.len()),
    }
    Ok(())
}

#[test]
fn windows_of_a_series_that_is_compacted_in_part() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    let metric = Metric::named("x");
    for step in 0..COUNT {
        if step == COUNT - 5_000 {
            log.sync().unwrap();
            compact(writer.directory()).unwrap();
        }
        log.on(1_000_000 + step as i64 * 1000, &Signal::Point { metric, step, value: value(step) });
    }
    log.sync().unwrap();
    let run = read(writer.directory());
    let series = run.series("x").unwrap();
    assert!(run.held() < 10_000, "most of it lies in the file");
    let extent = series.extent().unwrap();
    assert_eq!((extent.first_step, extent.last_step), (0, COUNT - 1));
    assert_eq!(extent.last_time, 1_000_000 + (COUNT as i64 - 1) * 1000);
    let (count, _, max, ..) = said(&series.window(Range::ALL, 1000));
    assert_eq!((count, max), (COUNT, 1e9));
    // By time, the same.
    let at = |step: i64| 1_000_000 + step * 1000;
    let Window::Points(points) = series.window(Range::Times(at(1000), at(1009)), 100) else { panic!("few") };
    assert_eq!((points[0].step, points.len()), (999, 12));
    let strategy = (0..COUNT, 0..COUNT, prop_oneof![Just(1usize), 2..50usize, 50..3000usize]);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
    runner
        .run(&strategy, |(a, b, most)| {
            check(series, a.min(b), a.max(b), most)?;
            // Near each other, too: parts that lie within one chunk.
            check(series, a, a + b % 300, most)
        })
        .unwrap();
    writer.end(RunState::Done, None).unwrap();
}
