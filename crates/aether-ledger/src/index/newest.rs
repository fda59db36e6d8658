//! The newest runs of a home. When a run began never changes, so the others need not be looked at.

use std::cmp::Reverse;

use aether_core::RunId;

use super::{
    cache::{self, Cache},
    listed::{self, Project},
    scan::{self, Scan},
};
use crate::{Home, LedgerError, RunDirectory};

/// Looks at the newest runs, `most` of them, of one project or of all; also tells how many more runs there are.
pub(super) fn newest(
    home: &Home,
    cache: &mut Cache,
    only: Option<&str>,
    most: usize,
) -> Result<(Scan, usize), LedgerError> {
    let projects = listed::projects(home)?;
    match as_known(home, cache, &projects, only, most) {
        Some(found) => Ok(found),
        None => as_listed(home, cache, &projects, only, most),
    }
}

/// Those that the cache knows to be the newest. `None`: that cannot be told without a listing.
fn as_known(
    home: &Home,
    cache: &mut Cache,
    projects: &[Project],
    only: Option<&str>,
    most: usize,
) -> Option<(Scan, usize)> {
    let newest = cache.newest(projects, only, most)?;
    let directory = |run: &str| -> Option<RunDirectory> {
        let (project, id) = run.rsplit_once('/')?;
        home.run(project, id.parse().ok()?).ok()
    };
    let runs = newest.runs.into_iter().map(|(run, packed)| Some((directory(&run)?, Some(packed))));
    let runs: Vec<_> = runs.collect::<Option<_>>()?;
    let order: Vec<RunId> = runs.iter().map(|(directory, _)| directory.id()).collect();
    let mut scan = scan::some(runs, cache);
    sort(&mut scan);
    // Otherwise one is gone, cannot be read, or did not begin when it was known to.
    let is_right = scan.entries.iter().map(|entry| entry.id).eq(order);
    let more = newest.count.saturating_sub(scan.entries.len());
    is_right.then_some((scan, more))
}

/// Lists all runs, and looks at those that are not in the cache, too.
fn as_listed(
    home: &Home,
    cache: &mut Cache,
    projects: &[Project],
    only: Option<&str>,
    most: usize,
) -> Result<(Scan, usize), LedgerError> {
    let mut began = cache.began();
    let (mut old, mut new, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    for directory in home.run_directories()? {
        let key = cache::key(&directory);
        let known = began.remove(&key);
        if only
            .is_none_or(|project| key.strip_suffix(directory.id().as_str()) == Some(&format!("{project}/")))
        {
            match known {
                Some(began) => old.push((began, directory)),
                None => new.push((directory, None)),
            }
        }
        listed.push(key);
    }
    let gone: Vec<String> = began.into_keys().collect();
    cache.store(&[], &gone);
    let mut scan = scan::some(new, cache);
    cache.note_listed(projects, listed);
    // Those that began last are at the end.
    old.sort_unstable_by_key(|(began, directory)| (*began, directory.id()));
    let last = |scan: &mut Scan| {
        sort(scan);
        scan.entries.get(most.wrapping_sub(1)).map(|entry| (cache::nanos(entry.created), entry.id))
    };
    while let Some((began, directory)) = old.last()
        && last(&mut scan).is_none_or(|last| last < (*began, directory.id()))
    {
        let next = old.split_off(old.len().saturating_sub(most.max(1)));
        let next = next.into_iter().map(|(_, directory)| {
            let packed = cache.known(&cache::key(&directory));
            (directory, packed)
        });
        let looked = scan::some(next.collect(), cache);
        scan.entries.extend(looked.entries);
        scan.passed_over.extend(looked.passed_over);
    }
    last(&mut scan);
    let more = old.len() + scan.entries.len().saturating_sub(most);
    scan.entries.truncate(most);
    Ok((scan, more))
}

/// Newest first.
fn sort(scan: &mut Scan) {
    scan.entries.sort_by_key(|entry| Reverse((entry.created, entry.id)));
}
