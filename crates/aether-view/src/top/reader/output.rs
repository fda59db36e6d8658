//! The last lines that a run printed.

use std::{fs::File, io, os::unix::fs::FileExt};

use aether_exec::{
    playback::{self, Playback},
    recording,
};
use aether_ledger::RunDirectory;

use crate::{board::Stream, top::printed::Printed};

/// So many bytes from the end are looked at: what anybody scrolls through in a terminal.
const TAIL: u64 = 256 * 1024;
/// Lines at most.
const LINES: usize = 2000;

/// The last lines of the last session, as a screen would show them in the end; none where nothing was printed.
pub(super) fn tail(directory: &RunDirectory, stream: Stream) -> Vec<Printed> {
    read(directory, stream).unwrap_or_default()
}

/// How many bytes the last session printed.
pub(super) fn length(directory: &RunDirectory) -> u64 {
    let raw = playback::sessions(&directory.output()).ok().and_then(|mut sessions| sessions.pop());
    raw.and_then(|raw| raw.metadata().ok()).map_or(0, |metadata| metadata.len())
}

fn read(directory: &RunDirectory, stream: Stream) -> io::Result<Vec<Printed>> {
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

/// The last lines of these bytes; the first of them is left out where its beginning is missing.
fn lines(bytes: &[u8], torn: bool) -> Vec<Printed> {
    let mut lines = Printed::lines(&String::from_utf8_lossy(bytes));
    lines.drain(..lines.len().saturating_sub(LINES).max(usize::from(torn && !lines.is_empty())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_whole() {
        let texts = |bytes: &[u8], torn| -> Vec<String> {
            lines(bytes, torn).into_iter().map(|line| line.text).collect()
        };
        assert_eq!(texts(b"torn\nwhole\nlast", true), ["whole", "last"]);
        assert_eq!(texts("x\n".repeat(LINES + 5).as_bytes(), true).len(), LINES);
        assert!(texts(b"", true).is_empty());
    }
}
