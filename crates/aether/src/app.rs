//! The program: what a third party builds its own binary with.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use aether_core::{Listener, RegistryError};
use aetheria::{assembly::Registries, callback::Callback, data::DataSource, model::Model};
use clap::FromArgMatches;
use console::Style;
use serde::de::DeserializeOwned;

use crate::{
    cli::Cli,
    context::{Context, command},
    failure::Failure,
    verbs,
};

/// The program: what is built in, and what a third party adds with one line for each thing.
///
/// ```no_run
/// # #[derive(serde::Deserialize)]
/// # struct PrintEpochs {}
/// # impl aetheria::callback::Callback for PrintEpochs {}
/// fn main() -> std::process::ExitCode {
///     aether::App::new().callback::<PrintEpochs>("print_epochs").run(std::env::args_os())
/// }
/// ```
#[derive(Debug)]
pub struct App {
    /// What experiments can name; or the first thing that went wrong when it was put together.
    registries: Result<Registries, RegistryError>,
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    /// A program with what is built in.
    pub fn new() -> Self {
        Self { registries: Ok(Registries::built_in()) }
    }

    /// Adds a model, which `model_name` can say. Its keys below `model` are the fields of `M`.
    #[must_use]
    pub fn model<M: Model + DeserializeOwned + 'static>(self, name: &str) -> Self {
        self.add(|registries| registries.add_model::<M>(name))
    }

    /// Adds a data source, which `data.source` can say. Its keys below `data` are the fields of `S`.
    #[must_use]
    pub fn source<S: DataSource + DeserializeOwned + 'static>(self, name: &str) -> Self {
        self.add(|registries| registries.add_source::<S>(name))
    }

    /// Adds a listener, which `loggers` can say. Its keys there are the fields of `L`.
    #[must_use]
    pub fn listener<L: Listener + DeserializeOwned + 'static>(self, name: &str) -> Self {
        self.add(|registries| registries.add_listener::<L>(name))
    }

    /// Adds a callback, which `callbacks` can say. Its keys there are the fields of `C`.
    #[must_use]
    pub fn callback<C: Callback + DeserializeOwned + 'static>(self, name: &str) -> Self {
        self.add(|registries| registries.add_callback::<C>(name))
    }

    fn add(mut self, register: impl FnOnce(&mut Registries) -> Result<(), RegistryError>) -> Self {
        if let Ok(registries) = &mut self.registries
            && let Err(error) = register(registries)
        {
            self.registries = Err(error);
        }
        self
    }

    /// Does what the words say; the first is the program's name.
    pub fn run(self, words: impl IntoIterator<Item = OsString>) -> ExitCode {
        let words: Vec<OsString> = words.into_iter().collect();
        let program = words
            .first()
            .map(Path::new)
            .and_then(Path::file_stem)
            .map_or("aether".into(), |n| n.to_string_lossy());
        let cli = match command(&program).try_get_matches_from(&words).and_then(|m| Cli::from_arg_matches(&m))
        {
            Ok(cli) => cli,
            Err(error) => {
                // Help and version, too, may be read by something that has heard enough.
                let _ = error.print();
                return ExitCode::from(error.exit_code().clamp(0, 255) as u8);
            }
        };
        let spoken = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let done = self.registries.map_err(Failure::request).and_then(|registries| {
            let mut context = Context::new(program.into_owned(), &registries, &cli, spoken);
            let done = verbs::run(&cli.verb, &mut context);
            // What was printed before a failure is seen before what is said of it.
            let flushed = context.render().flush();
            done.and_then(|()| Ok(flushed?))
        });
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
        let style = Style::new().for_stderr();
        let label = match failure {
            Failure::Interrupted(_) => style.yellow().bold().apply_to("stopped:"),
            _ => style.red().bold().apply_to("error:"),
        };
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "{label} {message}");
    }
}
