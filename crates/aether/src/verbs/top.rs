//! `top`: the terminal dashboard.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use aether_ledger::{Home, Index};
use aether_view::{
    board::{Board, Boards, ShelfError},
    top::{self, Options},
};

use super::runs;
use crate::{cli, context::Context, failure::Failure, render::Format};

pub(super) fn run(args: &cli::Top, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = context.home()?;
    // A query that is none is told before the screen is taken.
    runs::query(args.filter.as_deref())?;
    let run = args.run.as_deref().map(|run| Index::find_in(&home, run)).transpose()?;
    let options = Options {
        board: args.board.as_deref().map(|board| self::board(board, &home)).transpose()?,
        run: run.map(|entry| entry.id),
        query: args.filter.clone().unwrap_or_default(),
        colored: console::colors_enabled(),
        home,
    };
    let terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    if args.once || context.format != Format::Human || !terminal {
        let glance = top::glance(options).map_err(Failure::request)?;
        context.render().glance(glance)?;
    } else {
        top::run(options).map_err(|error| {
            Failure::work(format!("the terminal does not answer: {error}; `top --once` needs none"))
        })?;
    }
    Ok(())
}

/// A file, or one of the home's boards by its name.
fn board(named: &str, home: &Home) -> Result<Board, Failure> {
    let path = Path::new(named);
    if path.is_file() || named.contains('/') || path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
        return Ok(Board::load(path)?);
    }
    Boards::of(home).load(named).map_err(|error| match error {
        ShelfError::Io { .. } => Failure::work(error),
        _ => Failure::request(error),
    })
}
