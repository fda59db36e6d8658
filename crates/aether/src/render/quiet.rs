//! Results reduced to what a script needs: ids and names, nothing that is not asked for.

use std::{
    collections::HashSet,
    io::{self, Write},
};

use aether_core::RunId;
use aether_exec::protocol::Ended;
use aether_ledger::{Lineage, Relative, Who};
use aether_view::top::Glance;
use aether_watch::alert::{Delivered, Entry};

use super::{Out, Renderer};
use crate::{
    text,
    verbs::{
        artifacts::{ArtifactRow, Exported},
        compact::CompactedRun,
        compare::Comparison,
        dash::Serving,
        export::PassedOn,
        gc::Gone,
        import::Imported,
        logs::{LogEntry, LogSaid},
        output::Output,
        plot::Plots,
        predict::Predictions,
        ps::{Alive, Watched},
        report::Reported,
        rm::Removed,
        run::Launched,
        runs::RunList,
        show::RunDetails,
        stop::Stopped,
        train::{Began, Checked, Trained},
    },
};

pub(super) struct Quiet {
    out: Out,
    /// Runs whose ids were printed.
    seen: HashSet<RunId>,
}

impl Quiet {
    pub(super) fn new(out: Out) -> Self {
        Self { out, seen: HashSet::new() }
    }
}

impl Renderer for Quiet {
    /// The ids.
    fn runs(&mut self, list: &RunList) -> io::Result<()> {
        list.rows.iter().try_for_each(|row| writeln!(self.out, "{}", row.id))
    }

    /// The id and the state.
    fn show(&mut self, run: &RunDetails) -> io::Result<()> {
        writeln!(self.out, "{} {}", run.run.id, run.standing)
    }

    /// The id.
    fn launched(&mut self, run: &Launched) -> io::Result<()> {
        writeln!(self.out, "{}", run.run)
    }

    fn ran(&mut self, _: &Ended) -> io::Result<()> {
        Ok(())
    }

    /// The ids.
    fn alive(&mut self, runs: &[Alive]) -> io::Result<()> {
        runs.iter().try_for_each(|run| writeln!(self.out, "{}", run.run))
    }

    /// Each run once.
    fn watched(&mut self, watched: &Watched) -> io::Result<()> {
        let new = watched.alive.iter().filter(|run| self.seen.insert(run.run));
        new.map(|run| run.run).try_for_each(|run| writeln!(self.out, "{run}"))
    }

    fn stopped(&mut self, _: &Stopped) -> io::Result<()> {
        Ok(())
    }

    fn output(&mut self, output: &Output<'_>) -> io::Result<()> {
        self.out.write_all(output.bytes)?;
        if output.timed { writeln!(self.out) } else { Ok(()) }
    }

    /// The sentences.
    fn log(&mut self, entry: &LogEntry) -> io::Result<()> {
        match &entry.said {
            LogSaid::Event(event) => writeln!(self.out, "{}", text::escape(&event.message)),
            LogSaid::Point { metric, step, value } => {
                writeln!(self.out, "{} {step} {}", text::escape(metric), value.0)
            }
            LogSaid::Rewind { .. } | LogSaid::Damage { .. } => Ok(()),
        }
    }

    /// Nothing but the files: a plot in the terminal is for a person.
    fn plot(&mut self, plots: &Plots) -> io::Result<()> {
        plots.files.iter().try_for_each(|file| writeln!(self.out, "{}", file.display()))
    }

    /// The ids of the runs.
    fn glance(&mut self, glance: Glance) -> io::Result<()> {
        glance.facts().runs.iter().try_for_each(|run| writeln!(self.out, "{}", run.id))
    }

    /// The names of the parameters that differ.
    fn compare(&mut self, comparison: &Comparison) -> io::Result<()> {
        comparison.parameters.keys().try_for_each(|key| writeln!(self.out, "{}", text::escape(key)))
    }

    /// The id, so that a script can ask for more.
    fn began(&mut self, began: &Began) -> io::Result<()> {
        writeln!(self.out, "{}", began.run)
    }

    fn trained(&mut self, _: &Trained) -> io::Result<()> {
        Ok(())
    }

    fn checked(&mut self, _: &Checked) -> io::Result<()> {
        Ok(())
    }

    fn predictions(&mut self, predictions: &Predictions) -> io::Result<()> {
        if predictions.file.is_some() { Ok(()) } else { predictions.write_csv(&mut self.out) }
    }

    /// The digests.
    fn artifacts(&mut self, rows: &[ArtifactRow]) -> io::Result<()> {
        rows.iter().try_for_each(|row| writeln!(self.out, "{}", row.blob.digest))
    }

    fn exported(&mut self, exported: &Exported) -> io::Result<()> {
        writeln!(self.out, "{}", exported.file.display())
    }

    /// The runs and the digests, those before it and those after it.
    fn lineage(&mut self, lineage: &Lineage) -> io::Result<()> {
        let mut left: Vec<&Relative> = lineage.to.iter().rev().chain(lineage.from.iter().rev()).collect();
        while let Some(relative) = left.pop() {
            match &relative.who {
                Who::Run { run, .. } => writeln!(self.out, "{run}")?,
                Who::Artifact(blob) => writeln!(self.out, "{}", blob.digest)?,
            }
            left.extend(relative.next.iter().rev());
        }
        Ok(())
    }

    /// The names of their files.
    fn alerts(&mut self, waiting: &[Entry]) -> io::Result<()> {
        waiting.iter().try_for_each(|entry| writeln!(self.out, "{}", entry.id))
    }

    fn delivered(&mut self, _: &Delivered) -> io::Result<()> {
        Ok(())
    }

    fn removed(&mut self, _: &Removed) -> io::Result<()> {
        Ok(())
    }

    /// The ids.
    fn compacted(&mut self, runs: &[CompactedRun]) -> io::Result<()> {
        runs.iter().try_for_each(|run| writeln!(self.out, "{}", run.run))
    }

    fn collected(&mut self, gone: &Gone) -> io::Result<()> {
        gone.collected.runs.iter().try_for_each(|(id, _)| writeln!(self.out, "{id}"))
    }

    /// Where it is now.
    fn passed_on(&mut self, passed: &PassedOn) -> io::Result<()> {
        writeln!(self.out, "{}", passed.place)
    }

    /// The id.
    fn imported(&mut self, imported: &Imported) -> io::Result<()> {
        writeln!(self.out, "{}", imported.run)
    }

    fn reported(&mut self, report: &Reported) -> io::Result<()> {
        report.files.iter().try_for_each(|file| writeln!(self.out, "{}", file.display()))
    }

    fn serving(&mut self, server: &Serving) -> io::Result<()> {
        writeln!(self.out, "{}", server.url)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
