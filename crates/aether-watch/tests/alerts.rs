//! Alerts, against receivers that really listen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod receivers;

use std::{fs, path::Path, sync::Arc, thread, time::Duration};

use aether_core::{Event, Level, config};
use aether_watch::{
    Alerts, AlertsFile, RunFacts,
    alert::{Entry, Raised, State},
};
use receivers::{Authority, Encrypts, Http, Smtp};
use serde_json::{Value, json};
use tempfile::TempDir;

fn file(yaml: &str) -> AlertsFile {
    AlertsFile::read(&config::parse("alerts.yaml", yaml).unwrap()).unwrap()
}

fn refused(yaml: &str) -> String {
    AlertsFile::read(&config::parse("alerts.yaml", yaml).unwrap()).unwrap_err().to_string()
}

fn event(kind: &str, level: Level, metric: &str, step: u64) -> Event {
    let fields = json!({"metric": metric}).as_object().cloned().unwrap();
    let message = format!("{metric} went <wrong> & more at step {step}");
    Event { kind: kind.to_owned(), level, step, message, fields }
}

fn run() -> RunFacts {
    RunFacts {
        id: "k3v9abcdefgh".to_owned(),
        name: "baseline".to_owned(),
        project: "digits".to_owned(),
        host: "lab".to_owned(),
    }
}

fn waiting(home: &Path) -> Vec<Entry> {
    Alerts::open(home, AlertsFile::default()).entries().unwrap()
}

/// Delivers until nothing waits.
fn deliver_all(alerts: &Alerts) {
    for _ in 0..3000 {
        alerts.deliver().unwrap();
        if alerts.entries().unwrap().is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("still waiting: {:?}", alerts.entries().unwrap());
}

#[test]
fn a_webhook_that_fails_twice_is_tried_again() {
    let home = TempDir::new().unwrap();
    let http = Http::answering(&["500 Internal Server Error", "503 Busy", "200 OK"]);
    let config = file(&format!(
        "group: 0s\nretry: 20ms\nroutes:\n  team: {{kind: webhook, url: 'http://{}/services/T0/B0?x=1', headers: {{X-Key: abc}}}}",
        http.address
    ));
    let alerts = Alerts::open(home.path(), config);
    let nan = event("non_finite", Level::Error, "loss", 60);
    assert_eq!(alerts.raise(&nan, &run()).unwrap(), Raised::Queued);
    let first = alerts.deliver().unwrap();
    assert_eq!(first.sent, 0);
    assert!(first.failed[0].1.contains("500"), "{first:?}");
    let kept = &waiting(home.path())[0];
    assert_eq!((kept.attempts, kept.state), (1, State::Waiting));
    assert!(kept.error.as_ref().unwrap().contains("500"), "{kept:?}");
    deliver_all(&alerts);
    assert_eq!(waiting(home.path()), []);
    let requests = http.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(request.line, "POST /services/T0/B0?x=1 HTTP/1.1");
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("x-key"), "abc");
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.starts_with(":red_circle: *error: non_finite in baseline*\n"), "{text}");
        assert!(text.contains("loss went &lt;wrong&gt; &amp; more at step 60"), "{text}");
        assert!(text.contains("k3v9abcdefgh (digits/baseline) on lab, step 60"), "{text}");
        assert_eq!(body.as_object().unwrap().len(), 1, "Slack takes nothing that it does not know");
    }
}

#[test]
fn many_of_a_kind_are_one_message_with_a_count() {
    let home = TempDir::new().unwrap();
    let http = Http::answering(&["200 OK"; 4]);
    let config = file(&format!(
        "group: 1h\nroutes:\n  team: {{kind: webhook, form: json, url: 'http://{}/'}}",
        http.address
    ));
    let alerts = Alerts::open(home.path(), config);
    let raise = |kind: &str, level, metric: &str, step| {
        alerts.raise(&event(kind, level, metric, step), &run()).unwrap()
    };
    assert_eq!(raise("spike", Level::Warning, "a", 1), Raised::Queued);
    for step in 2..=20 {
        assert_eq!(raise("spike", Level::Warning, &format!("m{step}"), step), Raised::Grouped);
    }
    assert_eq!(raise("leak", Level::Error, "rss", 7), Raised::Queued);
    let other = RunFacts { id: "other".to_owned(), ..run() };
    assert_eq!(alerts.raise(&event("spike", Level::Warning, "a", 1), &other).unwrap(), Raised::Queued);
    assert_eq!(alerts.deliver().unwrap().sent, 0, "nothing is due");
    assert_eq!(alerts.flush().unwrap().sent, 3);
    let bodies: Vec<Value> = http.requests().iter().map(|r| serde_json::from_str(&r.body).unwrap()).collect();
    let of =
        |kind: &str, run: &str| bodies.iter().find(|b| b["kind"] == kind && b["run"]["id"] == run).unwrap();
    let spikes = of("spike", "k3v9abcdefgh");
    assert_eq!((&spikes["count"], &spikes["step"]), (&json!(20), &json!(20)));
    assert_eq!(spikes["sentences"].as_array().unwrap().len(), 5);
    assert_eq!(of("spike", "other")["count"], 1);
    assert_eq!(of("leak", "k3v9abcdefgh")["level"], "error");
}

#[test]
fn the_same_is_not_said_again_for_a_while() {
    let home = TempDir::new().unwrap();
    let marks = home.path().join("marks");
    let config = file(&format!(
        "group: 0s\nrepeat: 1h\nroutes:\n  mark: {{kind: command, run: 'cat >> {}'}}",
        marks.display()
    ));
    let spike = event("spike", Level::Warning, "loss", 1);
    for (attempt, expected) in [Raised::Queued, Raised::Repeated, Raised::Repeated].into_iter().enumerate() {
        // Each time as another process would.
        let alerts = Alerts::open(home.path(), config.clone());
        assert_eq!(alerts.raise(&spike, &run()).unwrap(), expected, "{attempt}");
        alerts.deliver().unwrap();
    }
    let alerts = Alerts::open(home.path(), config.clone());
    let worse = event("spike", Level::Error, "loss", 2);
    assert_eq!(alerts.raise(&worse, &run()).unwrap(), Raised::Queued, "worse is not the same");
    let short = AlertsFile { repeat: Duration::ZERO, ..config };
    let alerts = Alerts::open(home.path(), short);
    assert_eq!(alerts.raise(&spike, &run()).unwrap(), Raised::Queued, "the time for it is over");
}

#[test]
fn silence_and_choice() {
    let home = TempDir::new().unwrap();
    let alerts = Alerts::open(
        home.path(),
        file(
            "routes:\n  all: {kind: command, run: 'true', level: info, kinds: [plateau, spike, leak]}\n\
             silence:\n  - {kind: plateau, until: 2999-01-01}\n  - {kind: spike, until: 2020-01-01T00:00:00Z}\n  \
             - {run: k3v9, kind: leak}",
        ),
    );
    let raise = |kind: &str, level, run: &RunFacts| alerts.raise(&event(kind, level, "m", 1), run).unwrap();
    assert_eq!(raise("plateau", Level::Info, &run()), Raised::Silenced);
    assert_eq!(raise("spike", Level::Info, &run()), Raised::Queued, "its silence is over");
    assert_eq!(raise("leak", Level::Error, &run()), Raised::Silenced);
    let other = RunFacts { id: "other".to_owned(), ..run() };
    assert_eq!(raise("leak", Level::Error, &other), Raised::Queued);
    assert_eq!(raise("stall", Level::Error, &run()), Raised::Unwanted);

    let quiet = Alerts::open(home.path(), file("routes: {c: {kind: command, run: 'true'}}"));
    let raise = |kind: &str, level| quiet.raise(&event(kind, level, "n", 1), &run()).unwrap();
    assert_eq!(raise("finish_time", Level::Info), Raised::Unwanted);
    assert_eq!(raise("alert", Level::Info), Raised::Queued, "a program's own alerts are always for somebody");
}

#[test]
fn nothing_leaves_unless_configured() {
    let home = TempDir::new().unwrap();
    let alerts = Alerts::open(home.path(), AlertsFile::of_home(home.path()).unwrap());
    assert_eq!(alerts.raise(&event("leak", Level::Error, "m", 1), &run()).unwrap(), Raised::Unwanted);
    assert_eq!(alerts.flush().unwrap().sent, 0);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "not even a directory was made");
}

#[test]
fn a_command_gets_the_message_and_its_failure_is_told() {
    let home = TempDir::new().unwrap();
    let out = home.path().join("out.json");
    let config = file(&format!(
        "group: 0s\nretry: 1h\ngive_up: 0s\nroutes:\n  good: {{kind: command, run: 'cat > {}'}}\n  \
         bad: {{kind: command, run: 'echo no pager >&2; exit 3'}}",
        out.display()
    ));
    let alerts = Alerts::open(home.path(), config);
    alerts.raise(&event("leak", Level::Error, "rss", 9), &run()).unwrap();
    let delivered = alerts.deliver().unwrap();
    assert_eq!(delivered.sent, 1);
    let said: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!((&said["kind"], &said["fields"]["metric"]), (&json!("leak"), &json!("rss")));
    let kept = &waiting(home.path())[0];
    assert_eq!((kept.route.as_str(), kept.state), ("bad", State::Failed));
    assert!(kept.error.as_ref().unwrap().ends_with("exit status: 3: no pager"), "{kept:?}");
    assert_eq!(alerts.deliver().unwrap().failed, [], "what was given up is not tried again by itself");
    assert_eq!(alerts.flush().unwrap().failed.len(), 1, "but when somebody asks");
}

#[test]
fn a_mail_over_smtp() {
    let home = TempDir::new().unwrap();
    let smtp = Smtp::refusing(1);
    let config = file(&format!(
        "group: 0s\nretry: 20ms\nroutes:\n  me: {{kind: email, from: 'Aether <aether@lab.example>', to: [me@example.org, 'You <you@example.org>'], \
         server: 127.0.0.1, port: {}, security: none}}",
        smtp.port
    ));
    let alerts = Alerts::open(home.path(), config);
    let mut leak = event("leak", Level::Warning, "rss", 9);
    leak.message = ".begins with a dot\n.and wächst".to_owned();
    alerts.raise(&leak, &RunFacts { name: "größer".to_owned(), ..run() }).unwrap();
    let first = alerts.deliver().unwrap();
    assert!(first.failed[0].1.contains("450"), "{first:?}");
    deliver_all(&alerts);
    let mail = smtp.mail();
    assert_eq!(mail.from, "<aether@lab.example>");
    assert_eq!(mail.to, ["<me@example.org>", "<you@example.org>"]);
    let (head, body) = mail.data.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Subject: [aether] warning: leak in ") && head.contains("=?utf-8?b?"), "{head}");
    assert!(head.contains("\r\nDate: "), "{head}");
    assert!(head.contains("Content-Transfer-Encoding: quoted-printable"), "{head}");
    assert!(body.starts_with(".begins with a dot\r\n.and w=C3=A4chst\r\n"), "{body}");
}

#[test]
fn a_webhook_over_tls_trusts_whom_it_is_told_to() {
    let home = TempDir::new().unwrap();
    let (authority, other) = (Authority::new(), Authority::new());
    let http = Http::encrypted(&["200 OK"], &authority);
    let test = |ca: &str| {
        let config =
            file(&format!("routes: {{team: {{kind: webhook, url: 'https://{}/x'{ca}}}}}", http.address));
        Alerts::test(&config.routes[0])
    };
    let ca =
        |authority: &Authority, name: &str| format!(", ca: {}", authority.file(home.path(), name).display());
    for ca in ["", &ca(&other, "other.pem")] {
        let refused = test(ca).unwrap_err();
        assert!(refused.contains("UnknownIssuer") || refused.contains("certificate"), "{refused}");
    }
    assert!(test(", ca: nowhere.pem").unwrap_err().contains("nowhere.pem cannot be read"));
    assert_eq!(http.requests().len(), 0, "nothing was said to whom nobody trusts");
    test(&ca(&authority, "ca.pem")).unwrap();
    let requests = http.requests();
    assert_eq!(requests[0].line, "POST /x HTTP/1.1");
    assert!(requests[0].body.contains("a test of the route"));
}

/// `\0me@lab.example\0hunter2` in base64 (RFC 4616).
const LOGIN: &str = "AG1lQGxhYi5leGFtcGxlAGh1bnRlcjI=";

#[test]
fn a_mail_is_encrypted_before_anything_is_said() {
    let home = TempDir::new().unwrap();
    let authority = Authority::new();
    let ca = authority.file(home.path(), "ca.pem");
    let password = home.path().join("password");
    fs::write(&password, "hunter2\n").unwrap();
    let route = |port: u16, security: &str, more: &str| {
        file(&format!(
            "routes: {{me: {{kind: email, from: a@lab.example, to: [b@example.org], server: 127.0.0.1, port: {port}, \
             security: {security}, user: me@lab.example, password: '@{}'{more}}}}}",
            password.display()
        ))
    };
    let trusted = format!(", ca: {}", ca.display());
    let server = || Arc::clone(&authority.server);
    for (security, encrypts) in
        [("starttls", Encrypts::WhenAsked(server())), ("tls", Encrypts::AtOnce(server()))]
    {
        let smtp = Smtp::guarded(encrypts, LOGIN);
        Alerts::test(&route(smtp.port, security, &trusted).routes[0]).unwrap();
        let mail = smtp.mail();
        assert_eq!((mail.login.as_deref(), mail.encrypted), (Some(LOGIN), true));
        assert_eq!(mail.from, "<a@lab.example>");
        let overheard = smtp.overheard();
        assert!(!overheard.contains("MAIL") && !overheard.contains("AUTH"), "{overheard}");
        assert_eq!(overheard.contains("STARTTLS"), security == "starttls", "{overheard}");

        let error = Alerts::test(&route(smtp.port, security, "").routes[0]).unwrap_err();
        assert!(error.contains("certificate") || error.contains("UnknownIssuer"), "{error}");
        assert!(smtp.has_none(), "nothing was said to whom nobody trusts");
    }

    let wrong = Smtp::guarded(Encrypts::WhenAsked(server()), "c29tZWJvZHkgZWxzZQ==");
    let error = Alerts::test(&route(wrong.port, "starttls", &trusted).routes[0]).unwrap_err();
    assert!(error.contains("535") || error.contains("who are you?"), "{error}");
    assert!(!error.contains("hunter2") && !error.contains(LOGIN), "{error}");

    // A server, or somebody in between, that offers no encryption is told nothing.
    let plain = Smtp::guarded(Encrypts::Never, LOGIN);
    Alerts::test(&route(plain.port, "starttls", &trusted).routes[0]).unwrap_err();
    let overheard = plain.overheard();
    assert!(!overheard.contains("AUTH") && !overheard.contains("MAIL"), "{overheard}");
}

#[test]
fn what_others_left_is_delivered() {
    let home = TempDir::new().unwrap();
    let http = Http::answering(&["200 OK"]);
    let yaml = format!("group: 0s\nroutes:\n  team: {{kind: webhook, url: 'http://{}/'}}", http.address);
    Alerts::open(home.path(), file(&yaml)).raise(&event("leak", Level::Error, "m", 1), &run()).unwrap();
    // Half of a file of somebody who died while writing, and one that is nobody's.
    fs::write(home.path().join("alerts/queue/.x.json.1.0.part"), "{").unwrap();
    fs::write(home.path().join("alerts/queue/x.json"), "{").unwrap();
    assert_eq!(Alerts::open(home.path(), file(&yaml)).deliver().unwrap().sent, 1);
    assert_eq!(http.requests().len(), 1);
}

#[test]
fn mistakes_in_the_file() {
    for (yaml, said) in [
        ("routs: {}", "did you mean `routes`?"),
        ("routes: {a: {kind: webhok, url: 'http://x'}}", "did you mean `webhook`?"),
        ("routes:\n  a: {kind: webhook, ulr: 'http://x'}", "did you mean `url`?"),
        ("routes:\n  a: {kind: webhook, ulr: 'http://x'}", "alerts.yaml:2:22"),
        ("routes:\n  a: {kind: webhook, url: 'slack.com/x'}", "must begin with https://"),
        ("routes: {a: {url: 'http://x'}}", "`a.kind` is missing"),
        ("routes: {a: {kind: email, from: me, to: [b@c.de], server: x}}", "such as me@example.org"),
        (
            "routes: {a: {kind: email, from: a@b.de, to: [b@c.de], server: x, security: none, user: u, password: p}}",
            "cannot be `none` with a password",
        ),
        ("routes: {a: {kind: email, from: a@b.de, to: [b@c.de], server: x, user: u}}", "must have both"),
        ("routes: {a: {kind: desktop, colour: red}}", "unknown key `colour`"),
        ("group: soon", "such as 30s"),
        ("silence: [{until: 2030-01-01}]", "which `kind` or which `run`"),
        ("silence: [{kind: a, until: tomorrow}]", "a day such as 2026-12-01"),
    ] {
        let error = refused(yaml);
        assert!(error.contains(said), "{yaml}: {error}");
    }
    let short = file("routes: {a: desktop, b: terminal}");
    assert_eq!(short.routes.iter().map(|r| r.route.kind()).collect::<Vec<_>>(), ["desktop", "terminal"]);
}

#[test]
fn secrets_are_not_shown() {
    let config = file("routes: {a: {kind: webhook, url: 'http://user:hunter2@127.0.0.1:1/'}}");
    assert!(!format!("{config:?}").contains("hunter2"));
    let error = Alerts::test(&config.routes[0]).unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
    let config = file("routes: {a: {kind: webhook, url: $AETHER_TEST_NO_SUCH_VARIABLE}}");
    let error = Alerts::test(&config.routes[0]).unwrap_err();
    assert!(error.contains("AETHER_TEST_NO_SUCH_VARIABLE is not set"), "{error}");
}
