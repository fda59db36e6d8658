//! What is asked for: a command, and how it is to be run.

use std::{path::PathBuf, time::Duration};

use serde_json::{Map, Value, json};

use crate::facts::secrets;

/// A command to supervise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The program and its arguments; not empty.
    pub command: Vec<String>,
    /// What the run is called; else a name made from the command.
    pub name: Option<String>,
    /// The folder that the run is filed under.
    pub project: String,
    /// Words to find the run by.
    pub tags: Vec<String>,
    /// Variables that the user sets for the program.
    pub variables: Vec<(String, String)>,
    /// Variables that Aether sets beside those of the run, such as `PYTHONPATH`; not part of the record.
    pub injected: Vec<(String, std::ffi::OsString)>,
    /// The directory that the program begins in, absolute.
    pub directory: PathBuf,
    /// How often it is begun again when it failed.
    pub retries: u32,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
}

impl Spec {
    /// What `run.json` keeps as the run's `spec`.
    pub(crate) fn to_json(&self) -> Value {
        let variables: Map<String, Value> = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), secrets::masked(name, value).into()))
            .collect();
        json!({
            "command": secrets::masked_command(&self.command),
            "directory": self.directory,
            "variables": variables,
            "retries": self.retries,
            "timeout_seconds": self.timeout.map(|t| t.as_secs_f64()),
        })
    }

    /// The run's name: the one given, else the script's or the module's that an interpreter runs, else the program's.
    pub(crate) fn run_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| name_of(&self.command))
    }
}

fn name_of(command: &[String]) -> String {
    let stem = |word: &str| {
        let file = word.rsplit('/').find(|part| !part.is_empty()).unwrap_or(word);
        let end = file.rfind('.').filter(|&at| at > 0).unwrap_or(file.len());
        file[..end].to_owned()
    };
    let mut words = command.iter();
    let program = words.next().map(|word| word.rsplit('/').next().unwrap_or(word)).unwrap_or_default();
    let interpreter = ["python", "bash", "sh", "Rscript", "julia", "node", "perl", "ruby"]
        .iter()
        .any(|known| program.strip_prefix(known).is_some_and(is_version));
    if interpreter {
        while let Some(word) = words.next() {
            match word.as_str() {
                "-m" => return words.next().map_or_else(|| program.to_owned(), Clone::clone),
                "-c" => break,
                option if option.starts_with('-') => {}
                script => return stem(script),
            }
        }
    }
    if program.is_empty() { "command".to_owned() } else { program.to_owned() }
}

fn is_version(rest: &str) -> bool {
    rest.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_command() {
        let of = |line: &str| name_of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("python train.py --epochs 3"), "train");
        assert_eq!(of("/usr/bin/python3.11 -u ./src/train.py"), "train");
        assert_eq!(of("python -m torch.distributed.run x"), "torch.distributed.run");
        assert_eq!(of("python -c print(1)"), "python");
        assert_eq!(of("./bin/simulate.exe -v"), "simulate.exe");
        assert_eq!(of("bash"), "bash");
        assert_eq!(of("sh .hidden"), ".hidden");
    }
}
