//! `completions`: a script that completes commands in a shell.

use std::io::{self, Write};

use crate::{cli, context::Context, failure::Failure};

pub(super) fn run(args: &cli::Completions, context: &Context<'_>) -> Result<(), Failure> {
    let mut command = context.command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
