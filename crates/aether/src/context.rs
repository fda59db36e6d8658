//! What every verb works with.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use aether_ledger::Home;
use clap::{Command, CommandFactory};

use aetheria::assembly::Registries;

use crate::{
    cli::Cli,
    failure::Failure,
    render::{Format, Renderer, renderer},
};

/// What every verb works with.
pub(crate) struct Context<'a> {
    /// What the program is called, in help and in hints.
    pub(crate) program: String,
    /// How results are printed.
    pub(crate) format: Format,
    /// The words that were typed.
    pub(crate) words: Vec<String>,
    registries: &'a Registries,
    home: Option<PathBuf>,
    renderer: Box<dyn Renderer>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(program: String, registries: &'a Registries, cli: &Cli, words: Vec<String>) -> Self {
        let format = match (cli.global.json, cli.global.quiet) {
            (true, _) => Format::Json,
            (_, true) => Format::Quiet,
            _ => Format::Human,
        };
        Self { program, registries, format, words, home: cli.global.home.clone(), renderer: renderer(format) }
    }

    /// Prints results.
    pub(crate) fn render(&mut self) -> &mut dyn Renderer {
        &mut *self.renderer
    }

    /// Where runs are kept.
    pub(crate) fn home(&self) -> Result<Home, Failure> {
        match &self.home {
            Some(path) => Ok(Home::at(path)),
            None => Ok(Home::locate()?),
        }
    }

    /// What experiments can name.
    pub(crate) fn registries(&self) -> &'a Registries {
        self.registries
    }

    /// A command that somebody can type to go on from here: this program, with the same home.
    pub(crate) fn hint(&self, command: &str) -> String {
        match &self.home {
            Some(home) => format!("{} {command} --home {}", self.program, home.display()),
            None => format!("{} {command}", self.program),
        }
    }

    /// Says something on standard error that is not the result. A closed standard error hears nothing.
    pub(crate) fn note(&self, message: &str) {
        if self.format != Format::Quiet {
            let _ = writeln!(io::stderr(), "{message}");
        }
    }

    /// The whole command line, under the program's name.
    pub(crate) fn command(&self) -> Command {
        command(&self.program)
    }
}

/// The whole command line of a program called `program`, examples included.
pub(crate) fn command(program: &str) -> Command {
    let name = program.to_owned();
    Cli::command().name(name.clone()).bin_name(name).mut_subcommands(|verb| {
        let examples =
            verb.get_after_help().map(|help| help.to_string().replace("$ aether ", &format!("$ {program} ")));
        match examples {
            Some(examples) => verb.after_help(examples),
            None => verb,
        }
    })
}
