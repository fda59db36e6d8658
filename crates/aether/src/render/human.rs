//! Results for a person: tables and plots that fit the screen.

use std::{
    io::{self, Write},
    time::Duration,
};

use aether_core::Level;
use aether_exec::protocol::Ended;
use aether_ledger::Lineage;
use aether_view::{plot::braille, top::Glance};
use aether_watch::alert::{Delivered, Entry, State};
use console::{Style, Term};
use serde_json::{Map, Value};

use super::{
    MetricSummary, Out, Renderer, plain,
    table::{Align, Table},
    tree, width,
};
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
        ps::{Alive, Over, Watched},
        report::Reported,
        rm::Removed,
        run::Launched,
        runs::RunList,
        show::RunDetails,
        stop::Stopped,
        train::{Began, Checked, Trained},
    },
};

/// Lines of a plot in the terminal, axes included.
const PLOT_HEIGHT: usize = 16;

pub(super) struct Human {
    out: Out,
    /// Lines on the screen that the next table takes the place of.
    drawn: usize,
}

impl Human {
    pub(super) fn new(out: Out) -> Self {
        Self { out, drawn: 0 }
    }

    /// Takes back the lines that are drawn anew.
    fn erase(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.drawn) {
            0 => Ok(()),
            lines => write!(self.out, "\x1b[{lines}A\r\x1b[J"),
        }
    }

    fn lines(&mut self, lines: impl IntoIterator<Item = String>) -> io::Result<()> {
        lines.into_iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    /// A table below a heading of its own.
    fn section(&mut self, title: &str, table: &Table) -> io::Result<()> {
        writeln!(self.out, "\n{}", Style::new().bold().apply_to(title))?;
        self.lines(table.lines(width()))
    }
}

/// A line for each run that is alive.
fn alive(runs: &[Alive]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new(&[
        ("ID", Left),
        ("NAME", Left),
        ("PID", Right),
        ("TIME", Right),
        ("CPU", Right),
        ("MEMORY", Right),
        ("LAST LINE", Left),
    ]);
    for run in runs {
        table.row([
            run.run.as_str(),
            &run.name,
            &run.pid.to_string(),
            &text::duration(Duration::from_secs_f64(run.seconds.max(0.0))),
            &format!("{:.0} %", run.cpu_percent),
            &text::bytes(run.memory_bytes),
            run.last_line.as_deref().unwrap_or_default(),
        ]);
    }
    table
}

/// A line for each metric.
fn metrics<'a>(of: impl IntoIterator<Item = (&'a String, &'a MetricSummary)>) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new(&[
        ("METRIC", Left),
        ("LAST", Right),
        ("AT STEP", Right),
        ("MIN", Right),
        ("MAX", Right),
        ("POINTS", Right),
        ("NOT FINITE", Right),
    ]);
    for (name, m) in of {
        table.row([
            name,
            &text::number(m.last.0),
            &m.last_step.to_string(),
            &text::number(m.min.0),
            &text::number(m.max.0),
            &m.count.to_string(),
            &m.non_finite.to_string(),
        ]);
    }
    table
}

impl Renderer for Human {
    fn runs(&mut self, list: &RunList) -> io::Result<()> {
        use Align::{Left, Right};
        if list.rows.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(&[
            ("ID", Left),
            ("NAME", Left),
            ("STATE", Left),
            ("BEGAN", Left),
            ("DURATION", Right),
            (list.metric.as_str(), Right),
        ]);
        for (run, value) in list.rows.iter().zip(&list.values) {
            let value = value.map(text::number).unwrap_or_default();
            table.row([
                run.id.as_str(),
                &run.name,
                run.state.as_str(),
                &text::time(run.created),
                &text::duration(Duration::from_secs_f64(run.seconds.max(0.0))),
                &value,
            ]);
        }
        self.lines(table.lines(width()))?;
        match list.more {
            0 => Ok(()),
            more => writeln!(self.out, "and {more} more; --limit 0 lists all"),
        }
    }

    fn show(&mut self, details: &RunDetails) -> io::Result<()> {
        let run = &details.run;
        let mut facts = vec![
            ("run", run.id.to_string()),
            ("name", run.name.clone()),
            ("project", run.project.clone()),
            ("state", colored(details.standing.as_str())),
            ("began", text::time(run.created)),
        ];
        facts.extend(run.ended.map(|ended| ("ended", text::time(ended))));
        facts.push(("duration", text::duration(Duration::from_secs_f64(details.seconds.max(0.0)))));
        facts.extend(run.reason.clone().map(|reason| ("reason", reason)));
        if !run.tags.is_empty() {
            facts.push(("tags", run.tags.join(", ")));
        }
        if run.resumed > 0 {
            facts.push(("resumed", text::count(run.resumed.into(), "time")));
        }
        facts.push(("command", run.command.join(" ")));
        facts.push(("in", run.directory.display().to_string()));
        facts.push(("on", format!("{}, process {}", run.host, run.pid)));
        facts.push(("files", details.path.clone()));
        for (name, fact) in facts {
            // The state's colour is the only escape sequence of our own making.
            let fact = if name == "state" { fact.into() } else { text::escape(&fact) };
            writeln!(self.out, "{name:<10}{fact}")?;
        }
        let (machine, own): (Vec<_>, Vec<_>) =
            details.metrics.iter().partition(|(name, _)| name.starts_with("system/"));
        if !own.is_empty() {
            self.section("metrics", &metrics(own))?;
        }
        if details.system && !machine.is_empty() {
            self.section("machine", &metrics(machine))?;
        } else if !machine.is_empty() {
            let count = text::count(machine.len() as u64, "metric");
            writeln!(self.out, "\n{count} of the machine: add --system")?;
        }
        if !details.summary.is_empty() {
            self.section("summary", &pairs("NAME", &details.summary))?;
        }
        if !run.artifacts.is_empty() {
            let mut table = Table::new(&[
                ("NAME", Align::Left),
                ("KIND", Align::Left),
                ("SIZE", Align::Right),
                ("PATH", Align::Left),
            ]);
            for artifact in &run.artifacts {
                let path = artifact.path.display().to_string();
                table.row([&artifact.name, &artifact.kind, &text::bytes(artifact.bytes), &path]);
            }
            self.section("artifacts", &table)?;
        }
        self.section("parameters", &pairs("PARAMETER", &details.parameters))
    }

    fn launched(&mut self, run: &Launched) -> io::Result<()> {
        writeln!(self.out, "{}", run.run)
    }

    /// Said on standard error: standard output is the program's.
    fn ran(&mut self, _: &Ended) -> io::Result<()> {
        Ok(())
    }

    fn alive(&mut self, runs: &[Alive]) -> io::Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        self.lines(alive(runs).lines(width()))
    }

    /// On a terminal the table takes the place of the last one; elsewhere one follows the other.
    fn watched(&mut self, watched: &Watched) -> io::Result<()> {
        for Over { run, name, state } in &watched.over {
            let state = state.map_or_else(|| "removed".to_owned(), |state| state.to_string());
            self.erase()?;
            writeln!(self.out, "{run} {state} ({})", text::escape(name))?;
        }
        let mut lines: Vec<String> = alive(&watched.alive).lines(width());
        if watched.alive.is_empty() {
            lines = vec!["no run is alive here".to_owned()];
        }
        let term = Term::stdout();
        if term.is_term() {
            self.erase()?;
            let most = usize::from(term.size().0).saturating_sub(2).max(2);
            if lines.len() > most {
                let more = lines.len() - most;
                lines.truncate(most);
                lines.push(format!("and {more} more"));
            }
            self.drawn = lines.len();
        } else {
            lines.push(String::new());
        }
        self.lines(lines)
    }

    fn stopped(&mut self, run: &Stopped) -> io::Result<()> {
        writeln!(self.out, "{} {} ({})", run.run, run.state, text::escape(&run.name))
    }

    fn output(&mut self, output: &Output<'_>) -> io::Result<()> {
        if !output.timed {
            return self.out.write_all(output.bytes);
        }
        let time = output.time.map_or_else(|| "-".repeat(24), text::time_to_ms);
        write!(self.out, "{time}  ")?;
        self.out.write_all(output.bytes)?;
        writeln!(self.out)
    }

    fn log(&mut self, entry: &LogEntry) -> io::Result<()> {
        let time = entry.time.map_or_else(String::new, text::time);
        match &entry.said {
            LogSaid::Event(event) => {
                let (word, style) = match event.level {
                    Level::Info => ("", Style::new()),
                    Level::Warning => ("warning: ", Style::new().yellow()),
                    Level::Error => ("error: ", Style::new().red()),
                };
                let message = text::escape(&event.message);
                writeln!(self.out, "{time}  step {:<6}  {}{message}", event.step, style.apply_to(word))
            }
            LogSaid::Point { metric, step, value } => {
                writeln!(self.out, "{time}  step {step:<6}  {} = {}", text::escape(metric), value.0)
            }
            LogSaid::Rewind { rewind } => {
                writeln!(
                    self.out,
                    "{time}  step {rewind:<6}  taken up again; what was said of later steps is void"
                )
            }
            LogSaid::Damage { damage } => {
                writeln!(self.out, "{}{}", Style::new().yellow().apply_to("warning: "), text::escape(damage))
            }
        }
    }

    fn plot(&mut self, plots: &Plots) -> io::Result<()> {
        if !plots.files.is_empty() {
            return plots.files.iter().try_for_each(|file| writeln!(self.out, "wrote {}", file.display()));
        }
        let size = braille::Size { width: width(), height: PLOT_HEIGHT };
        for (i, chart) in plots.charts.iter().enumerate() {
            if i > 0 {
                writeln!(self.out)?;
            }
            self.lines(braille::draw(chart, size, console::colors_enabled()))?;
        }
        Ok(())
    }

    fn glance(&mut self, glance: Glance) -> io::Result<()> {
        let lines = glance.lines(width() as u16);
        self.lines(lines)
    }

    fn compare(&mut self, comparison: &Comparison) -> io::Result<()> {
        use Align::{Left, Right};
        for (label, side) in [("A", &comparison.a), ("B", &comparison.b)] {
            writeln!(self.out, "{label}  {}  {}", side.id, text::escape(&side.name))?;
        }
        if comparison.parameters.is_empty() {
            writeln!(self.out, "\nall parameters are equal")?;
        } else {
            let mut table = Table::new(&[("PARAMETER", Left), ("A", Left), ("B", Left)]);
            for (key, [a, b]) in &comparison.parameters {
                let cell = |value: &Option<_>| value.as_ref().map_or("-".to_owned(), plain);
                table.row([key, &cell(a), &cell(b)]);
            }
            self.section("parameters that differ", &table)?;
        }
        let mut table =
            Table::new(&[("METRIC", Left), ("", Left), ("A", Right), ("B", Right), ("B - A", Right)]);
        for (name, [a, b]) in &comparison.metrics {
            let values = |m: &MetricSummary| [m.last.0, m.min.0, m.max.0];
            let [a, b] = [a, b].map(|side| side.as_ref().map(values));
            for (at, what) in ["last", "min", "max"].into_iter().enumerate() {
                let [a, b] = [a, b].map(|side| side.map(|values| values[at]));
                let cell = |value: Option<f64>| value.map_or("-".to_owned(), text::number);
                let difference = a.zip(b).map(|(a, b)| b - a);
                table.row([name, what, &cell(a), &cell(b), &cell(difference)]);
            }
        }
        if comparison.metrics.is_empty() { Ok(()) } else { self.section("metrics", &table) }
    }

    fn began(&mut self, began: &Began) -> io::Result<()> {
        writeln!(
            self.out,
            "run {} {} in {}",
            began.run,
            text::escape(&began.name),
            text::escape(&began.directory)
        )
    }

    fn trained(&mut self, trained: &Trained) -> io::Result<()> {
        let duration = text::duration(Duration::from_secs_f64(trained.seconds.max(0.0)));
        let steps = text::count(trained.steps, "step");
        writeln!(self.out, "{} after {steps} in {duration}", colored(trained.state.as_str()))?;
        let mut facts = vec![("train/loss".to_owned(), text::number(trained.loss.0))];
        facts.extend(trained.metrics.iter().map(|(name, value)| (name.clone(), text::number(value.0))));
        facts.extend(trained.best.as_ref().map(|best| {
            (format!("best {}", best.metric), format!("{} at step {}", text::number(best.value.0), best.step))
        }));
        facts.extend(trained.snapshot.clone().map(|path| ("last snapshot".to_owned(), path)));
        facts.extend(trained.best_snapshot.clone().map(|path| ("best snapshot".to_owned(), path)));
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, fact) in facts {
            writeln!(self.out, "  {:<width$}  {}", text::escape(&name), text::escape(&fact))?;
        }
        let (program, run) = (&trained.program, trained.run);
        writeln!(self.out, "see more with: {program} plot {run} (or show, or logs)")
    }

    fn checked(&mut self, checked: &Checked) -> io::Result<()> {
        write!(self.out, "{}", checked.yaml)
    }

    fn predictions(&mut self, predictions: &Predictions) -> io::Result<()> {
        match &predictions.file {
            Some(file) => {
                let rows = text::count(predictions.len() as u64, "prediction");
                writeln!(self.out, "wrote {rows} to {}", file.display())
            }
            None => predictions.write_csv(&mut self.out),
        }
    }

    fn artifacts(&mut self, rows: &[ArtifactRow]) -> io::Result<()> {
        use Align::{Left, Right};
        if rows.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(&[
            ("NAME", Left),
            ("KIND", Left),
            ("SIZE", Right),
            ("DIGEST", Left),
            ("WAY", Left),
            ("RUN", Left),
            ("CONTENT", Left),
        ]);
        for row in rows {
            let digest = &row.blob.digest.to_string()[..12];
            table.row([
                &row.blob.name,
                &row.blob.kind,
                &text::bytes(row.blob.bytes),
                digest,
                &row.blob.direction.to_string(),
                row.run.as_str(),
                row.content.as_str(),
            ]);
        }
        self.lines(table.lines(width()))
    }

    fn exported(&mut self, exported: &Exported) -> io::Result<()> {
        let (file, size) = (exported.file.display(), text::bytes(exported.blob.bytes));
        writeln!(self.out, "wrote {size} to {file}")
    }

    fn lineage(&mut self, lineage: &Lineage) -> io::Result<()> {
        writeln!(self.out, "{}", tree::who(&lineage.of))?;
        for (what, relatives) in [("made from", &lineage.from), ("led to", &lineage.to)] {
            writeln!(self.out, "\n{}", Style::new().bold().apply_to(what))?;
            if relatives.is_empty() {
                writeln!(self.out, "nothing that is known")?;
            }
            self.lines(tree::lines(relatives))?;
        }
        Ok(())
    }

    fn alerts(&mut self, waiting: &[Entry]) -> io::Result<()> {
        use Align::Left;
        if waiting.is_empty() {
            return writeln!(self.out, "no alert waits");
        }
        let mut table =
            Table::new(&[("ROUTE", Left), ("NEXT TRY", Left), ("ALERT", Left), ("LAST ERROR", Left)]);
        for entry in waiting {
            let next = match entry.state {
                State::Waiting => text::time(entry.due),
                State::Failed => "given up".to_owned(),
            };
            let error = entry.error.as_deref().unwrap_or_default();
            table.row([&entry.route, &next, &entry.message.title(), error]);
        }
        self.lines(table.lines(width()))
    }

    fn delivered(&mut self, delivered: &Delivered) -> io::Result<()> {
        writeln!(self.out, "{} delivered", text::count(delivered.sent as u64, "message"))
    }

    fn removed(&mut self, run: &Removed) -> io::Result<()> {
        writeln!(self.out, "removed {} {}", run.removed, text::escape(&run.name))
    }

    fn compacted(&mut self, runs: &[CompactedRun]) -> io::Result<()> {
        if runs.is_empty() {
            return writeln!(self.out, "nothing to compact");
        }
        runs.iter().try_for_each(|done| {
            let (points, bytes) = (text::count(done.points, "point"), text::bytes(done.bytes));
            writeln!(self.out, "{}: {points} in {bytes}, from {} of logs", done.run, text::bytes(done.logs))
        })
    }

    fn collected(&mut self, gone: &Gone) -> io::Result<()> {
        for (id, name) in &gone.collected.runs {
            let verb = if gone.dry_run { "would remove" } else { "removed" };
            writeln!(self.out, "{verb} run {id} {}", text::escape(name))?;
        }
        let c = &gone.collected;
        let verb = if gone.dry_run { "would free" } else { "freed" };
        for (pile, what) in [
            (c.logs, ("log", " that compacted series cover")),
            (c.blobs, ("content", " that no run names")),
            (c.parts, ("half-written file", "")),
        ] {
            if pile.count > 0 {
                let (count, size) = (text::count(pile.count, what.0), text::bytes(pile.bytes));
                writeln!(self.out, "{verb} {size}: {count}{}", what.1)?;
            }
        }
        if c.runs.is_empty() && c.logs.count + c.blobs.count + c.parts.count == 0 {
            writeln!(self.out, "nothing to remove")?;
        }
        Ok(())
    }

    fn passed_on(&mut self, done: &PassedOn) -> io::Result<()> {
        writeln!(self.out, "{}: {} points to {}", done.run, done.points, text::escape(&done.place))
    }

    fn imported(&mut self, done: &Imported) -> io::Result<()> {
        let name = text::escape(&done.name);
        match done.before {
            true => writeln!(self.out, "{} {name}: was imported before", done.run)?,
            false => writeln!(self.out, "{} {name}: {} points", done.run, done.points)?,
        }
        done.remarks.iter().try_for_each(|remark| writeln!(self.out, "  {}", text::escape(remark)))
    }

    fn reported(&mut self, report: &Reported) -> io::Result<()> {
        report.files.iter().try_for_each(|file| writeln!(self.out, "wrote {}", file.display()))
    }

    fn serving(&mut self, server: &Serving) -> io::Result<()> {
        writeln!(self.out, "{}", Style::new().bold().apply_to(&server.url))?;
        if let Some(token) = &server.token {
            writeln!(self.out, "the token, shown this once: {token}")?;
        }
        if let Some((path, fingerprint)) = &server.certificate {
            writeln!(self.out, "certificate {}, SHA-256 {fingerprint}", path.display())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Values beside their names.
fn pairs(heading: &str, values: &Map<String, Value>) -> Table {
    let mut table = Table::new(&[(heading, Align::Left), ("VALUE", Align::Left)]);
    for (key, value) in values {
        table.row([key, &plain(value)]);
    }
    table
}

/// A state in its colour.
fn colored(state: &str) -> String {
    let style = match state {
        "running" => Style::new().cyan(),
        "done" => Style::new().green(),
        "failed" | "died" => Style::new().red(),
        _ => Style::new().yellow(),
    };
    style.apply_to(state).to_string()
}
