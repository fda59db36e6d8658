use crate::harness::{Aether, golden};

const VERBS: [&str; 19] = [
    "train",
    "run",
    "ps",
    "stop",
    "attach",
    "resume",
    "predict",
    "runs",
    "show",
    "logs",
    "plot",
    "top",
    "compare",
    "dash",
    "report",
    "export",
    "import",
    "rm",
    "completions",
];

#[test]
fn help_of_every_verb() {
    let mut text = Aether::new().arg("--help").run().ok();
    for verb in VERBS {
        text += &format!("\n---- {verb}\n{}", Aether::new().args("help").arg(verb).run().ok());
    }
    let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 80, "{widest}");
    golden("help.txt", &text);
}

#[test]
fn every_verb_has_examples() {
    for verb in VERBS {
        let help = Aether::new().args("help").arg(verb).run().ok();
        assert!(help.contains(&format!("  $ aether {verb}")), "{help}");
    }
}

#[test]
fn the_other_name_says_its_own() {
    let aetheria = || Aether::program(env!("CARGO_BIN_EXE_aetheria"));
    let help = aetheria().args("help train").run().ok();
    assert!(help.contains("Usage: aetheria train"), "{help}");
    assert!(help.contains("$ aetheria train config.yaml"), "{help}");
    let version = aetheria().arg("--version").run().ok();
    assert_eq!(version, format!("aetheria {}\n", env!("CARGO_PKG_VERSION")));
}
