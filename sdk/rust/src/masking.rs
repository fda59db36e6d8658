//! Keeps secrets out of a run's command. The same as the supervisor's; the clients of all languages are tested by the
//! cases of `sdk/secrets.json`.

const MASK: &str = "********";

/// How keys of well-known services begin, and how long they are at least.
const PREFIXES: [(&str, usize); 20] = [
    ("AKIA", 20),
    ("ASIA", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glpat-", 20),
    ("sk-", 20),
    ("sk_live_", 20),
    ("rk_live_", 20),
    ("hf_", 20),
    ("xoxb-", 15),
    ("xoxp-", 15),
    ("AIza", 30),
    ("ya29.", 20),
    ("npm_", 20),
    ("pypi-", 20),
    ("dckr_pat_", 15),
    ("eyJ", 40),
];

/// The words of a command as they may be kept: what looks like a key is masked wherever it stands, and whatever is given
/// to an option that asks for a secret, as `--api-key VALUE` or `--api-key=VALUE`.
pub(crate) fn command(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut asked = false;
    let mut kept = |word: String| {
        let was_asked = std::mem::replace(&mut asked, false);
        match word.split_once('=') {
            _ if !word.starts_with('-') => {
                if was_asked {
                    MASK.to_owned()
                } else {
                    text(word)
                }
            }
            Some((name, value)) if !value.is_empty() && is_secret_option(name) => format!("{name}={MASK}"),
            Some(_) => text(word),
            None => {
                asked = is_secret_option(&word);
                text(word)
            }
        }
    };
    words.map(&mut kept).collect()
}

fn text(text: String) -> String {
    if text.contains("-----BEGIN") {
        return MASK.to_owned();
    }
    let mut kept = without_passwords(text);
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/');
    let is_key = |word: &&str| PREFIXES.iter().any(|(p, least)| word.len() >= *least && word.starts_with(p));
    let keys: Vec<String> = kept.split(|c| !in_word(c)).filter(is_key).map(str::to_owned).collect();
    for key in keys {
        kept = kept.replace(&key, MASK);
    }
    kept
}

/// `scheme://user:password@host`, wherever it stands.
fn without_passwords(mut text: String) -> String {
    let mut at = 0;
    while let Some(found) = text[at..].find("://") {
        at += found + 3;
        let end = text[at..].find(['/', '?', '#', ' ', '"', '\'', ',']).map_or(text.len(), |end| at + end);
        if let Some(host) = text[at..end].rfind('@')
            && let Some(colon) = text[at..at + host].find(':')
        {
            text.replace_range(at + colon + 1..at + host, MASK);
        }
    }
    text
}

/// Narrow: `--pad-token`, `--max-tokens` and `--key` are everyday options of training scripts.
fn is_secret_option(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let mut words = upper.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).rev();
    let (last, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match last {
        "PASSWORD" | "PASSWD" | "PASSPHRASE" | "SECRET" | "APIKEY" | "CREDENTIALS" => true,
        "KEY" => matches!(before, "API" | "ACCESS" | "SECRET" | "PRIVATE" | "AUTH"),
        "TOKEN" => matches!(
            before,
            "" | "API" | "AUTH" | "ACCESS" | "HF" | "HUB" | "GITHUB" | "WANDB" | "BEARER" | "BOT" | "SECRET"
        ),
        _ => false,
    }
}
