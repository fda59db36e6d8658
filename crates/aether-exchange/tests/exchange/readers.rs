//! Files of other tools in shapes that need no tool to make.

use std::{fs, path::Path};

use aether_exchange::{ExchangeError, import};
use tempfile::TempDir;

use crate::support::{bits, import, points};

#[test]
fn a_table_with_a_column_for_each_metric() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("wide.csv");
    fs::write(&file, "epoch,loss,val loss,note\n1,0.5,,a\n2,nan,inf,b\n").unwrap();
    let runs = import(&dir.path().join("home"), || import::csv::read(&file));
    let points = points(&runs[0].0);
    assert_eq!(points["loss"], [(1, bits(0.5)), (2, bits(f64::NAN))]);
    assert_eq!(points["val loss"], [(2, bits(f64::INFINITY))]);
    assert_eq!(runs[0].1.remarks, ["2 values that are no numbers were passed over"]);
}

#[test]
fn repeated_steps_lose_no_point() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("long.csv");
    fs::write(&file, "run,metric,step,time,value\na,x,0,,1\na,x,0,,2\na,y,-1,,3\nb,x,5,,4\n").unwrap();
    let runs = import(&dir.path().join("home"), || import::csv::read(&file));
    assert_eq!(points(&runs[0].0)["x"], [(0, bits(1.0)), (1, bits(2.0))]);
    assert_eq!(points(&runs[0].0)["y"], [(0, bits(3.0))]);
    assert_eq!(points(&runs[1].0)["x"], [(5, bits(4.0))]);
    assert!(runs[0].1.remarks[0].contains("'x'"), "{:?}", runs[0].1.remarks);
}

#[test]
fn mlflows_files() {
    let dir = TempDir::new().unwrap();
    let run = dir.path().join("mlruns/1/abc");
    for part in ["metrics/val", "params", "tags"] {
        fs::create_dir_all(run.join(part)).unwrap();
    }
    fs::write(dir.path().join("mlruns/1/meta.yaml"), "experiment_id: '1'\nname: digits\n").unwrap();
    let meta = "run_id: abc\nrun_name: first\nstatus: 4\nstart_time: 1000\nend_time: 5000\nlifecycle_stage: active\n";
    fs::write(run.join("meta.yaml"), meta).unwrap();
    fs::write(run.join("metrics/val/loss"), "2000 0.5 1\n3000 nan 2\n").unwrap();
    fs::write(run.join("params/lr"), "0.1").unwrap();
    fs::write(run.join("tags/team"), "blue").unwrap();
    let runs = import(&dir.path().join("home"), || import::mlflow::read(&dir.path().join("mlruns")));
    let record = runs[0].0.run().unwrap();
    assert_eq!(points(&runs[0].0)["val/loss"], [(1, bits(0.5)), (2, bits(f64::NAN))]);
    assert_eq!(
        (record.name.as_str(), record.project.as_str(), &record.spec["lr"]),
        ("first", "digits", &0.1.into())
    );
    assert_eq!(
        (record.state.as_str(), record.created.as_second(), &record.tags[0][..]),
        ("failed", 1, "team=blue")
    );
}

#[test]
fn what_is_not_there_or_not_it_is_said() {
    let dir = TempDir::new().unwrap();
    let readers: [fn(&Path) -> _; 6] = [
        import::tensorboard::read,
        import::wandb::read,
        import::csv::read,
        import::trackio::read,
        import::neptune::read,
        import::mlflow::read,
    ];
    for read in readers {
        assert!(matches!(
            read(&dir.path().join("absent")),
            Err(ExchangeError::Io { .. } | ExchangeError::Malformed { .. })
        ));
        assert!(matches!(read(dir.path()), Err(ExchangeError::Nothing { .. })));
    }
    let other = dir.path().join("other");
    fs::write(&other, "something else\n\"").unwrap();
    for read in [import::wandb::read, import::trackio::read, import::neptune::read, import::mlflow::read] {
        let error = read(&other).unwrap_err();
        assert!(matches!(&error, ExchangeError::Malformed { path, .. } if *path == other), "{error}");
    }
}
