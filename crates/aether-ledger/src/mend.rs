//! A damaged file of series is made anew from its logs, if every one of them is still there.
//!
//! Rounds that come before the last lie beside it under a name that no reader looks at and that gc removes. The
//! damaged file goes only when the new one is safe; where logs are gone it stays, for what can be read of it is then
//! all that there is.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process,
};

use crate::{
    LedgerError, RunDirectory, RunReader,
    compact::{Compacted, ROUND, publish},
    series::{self, file::SeriesFile},
    state::{LogState, State},
};

/// Makes the newest file of series anew from the logs, all that they say so far. `None`: there is no such file.
///
/// # Errors
/// When logs that it covers are gone or damaged, or when it is not known which it covers; or a log cannot be read, or
/// a file not be written. What there was is then as it was.
pub fn mend(directory: &RunDirectory) -> Result<Option<Compacted>, LedgerError> {
    let Some(damaged) = series::newest(directory)? else { return Ok(None) };
    in_rounds(directory, &damaged, ROUND).map(Some)
}

pub(crate) fn in_rounds(
    directory: &RunDirectory,
    damaged: &Path,
    round: usize,
) -> Result<Compacted, LedgerError> {
    let lost = |reason: &str| LedgerError::LostSeries { path: damaged.to_owned(), reason: reason.to_owned() };
    let there: u64 = directory.logs()?.iter().map(|(_, length)| length).sum();
    if series::covered(damaged).is_none_or(|covered| covered > there) {
        return Err(lost("logs that it was made of are gone"));
    }
    let before = SeriesFile::open(damaged).ok();
    let before = before.and_then(|file| serde_json::from_slice::<State>(&file.rest).ok());
    let mut part: Option<Part> = None;
    loop {
        let mut reader = match &part {
            None => RunReader::of_logs(directory.clone()),
            Some(part) => RunReader::upon(directory.clone(), &part.0)?,
        };
        reader.poll_some(round, &mut |_| {}, false)?;
        let state = reader.state();
        if reader.held() < round {
            match &before {
                Some(before) if !says_all_of(&state, before) => {
                    return Err(lost("logs that it was made of are gone or damaged too"));
                }
                None if !series::names_part_of(damaged, &state) => {
                    return Err(lost("it cannot be told whether the logs that it was made of are all there"));
                }
                _ => {}
            }
            let done =
                publish(directory, &mut reader, &state, directory.series().join(series::name(&state)))?;
            // One that sorts before the new one has gone already.
            if *damaged > *done.file {
                fs::remove_file(damaged).map_err(LedgerError::io("remove", damaged))?;
            }
            return Ok(done);
        }
        let next = Part::after(part.as_ref(), directory);
        let rest = serde_json::to_vec(&state).map_err(|e| LedgerError::io("describe", &next.0)(e.into()))?;
        series::file::write(&next.0, reader.compactable(), &rest)?;
        part = Some(next);
    }
}

/// Whether what was read of the logs is at least what the file was made of, and no more of it is damaged.
fn says_all_of(read: &State, before: &State) -> bool {
    let offsets: HashMap<&str, u64> = read.logs.iter().map(|log| (&*log.file, log.offset)).collect();
    before.logs.iter().all(|log| offsets.get(&*log.file).copied().unwrap_or(0) >= log.offset)
        && read.damage.iter().all(|damage| {
            // Bytes that no log had when the file was made cannot be missing from it.
            let log = |log: &&LogState| damage.path.ends_with(&log.file);
            let covered = before.logs.iter().find(log).map_or(0, |log| log.offset);
            damage.damage.from >= covered || before.damage.iter().any(|known| known.damage == damage.damage)
        })
}

/// What the rounds so far have made. Removed when dropped.
struct Part(PathBuf);

impl Part {
    fn after(before: Option<&Self>, directory: &RunDirectory) -> Self {
        // Two take turns: one is read while the other is written.
        let name = |turn: u8| directory.series().join(format!(".mend.{}.{turn}.part", process::id()));
        Self(if before.is_some_and(|part| part.0 == name(0)) { name(1) } else { name(0) })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{Listener, Metric, RunState, Signal};

    use super::*;
    use crate::{Home, NewRun, RunWriter, compact::compact_in_rounds};

    const ROUND: usize = 500;

    /// A run of two sessions, the second of which rewinds, with some thousand points.
    fn run(home: &Home) -> RunDirectory {
        let new = NewRun {
            name: "mended".into(),
            project: "default".into(),
            kind: "train".into(),
            spec: serde_json::json!({}),
            command: vec![],
            directory: "/tmp".into(),
            tags: vec![],
        };
        let writer = RunWriter::create(home, new).unwrap();
        let directory = writer.directory().clone();
        say(&writer, 0..1000);
        writer.end(RunState::Interrupted, None).unwrap();
        let writer = RunWriter::resume(directory.clone(), false).unwrap();
        say(&writer, 900..1500);
        writer.end(RunState::Done, None).unwrap();
        directory
    }

    fn say(writer: &RunWriter, steps: std::ops::Range<u64>) {
        let log = writer.log().unwrap();
        log.on(1_800_000_000_000_000_000, &Signal::Rewind { step: steps.start });
        for step in steps {
            for (metric, value) in [("a", step as f64), ("b", 1.0 / step as f64), ("c", f64::NAN)] {
                let signal = Signal::Point { metric: Metric::named(metric), step, value };
                log.on(1_800_000_000_000_000_000 + step as i64, &signal);
            }
        }
        log.sync().unwrap();
    }

    fn points(reader: &RunReader) -> Vec<(String, u64, i64, u64)> {
        assert!(reader.damage().is_empty(), "{:?}", reader.damage());
        let of = |(name, series): (&str, &crate::Series)| {
            let row = |p: &crate::Point| (name.to_owned(), p.step, p.time, p.value.to_bits());
            series.points().iter().map(row).collect::<Vec<_>>()
        };
        let points = reader.metrics().flat_map(of).collect();
        assert!(reader.series_damage().is_empty());
        points
    }

    /// What the logs say, whatever was compacted.
    fn logs_say(directory: &RunDirectory) -> RunReader {
        let mut reader = RunReader::of_logs(directory.clone());
        reader.poll(|_| {}).unwrap();
        reader
    }

    fn in_series(directory: &RunDirectory) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory.series())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Damages a file in its chunks, its directory, its list of logs, its end, or by its length.
    fn damage(file: &Path, how: usize) {
        let mut bytes = fs::read(file).unwrap();
        let trailer = bytes.len() - 52;
        let place = |at: usize| u64::from_le_bytes(*bytes[trailer + at..].first_chunk().unwrap()) as usize;
        let at = [20, place(0) + 3, place(20) + 3, bytes.len() - 1][how.min(3)];
        match how {
            4 => bytes.truncate(bytes.len() / 2),
            _ => bytes[at] ^= 0x10,
        }
        fs::write(file, bytes).unwrap();
    }

    #[test]
    fn a_damaged_file_is_made_anew_in_several_rounds_when_its_logs_are_there() {
        for how in 0..5 {
            for grown in [false, true] {
                let dir = tempfile::tempdir().unwrap();
                let directory = run(&Home::at(dir.path()));
                let expected = points(&logs_say(&directory));
                assert!(expected.len() > 3 * ROUND);
                let made = compact_in_rounds(&directory, ROUND).unwrap().unwrap();
                assert_eq!(in_series(&directory).len(), 1, "each round takes the place of the one before");
                assert_eq!(points(&RunReader::open(directory.clone()).unwrap()), expected);
                damage(&made.file, how);
                if grown {
                    let writer = RunWriter::resume(directory.clone(), false).unwrap();
                    say(&writer, 1500..1600);
                    writer.end(RunState::Done, None).unwrap();
                }
                let expected = points(&logs_say(&directory));
                let mended = in_rounds(&directory, &made.file, ROUND).unwrap();
                assert_eq!(mended.file == made.file, !grown, "damage {how}");
                assert_eq!(mended.points, expected.len() as u64);
                assert_eq!(in_series(&directory).len(), 1, "the damaged one and the parts are gone");
                assert_eq!(points(&RunReader::open(directory.clone()).unwrap()), expected);
                assert_eq!(compact_in_rounds(&directory, ROUND).unwrap(), None, "nothing is left to do");
            }
        }
    }

    #[test]
    fn compaction_makes_a_file_that_cannot_be_read_anew_once() {
        for how in 1..5 {
            let dir = tempfile::tempdir().unwrap();
            let directory = run(&Home::at(dir.path()));
            let made = compact_in_rounds(&directory, ROUND).unwrap().unwrap();
            damage(&made.file, how);
            assert_eq!(compact_in_rounds(&directory, ROUND).unwrap().unwrap().file, made.file);
            assert_eq!(SeriesFile::open(&made.file).unwrap().series.len(), 3);
            assert_eq!(compact_in_rounds(&directory, ROUND).unwrap(), None);
        }
    }

    #[test]
    fn a_damaged_file_stays_as_it_is_when_a_log_is_gone_or_damaged_too() {
        for how in 0..5 {
            for gone in [true, false] {
                let dir = tempfile::tempdir().unwrap();
                let directory = run(&Home::at(dir.path()));
                let made = compact_in_rounds(&directory, ROUND).unwrap().unwrap();
                damage(&made.file, how);
                let left = fs::read(&made.file).unwrap();
                let mut logs = directory.logs().unwrap();
                logs.sort();
                if gone {
                    fs::remove_file(&logs[0].0).unwrap();
                    // As many bytes are there as before: that they are others is told all the same.
                    let writer = RunWriter::resume(directory.clone(), false).unwrap();
                    say(&writer, 1500..4000);
                    writer.end(RunState::Done, None).unwrap();
                } else {
                    let file = fs::File::options().write(true).open(&logs[0].0).unwrap();
                    file.set_len(logs[0].1 - 10).unwrap();
                }
                let error = in_rounds(&directory, &made.file, ROUND).unwrap_err();
                assert!(matches!(error, LedgerError::LostSeries { .. }), "{error}");
                if how > 0 {
                    let error = compact_in_rounds(&directory, ROUND).unwrap_err();
                    assert!(matches!(error, LedgerError::LostSeries { .. }), "{error}");
                }
                assert_eq!(fs::read(&made.file).unwrap(), left);
                assert_eq!(in_series(&directory).len(), 1);
            }
        }
    }
}
