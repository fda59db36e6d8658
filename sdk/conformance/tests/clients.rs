//! One program in each language says the same things; what it wrote is read back, point by point.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use aether_core::{Level, Run, RunState};
use aether_ledger::{
    Home, NewRun, RunDirectory, RunReader, RunWriter,
    log::{
        reader::{Entry, LogReader},
        record::Record,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The files of this suite and of the clients.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Whether a language is here. Where CI promises that it is, its absence is a failure.
fn have(program: &str, package: &str) -> bool {
    let found =
        Command::new(program).arg(if program == "go" { "version" } else { "--version" }).output().is_ok();
    assert!(found || env::var_os("CI").is_none_or(|ci| ci != "true"), "no {program}: install {package}");
    if !found {
        eprintln!("skipped: no {program}; on Debian: apt-get install {package}");
    }
    found
}

fn build(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn rust() {
    conforms(Can::FillAndFork, |_| Command::new(env!("CARGO_BIN_EXE_aether-conformance-program")));
}

#[test]
fn cpp() {
    if have("g++", "g++") {
        conforms(Can::FillAndFork, |scratch| {
            let program = scratch.join("program");
            build(
                Command::new("g++")
                    .args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1"])
                    .arg(sources().join("program.cpp"))
                    .arg("-o")
                    .arg(&program),
            );
            Command::new(program)
        });
    }
}

#[test]
fn go() {
    if have("go", "golang-go") {
        conforms(Can::Fill, |scratch| {
            let client = sources().join("../../go").canonicalize().unwrap();
            let module = format!(
                "module conformance\ngo 1.19\nrequire aether v0.0.0\nreplace aether => {}\n",
                client.display()
            );
            fs::write(scratch.join("go.mod"), module).unwrap();
            fs::copy(sources().join("program.go"), scratch.join("main.go")).unwrap();
            let program = scratch.join("program");
            build(Command::new("go").args(["build", "-o"]).arg(&program).current_dir(scratch).envs([
                ("GOFLAGS", "-mod=mod"),
                ("GOPROXY", "off"),
                ("GOTOOLCHAIN", "local"),
            ]));
            Command::new(program)
        });
    }
}

#[test]
fn r() {
    if have("Rscript", "r-base-core") {
        conforms(Can::FillAndFork, |_| {
            let mut command = Command::new("Rscript");
            command.arg("--encoding=UTF-8").arg(sources().join("program.R")).env("LC_ALL", "C.UTF-8");
            command
        });
    }
}

#[test]
fn julia() {
    if have("julia", "julia (Debian 11's suite has it)") {
        conforms(Can::Say, |_| {
            let mut command = Command::new("julia");
            // Unless it is told where the program stands, it takes the first `--` of the arguments for itself.
            command.args(["--startup-file=no", "--"]).arg(sources().join("program.jl"));
            command
        });
    }
}

/// What else a language's program can be asked for.
#[derive(Clone, Copy, PartialEq)]
enum Can {
    /// Nothing that fails: see the guide on Julia's exceptions.
    Say,
    /// To go on after a disk was full.
    Fill,
    /// That, and to fork.
    FillAndFork,
}

/// Has the program say its things by itself and below a supervisor, and reads both; then what else it can.
fn conforms(can: Can, program: impl Fn(&Path) -> Command) {
    says(&program);
    if can != Can::Say {
        fills_a_disk(&program);
    }
    if can == Can::FillAndFork {
        forks(&program);
    }
}

/// All cases of the table that the clients mask secrets by, in one command: what is said, and what may be kept. Between
/// two cases stands a word that ends what an option asked for.
fn secrets() -> (Vec<String>, Vec<String>) {
    #[derive(serde::Deserialize)]
    struct Case {
        said: Vec<String>,
        kept: Vec<String>,
    }
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../secrets.json")).unwrap();
    assert!(cases.len() > 20);
    let (said, kept): (Vec<_>, Vec<_>) = cases.into_iter().map(|case| (case.said, case.kept)).unzip();
    let one = |all: Vec<Vec<String>>| all.join(&"--".to_owned());
    (one(said), one(kept))
}

/// On a disk of half a megabyte, most of which is a file that the program removes once the disk is full.
fn fills_a_disk(program: &impl Fn(&Path) -> Command) {
    let scratch = TempDir::new().unwrap();
    let disk = scratch.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = r#"
        disk="$1" to="$2"; shift 2
        mount -t tmpfs -o size=512k tmpfs "$disk" && head -c 400k /dev/zero >"$disk/ballast" || exit 99
        AETHER_HOME="$disk/home" AETHER_CONFORMANCE_BALLAST="$disk/ballast" "$@"
        code=$?
        cp -a "$disk/home" "$to" && test ! -e "$disk/ballast" && exit $code
    "#;
    let program = program(scratch.path());
    // In a user namespace of its own, anybody may mount.
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.args([disk.as_path(), &scratch.path().join("home")]);
    command.arg(program.get_program()).args(program.get_args());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env_remove("AETHER_RUN_DIR").env_remove("AETHER_SESSION");
    build(&mut command);
    let home = Home::at(scratch.path().join("home"));
    let [directory] = &home.run_directories().unwrap()[..] else { panic!("one run") };
    assert_eq!(directory.run().unwrap().state, RunState::Done);
    let reader = RunReader::open(directory.clone()).unwrap();
    assert_eq!(reader.damage(), []);
    let losses = reader.series("loss").unwrap().points();
    assert!(losses.len() > 300, "{}", losses.len());
    for (step, point) in (0..).zip(losses) {
        assert_eq!((point.step, point.value), (step, step as f64));
        let own = reader.series(&format!("m/{step}")).unwrap_or_else(|| panic!("no m/{step}"));
        assert_eq!(own.points().iter().map(|p| (p.step, p.value)).collect::<Vec<_>>(), [(step, 1.0)]);
    }
    assert_eq!(reader.metrics().count(), losses.len() + 1);
}

/// What a forked child says is in a log of its own, and its end is not the run's.
fn forks(program: &impl Fn(&Path) -> Command) {
    let scratch = TempDir::new().unwrap();
    let home = Home::at(scratch.path().join("home"));
    let mut command = program(scratch.path());
    command.env("AETHER_HOME", home.path()).env("AETHER_CONFORMANCE_FORK", "1");
    build(command.env_remove("AETHER_RUN_DIR").env_remove("AETHER_SESSION"));
    let [directory] = &home.run_directories().unwrap()[..] else { panic!("one run") };
    assert_eq!((directory.run().unwrap().state, directory.logs().unwrap().len()), (RunState::Done, 2));
    let reader = RunReader::open(directory.clone()).unwrap();
    let said = |metric: &str| -> Vec<(u64, f64)> {
        reader.series(metric).unwrap().points().iter().map(|p| (p.step, p.value)).collect()
    };
    assert_eq!((said("parent"), said("child")), (vec![(1, 1.0), (3, 3.0)], vec![(2, 2.0)]));
    assert_eq!(reader.damage(), []);
}

fn says(program: &impl Fn(&Path) -> Command) {
    let scratch = TempDir::new().unwrap();
    let model = scratch.path().join("model.bin");
    // Many blocks of a hash, and a rest that leaves no room for its padding.
    fs::write(&model, (0..100_027u32).map(|i| (i % 251 * (i % 241) % 256) as u8).collect::<Vec<_>>())
        .unwrap();

    let home = Home::at(scratch.path().join("alone"));
    let mut alone = program(scratch.path());
    let (secrets, kept) = secrets();
    alone.arg(&model).args(&secrets).env("AETHER_HOME", home.path());
    alone.env_remove("AETHER_RUN_DIR").env_remove("AETHER_SESSION");
    build(&mut alone);
    let [directory] = &home.run_directories().unwrap()[..] else { panic!("one run") };
    let run = directory.run().unwrap();
    assert_eq!((run.name.as_str(), run.project.as_str()), ("größe \"one\"", "conformance"));
    assert_eq!((run.kind.as_str(), run.state), ("script", RunState::Done));
    assert!(run.ended.unwrap() > run.created && run.pid_start > 0);
    let said = run.command.iter().position(|word| Path::new(word) == model).unwrap();
    assert_eq!(run.command[said + 1..], kept);
    assert!(run.directory.is_absolute() && !run.host.is_empty());
    reads_back(&home, directory, &run, 0, &model);

    let home = Home::at(scratch.path().join("below"));
    let new = NewRun {
        name: "supervised".to_owned(),
        project: "default".to_owned(),
        kind: "command".to_owned(),
        spec: json!({}),
        command: Vec::new(),
        directory: scratch.path().to_owned(),
        tags: Vec::new(),
    };
    let writer = RunWriter::create(&home, new).unwrap();
    let mut below = program(scratch.path());
    below.arg(&model).env("AETHER_RUN_DIR", writer.directory().path());
    below.env("AETHER_SESSION", "3").env("AETHER_HOME", home.path());
    build(&mut below);
    assert_eq!(home.run_directories().unwrap().len(), 1, "no run of its own");
    assert_eq!(writer.directory().run().unwrap(), writer.run(), "the record is the supervisor's");
    reads_back(&home, writer.directory(), &writer.run(), 3, &model);
}

fn reads_back(home: &Home, directory: &RunDirectory, run: &Run, session: u32, model: &Path) {
    let [(log, _)] = &directory.logs().unwrap()[..] else { panic!("one log") };
    let Some(Entry::Record(Record::Header(header))) = LogReader::new(log).next().unwrap() else {
        panic!("no header")
    };
    assert_eq!((header.session, header.run.as_str()), (session, directory.id().as_str()));
    assert_eq!(header.writer, log.file_stem().unwrap().to_str().unwrap());
    let begun = run.created.as_nanosecond() as i64;
    // A language's clock may be coarser than ours: R's rounds to 256 ns, Julia's to 1 ms.
    assert!(header.start >= begun - 1_000_000, "{} {begun}", header.start);

    let reader = RunReader::open(directory.clone()).unwrap();
    assert_eq!(reader.damage(), []);
    let points = |metric: &str| -> Vec<(u64, f64)> {
        let series = reader.series(metric).unwrap_or_else(|| panic!("no {metric:?}"));
        series.points().iter().map(|p| (p.step, p.value)).collect()
    };
    let bits = |points: Vec<(u64, f64)>| -> Vec<(u64, u64)> {
        points
            .into_iter()
            .map(|(step, value)| (step, if value.is_nan() { f64::NAN } else { value }.to_bits()))
            .collect()
    };
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324];
    let losses = (1..=100).map(|i| (i, 1.0 / i as f64)).chain((101..).zip(special)).collect();
    assert_eq!(bits(points("loss")), bits(losses));
    assert_eq!(points("größe/λ"), (1..=100).map(|i| (i, -0.5 * i as f64)).collect::<Vec<_>>());
    assert_eq!(points("huge"), [(0, 0.0), (1 << 53, 1.0)]);
    assert_eq!(points("two\nlines\t\"quoted\""), [(1, 1.0)]);
    for i in 0..5000 {
        assert_eq!(points(&format!("many/{i}")), [(7, f64::from(i))]);
    }
    assert_eq!(reader.metrics().count(), 5004);
    let ordered = reader.series("loss").unwrap().points().windows(2).all(|w| w[0].time <= w[1].time);
    assert!(ordered && reader.series("loss").unwrap().points()[0].time >= header.start);

    let [note, config, long, artifact] = reader.events() else { panic!("{:?}", reader.events().len()) };
    assert_eq!((note.event.kind.as_str(), note.event.level, note.event.step), ("note", Level::Warning, 3));
    assert_eq!(note.event.message, "a \"quoted\"\nline, größer");
    let fields = &note.event.fields;
    assert_eq!(fields["number"].as_f64(), Some(0.1));
    assert_eq!(fields["whole"].as_f64(), Some(3.0));
    assert_eq!(
        (&fields["text"], &fields["truth"], &fields["nan"]),
        (&json!("ü\t"), &json!(true), &Value::Null)
    );
    let list: Vec<_> = fields["list"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert_eq!(list, [1.0, 2.5]);
    assert_eq!((config.event.kind.as_str(), config.event.fields["lr"].as_f64()), ("config", Some(0.01)));
    assert_eq!((long.event.kind.as_str(), &long.event.fields["cut"]), ("long", &json!(true)));

    let said = Command::new("sha256sum").arg(model).output().unwrap().stdout;
    let digest = String::from_utf8(said).unwrap()[..64].to_owned();
    let fields = &artifact.event.fields;
    assert_eq!(artifact.event.kind, "artifact");
    assert_eq!((&fields["name"], &fields["kind"]), (&json!("model"), &json!("model")));
    assert_eq!((&fields["digest"], &fields["direction"]), (&json!(digest), &json!("output")));
    assert_eq!(fields["bytes"].as_f64(), Some(100_027.0));
    let shelf = home.path().join("blobs").join(&digest[..2]);
    assert_eq!(fs::read(shelf.join(&digest)).unwrap(), fs::read(model).unwrap());
    let left: Vec<_> = fs::read_dir(home.path().join("blobs")).unwrap().collect();
    assert_eq!(left.len(), 1, "no leftover");
}
