//! The last lines that a run printed.

use std::{fs::File, io, os::unix::fs::FileExt};

use aether_exec::{
    playback::{self, Playback},
    recording,
};
use aether_ledger::RunDirectory;

use crate::board::Stream;

/// So many bytes from the end are looked at: what anybody scrolls through in a terminal.
const TAIL: u64 = 256 * 1024;
/// Lines at most.
const LINES: usize = 2000;

/// The last lines of the last session, as a screen would show them in the end; none where nothing was printed.
pub(super) fn tail(directory: &RunDirectory, stream: Stream) -> Vec<String> {
    read(directory, stream).unwrap_or_default()
}

/// How many bytes the last session printed.
pub(super) fn length(directory: &RunDirectory) -> u64 {
    let raw = playback::sessions(&directory.output()).ok().and_then(|mut sessions| sessions.pop());
    raw.and_then(|raw| raw.metadata().ok()).map_or(0, |metadata| metadata.len())
}

fn read(directory: &RunDirectory, stream: Stream) -> io::Result<Vec<String>> {
    let Some(raw) = playback::sessions(&directory.output())?.pop() else { return Ok(Vec::new()) };
    let wanted = match stream {
        Stream::All => {
            let file = File::open(raw)?;
            let end = file.metadata()?.len();
            let mut bytes = vec![0; end.min(TAIL) as usize];
            file.read_exact_at(&mut bytes, end - end.min(TAIL))?;
            return Ok(lines(&bytes, end > TAIL));
        }
        Stream::Stdout => recording::Stream::Stdout,
        Stream::Stderr => recording::Stream::Stderr,
    };
    let mut playback = Playback::open(&raw)?;
    playback.skip_to_last(LINES)?;
    let mut bytes = Vec::new();
    while let Some((piece, more)) = playback.next(u64::MAX)? {
        if piece.stream == wanted {
            bytes.extend_from_slice(more);
        }
    }
    Ok(lines(&bytes, false))
}

/// Without colours; of what a carriage return wrote over, the last.
fn lines(bytes: &[u8], torn: bool) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let plain = console::strip_ansi_codes(&text);
    let mut lines: Vec<String> = plain
        .lines()
        .skip(usize::from(torn))
        .map(|line| line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default().to_owned())
        .collect();
    let more = lines.len().saturating_sub(LINES);
    lines.drain(..more);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_a_screen_shows_them() {
        let text = b"torn\n\x1b[31mred\x1b[0m\nstep 1\rstep 2\r\nlast";
        assert_eq!(lines(text, true), ["red", "step 2", "last"]);
        assert_eq!(lines(b"", false), Vec::<String>::new());
    }
}
