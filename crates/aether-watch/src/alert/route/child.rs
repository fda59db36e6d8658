//! Programs that are handed a message.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::PATIENCE;

/// So much of what a program complains about is passed on, in bytes.
const COMPLAINT: u64 = 400;

/// Runs `command` with `input` on its standard input. An error says how it failed.
pub(super) fn feed(mut command: Command, input: &[u8]) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    // One that reads nothing, or says much, must not be waited for by a write or a read of ours.
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let input = input.to_owned();
    thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let (say, said) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let Some(mut stderr) = stderr else { return };
        let mut text = Vec::new();
        let _ = stderr.by_ref().take(COMPLAINT).read_to_end(&mut text);
        let _ = say.send(String::from_utf8_lossy(&text).trim().to_owned());
        let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    });
    let began = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it took longer than {} s and was killed", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("{program} cannot be waited for: {error}")),
        }
    };
    if status.success() {
        return Ok(());
    }
    // What it began may hold its standard error open.
    let complaint = said.recv_timeout(Duration::from_millis(500)).unwrap_or_default();
    let colon = if complaint.is_empty() { "" } else { ": " };
    Err(format!("it ended with {status}{colon}{complaint}"))
}
