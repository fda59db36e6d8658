//! Rules: what is read, what is refused and how that is shown, and when they fire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use aether_core::{Level, Metric, config};
use aether_watch::{
    Observed,
    rules::{Action, Condition, Fired, Hold, Rules, WatchFile},
};
use proptest::prelude::*;

fn file(text: &str) -> Result<WatchFile, String> {
    let node = config::parse("watch.yaml", text).map_err(|e| e.to_string())?;
    WatchFile::read(&node).map_err(|e| e.to_string())
}

/// The steps at which a condition's rule fires over values of `loss`, one a second from step 1.
fn fires(when: &str, values: &[f64]) -> Vec<u64> {
    let text = format!("rules:\n  - when: \"{when}\"\n    then: alert\n");
    let mut rules = Rules::new(file(&text).unwrap().rules);
    let mut fired: Vec<Fired> = Vec::new();
    let metric = Metric::named("train/loss");
    for (at, &value) in values.iter().enumerate() {
        let step = at as u64 + 1;
        rules.observe(&Observed { time: step as i64 * 1_000_000_000, metric, step, value }, &mut fired);
    }
    fired.iter().map(|fired| fired.event.step).collect()
}

#[test]
fn a_file() {
    let text = "interval: 500ms\nrules:\n  - name: blows up\n    \
        when: loss > 3 * median(loss, 200) for 20 steps\n    then: [alert, snapshot, {run: 'echo no'}]\n    \
        level: error\n  - when: system/memory_available < 2 GiB for 5 min\n    then: stop\n";
    let file = file(text).unwrap();
    assert_eq!(file.interval.as_millis(), 500);
    let [first, second] = &file.rules[..] else { panic!("two") };
    assert_eq!(first.level, Some(Level::Error));
    assert_eq!(first.when.hold, Some(Hold::Steps(20)));
    assert_eq!(first.then, [Action::Alert, Action::Snapshot, Action::Run("echo no".to_owned())]);
    assert_eq!(second.when.hold, Some(Hold::Time(300_000_000_000)));
    assert_eq!(second.when.metrics().collect::<Vec<_>>(), ["system/memory_available"]);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, wanted) in [
        ("rules:\n  - when: loss > 3 * medain(loss, 200)\n    then: alert\n", "did you mean `median`?"),
        ("rules:\n  - when: loss > 3 * medain(loss, 200)\n    then: alert\n", "watch.yaml:2:11"),
        ("rules:\n  - when: loss\n    then: alert\n", "compare it with something"),
        ("rules:\n  - when: loss > mean(loss)\n    then: alert\n", "how far back"),
        ("rules:\n  - when: loss > 3 for 20\n    then: alert\n", "`steps` or a unit of time"),
        ("rules:\n  - when: loss > 3 and 4\n    then: alert\n", "this is a number"),
        ("rules:\n  - when: 1 < loss < 3\n    then: alert\n", "put `and` between two comparisons"),
        ("rules:\n  - when: loss >\n    then: alert\n", "ends too early"),
        ("rules:\n  - when: loss > 1\n    then: snapshoot\n", "did you mean `snapshot`?"),
        ("rules:\n  - when: loss > 1\n    thn: stop\n", "did you mean `then`?"),
        ("ruels: []\n", "did you mean `rules`?"),
        ("interval: 10ms\n", "from 100ms to 1h"),
    ] {
        let error = file(text).unwrap_err();
        assert!(error.contains(wanted), "{text}{error}");
    }
}

#[test]
fn when_they_fire() {
    assert_eq!(
        fires("loss > 2", &[1.0, 3.0, 3.0, 1.0, 3.0]),
        [2, 5],
        "once, and again after it did not hold"
    );
    assert_eq!(fires("loss > 2 for 3 steps", &[3.0, 3.0, 1.0, 3.0, 3.0, 3.0, 3.0]), [6]);
    assert_eq!(fires("loss > 2 for 2 s", &[3.0, 3.0, 3.0]), [3]);
    assert_eq!(fires("not loss < 2", &[1.0, 2.0]), [2]);
    assert_eq!(fires("loss > 1 and loss < 3 or loss == 9", &[1.0, 4.0, 2.0, 4.0, 9.0]), [3, 5]);
    assert_eq!(fires("loss / 2 + 1 >= 2 * (3 - 1)", &[5.0, 6.0]), [2]);
    assert_eq!(fires("abs(-loss) > 2", &[1.0, -3.0]), [2]);
    assert_eq!(fires("loss > 3 * median(loss, 4)", &[1.0, 1.0, 1.0, 1.0, 5.0]), [5]);
    assert_eq!(fires("max(loss, 2) - min(loss, 2) > 3", &[1.0, 2.0, 6.0, 6.0]), [3]);
    assert_eq!(fires("mean(loss, 3 s) > 3", &[1.0, 1.0, 10.0]), [3]);
    assert_eq!(fires("std(loss, 4) > 1", &[1.0, 1.0, 5.0]), [3]);
    assert_eq!(fires("rate(loss, 2) > 3", &[1.0, 2.0, 8.0]), [3]);
    assert_eq!(fires("loss > 2", &[f64::NAN, f64::INFINITY]), [2], "NaN is not greater than anything");
    assert_eq!(fires("loss != loss", &[1.0, f64::NAN]), [2], "but differs from itself");
    assert!(fires("accuracy > 2", &[3.0]).is_empty());
}

#[test]
fn the_whole_name_is_better_than_its_end() {
    let text = "rules:\n  - when: loss > 2\n    then: alert\n";
    let mut rules = Rules::new(file(text).unwrap().rules);
    let mut fired = Vec::new();
    let mut say = |name: &str, value, fired: &mut Vec<Fired>| {
        rules.observe(&Observed { time: 0, metric: Metric::named(name), step: 1, value }, fired);
    };
    say("val/loss", 9.0, &mut fired);
    assert!(fired.is_empty());
    say("train/loss", 1.0, &mut fired);
    say("loss", 1.0, &mut fired);
    say("train/loss", 9.0, &mut fired);
    assert!(fired.is_empty(), "since `loss` was said, it is what is meant");
    say("loss", 9.0, &mut fired);
    assert_eq!(fired.len(), 1);
}

/// Conditions as the grammar has them.
fn condition() -> impl Strategy<Value = String> {
    let number = prop_oneof!["[0-9]{1,4}", "[0-9]\\.[0-9]{1,3}", "[1-9]e-?[0-9]"];
    let metric = prop_oneof!["[a-z]{1,3}/[a-z]{4,6}", "m_[a-z0-9]{1,6}", "`[a-z ]{1,8}`"];
    let call = (prop_oneof!["min", "max", "mean", "median", "std", "rate", "last"], metric.clone(), 1..500)
        .prop_map(|(f, m, n)| format!("{f}({m}, {n})"));
    let term = prop_oneof![number, metric, call].prop_recursive(3, 12, 2, |inner| {
        (inner.clone(), "[-+*/]", inner).prop_map(|(a, o, b)| format!("({a} {o} {b})"))
    });
    let compare = (term.clone(), prop_oneof!["<", "<=", ">", ">=", "==", "!="], term)
        .prop_map(|(a, o, b)| format!("{a} {o} {b} + m_x"));
    compare.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop_oneof!["and", "or"], inner.clone())
                .prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        if let Err(mistake) = Condition::parse(&text) {
            prop_assert!(text.get(mistake.at()).is_some(), "{mistake:?} lies on characters");
        }
    }

    #[test]
    fn no_words_are_too_strange(words in prop::collection::vec(
        prop_oneof!["loss", "not", "and", "or", "for", "-", "\\(", "\\)", "median\\(", ",", "<", "3", "steps", "min", "`x`"],
        0..200,
    )) {
        let _ = Condition::parse(&words.join(" "));
    }

    #[test]
    fn what_the_grammar_has_is_read(text in condition(), hold in prop::sample::select(vec!["", " for 3 steps", " for 1.5 min"])) {
        let whole = format!("{text}{hold}");
        let parsed = Condition::parse(&whole);
        prop_assert!(parsed.is_ok(), "{whole}: {}", parsed.unwrap_err());
    }
}
