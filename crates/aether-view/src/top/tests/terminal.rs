//! A real terminal, in tmux, is given back by a program that panics.

use std::{
    env,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::app;
use crate::top::terminal::Guard;

/// Not a test: what the test below runs on a terminal.
#[test]
#[ignore = "a program for another test"]
fn one_that_panics() {
    let mut guard = Guard::enter().unwrap();
    guard.draw(&mut app()).unwrap();
    panic!("this was to be expected");
}

fn tmux(socket: &str, args: &[&str]) -> String {
    let done = Command::new("tmux").args(["-L", socket, "-f", "/dev/null"]).args(args).output().unwrap();
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let socket = format!("aether-panic-{}", std::process::id());
    let program = env::current_exe().unwrap();
    let name = "top::tests::terminal::one_that_panics";
    let typed = format!("{} --ignored --exact {name} --nocapture; stty -a; sleep 600", program.display());
    tmux(&socket, &["new-session", "-d", "-x", "100", "-y", "60", &typed]);
    let until = Instant::now() + Duration::from_secs(60);
    let seen = loop {
        let seen = tmux(&socket, &["capture-pane", "-p"]);
        if seen.contains("icanon") || Instant::now() > until {
            break seen;
        }
        thread::sleep(Duration::from_millis(50));
    };
    let flags = tmux(&socket, &["display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"]);
    tmux(&socket, &["kill-server"]);
    assert!(
        seen.contains("this was to be expected"),
        "what went wrong is told where it can be read:\n{seen}"
    );
    assert!(seen.contains(" echo ") && seen.contains(" icanon") && !seen.contains("-icanon"), "{seen}");
    assert_eq!(flags.trim(), "0 1 0", "alternate screen, cursor, mouse");
}
