//! Which columns a table of runs begins with, while nobody has chosen any: those that tell most.

use super::catalogue::Names;

/// So many metrics and parameters at most.
const METRICS: usize = 3;
const PARAMETERS: usize = 3;
/// So many metrics at least, where there are as many, whatever they are called.
const FEWEST: usize = 2;

/// Scores: the greater, the better.
const SCORES: [&str; 6] = ["acc", "score", "f1", "auc", "reward", "return"];

/// Where metrics come from that tell of the machine.
const MACHINE: [&str; 6] = ["system", "host", "process", "gpu", "cpu", "sys"];

/// Parameters that people try out.
const SETTINGS: [&str; 10] = [
    "lr",
    "learning_rate",
    "batch",
    "batch_size",
    "optimizer",
    "optimiser",
    "model",
    "seed",
    "epoch",
    "epochs",
];

/// The keys of the columns, in their order.
pub(crate) fn columns(names: &Names) -> Vec<String> {
    let begin = ["name", "state", "created", "duration"].map(str::to_owned);
    let metrics = metrics(names).into_iter().map(|name| format!("metric.{name}"));
    let settings = names.parameters.iter().filter(|name| is_setting(name)).take(PARAMETERS);
    let settings = settings.map(|name| format!("param.{name}"));
    begin.into_iter().chain(metrics).chain(settings).chain(["tags".to_owned()]).collect()
}

/// The most telling first: scores and losses of a validation, then any, then whatever there is.
fn metrics(names: &Names) -> Vec<&str> {
    let own: Vec<&str> =
        names.metrics.iter().map(String::as_str).filter(|name| !is_of_machine(name)).collect();
    let is_score = |name: &str| SCORES.iter().any(|score| name.contains(score));
    let telling: [&dyn Fn(&str) -> bool; 4] = [
        &|name| name.starts_with("val") && is_score(name),
        &|name| name.starts_with("val") && name.contains("loss"),
        &is_score,
        &|name| name.contains("loss"),
    ];
    let mut chosen = Vec::new();
    for tells in telling {
        let found = own.iter().find(|name| tells(&name.to_lowercase()) && !chosen.contains(*name));
        chosen.extend(found.filter(|_| chosen.len() < METRICS));
    }
    for name in &own {
        if chosen.len() >= FEWEST {
            break;
        }
        if !chosen.contains(name) {
            chosen.push(name);
        }
    }
    chosen
}

fn is_of_machine(name: &str) -> bool {
    name.split_once(['/', '.']).is_some_and(|(section, _)| MACHINE.contains(&section))
}

/// Whether the name ends with the word for a setting, as `optimizer.lr` does.
fn is_setting(name: &str) -> bool {
    let name = name.to_lowercase();
    SETTINGS.iter().any(|word| {
        name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with(['.', '_', '/']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(parameters: &[&str], metrics: &[&str]) -> Vec<String> {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        columns(&Names { parameters: set(parameters), metrics: set(metrics), ..Names::default() })
    }

    #[test]
    fn what_tells_most_comes_first() {
        assert_eq!(
            proposed(
                &["optimizer.lr", "notes", "model", "color"],
                &["system/cpu", "zeta", "train/loss", "val/loss", "val/Accuracy"]
            ),
            [
                "name",
                "state",
                "created",
                "duration",
                "metric.val/Accuracy",
                "metric.val/loss",
                "metric.train/loss",
                "param.model",
                "param.optimizer.lr",
                "tags"
            ]
        );
        assert_eq!(proposed(&[], &[]), ["name", "state", "created", "duration", "tags"]);
        assert_eq!(proposed(&[], &["b", "c", "cpu.load", "a"])[4..6], ["metric.a", "metric.b"]);
        assert_eq!(proposed(&[], &["a/loss", "b/loss", "c"])[4..6], ["metric.a/loss", "metric.b/loss"]);
    }
}
