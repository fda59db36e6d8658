//! `predict`: a trained model's answers for the rows of a file.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread,
};

use aetheria::{
    data::Column,
    predict::{PredictError, Predictor},
    snapshot::Pointer,
};

use crate::{cli, context::Context, failure::Failure, snapshots};

/// The answers for some rows.
#[derive(Debug)]
pub(crate) struct Predictions {
    /// The names of the classes; `None` is a regression.
    pub(crate) classes: Option<Vec<String>>,
    /// Numbers in an answer: targets of a row.
    pub(crate) targets: usize,
    /// Whether every class gets its probability.
    pub(crate) with_probabilities: bool,
    /// `[rows, targets, classes]` logits, or `[rows, targets]` values.
    outputs: Vec<f32>,
    /// The file they were written to, if not shown.
    pub(crate) file: Option<PathBuf>,
}

/// The answer for one target of one row.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// A predicted value.
    Value(f32),
    /// The class with the highest probability, and each class's; no class where the model gave NaN.
    Class {
        /// The class's number.
        class: Option<usize>,
        /// Probabilities, which sum to 1.
        probabilities: Vec<f64>,
    },
}

pub(super) fn run(args: &cli::Predict, context: &mut Context<'_>) -> Result<(), Failure> {
    let target = snapshots::find(&args.snapshot, &context.home()?, &[Pointer::Best, Pointer::Latest])?;
    let offer = |path: &Path| {
        let input = args.input.display();
        format!("predict with it: {}", context.hint(&format!("predict {} --input {input}", path.display())))
    };
    // Opened here for its better message when it is damaged; the predictor opens it again.
    drop(snapshots::open(&target.path, offer)?);
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let predictor =
        Predictor::open(&target.path, &context.registries().models, threads).map_err(Failure::request)?;
    if args.proba && predictor.data().classes.is_none() {
        let path = target.path.display();
        return Err(Failure::request(format!(
            "--proba: the model of {path} predicts values, not classes; leave it out"
        )));
    }
    let mut predictions = predict(&predictor, &args.input, args.proba)?;
    if let Some(path) = &args.output {
        write(path, &predictions)?;
        predictions.file = Some(path.clone());
    }
    context.render().predictions(&predictions)?;
    Ok(())
}

fn predict(predictor: &Predictor, input: &Path, with_probabilities: bool) -> Result<Predictions, Failure> {
    let encoder = predictor.encoder().ok_or_else(|| {
        Failure::request("the model was trained on data without columns, so a table tells it nothing; call it as a library")
    })?;
    let rows = encoder.encode_file(input).map_err(Failure::request)?;
    let spec = predictor.data();
    let mut outputs = vec![0.0; rows.count * spec.outputs()];
    let failed =
        |error: PredictError| Failure::work(format!("cannot predict for {}: {error}", input.display()));
    predictor.predict(&Column::F32(rows.cells), &mut outputs).map_err(failed)?;
    Ok(Predictions {
        classes: spec.classes.clone(),
        targets: spec.target.len(),
        with_probabilities,
        outputs,
        file: None,
    })
}

fn write(path: &Path, predictions: &Predictions) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::work(format!(
            "cannot write the predictions to {}: {error}; name another file",
            path.display()
        ))
    };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    predictions.write_csv(&mut file).and_then(|()| file.flush()).map_err(failed)
}

impl Predictions {
    /// How many rows were answered.
    pub(crate) fn len(&self) -> usize {
        let answer = self.targets * self.classes.as_ref().map_or(1, Vec::len);
        self.outputs.len().checked_div(answer).unwrap_or(0)
    }

    /// The answers, row by row, each with one for every target.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<Answer>> {
        let classes = self.classes.as_ref().map(Vec::len);
        let answer = (self.targets * classes.unwrap_or(1)).max(1);
        self.outputs.chunks_exact(answer).map(move |row| match classes {
            Some(classes) => row.chunks_exact(classes.max(1)).map(class).collect(),
            None => row.iter().map(|&value| Answer::Value(value)).collect(),
        })
    }

    /// The headings of the columns: `prediction`, then `probability_CLASS`; numbered where there are several targets.
    fn headings(&self) -> Vec<String> {
        let mut headings = Vec::new();
        for target in 0..self.targets {
            let number = if self.targets > 1 { format!("_{target}") } else { String::new() };
            headings.push(format!("prediction{number}"));
            if self.with_probabilities {
                let classes = self.classes.iter().flatten();
                headings.extend(classes.map(|class| format!("probability{number}_{class}")));
            }
        }
        headings
    }

    /// Writes a table with a heading (RFC 4180).
    pub(crate) fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let headings: Vec<String> = self.headings().iter().map(|heading| quoted(heading)).collect();
        writeln!(out, "{}", headings.join(","))?;
        for row in self.rows() {
            let mut cells = Vec::new();
            for answer in row {
                cells.push(quoted(&self.word(&answer)));
                if let Answer::Class { probabilities, .. } = answer
                    && self.with_probabilities
                {
                    cells.extend(probabilities.iter().map(|p| format!("{p:.6}")));
                }
            }
            writeln!(out, "{}", cells.join(","))?;
        }
        Ok(())
    }

    /// An answer in a word: the class's name, or the value.
    pub(crate) fn word(&self, answer: &Answer) -> String {
        match answer {
            Answer::Value(value) => value.to_string(),
            Answer::Class { class, .. } => class
                .and_then(|class| self.classes.as_ref()?.get(class).cloned())
                .unwrap_or_else(|| "NaN".to_owned()),
        }
    }
}

/// The most probable class of logits, and the softmax of them.
fn class(logits: &[f32]) -> Answer {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponents: Vec<f64> = logits.iter().map(|&x| f64::from(x - highest).exp()).collect();
    let sum: f64 = exponents.iter().sum();
    let probabilities: Vec<f64> = exponents.iter().map(|e| e / sum).collect();
    let class = if sum.is_finite() { logits.iter().position(|&x| x == highest) } else { None };
    Answer::Class { class, probabilities }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(classes: &[&str], outputs: &[f32]) -> Predictions {
        let classes = Some(classes.iter().map(|c| (*c).to_owned()).collect());
        Predictions { classes, targets: 1, with_probabilities: true, outputs: outputs.to_vec(), file: None }
    }

    #[test]
    fn a_table_of_classes() {
        let predictions = of(&["no", "yes, sir"], &[0.0, 0.0, -1000.0, 1000.0, f32::NAN, 0.0]);
        let mut csv = Vec::new();
        predictions.write_csv(&mut csv).unwrap();
        assert_eq!(
            String::from_utf8(csv).unwrap(),
            "prediction,probability_no,\"probability_yes, sir\"\nno,0.500000,0.500000\n\
             \"yes, sir\",0.000000,1.000000\nNaN,NaN,NaN\n"
        );
        assert_eq!(predictions.len(), 3);
    }

    #[test]
    fn a_table_of_values() {
        let outputs = vec![1.5, -2.0, f32::INFINITY, 0.0];
        let predictions =
            Predictions { classes: None, targets: 2, with_probabilities: false, outputs, file: None };
        let mut csv = Vec::new();
        predictions.write_csv(&mut csv).unwrap();
        assert_eq!(String::from_utf8(csv).unwrap(), "prediction_0,prediction_1\n1.5,-2\ninf,0\n");
    }
}
