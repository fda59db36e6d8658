//! Aether with four things of one's own. Each is a type that implements one trait, and one line here; its fields are
//! the keys that `config.yaml` gives it.

mod gated_mlp;
mod spirals;
mod steepest;
mod stop_at;

fn main() -> std::process::ExitCode {
    aether::App::new()
        .model::<gated_mlp::GatedMlp>("GatedMLP")
        .source::<spirals::Spirals>("spirals")
        .listener::<steepest::Steepest>("steepest")
        .callback::<stop_at::StopAt>("stop_at")
        .run(std::env::args_os())
}
