use serde_json::json;

use crate::harness::Scratch;

fn three() -> Scratch {
    let scratch = Scratch::new();
    scratch.run("alpha", json!({}), &[3.0, 1.0]);
    scratch.run("beta", json!({}), &[2.0, f64::NAN]);
    scratch.run("gamma with a name that is far too long for any column", json!({}), &[2.0]);
    scratch
}

fn names(scratch: &Scratch, args: &str) -> Vec<String> {
    let rows = scratch.aether("runs --json").args(args).run().json();
    rows.iter().map(|row| row["name"].as_str().unwrap()[..4].to_owned()).collect()
}

#[test]
fn a_table_fits_80_columns() {
    let table = three().aether("runs").run().ok();
    assert_eq!(table.lines().count(), 4);
    for line in table.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(table.contains('…') && table.starts_with("ID        NAME"), "{table}");
}

#[test]
fn order_limit_and_filters() {
    let scratch = three();
    assert_eq!(names(&scratch, ""), ["gamm", "beta", "alph"]);
    assert_eq!(names(&scratch, "--sort oldest"), ["alph", "beta", "gamm"]);
    assert_eq!(names(&scratch, "--sort name --reverse --limit 2"), ["gamm", "beta"]);
    assert_eq!(names(&scratch, "--name ALPHA"), ["alph"]);
    assert_eq!(names(&scratch, "--state failed").len(), 0);
    assert_eq!(names(&scratch, "--state done --since 1h").len(), 3);
    assert_eq!(names(&scratch, "--project other").len(), 0);
}

#[test]
fn sorted_by_a_metric_runs_without_a_number_come_last() {
    let scratch = three();
    assert_eq!(names(&scratch, "--sort train/loss"), ["alph", "gamm", "beta"]);
    assert_eq!(names(&scratch, "--sort train/loss --reverse"), ["gamm", "alph", "beta"]);
    let error = scratch.aether("runs --sort val/loss").run().refused();
    assert!(error.contains("val/loss") && error.contains("train/loss"), "{error}");
}

#[test]
fn values_that_are_no_numbers_stay_in_json() {
    let rows = three().aether("runs --json --name beta").run().json();
    assert_eq!(rows[0]["metrics"]["train/loss"]["last"], "NaN");
    assert_eq!(rows[0]["metrics"]["train/loss"]["non_finite"], 1);
}

#[test]
fn quiet_prints_ids() {
    let scratch = Scratch::new();
    let id = scratch.run("x", json!({}), &[1.0]);
    assert_eq!(scratch.aether("runs --quiet").run().ok(), format!("{id}\n"));
}

#[test]
fn what_was_left_out_is_said() {
    let table = three().aether("runs --limit 1").run().ok();
    assert!(table.ends_with("and 2 more; --limit 0 lists all\n"), "{table}");
}

#[test]
fn an_empty_home_is_no_error() {
    let done = Scratch::new().aether("runs").run();
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""));
}

#[test]
fn a_when_that_is_none_is_refused() {
    let error = Scratch::new().aether("runs --since yesterdayish").run().refused();
    assert!(error.contains("yesterdayish") && error.contains("2d"), "{error}");
}

#[test]
fn names_cannot_write_on_the_screen() {
    let scratch = Scratch::new();
    scratch.run("\u{1b}[2Jx", json!({}), &[1.0]);
    assert!(!scratch.aether("runs").run().ok().contains('\u{1b}'));
}

#[test]
fn a_summary_stands_for_the_last_value() {
    let scratch = Scratch::new();
    scratch.described("a", 0.5);
    scratch.described("b", 0.25);
    assert_eq!(scratch.aether("runs --sort best --quiet").run().ok().lines().count(), 2);
    let rows = scratch.aether("runs --sort train/loss --json").run().json();
    assert_eq!((&rows[0]["name"], &rows[0]["metrics"]["train/loss"]["last"]), (&json!("b"), &json!(0.25)));
    assert_eq!(rows[0]["tags"], json!(["quick", "baseline"]));
    let table = scratch.aether("runs --sort best").run().ok();
    assert!(table.contains("best") && table.contains("0.2500"), "{table}");
}

#[test]
fn a_query_chooses() {
    let scratch = three();
    let names = |query: &str| {
        let rows = scratch.aether("runs --json").arg(query).run().json();
        rows.iter().map(|row| row["name"].as_str().unwrap()[..4].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("train/loss.min <= 2 and name ~ *a"), ["beta", "alph"]);
    assert_eq!(names("train/loss.last = nan"), ["beta"]);
    let error = scratch.aether("runs").arg("train/los < 1").run().refused();
    assert!(error.contains("did you mean 'train/loss'?\n  train/los < 1\n  ^^^^^^^^^"), "{error}");
    let error = scratch.aether("runs").arg("state = faild").run().refused();
    assert!(error.contains("did you mean 'failed'?"), "{error}");
}
