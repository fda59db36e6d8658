//! `run`: runs any command as a run, and looks on.

use std::{
    env,
    io::{self, Write},
    time::Duration,
};

use aether_core::{Outcome, RunId};
use aether_exec::{
    ExecError, Spec,
    client::{self, Finish, View},
    launch::launch,
    protocol::{Connection, Ended},
};
use aether_ledger::Home;
use serde::Serialize;
use signal_hook::consts::SIGPIPE;

use crate::{
    beside::Beside, cli, context::Context, failure::Failure, python, render::Format, span, text, watching,
};

/// A run that was begun and is not looked on.
#[derive(Debug, Serialize)]
pub(crate) struct Launched {
    /// The run.
    pub(crate) run: RunId,
    /// Its name.
    pub(crate) name: String,
    /// The program's process.
    pub(crate) pid: Option<u32>,
}

pub(super) fn run(args: &cli::Run, context: &mut Context<'_>) -> Result<(), Failure> {
    // The supervisor may work long after this process, and never changes its directory to find the home.
    let home = std::path::absolute(context.home()?.path()).map(Home::at).map_err(Failure::work)?;
    let spec = spec(args, &home)?;
    let mut beside = Beside::new(watching::asked(&args.watching, &home)?, home.clone(), spec.timeout);
    let mut connection = launch(&home, spec, args.detach, &mut beside)?;
    if !args.detach {
        let tail = None;
        return look_on(connection, View { first: true, tail }, context);
    }
    let (run, name, pid) = client::begun(&mut connection)?;
    if pid.is_none() {
        // It ends at once, and says why.
        return look_on(connection, View { first: false, tail: None }, context);
    }
    context.render().launched(&Launched { run, name, pid })?;
    Ok(())
}

fn spec(args: &cli::Run, home: &Home) -> Result<Spec, Failure> {
    let here =
        env::current_dir().map_err(|e| Failure::work(format!("cannot tell the current directory: {e}")))?;
    let directory = args.cwd.as_ref().map_or_else(|| here.clone(), |cwd| here.join(cwd));
    if !directory.is_dir() {
        return Err(Failure::request(format!("--cwd {}: no such directory", directory.display())));
    }
    let variables = args.env.iter().map(|text| variable(text)).collect::<Result<Vec<_>, _>>()?;
    let of_program = |name: &str| {
        let set = variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.into());
        set.or_else(|| env::var_os(name)).unwrap_or_default()
    };
    let auto = !args.no_auto && of_program("AETHER_AUTO") != "0";
    let injected =
        python::variables(home, auto, &of_program("PYTHONPATH")).map_err(|e| not_writable(home, &e))?;
    Ok(Spec {
        command: args.command.clone(),
        name: args.name.clone(),
        project: args.project.clone(),
        tags: args.tag.clone(),
        variables,
        injected,
        directory,
        retries: args.retry,
        timeout: args.timeout.as_deref().map(|text| span::parse("--timeout", text)).transpose()?,
    })
}

fn not_writable(home: &Home, error: &io::Error) -> Failure {
    Failure::request(format!(
        "cannot write in Aether's home {}: {error}; set AETHER_HOME to a directory that you may write",
        home.path().display()
    ))
}

/// `NAME=VALUE`, or `NAME` for the value that it has here.
fn variable(text: &str) -> Result<(String, String), Failure> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, env::var(text).ok()),
    };
    match value {
        Some(value) if !name.is_empty() => Ok((name.to_owned(), value)),
        _ => Err(Failure::request(format!(
            "--env {}: not NAME=VALUE, nor a variable that is set here",
            text::escape(text)
        ))),
    }
}

/// Looks on until the run ends or the user leaves; the process then returns what the program returned.
pub(crate) fn look_on(connection: Connection, view: View, context: &mut Context<'_>) -> Result<(), Failure> {
    let quiet = context.format == Format::Quiet;
    let mut note = |text: &str| {
        if !quiet {
            // Where standard error is closed there is nobody to tell.
            let _ = write!(io::stderr(), "{text}");
        }
    };
    match client::look_on(connection, view, &mut note)? {
        Finish::Ended(ended) => tell_end(&ended, context),
        Finish::Detached(run) => {
            let hint = context.hint(&format!("attach {run}"));
            context.note(&format!("run {run} goes on; come back with `{hint}`"));
            Ok(())
        }
        Finish::Unread => Err(Failure::PipeClosed),
        Finish::Lost(run) => {
            let run = run.map_or_else(String::new, |run| format!(" of run {run}"));
            Err(Failure::work(format!(
                "the supervisor{run} is gone, and nobody records what the program prints any more"
            )))
        }
    }
}

fn tell_end(ended: &Ended, context: &mut Context<'_>) -> Result<(), Failure> {
    // A program that ended by itself, or for want of a reader, has said what it had to say; scripts read standard
    // error, too.
    let told = match ended.outcome {
        Some(Outcome::Exited { .. }) => false,
        Some(Outcome::Signalled { signal }) => signal != SIGPIPE,
        _ => true,
    };
    if told || console::Term::stderr().is_term() {
        let time = text::duration(Duration::from_secs_f64(ended.seconds.max(0.0)));
        let why =
            ended.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", text::escape(reason)));
        context.note(&format!("run {} {} after {time}{why}", ended.run, ended.state.as_str()));
    }
    context.render().ran(ended)?;
    match ended.status {
        0 => Ok(()),
        status => Err(Failure::Status(status)),
    }
}

impl From<ExecError> for Failure {
    fn from(error: ExecError) -> Self {
        match error {
            ExecError::Refused { .. } | ExecError::Unreachable { .. } => Self::request(error),
            ExecError::Ledger(error) => error.into(),
            _ => Self::work(error),
        }
    }
}
