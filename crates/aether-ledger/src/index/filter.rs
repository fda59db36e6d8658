//! Which runs to list, and in which order.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;

use super::{Entry, Index};
use crate::{Query, Standing};

/// Which runs to list; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this project only.
    pub project: Option<String>,
    /// Of one of these standings; any when empty.
    pub standings: Vec<Standing>,
    /// With this text in its name, whatever the case of its letters.
    pub name: Option<String>,
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// For which this holds.
    pub query: Option<Query>,
    /// At most so many, after sorting.
    pub limit: Option<usize>,
}

/// In which order to list runs. What is equal is listed newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// By name.
    Name,
    /// Longest first.
    Duration,
    /// By the last value of a metric, or what its summary says in its place, least first; NaN and runs without it at the end.
    Ascending(String),
    /// By the same, greatest first; NaN and runs without it at the end.
    Descending(String),
}

impl Filter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        let Self { project, standings, name, since, query, limit } = self;
        project.is_none()
            && standings.is_empty()
            && name.is_none()
            && since.is_none()
            && query.is_none()
            && limit.is_none()
    }

    fn lets_through(&self, entry: &Entry) -> bool {
        let name = |part: &String| entry.name.to_lowercase().contains(&part.to_lowercase());
        self.project.as_ref().is_none_or(|project| entry.project == *project)
            && (self.standings.is_empty() || self.standings.contains(&entry.standing))
            && self.name.as_ref().is_none_or(name)
            && self.since.is_none_or(|since| entry.created >= since)
            && self.query.as_ref().is_none_or(|query| query.holds(entry))
    }
}

impl Index {
    /// Lists the runs that `filter` lets through.
    pub fn list(&self, filter: &Filter, sort: &Sort) -> Vec<&Entry> {
        let mut listed: Vec<_> = self.entries.iter().filter(|entry| filter.lets_through(entry)).collect();
        // Newest first; the sorts below keep this order among equals.
        listed.sort_by_key(|entry| Reverse((entry.created, entry.id)));
        match sort {
            Sort::Newest => {}
            Sort::Oldest => listed.reverse(),
            Sort::Name => listed.sort_by(|a, b| a.name.cmp(&b.name)),
            Sort::Duration => listed.sort_by_cached_key(|entry| Reverse(entry.duration())),
            Sort::Ascending(metric) => listed.sort_by(|a, b| by_last(metric, a, b, |a, b| a.total_cmp(&b))),
            Sort::Descending(metric) => listed.sort_by(|a, b| by_last(metric, a, b, |a, b| b.total_cmp(&a))),
        }
        listed.truncate(filter.limit.unwrap_or(usize::MAX));
        listed
    }
}

fn by_last(metric: &str, a: &Entry, b: &Entry, order: impl Fn(f64, f64) -> Ordering) -> Ordering {
    let last = |entry: &Entry| entry.headline(metric).filter(|v| !v.is_nan());
    match (last(a), last(b)) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}
