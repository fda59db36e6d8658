//! What can be said to `completions`.

use clap::Args;
use clap_complete::Shell;

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether completions bash > ~/.local/share/bash-completion/completions/aether
  $ aether completions zsh > ~/.zfunc/_aether
  $ aether completions fish > ~/.config/fish/completions/aether.fish")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL", value_parser = shell())]
    pub(crate) shell: Shell,
}

fn shell() -> impl clap::builder::TypedValueParser<Value = Shell> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["bash", "zsh", "fish"]).map(|name| match name.as_str() {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    })
}
