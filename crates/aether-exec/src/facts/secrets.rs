//! Keeps secrets out of the record: by a variable's name, and by what a value looks like.

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// Words in a name that say that its value is secret, compared without regard to case.
const NAMES: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "APIKEY",
    "PRIVATE",
    "SIGNATURE",
    "COOKIE",
    "WEBHOOK",
];

/// How keys of well-known services begin, and how long they are at least.
const PREFIXES: [(&str, usize); 20] = [
    ("AKIA", 20),        // AWS, long-lived
    ("ASIA", 20),        // AWS, temporary
    ("ghp_", 20),        // GitHub, personal
    ("gho_", 20),        // GitHub, OAuth
    ("ghs_", 20),        // GitHub, server
    ("ghu_", 20),        // GitHub, user
    ("github_pat_", 20), // GitHub, fine-grained
    ("glpat-", 20),      // GitLab
    ("sk-", 20),         // model providers
    ("sk_live_", 20),    // Stripe
    ("rk_live_", 20),    // Stripe, restricted
    ("hf_", 20),         // Hugging Face
    ("xoxb-", 15),       // Slack, bot
    ("xoxp-", 15),       // Slack, user
    ("AIza", 30),        // Google
    ("ya29.", 20),       // Google, OAuth
    ("npm_", 20),        // npm
    ("pypi-", 20),       // PyPI
    ("dckr_pat_", 15),   // Docker
    ("eyJ", 40),         // a JSON Web Token
];

/// The value of a variable as it may be kept: itself, or with what is secret in it masked.
pub fn masked(name: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    if is_secret_name(name) || value.contains("-----BEGIN") {
        return MASK.to_owned();
    }
    let mut kept = without_passwords(value);
    // Not one value alone: a list of options may hold a key among harmless words.
    let is_part_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/');
    let keys: Vec<String> = kept
        .split(|c| !is_part_of_word(c))
        .filter(|word| looks_like_a_key(word))
        .map(str::to_owned)
        .collect();
    for key in keys {
        kept = kept.replace(&key, MASK);
    }
    kept
}

/// The words of a command as they may be kept: what looks like a key is masked wherever it stands, and whatever is given
/// to an option that asks for a secret, as `--api-key VALUE` or `--api-key=VALUE`.
pub fn masked_command(command: &[String]) -> Vec<String> {
    let mut kept = Vec::with_capacity(command.len());
    let mut is_secret = false;
    for word in command {
        let asked = std::mem::replace(&mut is_secret, false);
        let Some(option) = word.strip_prefix('-') else {
            kept.push(if asked { MASK.to_owned() } else { masked("", word) });
            continue;
        };
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        match value {
            Some(value) if is_secret_option(name) && !value.is_empty() => {
                kept.push(format!("-{name}={MASK}"))
            }
            Some(_) => kept.push(masked("", word)),
            None => {
                is_secret = is_secret_option(name);
                kept.push(masked("", word));
            }
        }
    }
    kept
}

/// Narrower than for variables: `--pad-token`, `--max-tokens` and `--key` are everyday options of training scripts.
fn is_secret_option(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let mut words = upper.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).rev();
    let (last, before) = (words.next().unwrap_or_default(), words.next());
    match last {
        "PASSWORD" | "PASSWD" | "PASSPHRASE" | "SECRET" | "APIKEY" | "CREDENTIALS" => true,
        "KEY" => matches!(before, Some("API" | "ACCESS" | "SECRET" | "PRIVATE" | "AUTH")),
        "TOKEN" => matches!(
            before,
            None | Some(
                "API" | "AUTH" | "ACCESS" | "HF" | "HUB" | "GITHUB" | "WANDB" | "BEARER" | "BOT" | "SECRET"
            )
        ),
        _ => false,
    }
}

fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // `KEY` and its like as a word of its own: MONKEY, KEYBOARD and BYPASS are no secrets.
    let words = upper.split(|c: char| !c.is_ascii_alphanumeric());
    NAMES.iter().any(|secret| upper.contains(secret))
        || words.clone().any(|word| matches!(word, "KEY" | "KEYS" | "PASS" | "PWD" | "AUTH" | "DSN" | "PAT"))
            // The shell's own names for directories.
            && !matches!(upper.as_str(), "PWD" | "OLDPWD")
        || words
            .clone()
            .any(|word| word.ends_with("KEY") && word.len() > 3 && !matches!(word, "MONKEY" | "HOTKEY"))
}

fn looks_like_a_key(word: &str) -> bool {
    PREFIXES.iter().any(|(prefix, least)| word.len() >= *least && word.starts_with(prefix))
}

/// The text with the password of each URL in it masked: `scheme://user:password@host`.
fn without_passwords(text: &str) -> String {
    let mut kept = text.to_owned();
    let mut at = 0;
    // From where the user is said, and not from where the host ends: that may be the next scheme.
    while let Some(found) = kept[at..].find("://") {
        at += found + 3;
        let end = kept[at..].find(['/', '?', '#', ' ', '"', '\'', ',']).map_or(kept.len(), |end| at + end);
        if let Some(host) = kept[at..end].rfind('@')
            && let Some(colon) = kept[at..at + host].find(':')
        {
            kept.replace_range(at + colon + 1..at + host, MASK);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        for name in [
            "GITHUB_TOKEN",
            "aws_secret_access_key",
            "AWS_ACCESS_KEY_ID",
            "WANDB_API_KEY",
            "OPENAI_APIKEY",
            "DB_PASSWORD",
            "MYSQL_PWD",
            "PGPASSWORD",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "SSH_PRIVATE",
            "SLACK_WEBHOOK_URL",
            "SENTRY_DSN",
            "BASIC_AUTH",
            "MASTERKEY",
        ] {
            assert_eq!(masked(name, "value"), MASK, "{name}");
        }
        for name in
            ["PATH", "HOME", "PWD", "OLDPWD", "LANG", "KEYBOARD_LAYOUT", "MONKEY", "CUDA_VISIBLE_DEVICES"]
        {
            assert_eq!(masked(name, "value"), "value", "{name}");
        }
        assert_eq!(masked("API_KEY", ""), "", "an empty secret is worth knowing");
    }

    /// The Python client, which masks its own command, is tested by the same cases.
    #[test]
    fn in_a_command() {
        #[derive(serde::Deserialize)]
        struct Case {
            said: Vec<String>,
            kept: Vec<String>,
        }
        let cases = include_str!("../../../../sdk/secrets.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() > 20);
        for Case { said, kept } in cases {
            assert_eq!(masked_command(&said), kept, "{said:?}");
        }
    }

    #[test]
    fn by_value() {
        for value in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "sk-proj-abcdefghijklmnopqrstuvwx",
            "hf_abcdefghijklmnopqrstuvwxyz",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        ] {
            assert_eq!(masked("X", value), MASK, "{value}");
        }
        assert_eq!(masked("X", "sk-short"), "sk-short");
        assert_eq!(masked("X", "task-force-of-more-than-twenty"), "task-force-of-more-than-twenty");
        assert_eq!(
            masked("OPTS", "--user me --key=ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
            "--user me --key=********"
        );
    }

    #[test]
    fn by_url() {
        assert_eq!(masked("DB", "postgres://me:geheim@db:5432/x"), "postgres://me:********@db:5432/x");
        assert_eq!(masked("P", "http://a:p@x/ http://b:q@y"), "http://a:********@x/ http://b:********@y");
        assert_eq!(masked("P", "http://u:p@ss@host/x"), "http://u:********@host/x");
        for harmless in ["http://host:80/a:b@c", "https://me@host/", "a://", "://:@"] {
            assert!(!masked("U", harmless).contains("b********"), "{harmless}");
        }
        assert_eq!(masked("U", "http://host:80/a:b@c"), "http://host:80/a:b@c");
    }
}
