//! How many bytes a point takes once it is compacted, step and time included.

use aether_core::Metric;
use aether_ledger::{Home, compact};
use serde_json::{Map, Value, json};

use crate::{
    Outcome,
    values::{self, Values},
};

pub(crate) fn measure(home: &Home, points: u64) -> Outcome<Value> {
    let mut result = Map::new();
    let kinds: [(&str, Values); 3] =
        [("noisy", values::noisy), ("noisy_double", values::noisy_double), ("smooth", values::smooth)];
    for (name, value) in kinds {
        // Alone, or with nine others that share its steps and times.
        for together in [1, 10] {
            let run = values::new_run(home)?;
            let metrics: Vec<_> = (0..together).map(|at| Metric::named(&format!("m{at}"))).collect();
            values::say(&run, &metrics, points / together, value)?;
            let done = compact(run.directory())?.ok_or("there was nothing to compact")?;
            result.insert(format!("{name}_{together}"), json!(done.bytes as f64 / done.points as f64));
        }
    }
    Ok(result.into())
}
