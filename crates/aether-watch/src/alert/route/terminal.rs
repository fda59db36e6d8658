//! A line on a terminal.

use std::{
    fs::{self, File},
    io::{self, IsTerminal, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use serde::Deserialize;

use super::{super::message::one_line, Message};

/// Others in its group may write to it: what `mesg y` sets.
const MESSAGES: u32 = 0o020;

/// Which terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// This one; else the one that the program's standard error is, else all of the user's that accept messages
    /// (`mesg`).
    device: Option<PathBuf>,
}

impl Terminal {
    pub(super) fn send(&self, message: &Message) -> Result<(), String> {
        let line = format!("\r{}: {}\r\n", message.title(), one_line(&message.sentences.join("; ")));
        if let Some(device) = &self.device {
            return write(device, &line).map_err(|error| format!("{}: {error}", device.display()));
        }
        let mut stderr = io::stderr();
        if stderr.is_terminal() {
            return stderr.write_all(line.as_bytes()).map_err(|error| format!("standard error: {error}"));
        }
        let written = open_ones().iter().filter(|device| write(device, &line).is_ok()).count();
        if written > 0 { Ok(()) } else { Err("no terminal of yours accepts messages; see `mesg`".to_owned()) }
    }
}

/// Terminals of this user that accept messages.
fn open_ones() -> Vec<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let Ok(listing) = fs::read_dir("/dev/pts") else { return Vec::new() };
    let accepts = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|m| m.file_type().is_char_device() && m.uid() == user && m.mode() & MESSAGES != 0)
    };
    listing.filter_map(|file| Some(file.ok()?.path())).filter(|path| accepts(path)).collect()
}

/// Never waits: a terminal whose flow is stopped takes nothing.
fn write(device: &Path, line: &str) -> io::Result<()> {
    let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits() as i32;
    let mut file: File = File::options().write(true).custom_flags(flags).open(device)?;
    if !file.is_terminal() {
        return Err(io::Error::other("is no terminal"));
    }
    file.write_all(line.as_bytes())
}
