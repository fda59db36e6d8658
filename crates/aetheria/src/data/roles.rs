//! Which column of a file plays which part.

use std::path::Path;

use aether_core::suggest;
use serde::{Deserialize, Serialize};

use super::DataError;
use super::error::abridged;
use super::frame::{Kind, Selection, Wanted};

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A class of a few.
    Classification,
    /// A number, or several.
    Regression,
}

/// One column or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a column or a list of columns")]
pub enum OneOrMore {
    /// One.
    One(String),
    /// A list.
    More(Vec<String>),
}

impl OneOrMore {
    /// The columns.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::More(names) => names,
        }
    }
}

/// The parts that columns play.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roles<'a> {
    pub(super) target: &'a [String],
    /// `None` is every column without another part.
    pub(super) features: Option<&'a [String]>,
    pub(super) ignore: &'a [String],
    pub(super) categorical: &'a [String],
    pub(super) task: Option<Task>,
}

impl Roles<'_> {
    /// The columns to read of those named `names` in the file at `path`.
    pub(super) fn select(&self, path: &Path, names: &[String]) -> Result<Selection, DataError> {
        let parts = [
            (self.target, "target"),
            (self.features.unwrap_or_default(), "features"),
            (self.ignore, "ignore"),
        ];
        let mut parts_of: Vec<(&str, &'static str)> = Vec::new();
        for (columns, part) in parts {
            for column in columns {
                if !names.contains(column) {
                    return Err(missing_column(path, column, names));
                }
                if let Some((_, first)) = parts_of.iter().find(|(known, _)| known == column) {
                    return Err(DataError::RoleConflict { column: column.clone(), first, second: part });
                }
                parts_of.push((column, part));
            }
        }
        if self.target.is_empty() {
            let problem = "`target` names no column: name the one to predict".to_owned();
            return Err(DataError::Parameter { name: path.display().to_string(), problem });
        }
        let others: Vec<String>;
        let features = match self.features {
            Some(features) => features,
            None => {
                let other = |name: &&String| !parts_of.iter().any(|(known, _)| known == name);
                others = names.iter().filter(other).cloned().collect();
                &others
            }
        };
        if features.is_empty() {
            return Err(DataError::NoFeatures { path: path.to_owned() });
        }
        if let Some(stray) = self.categorical.iter().find(|column| !features.contains(column)) {
            let Some((_, first)) = parts_of.iter().find(|(known, _)| known == stray) else {
                return Err(missing_column(path, stray, names));
            };
            let second = "categorical, which is for features";
            return Err(DataError::RoleConflict { column: stray.clone(), first, second });
        }
        let feature = |name: &String| {
            let kind = self.categorical.contains(name).then_some(Kind::Text);
            Wanted { name: name.clone(), kind }
        };
        let kind = match self.task {
            Some(Task::Classification) => Some(Kind::Text),
            Some(Task::Regression) => Some(Kind::Number),
            None => None,
        };
        let target = |name: &String| Wanted { name: name.clone(), kind };
        Ok(Selection {
            features: features.iter().map(feature).collect(),
            targets: self.target.iter().map(target).collect(),
        })
    }
}

pub(super) fn missing_column(path: &Path, column: &str, names: &[String]) -> DataError {
    DataError::MissingColumn {
        path: path.to_owned(),
        column: column.to_owned(),
        nearby: suggest::nearest(column, names.iter().map(String::as_str)).map(str::to_owned),
        available: abridged(names),
    }
}
