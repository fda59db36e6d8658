use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    harness::{Aether, Done, Scratch},
    pty::{PATIENCE, Terminal},
};

pub(crate) fn sh(scratch: &Scratch, options: &str, script: &str) -> Aether {
    scratch.aether(&format!("run {options}")).args("-- sh -c").arg(script)
}

/// The directory and the record of the one run there is.
pub(crate) fn record(scratch: &Scratch) -> (PathBuf, Value) {
    let mut runs = fs::read_dir(scratch.home().join("runs/default")).unwrap();
    let directory = runs.next().unwrap().unwrap().path();
    assert!(runs.next().is_none(), "one run");
    let text = fs::read(directory.join("run.json")).unwrap();
    (directory, serde_json::from_slice(&text).unwrap())
}

/// Waits until the record satisfies `what`.
#[track_caller]
pub(crate) fn wait_for(scratch: &Scratch, what: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let (_, run) = record(scratch);
        if what(&run) {
            return run;
        }
        assert!(Instant::now() < until, "{run:#}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn kill(pid: u64, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

/// Reads lines of a child until one is `line`.
fn await_line(child: &mut Child, line: &str) {
    let out = child.stdout.take().unwrap();
    let mut out = BufReader::new(out);
    let mut read = String::new();
    while read.trim_end() != line {
        read.clear();
        assert!(out.read_line(&mut read).unwrap() > 0, "no {line}");
    }
    child.stdout = Some(out.into_inner());
}

#[test]
fn the_status_and_both_streams_are_the_programs() {
    let scratch = Scratch::new();
    let done = sh(&scratch, "", "echo out; echo err >&2; exit 3").run();
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (Some(3), "out\n", "err\n"));
    let (_, run) = record(&scratch);
    assert_eq!(run["outcome"], json!({"kind": "exited", "code": 3}));
    assert_eq!(
        (&run["state"], &run["kind"], &run["name"]),
        (&json!("failed"), &json!("command"), &json!("sh"))
    );
    let logs = |options: &str| scratch.aether("logs @latest").args(options).run().ok();
    let both = logs("");
    assert!(both == "out\nerr\n" || both == "err\nout\n", "{both}");
    assert_eq!((logs("--stdout"), logs("--stderr")), ("out\n".into(), "err\n".into()));
    let timed = logs("--stdout --times");
    assert!(timed.ends_with("Z  out\n") && timed.starts_with("20"), "{timed}");
    let line = &scratch.aether("logs @latest --stderr --json").run().json()[0];
    assert_eq!((&line["stream"], &line["text"]), (&json!("stderr"), &json!("err")));
}

#[test]
fn standard_input_is_passed_with_its_end() {
    let scratch = Scratch::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aether"));
    let mut child = command
        .args(["run", "--", "cat"])
        .env("AETHER_HOME", scratch.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let done = Done::from(child.wait_with_output().unwrap());
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "hello"));
}

#[test]
fn a_program_that_cannot_be_started() {
    let scratch = Scratch::new();
    let done = scratch.aether("run -- no-such-program").run();
    assert_eq!(done.code, Some(127));
    assert!(done.stderr.contains("no such program"), "{done:?}");
    let file = scratch.file("data.txt", "x");
    let done = scratch.aether("run --").arg(&file).run();
    assert_eq!(done.code, Some(126));
    assert!(done.stderr.contains("not executable"), "{done:?}");
    assert!(scratch.aether("run --cwd nowhere -- true").run().refused().contains("no such directory"));
    assert!(scratch.aether("run --timeout soon -- true").run().refused().contains("not a span"));
}

#[test]
fn when_the_reader_is_gone_the_program_notices() {
    let scratch = Scratch::new();
    let mut child = scratch.aether("run -- yes").start();
    await_line(&mut child, "y");
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 13));
}

#[test]
fn a_timeout_is_told_apart() {
    let scratch = Scratch::new();
    let done = sh(&scratch, "--timeout 300ms", "sleep 600").run();
    assert_eq!(done.code, Some(124));
    assert!(done.stderr.contains("longer than 0.3 s"), "{done:?}");
    assert_eq!(record(&scratch).1["outcome"], json!({"kind": "timed_out"}));
}

#[test]
fn signals_are_passed_on() {
    let scratch = Scratch::new();
    let script = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.05; done";
    let mut child = sh(&scratch, "", script).start();
    await_line(&mut child, "ready");
    kill(u64::from(child.id()), Signal::USR1);
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

#[test]
fn an_interrupt_reaches_the_whole_group() {
    let scratch = Scratch::new();
    let mut child = sh(&scratch, "", "echo ready; sleep 600; echo survived").start();
    await_line(&mut child, "ready");
    // Again and again: the copy of the shell that is about to become `sleep` loses one that comes too early.
    let status = loop {
        kill(u64::from(child.id()), Signal::INT);
        thread::sleep(Duration::from_millis(50));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(130));
    let (_, run) = record(&scratch);
    assert_eq!((&run["state"], &run["outcome"]["signal"]), (&json!("interrupted"), &json!(2)));
}

#[test]
fn what_the_user_sees_may_die_and_the_run_goes_on() {
    let scratch = Scratch::new();
    let script = "echo begun; while ! [ -e go ]; do sleep 0.05; done; echo over";
    let mut child = sh(&scratch, "", script).start();
    await_line(&mut child, "begun");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut attached = scratch.aether("attach @latest").start();
    await_line(&mut attached, "begun");
    scratch.file("go", "");
    let done = Done::from(attached.wait_with_output().unwrap());
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "over\n"));
    assert_eq!(record(&scratch).1["state"], "done");
}

#[test]
fn when_the_supervisor_dies_what_it_recorded_is_there() {
    let scratch = Scratch::new();
    let mut child = sh(&scratch, "", "echo kept; sleep 600").start();
    await_line(&mut child, "kept");
    let (_, run) = record(&scratch);
    kill(run["pid"].as_u64().unwrap(), Signal::KILL);
    let done = Done::from(child.wait_with_output().unwrap());
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("supervisor"), "{done:?}");
    assert_eq!(scratch.aether("logs @latest").run().ok(), "kept\n");
    assert_eq!(scratch.aether("runs --json").run().json()[0]["state"], "died");
}

#[test]
fn a_program_killed_loses_nothing_it_printed() {
    let scratch = Scratch::new();
    let done = sh(&scratch, "", "echo last words; kill -9 $$").run();
    assert_eq!((done.code, done.stdout.as_str()), (Some(137), "last words\n"));
    assert_eq!(record(&scratch).1["outcome"], json!({"kind": "signalled", "signal": 9}));
}

#[test]
fn a_failure_is_tried_again_as_another_session() {
    let scratch = Scratch::new();
    let script = "echo session $AETHER_SESSION; [ $AETHER_SESSION = 1 ]";
    let done = sh(&scratch, "--retry 3", script).run();
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "session 0\nsession 1\n"));
    let (_, run) = record(&scratch);
    assert_eq!((&run["resumed"], &run["state"]), (&json!(1), &json!("done")));
    assert_eq!(scratch.aether("logs @latest").run().ok(), "session 0\nsession 1\n");
    let events = scratch.aether("logs @latest --json --events").run().json();
    assert_eq!(events[0]["kind"], "retry");
}

#[test]
fn a_program_may_close_its_output() {
    let scratch = Scratch::new();
    let done = sh(&scratch, "", "echo a; exec >&- 2>&-; sleep 0.2; exit 5").run();
    assert_eq!((done.code, done.stdout.as_str()), (Some(5), "a\n"));
}

#[test]
fn much_output_without_a_newline_takes_no_memory() {
    let scratch = Scratch::new();
    let script = "head -c 200000000 /dev/zero; grep VmHWM /proc/$PPID/status >&2";
    let mut command = Command::new(env!("CARGO_BIN_EXE_aether"));
    let done = command
        .args(["run", "--", "sh", "-c", script])
        .env("AETHER_HOME", scratch.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(done.stdout.len(), 200_000_000);
    let peak = String::from_utf8(done.stderr).unwrap();
    let kilobytes: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kilobytes < 60_000, "the supervisor took {kilobytes} kB");
}

#[test]
fn a_home_that_takes_nothing_is_told_before_anything_starts() {
    let scratch = Scratch::new();
    let file = scratch.file("file", "");
    let done =
        Aether::new().args("run -- touch").arg(scratch.path().join("started")).home(&file.join("home")).run();
    assert!(done.refused().contains("AETHER_HOME"));
    assert!(!scratch.path().join("started").exists());
}

#[test]
fn a_home_with_a_long_path() {
    let scratch = Scratch::new();
    let home = scratch.path().join("x".repeat(200)).join("y".repeat(200));
    let aether = |args: &str| Aether::new().args(args).home(&home).directory(scratch.path());
    let id = aether("run --detach --")
        .args("sh -c")
        .arg("echo a; while ! [ -e go ]; do sleep 0.05; done")
        .run()
        .ok();
    let mut attached = aether("attach").arg(id.trim()).start();
    await_line(&mut attached, "a");
    scratch.file("go", "");
    assert_eq!(attached.wait().unwrap().code(), Some(0));
}

#[test]
fn what_outlives_the_program_is_left_alone_and_heard() {
    let scratch = Scratch::new();
    let script =
        "(setsid sh -c 'while ! [ -e go ]; do sleep 0.05; done; echo late; touch gone' &) ; echo early";
    let done = sh(&scratch, "", script).run();
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "early\n"));
    assert_eq!(record(&scratch).1["state"], "done");
    scratch.file("go", "");
    let until = Instant::now() + PATIENCE;
    while scratch.aether("logs @latest").run().ok() != "early\nlate\n" {
        assert!(Instant::now() < until);
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_it_ran_in_without_its_secrets() {
    let scratch = Scratch::new();
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=trunk"];
        let done = Command::new("git").arg("-C").arg(scratch.path()).args(who).args(args).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    git(&["init", "-q"]);
    let file = scratch.file("train.py", "lr = 1\n");
    git(&["add", "train.py"]);
    git(&["commit", "-q", "-m", "x"]);
    fs::write(file, "lr = 2\n").unwrap();
    sh(&scratch, "--env MY_TOKEN=geheim --env SEED=7 --tag a --tag b", "true").run().ok();
    let run = wait_for(&scratch, |run| run["environment"]["git"].is_object());
    let environment = &run["environment"];
    assert_eq!(environment["variables"]["SEED"], "7");
    assert!(!run.to_string().contains("geheim"), "{run}");
    assert_eq!(environment["git"]["commit"], git(&["rev-parse", "HEAD"]).trim());
    assert_eq!(
        (&environment["git"]["branch"], &environment["git"]["dirty"]),
        (&json!("trunk"), &json!(true))
    );
    let digest = environment["git"]["diff"].as_str().unwrap();
    let diff = fs::read_to_string(scratch.home().join("blobs").join(&digest[..2]).join(digest)).unwrap();
    assert!(diff.contains("-lr = 1\n+lr = 2\n"), "{diff}");
    assert!(environment["host"]["kernel"].is_string());
    assert_eq!(run["tags"], json!(["a", "b"]));
}

#[test]
fn python_finds_the_package_and_the_run() {
    let scratch = Scratch::new();
    let script = "import aether\nfor i in range(3): aether.log({'loss': 1 / (i + 1)})\n";
    let script = scratch.file("fit.py", script);
    scratch.aether("run -- python3").arg(&script).run().ok();
    let (_, run) = record(&scratch);
    assert_eq!(run["name"], "fit");
    let rows = scratch.aether("runs --json").run().json();
    assert_eq!(rows[0]["metrics"]["loss"]["count"], 3, "{rows:?}");
    let run = wait_for(&scratch, |run| run["environment"]["python"].is_object());
    assert!(run["environment"]["python"]["executable"].as_str().unwrap().ends_with("/python3"));
}

#[test]
fn a_full_disk_costs_the_record_and_not_the_output() {
    let scratch = Scratch::new();
    let disk = scratch.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = r#"
        mount -t tmpfs -o size=1m tmpfs "$1" || exit 99
        export AETHER_HOME="$1/home"
        "$2" run -- sh -c 'head -c 3000000 /dev/zero | tr "\0" x; rm -f "$AETHER_HOME"/../ballast; echo end' || exit $?
        "$2" logs @latest --events --quiet >&2
    "#;
    let done = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([disk.as_os_str(), env!("CARGO_BIN_EXE_aether").as_ref()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert_eq!(done.stdout.len(), 3_000_000 + 4, "{said}");
    assert!(done.stdout.ends_with(b"xend\n"));
    assert_eq!(said.matches("not kept for now").count(), 1, "{said}");
}

/// A control group for memory of our own; `None`, said so, where we may not make one: that takes root, and a writable
/// hierarchy of version 1, or of version 2 with the memory controller enabled for children.
fn memory_group(name: &str, limit: u64) -> Option<(PathBuf, &'static str)> {
    let tries = [
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
        ("/sys/fs/cgroup", "memory.max", "memory.swap.max"),
    ];
    for (root, file, swap) in tries {
        let group = PathBuf::from(root).join(name);
        if fs::create_dir(&group).is_ok() {
            if fs::write(group.join(file), limit.to_string()).is_ok() {
                let swap_limit = if file == "memory.max" { 0 } else { limit };
                let _ = fs::write(group.join(swap), swap_limit.to_string());
                return Some((group, file));
            }
            let _ = fs::remove_dir(&group);
        }
    }
    eprintln!("no control group for memory can be made here: run as root");
    None
}

#[test]
fn killed_for_memory_is_told_apart() {
    let name = format!("aether-test-{}", std::process::id());
    let Some((group, _)) = memory_group(&name, 256 << 20) else { return };
    let scratch = Scratch::new();
    let script = r#"echo $$ > "$1/cgroup.procs"; exec "$2" run -- python3 -c 'x = b"x" * (1 << 30)'"#;
    let done = Command::new("sh")
        .args(["-c", script, "sh"])
        .args([group.as_os_str(), env!("CARGO_BIN_EXE_aether").as_ref()])
        .env("AETHER_HOME", scratch.home())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let until = Instant::now() + PATIENCE;
    while fs::remove_dir(&group).is_err() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(done.status.code(), Some(137), "{said}");
    assert!(said.contains("out of memory"), "{said}");
    assert_eq!(record(&scratch).1["outcome"], json!({"kind": "out_of_memory"}));
}

#[test]
fn on_a_terminal_the_program_has_one() {
    let scratch = Scratch::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size; \
                  printf '\\033[32m 10%%\\r'; read line; printf ' 90%%\\r'; echo; echo \"$line!\"; exit 4";
    let mut terminal = Terminal::start(&scratch.home(), "run", Some(script));
    terminal.expect("30 101");
    let bar = terminal.expect("10%\r");
    assert!(bar.contains("\u{1b}[32m"), "{bar:?}");
    terminal.send("go\r");
    terminal.expect("90%\r");
    terminal.expect("go!");
    assert_eq!(terminal.code(), Some(4));
}

#[test]
fn keys_that_mean_signals_go_to_the_program() {
    let scratch = Scratch::new();
    let script = "trap 'echo caught' INT; echo ready; while :; do read line && echo got $line; done";
    let mut terminal = Terminal::start(&scratch.home(), "run", Some(script));
    terminal.expect("ready");
    terminal.send("\u{3}");
    terminal.expect("caught");
    // Ctrl-Z: the program is a session of its own, where nobody could continue it, and the kernel leaves it alone.
    terminal.send("\u{1a}");
    terminal.send("on\r");
    terminal.expect("got on");
    // Ctrl-\ twice.
    terminal.send("\u{1c}\u{1c}");
    terminal.expect("goes on");
    assert_eq!(terminal.code(), Some(0));
    let mut again = Terminal::start(&scratch.home(), "attach @latest", None);
    again.expect("ready");
    again.send("back\r");
    again.expect("got back");
    scratch.aether("stop @latest").run().ok();
    assert_eq!(record(&scratch).1["outcome"], json!({"kind": "stopped"}));
}

#[test]
fn a_closed_terminal_costs_the_run_nothing() {
    let scratch = Scratch::new();
    let script = "echo ready; while ! [ -e \"$AETHER_HOME/go\" ]; do sleep 0.05; done; echo over";
    let mut terminal = Terminal::start(&scratch.home(), "run", Some(script));
    terminal.expect("ready");
    terminal.close().wait().unwrap();
    fs::write(scratch.home().join("go"), "").unwrap();
    wait_for(&scratch, |run| run["state"] == "done");
    assert!(scratch.aether("logs @latest").run().ok().contains("over"));
}

#[test]
fn a_slow_reader_costs_the_program_nothing() {
    let scratch = Scratch::new();
    let script = "head -c 30000000 /dev/zero; touch written";
    let mut child = sh(&scratch, "", script).start();
    let until = Instant::now() + PATIENCE;
    while !scratch.path().join("written").exists() {
        assert!(Instant::now() < until);
        thread::sleep(Duration::from_millis(20));
    }
    let mut all = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut all).unwrap();
    assert_eq!((all.len(), child.wait().unwrap().code()), (30_000_000, Some(0)));
}
