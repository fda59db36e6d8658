//! The terminal dashboard in a real terminal: tmux.

use std::{
    env,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use aether_core::Metric;
use serde_json::json;

use crate::{harness::Scratch, pty::PATIENCE};

/// A terminal of 80 columns and 24 lines with a shell in it.
struct Tmux {
    socket: String,
}

impl Tmux {
    fn start(scratch: &Scratch) -> Self {
        let this = Self { socket: format!("aether-{}", scratch.path().file_name().unwrap().display()) };
        let home = format!("AETHER_HOME={}", scratch.home().display());
        let path = format!("PATH={}", env::var("PATH").unwrap());
        let typed = [
            "env",
            "-i",
            &home,
            &path,
            "TERM=tmux-256color",
            "PS1=ready> ",
            "bash",
            "--norc",
            "--noprofile",
            "-i",
        ];
        this.tmux(&[&["new-session", "-d", "-x", "80", "-y", "24", "-c", "/"], &typed[..]].concat());
        // What is captured ends with the last character that is no blank.
        this.expect("ready>");
        this
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new("tmux");
        let done = command.args(["-L", &self.socket, "-f", "/dev/null"]).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    fn typed(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen is as it must be; what stands on it then.
    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "not {what}:\n{screen}");
            thread::sleep(Duration::from_millis(30));
        }
    }

    #[track_caller]
    fn expect(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Whether the alternate screen, the cursor, and mice are on.
    fn flags(&self) -> String {
        let asked = "#{alternate_on} #{cursor_flag} #{mouse_any_flag}";
        self.tmux(&["display-message", "-p", asked]).trim().to_owned()
    }

    /// The shell has its terminal as it was.
    #[track_caller]
    fn is_given_back(&self) {
        let until = Instant::now() + PATIENCE;
        while self.flags() != "0 1 0" {
            assert!(Instant::now() < until, "{}\n{}", self.flags(), self.screen());
            thread::sleep(Duration::from_millis(30));
        }
        self.typed("clear; stty -a | tr ' ' '\\n' | grep -x -e '-*icanon' -e '-*echo;*'; echo giv''en");
        let screen = self.until("given back", |screen| screen.lines().any(|line| line == "given"));
        assert!(["icanon", "echo"].iter().all(|said| screen.lines().any(|line| line == *said)), "{screen}");
    }

    fn pid_of_top(&self) -> String {
        let pane = self.tmux(&["display-message", "-p", "#{pane_pid}"]);
        let children = Command::new("pgrep").args(["-P", pane.trim()]).output().unwrap();
        String::from_utf8(children.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

fn with_runs() -> Scratch {
    let scratch = Scratch::new();
    scratch.run("first", json!({"lr": 0.1}), &[3.0, 2.0, 1.0]);
    scratch.run("e\u{1b}[2Jname\u{202e}", json!({"lr": 0.2}), &[3.0, f64::NAN]);
    scratch.run_that("second", json!({"lr": 0.3}), |bus| {
        (1..=100).for_each(|step| bus.point(Metric::named("train/loss"), step, 1.0 / step as f64));
    });
    scratch
}

fn start(scratch: &Scratch) -> Tmux {
    let tmux = Tmux::start(scratch);
    tmux.typed(&format!("{} top", env!("CARGO_BIN_EXE_aether")));
    tmux.expect("3 runs");
    tmux
}

#[test]
fn runs_on_a_terminal_by_keys() {
    let scratch = with_runs();
    let tmux = start(&scratch);
    let screen = tmux.expect("0.0100");
    assert!(screen.contains("▸") && screen.contains("✓ done"), "{screen}");
    assert!(screen.contains("e\\u{1b}"), "an escape is shown, not obeyed:\n{screen}");
    assert!(screen.contains("1 Host  2 Runs  3 Run  4 Compare"), "{screen}");
    tmux.keys(&["j", "j", "Enter"]);
    let screen = tmux.until("the run", |screen| screen.contains("train/loss ─"));
    assert!(screen.contains("first  ✓ done"), "{screen}");
    tmux.keys(&["Escape"]);
    tmux.expect("newest first");
    tmux.keys(&["/"]);
    tmux.tmux(&["send-keys", "-l", "lr > 0.25"]);
    tmux.until("filtered", |screen| screen.contains("1 of 3 runs") && !screen.contains("first "));
    tmux.keys(&["Enter", "1"]);
    tmux.expect("Processors");
    tmux.keys(&["?"]);
    tmux.expect("Everywhere");
    tmux.keys(&["q"]);
    tmux.is_given_back();
}

#[test]
fn a_text_is_found_in_a_log() {
    let scratch = Scratch::new();
    let script = "for i in $(seq 1 300); do echo step $i; done; echo needle one; seq 1 100; echo Needle two";
    scratch.aether("run --").arg("sh").arg("-c").arg(script).run().ok();
    let tmux = Tmux::start(&scratch);
    tmux.typed(&format!("{} top @latest", env!("CARGO_BIN_EXE_aether")));
    tmux.expect("Charts");
    tmux.keys(&["Tab"]);
    tmux.expect("Needle two");
    tmux.keys(&["/"]);
    tmux.tmux(&["send-keys", "-l", "needle"]);
    tmux.expect("in 2 lines");
    tmux.keys(&["Enter"]);
    tmux.expect("2 of 2");
    tmux.keys(&["N"]);
    let screen = tmux.expect("1 of 2");
    assert!(screen.contains("step 300") && screen.contains("needle one"), "{screen}");
    assert!(!screen.contains("Needle two"), "{screen}");
    tmux.keys(&["n"]);
    tmux.until("back", |screen| screen.contains("2 of 2") && screen.contains("Needle two"));
    tmux.keys(&["Escape"]);
    tmux.until("without", |screen| !screen.contains("2 of 2") && screen.contains("Needle two"));
    tmux.keys(&["q"]);
    tmux.is_given_back();
}

#[test]
fn a_terminal_may_change_its_size() {
    let scratch = with_runs();
    let tmux = start(&scratch);
    tmux.tmux(&["resize-window", "-x", "150", "-y", "50"]);
    let screen = tmux.expect("project");
    assert!(screen.lines().any(|line| line.chars().count() > 110), "{screen}");
    tmux.tmux(&["resize-window", "-x", "60", "-y", "12"]);
    tmux.until("narrow", |screen| screen.contains("3 runs") && !screen.contains("project"));
    tmux.keys(&["q"]);
}

#[test]
fn signals_and_the_keys_of_a_shell_give_the_terminal_back() {
    let scratch = with_runs();
    let tmux = start(&scratch);
    assert_eq!(tmux.flags(), "1 0 1");
    let terminate = ["kill", "-TERM", &tmux.pid_of_top()].map(str::to_owned);
    assert!(Command::new(&terminate[0]).args(&terminate[1..]).status().unwrap().success());
    tmux.is_given_back();
    tmux.typed("clear");
    tmux.typed(&format!("{} top", env!("CARGO_BIN_EXE_aether")));
    tmux.expect("3 runs");
    tmux.keys(&["C-z"]);
    tmux.expect("Stopped");
    tmux.is_given_back();
    tmux.typed("clear; fg");
    tmux.until("back", |screen| screen.contains("3 runs") && screen.contains("1 Host"));
    assert_eq!(tmux.flags(), "1 0 1");
    tmux.keys(&["C-c"]);
    tmux.is_given_back();
}

#[test]
fn once_as_text_where_there_is_no_terminal() {
    let scratch = with_runs();
    let text = scratch.aether("top").run().ok();
    for part in ["Processors", "Memory", "second", "3 runs, newest first"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
    let filtered = scratch.aether("top --once --filter").arg("lr < 0.15").run().ok();
    assert!(filtered.contains("first") && !filtered.contains("second"), "{filtered}");
    let one = scratch.aether("top first").run().ok();
    assert!(one.contains("first  ✓ done") && one.contains("train/loss ─"), "{one}");
    let error = scratch.aether("top --filter").arg("state = runing").run().refused();
    assert!(error.contains("did you mean 'running'?"), "{error}");
}

#[test]
fn as_json() {
    let scratch = with_runs();
    let facts = scratch.aether("top --json").run().json().remove(0);
    assert!(facts["host"]["memory"]["total"].as_f64().unwrap() > 1e6, "{facts}");
    assert!(!facts["host"]["cores"].as_array().unwrap().is_empty(), "{facts}");
    let runs = facts["runs"].as_array().unwrap();
    let of = |name: &str| runs.iter().find(|run| run["name"] == name).unwrap();
    assert_eq!((&of("second")["step"], &of("second")["value"]), (&json!(100), &json!(0.01)));
    assert_eq!(of("e\u{1b}[2Jname\u{202e}")["value"], "NaN");
    let quiet = scratch.aether("top --quiet").run().ok();
    assert_eq!(quiet.lines().count(), 3);
}

#[test]
fn a_board() {
    let scratch = with_runs();
    scratch.file("board.yaml", "panels:\n- {kind: bar, title: Best, metrics: train/loss, value: min}\n");
    let text = scratch.aether("top --board board.yaml").run().ok();
    assert!(text.contains("Best ─") && text.contains("second"), "{text}");
    std::fs::create_dir_all(scratch.home().join("boards")).unwrap();
    std::fs::copy(scratch.path().join("board.yaml"), scratch.home().join("boards/mine.yaml")).unwrap();
    assert_eq!(scratch.aether("top --board mine").run().ok(), text);
    let error = scratch.aether("top --board mien").run().refused();
    assert!(error.contains("did you mean 'mine'?"), "{error}");
    scratch.file("wrong.yaml", "panels:\n- {kind: bra, metrics: a}\n");
    let error = scratch.aether("top --board wrong.yaml").run().refused();
    assert!(error.contains("did you mean `bar`?") && error.contains("wrong.yaml:2"), "{error}");
}
