//! The moving line, on a pseudo-terminal made by util-linux' `script`.

use std::process::Command;

use crate::harness::Scratch;

fn on_a_terminal(scratch: &Scratch, columns: u32, variables: &str) -> String {
    scratch.file(
        "config.yaml",
        "model_name: SimpleMLP\nmodel: {hidden_dim: 16}\nepochs: 3\nbatch_size: 64\nlearning_rate: 0.01\n",
    );
    let aether = env!("CARGO_BIN_EXE_aether");
    let typed = format!("stty cols {columns} rows 24; {variables} exec {aether} train config.yaml");
    let done = Command::new("script")
        .args(["--quiet", "--return", "--command", &typed, "/dev/null"])
        .current_dir(scratch.path())
        .env("AETHER_HOME", scratch.home())
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let screen = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{screen}");
    screen
}

#[test]
fn a_line_that_moves_below_what_happens() {
    let scratch = Scratch::new();
    let screen = on_a_terminal(&scratch, 120, "");
    // Each frame erases the line before it; what scrolls by ends with a line feed.
    assert!(screen.contains("\r\u{1b}[2K"), "{screen:?}");
    assert!(screen.contains("Epoch 3 of 3  step 69  loss "), "{screen:?}");
    let frame = screen.split("\u{1b}[2K").filter(|frame| frame.contains("step ")).last().unwrap();
    assert!(frame.contains("step 69/69") || frame.contains("done"), "{frame:?}");
    // Nothing of the moving line is left above the summary.
    assert!(screen.contains("\r\u{1b}[2K\u{1b}[32mdone\u{1b}[0m after 69 steps"), "{screen:?}");
}

#[test]
fn the_line_is_never_wider_than_the_terminal() {
    let scratch = Scratch::new();
    let screen = on_a_terminal(&scratch, 40, "");
    for frame in screen.split("\u{1b}[2K").skip(1) {
        let line = frame.rsplit('\n').next().unwrap().trim_end_matches('\r');
        assert!(line.chars().count() < 40, "{line:?}");
    }
}

#[test]
fn no_color_is_respected() {
    let scratch = Scratch::new();
    let screen = on_a_terminal(&scratch, 100, "NO_COLOR=1");
    assert!(!screen.contains("\u{1b}[3"), "{screen:?}");
}
