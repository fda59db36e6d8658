//! `artifacts`: what runs left and took, by content.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use aether_core::{AtomicFile, Listener, RunId, Signal, signal, suggest};
use aether_ledger::{Blobs, Direction, Entry, Index, NamedBlob, SignalLog};
use serde::Serialize;

use crate::{cli, context::Context, failure::Failure, text};

/// One artifact of one run.
#[derive(Debug, Serialize)]
pub(crate) struct ArtifactRow {
    /// What it is.
    #[serde(flatten)]
    pub(crate) blob: NamedBlob,
    /// The run that left or took it.
    pub(crate) run: RunId,
    /// What has become of its content.
    pub(crate) content: Content,
}

/// What has become of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Content {
    /// It is there, and as long as it should be; with `--verify`: it is what its digest says.
    Kept,
    /// It is not there.
    Missing,
    /// It is another one.
    Damaged,
}

impl Content {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

/// A file that was written.
#[derive(Debug, Serialize)]
pub(crate) struct Exported {
    /// What it is.
    #[serde(flatten)]
    pub(crate) blob: NamedBlob,
    /// The file.
    pub(crate) file: PathBuf,
}

pub(super) fn run(args: &cli::Artifacts, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = context.home()?;
    let index = Index::open(&home)?;
    let blobs = home.blobs();
    let run = args.run.as_deref().map(|query| index.find(query)).transpose()?;
    if let (Some(file), Some(run)) = (&args.add, run) {
        let row = add(args, file, run, &blobs)?;
        context.render().artifacts(&[row])?;
        return Ok(());
    }
    let runs: Vec<&Entry> = run.map_or_else(|| index.entries().iter().collect(), |run| vec![run]);
    if let Some(wanted) = &args.export {
        return export(wanted, args.output.as_deref(), &runs, &blobs, context);
    }
    let rows: Vec<ArtifactRow> =
        listed(&runs).map(|(run, blob)| row(run, blob, &blobs, args.verify)).collect();
    let damaged: Vec<&ArtifactRow> = rows.iter().filter(|row| row.content == Content::Damaged).collect();
    if rows.is_empty() {
        context.note("no artifacts; `artifacts RUN --add FILE` makes one");
    }
    context.render().artifacts(&rows)?;
    match damaged[..] {
        [] => Ok(()),
        [first, ..] => Err(Failure::work(format!(
            "{} damaged, such as '{}' in {}; restore it from a backup, or add it again",
            text::count(damaged.len() as u64, "content"),
            text::escape(&first.blob.name),
            blobs.path(first.blob.digest).display(),
        ))),
    }
}

/// The artifacts of these runs, newest run first, each once.
fn listed<'a>(runs: &[&'a Entry]) -> impl Iterator<Item = (RunId, &'a NamedBlob)> + use<'a> {
    let mut runs = runs.to_vec();
    runs.sort_by_key(|run| std::cmp::Reverse(run.created));
    runs.into_iter().flat_map(|run| {
        let first = |at: usize| !run.artifacts[..at].contains(&run.artifacts[at]);
        (0..run.artifacts.len()).filter(move |&at| first(at)).map(|at| (run.id, &run.artifacts[at]))
    })
}

fn row(run: RunId, blob: &NamedBlob, blobs: &Blobs, verify: bool) -> ArtifactRow {
    let content = match blobs.length(blob.digest) {
        None => Content::Missing,
        Some(length) if length != blob.bytes => Content::Damaged,
        Some(_) if verify && blobs.verify(blob.digest).is_err() => Content::Damaged,
        Some(_) => Content::Kept,
    };
    ArtifactRow { blob: blob.clone(), run, content }
}

fn add(args: &cli::Artifacts, file: &Path, run: &Entry, blobs: &Blobs) -> Result<ArtifactRow, Failure> {
    let name = args.name.clone().or_else(|| Some(file.file_name()?.to_string_lossy().into_owned()));
    let kept = blobs.put_file(file)?;
    let blob = NamedBlob {
        name: name.unwrap_or_default(),
        kind: args.kind.clone(),
        digest: kept.digest,
        bytes: kept.bytes,
        direction: if args.input { Direction::Input } else { Direction::Output },
    };
    let step = run.metrics.values().map(|summary| summary.last_step).max().unwrap_or(0);
    let log = SignalLog::create(&run.directory, run.resumed)?;
    log.on(signal::now(), &Signal::Event(blob.event(step)));
    log.sync().map_err(Failure::work)?;
    Ok(ArtifactRow { blob, run: run.id, content: Content::Kept })
}

/// Writes the content of the newest artifact of a name, or of a digest.
fn export(
    wanted: &str,
    output: Option<&Path>,
    runs: &[&Entry],
    blobs: &Blobs,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let all: Vec<&NamedBlob> = listed(runs).map(|(_, blob)| blob).collect();
    // In a run the last one of a name; of several runs, the newest run's.
    let of = |run: &&Entry| run.artifacts.iter().rev().find(|blob| answers(blob, wanted)).cloned();
    let mut newest = runs.to_vec();
    newest.sort_by_key(|run| std::cmp::Reverse(run.created));
    let Some(blob) = newest.iter().find_map(of) else { return Err(unknown(wanted, &all)) };
    if output == Some(Path::new("-")) {
        let mut out = io::stdout().lock();
        blobs.copy(blob.digest, &mut out)?;
        out.flush()?;
        return Ok(());
    }
    let named = Path::new(&blob.name).file_name().map(PathBuf::from);
    let file = output.map(Path::to_owned).or(named).ok_or_else(|| {
        Failure::request(format!("'{}' names no file; say where with -o PATH", text::escape(&blob.name)))
    })?;
    let failed = |e: io::Error| {
        Failure::work(format!("cannot write {}: {e}; name another file with -o", file.display()))
    };
    let mut written = AtomicFile::create(&file).map_err(failed)?;
    blobs.copy(blob.digest, &mut written)?;
    written.publish().map_err(failed)?;
    context.render().exported(&Exported { blob, file })?;
    Ok(())
}

/// Whether a text names this artifact: by its name, or by its digest or at least eight digits of it.
pub(super) fn answers(blob: &NamedBlob, wanted: &str) -> bool {
    blob.name == wanted || (wanted.len() >= 8 && blob.digest.to_string().starts_with(wanted))
}

/// Nothing has this name; `all` have others.
fn unknown(wanted: &str, all: &[&NamedBlob]) -> Failure {
    let near = suggest::nearest(wanted, all.iter().map(|blob| blob.name.as_str()))
        .map_or(";".to_owned(), |near| format!("; did you mean '{}'?", text::escape(near)));
    Failure::request(format!(
        "no artifact is called '{}'{near} list them with `artifacts`",
        text::escape(wanted)
    ))
}
