//! Any text is an experiment or an error; an experiment's resolved form reads back as the same experiment.

#![no_main]

use aetheria::experiment::Experiment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(experiment) = Experiment::parse("fuzz.yaml", text, &[]) else { return };
    let resolved = experiment.to_yaml().expect("an experiment has a YAML form");
    match Experiment::parse("resolved.yaml", &resolved, &[]) {
        Ok(again) => assert_eq!(again.to_yaml().expect("as above"), resolved),
        Err(error) => panic!("the resolved form is refused: {error}\n{resolved}"),
    }
});
