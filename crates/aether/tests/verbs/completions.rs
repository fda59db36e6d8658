use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::harness::Aether;

/// Whether `shell` can read the script; `None` where it is not installed.
fn parses(shell: &str, script: &str) -> Option<bool> {
    let child = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut child = child.ok()?;
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Some(child.wait().unwrap().success())
}

#[test]
fn shells_can_read_their_scripts() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Aether::new().args("completions").arg(shell).run().ok();
        assert!(script.contains("compare") && script.contains("aether"), "{shell}");
        assert_ne!(parses(shell, &script), Some(false), "{shell}");
    }
}

#[test]
fn bash_completes_a_verb() {
    let script = Aether::new().args("completions bash").run().ok();
    let test = "COMP_WORDS=(aether comp); COMP_CWORD=1; _aether aether comp aether; echo ${COMPREPLY[@]}";
    let done = Command::new("bash").arg("-c").arg(format!("{script}\n{test}")).output().unwrap();
    let words = String::from_utf8(done.stdout).unwrap();
    assert_eq!(words.trim(), "compare compact completions");
}

#[test]
fn the_other_name_completes_itself() {
    let script = Aether::program(env!("CARGO_BIN_EXE_aetheria")).args("completions bash").run().ok();
    assert!(script.contains("_aetheria()"), "{script}");
}
