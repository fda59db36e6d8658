//! Values that need not stand in the file.

use std::{env, fmt, fs};

use serde::Deserialize;

/// A text that nobody may see printed. `$NAME` stands for the environment variable of that name, `@FILE` for the first
/// line of that file; both are read when they are needed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text that it stands for.
    pub(super) fn reveal(&self) -> Result<String, String> {
        if let Some(name) = self.0.strip_prefix('$') {
            return env::var(name).map_err(|_| format!("the environment variable {name} is not set"));
        }
        if let Some(path) = self.0.strip_prefix('@') {
            let text = fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
            return Ok(text.lines().next().unwrap_or_default().trim().to_owned());
        }
        Ok(self.0.clone())
    }

    /// What the file says, when it says it openly.
    pub(super) fn written(&self) -> Option<&str> {
        (!self.0.starts_with(['$', '@'])).then_some(self.0.as_str())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("...")
    }
}
