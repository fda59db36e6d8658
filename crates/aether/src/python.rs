//! The Python package `aether`, which the program carries with it, and what makes scripts use it unchanged.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use aether_ledger::Home;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/python_files.rs"));
}

/// The variables that let a supervised program import `aether`, and, when `auto`, have it logged without a change.
/// `theirs` is the `PYTHONPATH` that the program would have had.
///
/// # Errors
/// When the package cannot be laid down in the home.
pub(crate) fn variables(home: &Home, auto: bool, theirs: &OsStr) -> io::Result<Vec<(String, OsString)>> {
    let mut variables = vec![("AETHER_AUTO".to_owned(), if auto { "1" } else { "0" }.into())];
    if !embedded::FILES.is_empty() {
        let package = lay_down(home.path())?;
        let own = [package.join("inject"), package];
        let theirs = env::split_paths(theirs).filter(|path| !path.as_os_str().is_empty());
        let paths = own.into_iter().filter(|path| path.is_dir()).chain(theirs);
        // A home with a colon in its path cannot be on Python's; the script then goes without.
        if let Ok(joined) = env::join_paths(paths) {
            variables.push(("PYTHONPATH".to_owned(), joined));
        }
    }
    Ok(variables)
}

/// The directory of this version's package, made if it is not there: beside, then renamed, so that no Python ever sees
/// a part of it.
fn lay_down(home: &Path) -> io::Result<PathBuf> {
    let directory = home.join("python").join(embedded::HASH);
    if directory.is_dir() {
        return Ok(directory);
    }
    let beside = home.join("python").join(format!(".{}.{}.part", embedded::HASH, std::process::id()));
    // Left by a process of this number that was killed.
    let _ = fs::remove_dir_all(&beside);
    for (name, content) in embedded::FILES {
        let path = beside.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    match fs::rename(&beside, &directory) {
        // Another process was quicker.
        Err(_) if directory.is_dir() => fs::remove_dir_all(&beside)?,
        done => done?,
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laid_down_once_and_whole() {
        let home = tempfile::tempdir().unwrap();
        let first = lay_down(home.path()).unwrap();
        for (name, content) in embedded::FILES {
            assert_eq!(fs::read(first.join(name)).unwrap(), *content);
        }
        assert_eq!(lay_down(home.path()).unwrap(), first);
        assert_eq!(fs::read_dir(home.path().join("python")).unwrap().count(), 1);
    }
}
