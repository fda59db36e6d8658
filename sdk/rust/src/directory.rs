//! The directory and the record of a run that this program began itself.

use std::{
    env,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    Value,
    json::{self},
    log::host,
    masking, now, variable,
};

/// Crockford's base 32, in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A run whose record is this program's to write.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) directory: PathBuf,
    record: Vec<(String, Value)>,
}

/// `$AETHER_HOME`, else `$XDG_DATA_HOME/aether`, else `~/.local/share/aether`.
pub(crate) fn home() -> io::Result<PathBuf> {
    let set = |name| variable(name).map(PathBuf::from);
    set("AETHER_HOME")
        .or_else(|| set("XDG_DATA_HOME").filter(|p| p.is_absolute()).map(|p| p.join("aether")))
        .or_else(|| set("HOME").map(|p| p.join(".local/share/aether")))
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "nowhere to keep runs: set AETHER_HOME"))
}

impl Owned {
    pub(crate) fn create(home: &Path, project: &str, name: &str) -> io::Result<Self> {
        if project.is_empty()
            || project.len() > 200
            || project.starts_with('.')
            || project.contains(|c: char| c == '/' || c.is_control())
        {
            let said = format!("'{project}' cannot name a project: no '/', no dot first, 1 to 200 bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, said));
        }
        let parent = home.join("runs").join(project);
        fs::create_dir_all(&parent)?;
        let (id, directory) = loop {
            let id = random_id()?;
            let directory = parent.join(&id);
            match fs::create_dir(&directory) {
                Ok(()) => break (id, directory),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        };
        fs::create_dir(directory.join("signals"))?;
        fs::create_dir(directory.join("output"))?;
        let text = |s: &str| Value::Text(s.to_owned());
        let command = masking::command(env::args_os().map(|word| word.to_string_lossy().into_owned()));
        let command = command.into_iter().map(Value::Text).collect();
        let here = env::current_dir().unwrap_or_default();
        let pid = std::process::id();
        let fields = [
            ("id", text(&id)),
            ("name", text(name)),
            ("project", text(project)),
            ("kind", text("script")),
            ("state", text("running")),
            ("spec", Value::Object(Vec::new())),
            ("command", Value::List(command)),
            ("directory", text(&here.to_string_lossy())),
            ("host", Value::Text(host())),
            ("pid", Value::Integer(i64::from(pid))),
            ("pid_start", Value::Integer(pid_start())),
            ("created", Value::Text(rfc3339(now()))),
            ("ended", Value::Null),
            ("reason", Value::Null),
            ("resumed", Value::Integer(0)),
            ("artifacts", Value::List(Vec::new())),
        ];
        let owned = Self { directory, record: json::fields(fields) };
        owned.write()?;
        Ok(owned)
    }

    /// Writes the record for the last time; a forked child leaves that to its parent.
    pub(crate) fn end(mut self, state: &str, reason: Option<&str>) -> io::Result<()> {
        let mine = Value::Integer(i64::from(std::process::id()));
        if self.record.iter().any(|(name, value)| name == "pid" && *value != mine) {
            return Ok(());
        }
        for (name, value) in &mut self.record {
            match name.as_str() {
                "state" => *value = state.into(),
                "ended" => *value = rfc3339(now()).into(),
                "reason" => *value = reason.map_or(Value::Null, Value::from),
                _ => {}
            }
        }
        self.write()
    }

    /// Written beside, synced, renamed: never a part of it.
    fn write(&self) -> io::Result<()> {
        let mut text = String::new();
        json::object(&self.record, &mut text);
        let part = self.directory.join(format!(".run.json.{}.0.part", std::process::id()));
        let mut file = File::create(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(part, self.directory.join("run.json"))?;
        File::open(&self.directory)?.sync_all()
    }
}

fn random_id() -> io::Result<String> {
    let mut bits = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bits)?;
    Ok(bits.iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect())
}

/// Field 22 of `/proc/self/stat`, proc(5); field 2 may hold spaces and parentheses.
fn pid_start() -> i64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_ascii_whitespace().nth(19).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// Days to a date after Howard Hinnant's `civil_from_days`.
fn rfc3339(nanos: i64) -> String {
    let (days, rest) = (nanos.div_euclid(86_400_000_000_000), nanos.rem_euclid(86_400_000_000_000));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (seconds, fraction) = (rest / 1_000_000_000, rest % 1_000_000_000);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{fraction:09}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(rfc3339(1_709_210_096_000_000_001), "2024-02-29T12:34:56.000000001Z");
        assert_eq!(rfc3339(1_798_761_599_999_999_999), "2026-12-31T23:59:59.999999999Z");
    }
}
