//! How a command ends: its exit code and what it says when it did not do what it was asked.

use std::{fmt, io, process::ExitCode};

use aether_core::config::ConfigError;
use aether_exchange::ExchangeError;
use aether_ledger::LedgerError;

/// Why a command did not do what it was asked. The texts say what failed, on what, and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request was wrong: exit code 2.
    Request(String),
    /// The work failed: exit code 1.
    Work(String),
    /// Somebody stopped it; the text says how to go on. Exit code 130.
    Interrupted(String),
    /// Whoever read the output has heard enough, as `head` does: nothing to complain about.
    PipeClosed,
    /// What a supervised program returned; it has said why itself.
    Status(u8),
}

impl Failure {
    /// What the process returns.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::PipeClosed => 0,
            Self::Status(status) => *status,
            Self::Work(_) => 1,
            Self::Request(_) => 2,
            Self::Interrupted(_) => 130,
        })
    }

    /// What is said on standard error, if anything.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Request(message) | Self::Work(message) | Self::Interrupted(message) => Some(message),
            Self::PipeClosed | Self::Status(_) => None,
        }
    }

    /// The request was wrong.
    pub(crate) fn request(message: impl fmt::Display) -> Self {
        Self::Request(message.to_string())
    }

    /// The work failed.
    pub(crate) fn work(message: impl fmt::Display) -> Self {
        Self::Work(message.to_string())
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Io { .. }
            | LedgerError::NotARun { .. }
            | LedgerError::HomeNotWritable { .. }
            | LedgerError::NoBlob { .. }
            | LedgerError::DamagedBlob { .. } => Self::work(error),
            _ => Self::request(error),
        }
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Ledger(error) => error.into(),
            ExchangeError::Malformed { .. } | ExchangeError::Nothing { .. } => Self::request(error),
            _ => Self::work(error),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::request(error)
    }
}

/// Of writing a result to standard output, the only I/O that commands do themselves without naming a file.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Work(format!("cannot write the result to standard output: {error}")),
        }
    }
}
