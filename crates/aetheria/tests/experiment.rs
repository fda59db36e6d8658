//! The experiment file: what it takes, what it makes of it, and what it says about mistakes.

use aetheria::experiment::Experiment;

const QUICK_START: &str = r#"
model_name: "SimpleMLP"
epochs: 10
batch_size: 64
learning_rate: 0.001

mixed_precision: true
grad_accumulation_steps: 4
max_grad_norm: 1.0  # Gradient Clipping
"#;

fn read(text: &str) -> Experiment {
    Experiment::parse("config.yaml", text, &[]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_quick_start_loads_as_it_is() {
    let experiment = read(QUICK_START);
    assert_eq!(experiment.model_name, "SimpleMLP");
    assert_eq!(experiment.batch_size.get(), 64);
    assert_eq!(experiment.grad_accumulation_steps.get(), 4);
    assert!(experiment.mixed_precision);
    assert_eq!(experiment.data.source, "digits");
    let yaml = experiment.to_yaml().unwrap();
    assert_eq!(read(&yaml), experiment, "{yaml}");
    assert_eq!(Experiment::from_json(&experiment.to_json().unwrap(), &[]).unwrap(), experiment);
}
