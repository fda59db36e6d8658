//! The command line.

fn main() -> std::process::ExitCode {
    aether::App::new().run(std::env::args_os())
}
