//! `alerts`: what waits for its delivery, and whether routes work.

use aether_core::suggest;
use aether_watch::{
    Alerts, AlertsFile,
    alert::{Delivered, Entry},
};

use crate::{
    cli::{self, AlertsAction},
    context::Context,
    failure::Failure,
    text,
};

pub(super) fn run(args: &cli::Alerts, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = context.home()?;
    let config = match &args.alerts {
        Some(path) => AlertsFile::load(path)?,
        None => AlertsFile::of_home(home.path())?,
    };
    let alerts = Alerts::open(home.path(), config);
    let delivered = match args.action {
        AlertsAction::List => {
            let entries: Vec<Entry> = alerts.entries().map_err(Failure::work)?;
            return Ok(context.render().alerts(&entries)?);
        }
        AlertsAction::Send => alerts.flush().map_err(Failure::work)?,
        AlertsAction::Test => test(&alerts, args.route.as_deref())?,
    };
    context.render().delivered(&delivered)?;
    for (route, reason) in &delivered.failed {
        context.note(&format!("{}: {}", text::escape(route), text::escape(reason)));
    }
    match delivered.failed.len() {
        0 => Ok(()),
        n => Err(Failure::work(format!("{} could not be delivered", text::count(n as u64, "message")))),
    }
}

/// Sends a message by one route, or by each.
fn test(alerts: &Alerts, name: Option<&str>) -> Result<Delivered, Failure> {
    let config = alerts.config();
    let routes = match name {
        None if config.routes.is_empty() => {
            return Err(Failure::request(
                "there is no route; say where alerts go in alerts.yaml in the home",
            ));
        }
        None => config.routes.iter().collect(),
        Some(name) => {
            let names: Vec<&str> = config.routes.iter().map(|route| route.name.as_str()).collect();
            let help = suggest::help(name, &names).unwrap_or_else(|| "there is none at all".to_owned());
            let unknown = || Failure::request(format!("no route '{}': {help}", text::escape(name)));
            vec![config.route(name).ok_or_else(unknown)?]
        }
    };
    let mut delivered = Delivered::default();
    for route in routes {
        match Alerts::test(route) {
            Ok(()) => delivered.sent += 1,
            Err(reason) => delivered.failed.push((route.name.clone(), reason)),
        }
    }
    Ok(delivered)
}
