//! Encryption: with a certificate that is made at the first start and kept in the home, or with one's own.

use std::{
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use aether_core::AtomicFile;
use aether_ledger::Digest;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use super::{Options, Tls, WebError, security};

/// What the server encrypts with.
#[derive(Clone)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    fingerprint: String,
    path: PathBuf,
}

impl Certificate {
    /// What the options say; `None` for a server that does not encrypt.
    pub(super) fn of(options: &Options, address: SocketAddr) -> Result<Option<Self>, WebError> {
        let (certificate, key) = match &options.tls {
            Tls::Off => return Ok(None),
            Tls::Files { certificate, key } => (certificate.clone(), key.clone()),
            Tls::SelfMade => {
                let home = options.home.path();
                let files = (home.join("dash.cert.pem"), home.join("dash.key.pem"));
                if !(files.0.exists() && files.1.exists()) {
                    make(home, &files, address, &options.allow_hosts)?;
                }
                files
            }
        };
        Self::read(certificate, &key).map(Some)
    }

    fn read(path: PathBuf, key_path: &Path) -> Result<Self, WebError> {
        let wrong = |path: &Path, e: &dyn fmt::Display| WebError::Certificate {
            path: path.to_owned(),
            reason: e.to_string(),
        };
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(&path).and_then(Iterator::collect).map_err(|e| wrong(&path, &e))?;
        let Some(first) = chain.first() else { return Err(wrong(&path, &"it holds no certificate")) };
        let fingerprint = Digest::of(first).to_string();
        let key = PrivateKeyDer::from_pem_file(key_path).map_err(|e| wrong(key_path, &e))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| wrong(&path, &e))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| wrong(&path, &e))?;
        Ok(Self { config: Arc::new(config), fingerprint, path })
    }

    /// What agrees on a key with whoever connects.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }

    /// The SHA-256 of the certificate, by which a person can tell that it is this one.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Makes a certificate for the names by which this server is reached, and keeps it.
fn make(
    home: &Path,
    (certificate, key): &(PathBuf, PathBuf),
    address: SocketAddr,
    allow: &[String],
) -> Result<(), WebError> {
    let wrong = |reason: String| WebError::Certificate { path: certificate.clone(), reason };
    let mut names =
        vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), security::machine()];
    if !address.ip().is_unspecified() {
        names.push(address.ip().to_string());
    }
    names.extend(allow.iter().cloned());
    names.sort();
    names.dedup();
    let pair = rcgen::generate_simple_self_signed(names).map_err(|e| wrong(e.to_string()))?;
    fs::create_dir_all(home)
        .and_then(|()| AtomicFile::write_private(key, pair.signing_key.serialize_pem().as_bytes()))
        .and_then(|()| AtomicFile::write(certificate, pair.cert.pem().as_bytes()))
        .map_err(|e| wrong(e.to_string()))
}
