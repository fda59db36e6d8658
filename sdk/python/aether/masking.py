"""Keeps secrets out of a run's command. The same as the supervisor's `facts/secrets.rs`; `sdk/secrets.json` has cases
that both are tested by."""

import re
from typing import List, Sequence

MASK = "********"

# How keys of well-known services begin, and how long they are at least.
_PREFIXES = (
    ("AKIA", 20), ("ASIA", 20), ("ghp_", 20), ("gho_", 20), ("ghs_", 20), ("ghu_", 20), ("github_pat_", 20),
    ("glpat-", 20), ("sk-", 20), ("sk_live_", 20), ("rk_live_", 20), ("hf_", 20), ("xoxb-", 15), ("xoxp-", 15),
    ("AIza", 30), ("ya29.", 20), ("npm_", 20), ("pypi-", 20), ("dckr_pat_", 15), ("eyJ", 40),
)
_WORD = re.compile(r"[A-Za-z0-9_\-.+/]+")
_PARTS = re.compile(r"[A-Za-z0-9]+")
# An address up to its host: `scheme://user:password@`.
_ADDRESS = re.compile(r"(://[^:/?# \"',]*:)[^/?# \"',]*@")
_SECRETS = {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "APIKEY", "CREDENTIALS"}
_KEYS = {"API", "ACCESS", "SECRET", "PRIVATE", "AUTH"}
_TOKENS = {"", "API", "AUTH", "ACCESS", "HF", "HUB", "GITHUB", "WANDB", "BEARER", "BOT", "SECRET"}


def command(words: Sequence[str]) -> List[str]:
    """The words of a command as they may be kept: what looks like a key is masked wherever it stands, and whatever is
    given to an option that asks for a secret, as `--api-key VALUE` or `--api-key=VALUE`."""
    kept: List[str] = []
    asked = False
    for word in words:
        was_asked, asked = asked, False
        if not word.startswith("-"):
            kept.append(MASK if was_asked else _text(word))
            continue
        name, equals, value = word.partition("=")
        if not equals:
            asked = _is_secret_option(name)
            kept.append(_text(word))
        elif value and _is_secret_option(name):
            kept.append(f"{name}={MASK}")
        else:
            kept.append(_text(word))
    return kept


def _text(text: str) -> str:
    if "-----BEGIN" in text:
        return MASK
    text = _ADDRESS.sub(rf"\g<1>{MASK}@", text)
    # Not the whole alone: a list of options may hold a key among harmless words.
    for word in _WORD.findall(text):
        if any(len(word) >= least and word.startswith(prefix) for prefix, least in _PREFIXES):
            text = text.replace(word, MASK)
    return text


def _is_secret_option(name: str) -> bool:
    """Narrow: `--pad-token`, `--max-tokens` and `--key` are everyday options of training scripts."""
    words = [word.upper() for word in _PARTS.findall(name)]
    last, before = (["", "", *words])[-1:-3:-1]
    return last in _SECRETS or (last == "KEY" and before in _KEYS) or (last == "TOKEN" and before in _TOKENS)
