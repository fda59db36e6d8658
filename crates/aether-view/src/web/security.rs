//! Who is let in, and what a page may do.
//!
//! - The `Host` header must name the address that is listened on, a name of the loopback, or one that was allowed: a
//!   name that an attacker makes point here (DNS rebinding) is none of these.
//! - What changes something must say that it comes from a page of ours, or from no page at all: `Sec-Fetch-Site`, and
//!   `Origin` against `Host`. A form of another site can send neither JSON nor YAML.
//! - Where a token is needed, it comes as `Authorization: Bearer` or in the cookie of a session.
//! - A page may load and run nothing but what this server gives it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{answer::Fault, state::Shared, token::Token};

/// What a page may load: nothing from elsewhere, and no script or style but files of ours and `page::BEGIN`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'sha256-sXG+Dy11zDHEi9ApQucMs5zBQ5eJsltbKQHnSWY6Fcc='; \
    style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// How long a browser is let in before it must show the token again: thirty days, in seconds.
const SESSION: u32 = 30 * 24 * 60 * 60;

/// Who is let in.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    allowed: Vec<String>,
    token: Option<Token>,
    secure: bool,
}

/// The name of this machine.
pub(super) fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

impl Gate {
    pub(super) fn new(address: SocketAddr, allow: Vec<String>, token: Option<&Token>, secure: bool) -> Self {
        let mut allowed: Vec<String> = allow.iter().map(|name| name.to_ascii_lowercase()).collect();
        if !address.ip().is_loopback() {
            allowed.push(machine().to_ascii_lowercase());
        }
        Self { address, allowed, token: token.cloned(), secure }
    }

    /// Whether a token is needed.
    pub(crate) fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    fn knows_host(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            // A number cannot be made to point elsewhere. Listening on all addresses, all of them are this machine's.
            return ip.is_loopback() || ip == self.address.ip() || self.address.ip().is_unspecified();
        }
        let loopback = name == "localhost" || name.ends_with(".localhost");
        loopback || self.allowed.contains(&name)
    }

    /// Whether a request may be answered.
    fn check(&self, request: &Request) -> Result<(), Fault> {
        let headers = request.headers();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().authority().map(|a| a.as_str())).unwrap_or_default();
        if !self.knows_host(host) {
            return Err(Fault::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!("this server is not called '{}'", host.escape_debug()),
                "open it by the address that it printed, or start it with --allow-host NAME",
            ));
        }
        let api = request.uri().path().starts_with("/api/");
        if api && is_from_elsewhere(headers, host) {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                "a page of another site asks",
                "open Aether's own page, or ask from a program",
            ));
        }
        if changes(request.method()) {
            let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content = content.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
            let yaml = ["text/yaml", "application/yaml", "application/x-yaml"].contains(&content);
            if request.method() != Method::DELETE && content != "application/json" && !yaml {
                return Err(Fault::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "a request that changes something must say what it is made of",
                    "send Content-Type: application/json",
                ));
            }
        }
        if api && request.uri().path() != "/api/v1/session" && !self.lets_in(headers) {
            return Err(Fault::new(
                StatusCode::UNAUTHORIZED,
                "this server asks for its token",
                "send Authorization: Bearer TOKEN; `aether dash --new-token` makes another one",
            ));
        }
        Ok(())
    }

    /// Whether whoever sends these headers has the token, or needs none.
    pub(crate) fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.split_once(' '));
        if let Some((scheme, secret)) = bearer {
            return scheme.eq_ignore_ascii_case("bearer") && token.is(secret.trim());
        }
        let name = self.cookie_name();
        headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).any(|cookies| {
            let cookies = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
            cookies.into_iter().any(|(known, secret)| known == name && token.is(secret))
        })
    }

    /// Whether whoever asks for a page may have what the API answers in it.
    pub(super) fn lets_read(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        self.lets_in(headers) && !is_from_elsewhere(headers, host)
    }

    /// The cookie of a session, for whoever shows the token.
    pub(crate) fn session(&self, secret: &str) -> Option<String> {
        let token = self.token.as_ref().filter(|token| token.is(secret));
        token?;
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.cookie_name();
        Some(format!("{name}={secret}; Path=/; Max-Age={SESSION}; HttpOnly; SameSite=Strict{secure}"))
    }

    /// Cookies do not know ports: two servers of one machine have cookies of their own.
    fn cookie_name(&self) -> String {
        format!("aether-{}", self.address.port())
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that a page of another site asks. A program says nothing.
fn is_from_elsewhere(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site"))
        && !matches!(site, "same-origin" | "none")
    {
        return true;
    }
    // `null` is the origin of a sandboxed page, which is nobody's.
    text(header::ORIGIN).is_some_and(|origin| {
        let authority = origin.split_once("://").map_or("", |(_, rest)| rest);
        !authority.eq_ignore_ascii_case(host)
    })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // Not the last part of an address of version 6.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            if name.contains(':') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

/// Checks each request, and puts on each answer what keeps it from being misused.
pub(super) async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match app.gate.check(&request) {
        Ok(()) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    protect(&mut response);
    response
}

fn protect(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        // What is stricter than this, as the policy of a blob is, stands.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    use super::*;

    fn gate(address: &str) -> Gate {
        Gate::new(address.parse().unwrap(), vec!["Lab.example".to_owned()], None, false)
    }

    #[test]
    fn the_policy_names_the_script_of_the_head() {
        let hash = BASE64_STANDARD.encode(Sha256::digest(super::super::page::BEGIN));
        assert!(POLICY.contains(&format!("script-src 'self' 'sha256-{hash}'; ")), "{hash}");
        assert!(!POLICY.contains("unsafe"));
    }

    #[test]
    fn hosts() {
        let loopback = gate("127.0.0.1:8420");
        for known in
            ["127.0.0.1:8420", "localhost", "LOCALHOST:9", "[::1]:8420", "lab.example:80", "a.localhost"]
        {
            assert!(loopback.knows_host(known), "{known}");
        }
        for unknown in
            ["", "evil.example", "evil.example:8420", "127.0.0.1.evil.example", "10.0.0.7", "localhost.evil"]
        {
            assert!(!loopback.knows_host(unknown), "{unknown}");
        }
        assert!(gate("0.0.0.0:1").knows_host("10.0.0.7:1") && gate("10.0.0.7:1").knows_host("10.0.0.7"));
        assert!(!gate("10.0.0.7:1").knows_host("10.0.0.8") && gate("10.0.0.7:1").knows_host(&machine()));
    }

    #[test]
    fn pages_of_other_sites() {
        let asks = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            is_from_elsewhere(&headers, "localhost:8420")
        };
        assert!(!asks("origin", "http://localhost:8420") && !asks("sec-fetch-site", "same-origin"));
        assert!(!asks("sec-fetch-site", "none") && !is_from_elsewhere(&HeaderMap::new(), "localhost"));
        for origin in ["http://evil.example", "http://localhost:9999", "null", ""] {
            let origin: &'static str = origin;
            assert!(asks("origin", origin), "{origin}");
        }
        assert!(asks("sec-fetch-site", "cross-site") && asks("sec-fetch-site", "same-site"));
    }
}
