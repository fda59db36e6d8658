//! From a file to its text.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use super::{ConfigError, limits, node::Node, parse::parse};

/// Reads the file at `path`.
///
/// # Errors
/// When it cannot be read, is larger than [`limits::BYTES`], is not UTF-8, or is not YAML as [`parse`] takes it.
pub fn load(path: &Path) -> Result<Node, ConfigError> {
    let name = path.display().to_string();
    let cannot = |error: std::io::Error| ConfigError::new(format!("{name} cannot be read: {error}"));
    let metadata = fs::metadata(path).map_err(|error| {
        let cannot = cannot(error);
        match other_extension(path) {
            Some(other) => cannot.with_help(format!("there is a {other}")),
            None => cannot,
        }
    })?;
    if metadata.is_dir() {
        return Err(ConfigError::new(format!("{name} is a directory, not a file")));
    }
    if metadata.len() > limits::BYTES as u64 {
        return Err(too_large(&name));
    }
    let mut bytes = Vec::new();
    // A pipe has no length, and a file may grow.
    File::open(path)
        .and_then(|file| file.take(limits::BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(cannot)?;
    parse_bytes(&name, bytes)
}

/// The same file name as `path` with YAML's other extension, if there is such a file.
fn other_extension(path: &Path) -> Option<String> {
    let other = path.with_extension(if path.extension()? == "yml" { "yaml" } else { "yml" });
    other.is_file().then(|| other.display().to_string())
}

pub(super) fn too_large(name: &str) -> ConfigError {
    ConfigError::new(format!("{name} is larger than {} MiB: that is no configuration", limits::BYTES >> 20))
}

fn parse_bytes(name: &str, bytes: Vec<u8>) -> Result<Node, ConfigError> {
    if bytes.len() > limits::BYTES {
        return Err(too_large(name));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ConfigError::new(format!("{name} is UTF-16: save it as UTF-8")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => parse(name, &text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let byte = bytes.get(at).copied().unwrap_or_default();
            Err(ConfigError::new(format!("{name} is not UTF-8 text: byte {byte:#04x} on line {line}")))
        }
    }
}
