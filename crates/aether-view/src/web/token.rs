//! The token that lets others in who do not come from this machine: 256 random bits, shown once, of which only the
//! SHA-256 is kept, in `dash.token` in the home, which its owner alone may read.

use std::{fmt, fs, io, path::PathBuf};

use aether_core::AtomicFile;
use aether_ledger::{Digest, Home};

use super::WebError;

/// What lets somebody in.
#[derive(Clone)]
pub struct Token {
    secret: Option<String>,
    hash: Digest,
}

impl Token {
    /// The one that the home keeps; a new one where there is none, or it is wanted.
    pub(super) fn of(home: &Home, new: bool) -> Result<Self, WebError> {
        let path = home.path().join("dash.token");
        let failed = |path: &PathBuf| {
            let path = path.clone();
            |source| WebError::Token { path, source }
        };
        if !new {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let hash = text.trim().parse().map_err(|_| {
                        let reason = "it holds no SHA-256; --new-token makes another";
                        failed(&path)(io::Error::new(io::ErrorKind::InvalidData, reason))
                    })?;
                    return Ok(Self { secret: None, hash });
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed(&path)(e)),
            }
        }
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|e| failed(&path)(io::Error::other(e.to_string())))?;
        let secret: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = Digest::of(secret.as_bytes());
        fs::create_dir_all(home.path()).map_err(failed(&path))?;
        AtomicFile::write_private(&path, format!("{hash}\n").as_bytes()).map_err(failed(&path))?;
        Ok(Self { secret: Some(secret), hash })
    }

    /// What to show to whoever is to be let in; only known when it was just made.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Whether this is it. Hashes are compared, so the time it takes says nothing about the token.
    pub(super) fn is(&self, secret: &str) -> bool {
        Digest::of(secret.as_bytes()) == self.hash
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_shown_once_and_kept_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        let first = Token::of(&home, false).unwrap();
        let secret = first.secret().unwrap().to_owned();
        assert_eq!(secret.len(), 64);
        let path = home.path().join("dash.token");
        assert!(!fs::read_to_string(&path).unwrap().contains(&secret));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Token::of(&home, false).unwrap();
        assert!(again.secret().is_none() && again.is(&secret) && !again.is(&secret[1..]));
        let other = Token::of(&home, true).unwrap();
        assert!(!other.is(&secret) && !Token::of(&home, false).unwrap().is(&secret));
        fs::write(&path, "no hash").unwrap();
        assert!(Token::of(&home, false).is_err());
        assert!(!format!("{other:?}").contains(other.secret().unwrap()));
    }
}
