//! Who is let in, and what hostile names, pages and requests come to.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    process::Command,
    time::Duration,
};

use aether_core::{Event, Level, Metric, Signal};
use serde_json::{Value, json};

use super::client::{Dash, PATIENCE};
use crate::harness::Scratch;

#[test]
fn a_page_may_load_nothing_from_elsewhere() {
    let dash = Dash::of(&Scratch::new());
    for path in ["/", "/app.js", "/api/v1/runs", "/api/v1/nothing"] {
        let reply = dash.get(path);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"));
        let scripts = policy.split("; ").find_map(|part| part.strip_prefix("script-src ")).unwrap();
        // Files of ours, and the one script that stands in a page's head.
        let (files, head) = scripts.split_once(' ').unwrap();
        assert!(files == "'self'" && head.starts_with("'sha256-") && !head.contains(' '), "{scripts}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_name_that_was_made_to_point_here_is_refused() {
    let scratch = Scratch::new();
    let dash = Dash::with(&scratch.home(), "--port 0 --allow-host Lab.example");
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""] {
        let headers = format!("Host: {host}\r\n");
        assert!(dash.request("GET", "/api/v1/runs", &headers, "").status == 421, "{host}");
        assert_eq!(dash.request("GET", "/", &headers, "").status, 421, "{host}");
    }
    for host in ["localhost", "127.0.0.1", "[::1]:9999", "lab.example:443"] {
        let headers = format!("Host: {host}\r\n");
        assert_eq!(dash.request("GET", "/api/v1/runs", &headers, "").status, 200, "{host}");
    }
    // What names no host at all is no request.
    assert!(dash.raw("GET / HTTP/1.0\r\n\r\n").status >= 400);
}

#[test]
fn pages_of_other_sites_can_neither_read_nor_change() {
    let scratch = Scratch::new();
    let id = scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::of(&scratch);
    let body = json!({ "ids": [id] }).to_string();
    let json_type = "Content-Type: application/json\r\n";
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://127.0.0.1:1\r\n",
    ] {
        dash.request("POST", "/api/v1/runs/delete", &format!("{json_type}{headers}"), &body).refused(403);
        dash.request("GET", "/api/v1/runs", headers, "").refused(403);
        let upgrade = format!(
            "{headers}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        );
        dash.request("GET", "/api/v1/live", &upgrade, "").refused(403);
    }
    // As a form would send it.
    for content in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let headers = format!("Content-Type: {content}\r\n");
        dash.request("POST", "/api/v1/runs/delete", &headers, &body).refused(415);
    }
    assert_eq!(dash.json("/runs")["total"], json!(1));
    let own = format!("{json_type}Origin: http://127.0.0.1:{}\r\nSec-Fetch-Site: same-origin\r\n", dash.port);
    assert_eq!(dash.request("POST", "/api/v1/runs/delete", &own, &body).status, 200);
}

#[test]
fn no_path_leaves_the_home() {
    let scratch = Scratch::new();
    scratch.file("secret.yaml", "title: secret\npanels: []\n");
    scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::of(&scratch);
    for path in [
        "/api/v1/boards/..%2Fsecret",
        "/api/v1/boards/..%2F..%2Fsecret",
        "/api/v1/boards/%2E%2E%2Fsecret",
        "/api/v1/blobs/..%2F..%2F..%2Fetc%2Fpasswd",
        "/api/v1/blobs/%2Fetc%2Fpasswd",
        "/api/v1/runs/..%2F..%2Fsecret/output",
        "/api/v1/runs/%00/series",
        "/..%2f..%2f..%2fetc/passwd",
        "/../../../etc/passwd",
        "//etc/passwd",
    ] {
        let reply = dash.get(path);
        let text = reply.text_lossy();
        assert!(!text.contains("root:") && !text.contains("title: secret"), "{path}: {text}");
    }
    // A blob that no run names is nobody's, even if it is there.
    let blobs = aether_ledger::Home::at(scratch.home()).blobs();
    fs::create_dir_all(scratch.home().join("blobs")).unwrap();
    let file = scratch.file("x", "nobody's");
    let stray = blobs.put_file(&file).unwrap().digest;
    dash.get(&format!("/api/v1/blobs/{stray}")).refused(404);
}

#[test]
fn contents_are_shown_and_never_run() {
    let scratch = Scratch::new();
    let blobs = aether_ledger::Home::at(scratch.home()).blobs();
    fs::create_dir_all(scratch.home().join("blobs")).unwrap();
    let html = "<script>alert(1)</script>";
    let blob = blobs.put_file(&scratch.file("x.html", html)).unwrap();
    scratch.run_that("x", json!({}), |bus| {
        bus.emit(&Signal::Event(Event {
            kind: "artifact".to_owned(),
            level: Level::Info,
            step: 0,
            message: String::new(),
            fields: json!({"name": "x.html", "digest": blob.digest, "bytes": blob.bytes})
                .as_object()
                .unwrap()
                .clone(),
        }));
    });
    let dash = Dash::of(&scratch);
    let get = |query: &str, headers: &str| {
        dash.request("GET", &format!("/api/v1/blobs/{}{query}", blob.digest), headers, "")
    };
    let page = get("?name=x.html", "");
    assert_eq!((page.header("content-type"), page.text()), (Some("application/octet-stream"), html));
    assert!(page.header("content-disposition").unwrap().starts_with("attachment"));
    assert!(page.header("content-security-policy").unwrap().contains("sandbox"));
    let picture = get("?name=../../a%0d%0ab.svg", "");
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    assert!(picture.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(picture.header("content-disposition").unwrap().ends_with("a%0D%0Ab.svg"));
    let part = get("", "Range: bytes=1-6\r\n");
    assert_eq!((part.status, part.text()), (206, "script"));
    assert_eq!(get("", "Range: bytes=99-\r\n").status, 416);
}

#[test]
fn hostile_names_come_back_as_they_are() {
    let scratch = Scratch::new();
    let name = "<script>alert(1)</script>\u{202e}\u{1b}[31m\"'&\u{0}\n";
    scratch.run_that(name, json!({ name: name }), |bus| bus.point(Metric::named(name), 1, 1.0));
    let dash = Dash::of(&scratch);
    let runs = dash.json("/runs");
    assert_eq!(runs["runs"][0]["name"], json!(name));
    assert_eq!(runs["metrics"], json!([name]));
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let read = dash.get(&format!("/api/v1/runs/{encoded}/series?metric={encoded}"));
    assert_eq!(super::client::blocks(&read.body)[0].name, name);
    let csv = dash.request("GET", "/api/v1/runs/@latest/series", "Accept: text/csv\r\n", "");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
}

#[test]
fn another_address_asks_for_a_token_that_is_shown_once() {
    let scratch = Scratch::new();
    let id = scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::with(&scratch.home(), "--port 0 --host 0.0.0.0");
    let token = dash.said["token"].as_str().unwrap().to_owned();
    assert!(dash.said["url"].as_str().unwrap().ends_with(&format!("#token={token}")));
    let kept = scratch.home().join("dash.token");
    assert!(!fs::read_to_string(&kept).unwrap().contains(&token));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let page = dash.get("/");
    assert_eq!(page.status, 200, "the page itself, which asks for the token");
    assert!(!page.text().contains("brought"), "and brings nothing along");
    dash.get("/api/v1/runs").refused(401);
    dash.get("/api/v1/live").refused(401);
    dash.request(
        "POST",
        "/api/v1/runs/delete",
        "Content-Type: application/json\r\n",
        &json!({"ids": [id]}).to_string(),
    )
    .refused(401);
    let bearer =
        |token: &str| dash.request("GET", "/api/v1/runs", &format!("Authorization: Bearer {token}\r\n"), "");
    assert_eq!(bearer(&token).status, 200);
    for wrong in ["", "x", &token[1..], &"0".repeat(64)] {
        bearer(wrong).refused(401);
    }
    dash.post("/session", &json!({ "token": "wrong" })).refused(401);
    let session = dash.post("/session", &json!({ "token": token }));
    assert_eq!(session.status, 204);
    let cookie = session.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(dash.request("GET", "/api/v1/runs", &format!("Cookie: a=b; {cookie}\r\n"), "").status, 200);
    drop(dash);
    // The second start does not show it; it still holds.
    let again = Dash::with(&scratch.home(), "--port 0 --host 0.0.0.0");
    assert_eq!(again.said.get("token"), None);
    let headers = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(again.request("GET", "/api/v1/runs", &headers, "").status, 200);
    drop(again);
    // A new one closes what the old one opened.
    let renewed = Dash::with(&scratch.home(), "--port 0 --host 0.0.0.0 --new-token");
    renewed.request("GET", "/api/v1/runs", &headers, "").refused(401);
    let new = renewed.said["token"].as_str().unwrap();
    let headers = format!("Authorization: Bearer {new}\r\n");
    assert_eq!(renewed.request("GET", "/api/v1/runs", &headers, "").status, 200);
}

/// More connections than the server has room for, on which nothing is said.
fn silent(dash: &Dash) -> Vec<std::net::TcpStream> {
    (0..600).map(|_| std::net::TcpStream::connect(("127.0.0.1", dash.port)).unwrap()).collect()
}

#[test]
fn those_who_connect_and_say_nothing_keep_out_nobody() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    page.subscribe(json!({"key": "h", "to": "host"}));
    page.until(|value| value.get("host").is_some());
    let _silent = silent(&dash);
    assert_eq!(dash.json("/runs")["total"], json!(1));
    // A page that is told what changes is none of those that go.
    page.until(|value| value.get("host").is_some());
}

/// Somebody who asks for long contents and takes none of them: others are answered all the same.
#[test]
fn who_takes_nothing_holds_up_nobody() {
    let scratch = Scratch::new();
    let blobs = aether_ledger::Home::at(scratch.home()).blobs();
    fs::create_dir_all(scratch.home().join("blobs")).unwrap();
    let digest = blobs.put(&vec![7; 64 << 20]).unwrap().digest;
    scratch.run_that("x", json!({ "file": digest }), |_| {});
    let dash = Dash::of(&scratch);
    let request = format!("GET /api/v1/blobs/{digest} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", dash.port);
    let _slow: Vec<std::net::TcpStream> = (0..20)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", dash.port)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            // It has begun to answer.
            stream.read_exact(&mut [0; 16]).unwrap();
            stream
        })
        .collect();
    assert_eq!(dash.json("/runs")["total"], json!(1));
    let whole = dash.get(&format!("/api/v1/blobs/{digest}"));
    assert!(whole.status == 200 && whole.body.len() == 64 << 20 && whole.body.iter().all(|&byte| byte == 7));
}

/// A real client that trusts the certificate that the server made, and no other.
#[test]
fn encrypted_with_a_certificate_of_its_own() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::with(&scratch.home(), "--port 0 --tls");
    assert!(dash.said["url"].as_str().unwrap().starts_with("https://"));
    let key = scratch.home().join("dash.key.pem");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    let certificate = scratch.home().join("dash.cert.pem");
    let config = |trust: bool| {
        let mut roots = rustls::RootCertStore::empty();
        if trust {
            use rustls::pki_types::pem::PemObject;
            roots.add(rustls::pki_types::CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
        }
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        std::sync::Arc::new(config.unwrap().with_root_certificates(roots).with_no_client_auth())
    };
    let ask = |trust: bool| -> std::io::Result<String> {
        let name = "localhost".try_into().unwrap();
        let client = rustls::ClientConnection::new(config(trust), name).map_err(std::io::Error::other)?;
        let stream = std::net::TcpStream::connect(("127.0.0.1", dash.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = rustls::StreamOwned::new(client, stream);
        stream.write_all(b"GET /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        match stream.read_to_string(&mut text) {
            Ok(_) => Ok(text),
            // Closed without a farewell.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(text),
            Err(e) => Err(e),
        }
    };
    // Those who connect and say nothing hold up nobody.
    let _silent = silent(&dash);
    assert!(ask(true).unwrap().starts_with("HTTP/1.1 200 OK"));
    assert!(ask(false).is_err());
    let printed = dash.said["certificate"][1].as_str().unwrap().to_owned();
    drop(dash);
    // The certificate is kept.
    let again = Dash::with(&scratch.home(), "--port 0 --tls");
    assert_eq!(again.said["certificate"][1], json!(printed));
    // The same with a program that everybody has, where it is there.
    let curl = Command::new("curl")
        .args(["--silent", "--max-time", "60", "--cacert"])
        .arg(&certificate)
        .arg(format!("https://localhost:{}/api/v1/server", again.port))
        .output();
    if let Ok(done) = curl {
        let server: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(server["token"], json!(false));
    }
}

#[test]
fn a_home_that_may_only_be_read_is_served() {
    let scratch = Scratch::new();
    let id = scratch.run("x", json!({}), &[1.0, 2.0]);
    let lock = |mode: u32| {
        let mut all = vec![scratch.home()];
        while let Some(directory) = all.pop() {
            for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    all.push(entry.path());
                }
            }
            fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    lock(0o555);
    let dash = Dash::of(&scratch);
    assert_eq!(dash.json("/runs")["total"], json!(1));
    assert_eq!(dash.json(&format!("/runs/{id}"))["metrics"][0]["count"], json!(2));
    lock(0o755);
}

#[test]
fn what_is_no_request_ends_nothing() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::of(&scratch);
    for nonsense in ["\0\0\0\0\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "GET / HTTP/9\r\n\r\n"] {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", dash.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(nonsense.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    // It may be cut off before it is sent to its end.
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", dash.port)).unwrap();
    let _ = stream.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(1 << 20)).as_bytes());
    let headers = "Content-Type: application/json\r\n";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    dash.request("POST", "/api/v1/runs/tag", headers, &deep).refused(400);
    assert_eq!(dash.json("/runs")["total"], json!(1));
}
