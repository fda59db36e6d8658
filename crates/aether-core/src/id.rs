//! Typed identifiers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Digits and letters without the four that are misread (`i`, `l`, `o`, `u`): Crockford's base 32, in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters in an id: 40 random bits, so that a prefix of three or four characters names a run among thousands.
const LENGTH: usize = 8;

/// Names one run for ever. Random rather than counted, so that machines that share a home never agree on one, and
/// so that short prefixes differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId([u8; LENGTH]);

impl RunId {
    /// Draws a fresh id from the operating system's generator.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random() -> std::io::Result<Self> {
        let mut bits = [0; LENGTH];
        getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
        Ok(Self(bits.map(|b| ALPHABET[usize::from(b & 31)])))
    }

    /// The id as it is written everywhere: eight lower-case characters.
    pub fn as_str(&self) -> &str {
        // The constructors admit ASCII only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `{0}` is not a run id: eight characters of 0-9 and a-z without i, l, o, u.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a run id (eight characters of 0-9 and a-z without i, l, o, u)")]
pub struct NotARunId(String);

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, NotARunId> {
        match <[u8; LENGTH]>::try_from(text.as_bytes()) {
            Ok(bytes) if bytes.iter().all(|b| ALPHABET.contains(b)) => Ok(Self(bytes)),
            _ => Err(NotARunId(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = NotARunId;

    fn try_from(text: String) -> Result<Self, NotARunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = RunId::random().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "abc", "abcdefghi", "abcdefgi", "ABCDEFGH", "äbcdefg"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
