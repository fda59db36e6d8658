//! A disk that fills up, which is a tmpfs of a megabyte in a mount namespace of its own.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use crate::lab::{AETHER, Lab, all_readable, said, snapshots};

/// Runs `aether train config.yaml` with its home on a full disk; afterwards the home is copied to where the lab looks
/// for it.
fn train_on_small_disk(lab: &Lab, kib: u32) -> Output {
    let disk = lab.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = r#"
        mount -t tmpfs -o "size=$1k" tmpfs "$2" || exit 99
        AETHER_HOME="$2/home" timeout 60 "$3" train config.yaml
        code=$?
        cp -a "$2/home" "$4"
        exit $code
    "#;
    // As root a mount namespace is enough; others need a user namespace to be root in.
    Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", &kib.to_string()])
        .args([disk.as_os_str(), AETHER.as_ref(), lab.path().join("home").as_os_str()])
        .current_dir(lab.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A snapshot of this model is some 100 KB.
const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 128}
data: digits
epochs: 10
batch_size: 64
snapshot: {every_epochs: 1, keep: 100}
threads: 1
";

#[test]
fn full_while_snapshotting() {
    let lab = Lab::new();
    lab.write("config.yaml", CONFIG);
    let output = train_on_small_disk(&lab, 512);
    let message = said(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("No space left on device"), "{message}");
    let run = lab.only_run();
    all_readable(&run);
    assert!(
        snapshots(&run).join("latest.safetensors").exists(),
        "the last good snapshot is still there: {message}"
    );
}

#[test]
fn full_while_logging() {
    let lab = Lab::new();
    // Next to no snapshots, and a log of several megabytes.
    let config = CONFIG.replace("keep: 100", "keep: 1").replace("epochs: 10", "max_steps: 20000");
    lab.write(
        "config.yaml",
        config.replace("every_epochs: 1", "every_steps: 20000").replace("batch_size: 64", "batch_size: 4"),
    );
    let output = train_on_small_disk(&lab, 256);
    let message = said(&output);
    assert!(message.contains("No space left on device"), "{message}");
    all_readable(&lab.only_run());
}
