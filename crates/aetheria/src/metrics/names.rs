//! Metrics by name.

use super::classification::{Confusion, Summary, TopK};
use super::loss::Loss;
use super::rank::Auroc;
use super::regression::{Mae, R2, Rmse};
use super::{Goal, Measure};
use crate::data::DataSpec;

/// Why there is no such metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// A name that means nothing.
    #[error("there is no metric `{name}`: choose among {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A metric of another task.
    #[error("metric `{name}` does not apply to {task}: choose among {known}")]
    OtherTask {
        /// The name.
        name: String,
        /// What the data is for.
        task: &'static str,
        /// The metrics of that task.
        known: String,
    },
    /// `top_k` of no class or of all classes, which says nothing.
    #[error("metric `{name}` is the same for every model of {classes} classes: choose a number from 1 to {}", classes - 1)]
    Trivial {
        /// The name.
        name: String,
        /// How many classes there are.
        classes: usize,
    },
}

/// What kind of data a metric is for; `None` in a [`Kind`] is any.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Task {
    Classification,
    Regression,
}

/// Makes a metric, given the number of classes, or of values in a target.
type Make = fn(usize) -> Box<dyn Measure>;

struct Kind {
    name: &'static str,
    task: Option<Task>,
    goal: Goal,
    make: Make,
}

const fn kind(name: &'static str, task: Option<Task>, goal: Goal, make: Make) -> Kind {
    Kind { name, task, goal, make }
}

const CLASSES: Option<Task> = Some(Task::Classification);
const VALUES: Option<Task> = Some(Task::Regression);

const KINDS: &[Kind] = &[
    kind("loss", None, Goal::Lower, |_| Box::new(Loss::default())),
    kind("accuracy", CLASSES, Goal::Higher, |classes| Box::new(TopK::new(1, classes))),
    // The name stands for all of `top_2`, `top_3`, ...
    kind(TOP_K, CLASSES, Goal::Higher, |classes| Box::new(TopK::new(1, classes))),
    kind("auroc", CLASSES, Goal::Higher, |classes| Box::new(Auroc::new(classes))),
    kind("precision", CLASSES, Goal::Higher, |n| Box::new(Confusion::new(Summary::Precision, n))),
    kind("recall", CLASSES, Goal::Higher, |n| Box::new(Confusion::new(Summary::Recall, n))),
    kind("f1", CLASSES, Goal::Higher, |n| Box::new(Confusion::new(Summary::F1, n))),
    kind("mae", VALUES, Goal::Lower, |_| Box::new(Mae::default())),
    kind("rmse", VALUES, Goal::Lower, |_| Box::new(Rmse::default())),
    kind("r2", VALUES, Goal::Higher, |values| Box::new(R2::new(values))),
];

const TOP_K: &str = "top_K";

fn top_k(name: &str) -> Option<usize> {
    name.strip_prefix("top_")?.parse().ok()
}

fn find(name: &str) -> Option<&'static Kind> {
    let name = if top_k(name).is_some() { TOP_K } else { name };
    KINDS.iter().find(|kind| kind.name == name)
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The names of all metrics; `top_K` stands for `top_2`, `top_3`, ...
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// Which way the metric of this name is better; `None` if there is none.
pub fn goal(name: &str) -> Option<Goal> {
    find(name).map(|kind| kind.goal)
}

/// The metrics that data of this kind is judged by unless others are asked for.
pub fn defaults(spec: &DataSpec) -> &'static [&'static str] {
    if spec.classes.is_some() { &["accuracy"] } else { &["mae", "rmse", "r2"] }
}

/// Makes the metric of this name for data of this kind.
///
/// # Errors
/// When there is none, or when it is for another task.
pub fn measure(name: &str, spec: &DataSpec) -> Result<Box<dyn Measure>, MetricError> {
    let unknown = || MetricError::Unknown { name: name.to_owned(), known: list(names()) };
    let kind = find(name).filter(|_| name != TOP_K).ok_or_else(unknown)?;
    let (task, described, count) = match &spec.classes {
        Some(classes) => (Task::Classification, "classification", classes.len()),
        None => (Task::Regression, "regression", spec.target.len()),
    };
    if kind.task.is_some_and(|wanted| wanted != task) {
        let fit = KINDS.iter().filter(|kind| kind.task.is_none_or(|wanted| wanted == task));
        let known = list(fit.map(|kind| kind.name));
        return Err(MetricError::OtherTask { name: name.to_owned(), task: described, known });
    }
    match top_k(name) {
        Some(k) if k == 0 || k >= count => {
            Err(MetricError::Trivial { name: name.to_owned(), classes: count })
        }
        Some(k) => Ok(Box::new(TopK::new(k, count))),
        None => Ok((kind.make)(count)),
    }
}
