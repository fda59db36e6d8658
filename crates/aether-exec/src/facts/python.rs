//! Python and its packages, when the command is Python: read from the files of the installation, without starting
//! another Python.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use crate::spec::Spec;

#[derive(Debug)]
pub(super) struct Python {
    pub(super) about: Value,
    pub(super) packages: Map<String, Value>,
}

/// What is known of the Python that the command runs; `None` when it runs none that can be seen.
pub(super) fn facts(spec: &Spec) -> Option<Python> {
    let variable = |name: &str| {
        let set = spec.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.into());
        set.or_else(|| env::var_os(name))
    };
    let path = variable("PATH").unwrap_or_default();
    let find = |name: &str| {
        if name.contains('/') {
            let path = spec.directory.join(name);
            return path.is_file().then_some(path);
        }
        env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
    };
    let program = find(spec.command.first()?)?;
    let executable = interpreter(&program, &find)?;
    let home = variable("HOME").map(PathBuf::from);
    Some(of(&executable, home.as_deref()))
}

/// The Python that `program` is, or that its first line names.
fn interpreter(program: &Path, find: &impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if is_python(program.file_name()?.to_str()?) {
        return Some(program.to_owned());
    }
    let mut head = Vec::new();
    File::open(program).ok()?.take(256).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let mut words = head.strip_prefix("#!")?.lines().next()?.split_ascii_whitespace();
    let first = words.next()?;
    let name = first.rsplit('/').next()?;
    if name == "env" {
        let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return is_python(name).then(|| find(name)).flatten();
    }
    is_python(name).then(|| PathBuf::from(first))
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn of(executable: &Path, home: Option<&Path>) -> Python {
    let resolved = fs::canonicalize(executable).unwrap_or_else(|_| executable.to_owned());
    // A virtual environment is where the name stands, its base where the name leads (PEP 405).
    let prefix = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    let (own, base) = (prefix(executable), prefix(&resolved));
    let settings = fs::read_to_string(own.join("pyvenv.cfg")).ok();
    let setting = |name: &str| {
        settings
            .as_deref()?
            .lines()
            .filter_map(|line| line.split_once('='))
            .find_map(|(key, value)| (key.trim() == name).then(|| value.trim().to_owned()))
    };
    let short = resolved
        .file_name()
        .and_then(|name| name.to_str()?.strip_prefix("python"))
        .filter(|version| version.contains('.'))
        .map(str::to_owned);
    let version = setting("version").or_else(|| setting("version_info")).or_else(|| short.clone());
    let minor = short.or_else(|| version.as_deref().map(minor_of));

    let mut places = Vec::new();
    let shared = settings.is_none() || setting("include-system-site-packages").is_some_and(|v| v == "true");
    if let Some(minor) = &minor {
        let library = |prefix: &Path| prefix.join(format!("lib/python{minor}/site-packages"));
        places.push(library(&own));
        if shared {
            places.extend(home.map(|home| library(&home.join(".local"))));
            places.push(library(&base));
            // Debian's own layout.
            places.push(base.join(format!("local/lib/python{minor}/dist-packages")));
            places.push(base.join("lib/python3/dist-packages"));
        }
    }
    let mut packages = BTreeMap::new();
    for (name, version) in places.iter().flat_map(|place| installed(place)) {
        // The first place on the path is the one that is imported from.
        packages.entry(name).or_insert(version);
    }
    let about = json!({
        "executable": executable,
        "version": version,
        "virtual_environment": settings.is_some().then_some(&own),
    });
    Python { about, packages: packages.into_iter().map(|(name, version)| (name, version.into())).collect() }
}

fn minor_of(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// Names and versions of the packages installed in a directory: `<name>-<version>.dist-info` (the core metadata
/// specification), and the older `<name>-<version>.egg-info`.
fn installed(place: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let name = name.to_str()?;
            let stem = name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info"))?;
            let (name, version) = stem.split_once('-')?;
            // An egg says for which Python it is, too.
            let version = version.split("-py").next().unwrap_or(version);
            Some((name.replace('_', "-").to_lowercase(), version.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_python() {
        for name in ["python", "python3", "python3.11"] {
            assert!(is_python(name));
        }
        for name in ["pythonic", "ipython", "python-config", "bash"] {
            assert!(!is_python(name));
        }
    }

    #[test]
    fn a_virtual_environment_and_a_script_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("bin/python", "");
        write("pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n");
        write("lib/python3.11/site-packages/numpy-2.3.1.dist-info/METADATA", "");
        write("lib/python3.11/site-packages/scikit_learn-1.7.0.dist-info/METADATA", "");
        write("lib/python3.11/site-packages/old-0.1-py3.11.egg-info/PKG-INFO", "");
        write("bin/train", &format!("#!{}\n", dir.path().join("bin/python").display()));
        let find = |name: &str| Some(dir.path().join("bin").join(name));
        let executable = interpreter(&dir.path().join("bin/train"), &find).unwrap();
        let python = of(&executable, None);
        assert_eq!(python.about["version"], "3.11.2");
        let packages = Value::Object(python.packages);
        assert_eq!(packages, json!({"numpy": "2.3.1", "old": "0.1", "scikit-learn": "1.7.0"}));
    }
}
