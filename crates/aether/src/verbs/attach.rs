//! `attach`: looks on at a run that was begun elsewhere, or left.

use aether_exec::{client::View, socket};
use aether_ledger::Index;

use super::run::look_on;
use crate::{cli, context::Context, failure::Failure};

pub(super) fn run(args: &cli::Attach, context: &mut Context<'_>) -> Result<(), Failure> {
    let directory = Index::find_in(&context.home()?, &args.run)?.directory;
    let run = directory.run()?;
    let standing = directory.standing(&run);
    if !standing.may_live() {
        let hint = context.hint(&format!("logs {}", run.id));
        return Err(Failure::request(format!(
            "run {} does not run any more: it is {standing}; `{hint}` prints what it printed",
            run.id
        )));
    }
    look_on(socket::connect(&run)?, View { first: false, tail: args.tail }, context)
}
