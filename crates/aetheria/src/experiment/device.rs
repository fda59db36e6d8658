//! `device`: where the arithmetic is done.

use serde::{Deserialize, Serialize};

/// Where the arithmetic is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum Device {
    /// The fastest that this machine and this build have: the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            _ => Err(format!("must be `cpu` or `auto`, found `{name}`: this build computes on the CPU only")),
        }
    }
}
