//! Where everything is kept.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use aether_core::RunId;

use crate::{Blobs, LedgerError, RunDirectory};

/// The directory under which all runs of a user, or of a team, are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The user's: `$AETHER_HOME`, else `$XDG_DATA_HOME/aether`, else `~/.local/share/aether`. It need not exist.
    ///
    /// # Errors
    /// When none of the three variables is set.
    pub fn locate() -> Result<Self, LedgerError> {
        Self::from_variables(|name| env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, LedgerError> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG base directory specification: a relative path is invalid and is ignored.
        let root = set("AETHER_HOME")
            .or_else(|| set("XDG_DATA_HOME").filter(|p| p.is_absolute()).map(|p| p.join("aether")))
            .or_else(|| set("HOME").map(|p| p.join(".local/share/aether")))
            .ok_or(LedgerError::NoHome)?;
        Ok(Self::at(root))
    }

    /// The home at `root`, which need not exist.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The directory of all projects.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// The contents that runs left and took.
    pub fn blobs(&self) -> Blobs {
        Blobs::at(self.root.join("blobs"))
    }

    /// The index's file.
    pub fn index(&self) -> PathBuf {
        self.root.join("index.db")
    }

    /// The directory of run `id` of `project`, which need not exist.
    ///
    /// # Errors
    /// When `project` cannot name a directory.
    pub fn run(&self, project: &str, id: RunId) -> Result<RunDirectory, LedgerError> {
        Ok(RunDirectory::new(self.project(project)?.join(id.as_str()), id))
    }

    /// The directory of `project`, which need not exist.
    pub(crate) fn project(&self, project: &str) -> Result<PathBuf, LedgerError> {
        let fits = (1..=200).contains(&project.len())
            && !project.starts_with('.')
            && !project.chars().any(|c| c == '/' || c.is_control());
        if fits { Ok(self.runs().join(project)) } else { Err(LedgerError::Project(project.to_owned())) }
    }

    /// Tells apart a home that takes no files at all from a failure on one path in it.
    pub(crate) fn refused(&self, doing: &'static str, path: &Path, source: io::Error) -> LedgerError {
        use io::ErrorKind as Kind;
        match source.kind() {
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem | Kind::NotADirectory => {
                LedgerError::HomeNotWritable { home: self.root.clone(), source }
            }
            _ => LedgerError::io(doing, path)(source),
        }
    }

    /// The directories of all runs, in no order. Names that are no run ids are passed over, and so is a project that
    /// vanishes meanwhile.
    ///
    /// # Errors
    /// When a directory exists and cannot be read.
    pub fn run_directories(&self) -> Result<Vec<RunDirectory>, LedgerError> {
        let mut found = Vec::new();
        for project in self.projects()? {
            for run in entries(&project)? {
                if let Some(id) = run.file_name().to_str().and_then(|name| name.parse().ok()) {
                    found.push(RunDirectory::new(run.path(), id));
                }
            }
        }
        Ok(found)
    }

    /// The directories of the runs with this id, one in a project at most.
    pub(crate) fn run_directories_of(&self, id: RunId) -> Result<Vec<RunDirectory>, LedgerError> {
        let directories = self.projects()?.into_iter().map(|project| project.join(id.as_str()));
        Ok(directories.filter(|path| path.is_dir()).map(|path| RunDirectory::new(path, id)).collect())
    }

    pub(crate) fn projects(&self) -> Result<Vec<PathBuf>, LedgerError> {
        let projects = entries(&self.runs())?.into_iter();
        Ok(projects
            .filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()))
            .map(|entry| entry.path())
            .collect())
    }
}

/// What a directory holds; nothing when it does not exist.
fn entries(directory: &Path) -> Result<Vec<fs::DirEntry>, LedgerError> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(LedgerError::io("list", directory)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(LedgerError::io("list", directory)(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(variables: &[(&str, &str)]) -> Option<PathBuf> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        Home::from_variables(variable).ok().map(|home| home.path().to_owned())
    }

    #[test]
    fn the_variables_in_their_order() {
        let all = [("AETHER_HOME", "/a"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(home(&all), Some("/a".into()));
        assert_eq!(home(&all[1..]), Some("/x/aether".into()));
        assert_eq!(home(&all[2..]), Some("/h/.local/share/aether".into()));
        assert_eq!(home(&[("AETHER_HOME", ""), ("XDG_DATA_HOME", "relative"), all[2]]), home(&all[2..]));
        assert_eq!(home(&[]), None);
    }

    #[test]
    fn a_project_stays_inside_the_home() {
        let home = Home::at("/h");
        for bad in ["", ".", "..", "a/b", "/etc", "a\0", "a\n", &"x".repeat(201)] {
            assert!(home.project(bad).is_err(), "{bad:?}");
        }
        for good in ["default", "a b", "Größe", "..a".trim_start_matches('.'), "-rf"] {
            assert_eq!(home.project(good).unwrap(), Path::new("/h/runs").join(good));
        }
    }
}
