//! The program: what a third party builds its own binary with.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::FromArgMatches;
use console::Style;

use crate::{
    cli::Cli,
    context::{Context, command},
    failure::Failure,
    verbs,
};

/// What a program has besides what is built in.
#[derive(Debug, Default)]
pub(crate) struct Plugins {}

/// The program.
#[derive(Debug, Default)]
pub struct App {
    plugins: Plugins,
}

impl App {
    /// A program with what is built in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what the words say; the first is the program's name.
    pub fn run(self, words: impl IntoIterator<Item = OsString>) -> ExitCode {
        let words: Vec<OsString> = words.into_iter().collect();
        let program = words.first().map(Path::new).and_then(Path::file_stem).map_or("aether".into(), |n| n.to_string_lossy());
        let cli = match command(&program).try_get_matches_from(&words).and_then(|m| Cli::from_arg_matches(&m)) {
            Ok(cli) => cli,
            Err(error) => {
                // Help and version, too, may be read by something that has heard enough.
                let _ = error.print();
                return ExitCode::from(error.exit_code().clamp(0, 255) as u8);
            }
        };
        let spoken = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let mut context = Context::new(program.into_owned(), &self.plugins, &cli, spoken);
        let done = verbs::run(&cli.verb, &mut context).and_then(|()| Ok(context.render().flush()?));
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                say(&failure);
                failure.exit_code()
            }
        }
    }
}

fn say(failure: &Failure) {
    if let Some(message) = failure.message() {
        let label = Style::new().for_stderr().red().bold().apply_to("error:");
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "{label} {message}");
    }
}
