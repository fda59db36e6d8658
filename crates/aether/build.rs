//! Embeds the Python package and what injects it, so that `aether run` works without anything installed.

use std::{
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = manifest.join("../../sdk/python");
    let mut files = Vec::new();
    for part in ["aether", "inject"] {
        let directory = root.join(part);
        // Watched even where it does not exist: it may come.
        println!("cargo::rerun-if-changed={}", directory.display());
        collect(&directory, part, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    let mut code = String::from("pub(super) const FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in &files {
        (name, fs::read(path)?).hash(&mut hasher);
        // Writing to a string does not fail.
        let _ = writeln!(code, "    ({name:?}, include_bytes!({:?})),", fs::canonicalize(path)?);
    }
    let _ = writeln!(code, "];\npub(super) const HASH: &str = \"{:016x}\";", hasher.finish());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("python_files.rs"), code)
}

fn collect(directory: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name();
        let Some(file) = file.to_str() else { continue };
        let inside = format!("{name}/{file}");
        if entry.file_type()?.is_dir() {
            if file != "__pycache__" {
                collect(&entry.path(), &inside, files)?;
            }
        } else if file.ends_with(".py") || file == "py.typed" {
            files.push((inside, entry.path()));
        }
    }
    Ok(())
}
