//! Logs of real trainings, made by `tests/runs/make.py`: a row is metric, step, value. Its file's name begins with its
//! label.

use std::{fs, path::Path};

use aether_core::Metric;

use super::{Labelled, Point};

/// All of them.
pub(crate) fn runs() -> Vec<Labelled> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let points: Vec<Point> = fs::read_to_string(&path).unwrap().lines().map(point).collect();
            let (labels, allowed): (&[_], &[_]) = match name.split('-').next().unwrap() {
                "healthy" => (&[], &[]),
                "stuck" => (&["plateau"], &[]),
                "diverging" => (
                    &["divergence"],
                    &["spike", "gradient_explosion", "overfitting", "plateau", "gradient_vanishing"],
                ),
                "overfitting" => (&["overfitting"], &["plateau", "gradient_vanishing", "spike"]),
                other => panic!("{other}"),
            };
            let end = points.last().unwrap().at;
            let (labels, allowed) = (labels.to_vec(), allowed.to_vec());
            Labelled { name, labels, allowed, points, end, steps: None, deadline: None }
        })
        .collect()
}

fn point(line: &str) -> Point {
    let mut fields = line.split(',');
    let metric = Metric::named(fields.next().unwrap());
    let step: u64 = fields.next().unwrap().parse().unwrap();
    let value = fields.next().unwrap().parse().unwrap();
    // The networks are so small that they were done in no time: a step counts as half a second.
    Point { at: step as f64 * 0.5, metric, step, value }
}
