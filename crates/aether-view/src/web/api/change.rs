//! `POST /runs/tag`, `POST /runs/delete`, `POST /runs/{id}/stop`: what changes runs.

use std::{fs, time::Duration};

use aether_core::{Event, Level, Listener, RunState, Signal, signal};
use aether_exec::{signals, stop};
use aether_ledger::SignalLog;
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{answer::Fault, call::Call, state::App};

/// Runs in one request at most.
const MOST: usize = 10_000;

/// How long a run that is asked to stop has for it.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    ids: Vec<String>,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ids {
    ids: Vec<String>,
}

/// Does something to each run; what was refused does not keep the rest from being done.
fn each(
    call: &Call,
    ids: &[String],
    mut change: impl FnMut(&str) -> Result<String, Fault>,
) -> Result<Response, Fault> {
    if ids.len() > MOST {
        return Err(Fault::wrong(format!("{} runs at once", ids.len()), format!("send {MOST} at most")));
    }
    let (mut changed, mut refused) = (Vec::new(), Vec::new());
    for id in ids {
        match change(id) {
            Ok(id) => changed.push(id),
            Err(fault) => refused.push(json!({ "id": id, "error": fault.error, "help": fault.help })),
        }
    }
    call.json(&json!({ "changed": changed, "refused": refused }))
}

pub(in super::super) fn tag(call: &Call) -> Result<Response, Fault> {
    let asked: Tags = call.read()?;
    let fits = |tag: &String| !tag.trim().is_empty() && tag.len() <= 200;
    if !asked.add.iter().all(fits) {
        return Err(Fault::wrong("a tag is empty or too long", "tags have 1 to 200 bytes"));
    }
    let answer = each(call, &asked.ids, |id| change_tags(&call.app, id, &asked.add, &asked.remove));
    call.app.catalogue.touch();
    answer
}

fn change_tags(app: &App, id: &str, add: &[String], remove: &[String]) -> Result<String, Fault> {
    let entry = app.catalogue.find(id)?;
    let change = |field: &str, words: Vec<&String>| {
        let mut fields = Map::new();
        fields.insert(field.to_owned(), json!(words));
        fields
    };
    let added: Vec<&String> = add.iter().filter(|tag| !entry.tags.contains(tag)).collect();
    let removed: Vec<&String> = remove.iter().filter(|tag| entry.tags.contains(tag)).collect();
    if added.is_empty() && removed.is_empty() {
        return Ok(entry.id.to_string());
    }
    let log = SignalLog::create(&entry.directory, entry.resumed)?;
    let say = |kind: &str, verb: &str, field: &str, words: Vec<&String>| {
        if !words.is_empty() {
            let names: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
            let event = Event {
                kind: kind.to_owned(),
                level: Level::Info,
                step: 0,
                message: format!("{verb} {}", names.join(", ")),
                fields: change(field, words),
            };
            log.on(signal::now(), &Signal::Event(event));
        }
    };
    say("tags", "Tagged", "tags", added);
    say("tags", "No longer tagged", "removed", removed);
    let Err(why) = log.sync() else { return Ok(entry.id.to_string()) };
    // Whatever reached the disk goes again: all of the change is done, or none.
    let path = log.path().to_owned();
    drop(log);
    let _ = fs::remove_file(path);
    let why = why.split("; ").next().unwrap_or_default();
    Err(Fault::work(
        format!("the tags of run {} stay as they were: {why}", entry.id),
        "make room on the disk",
    ))
}

pub(in super::super) fn delete(call: &Call) -> Result<Response, Fault> {
    let asked: Ids = call.read()?;
    each(call, &asked.ids, |id| call.app.catalogue.remove(id).map(|id| id.to_string()))
}

pub(in super::super) fn stop(call: &Call) -> Result<Response, Fault> {
    let entry = call.app.catalogue.find(&call.name)?;
    let run = entry.directory.run()?;
    let standing = entry.directory.standing(&run);
    if !standing.may_live() {
        return Err(Fault::new(
            StatusCode::CONFLICT,
            format!("run {} does not run any more: it is {standing}", entry.id),
            "there is nothing to stop",
        ));
    }
    let terminate = signals::parse("TERM").unwrap_or(15);
    stop::stop(&entry.directory, terminate, GRACE).map_err(|e| Fault::work(e, ""))?;
    call.app.catalogue.touch();
    let run = entry.directory.run()?;
    let state = entry.directory.standing(&run);
    let silent = run.state == RunState::Running;
    call.json(&json!({ "id": entry.id, "state": Value::String(state.to_string()), "silent": silent }))
}
