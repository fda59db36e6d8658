//! Servers that take runs: a real MLflow, and one that hears OTLP and gives it to OpenTelemetry's own messages.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use aether_core::RunState;
use aether_exchange::{
    export::{
        Exporter, Follower,
        mlflow::MlFlow,
        otlp::Otlp,
        prometheus::{self, Prometheus},
    },
    import,
};
use aether_ledger::{Digest, Home, Index, RunDirectory};
use tempfile::TempDir;

use crate::support::{Points, bits, export, import, points, python, run, said, script};

/// How long a server may take to begin, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(400);

/// Ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // The group: MLflow has workers.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(command: &mut Command) -> Server {
    use std::os::unix::process::CommandExt as _;
    Server(
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    )
}

/// Asks until there is an answer that `fits`.
fn ask(port: u16, path: &str, fits: impl Fn(&str) -> bool) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = std::net::TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        });
        match answer {
            Ok(text) if fits(&text) => return text,
            other if Instant::now() > until => panic!("{path}: {other:?}"),
            _ => thread::sleep(Duration::from_millis(200)),
        }
    }
}

/// What MLflow keeps of a point's value: its databases have no infinities.
fn as_mlflow(points: Points) -> Points {
    let seen = |value: u64| match f64::from_bits(value) {
        v if v == f64::MIN => bits(f64::NEG_INFINITY),
        // SQLite keeps a whole number as an integer, which has no negative zero.
        0.0 => bits(0.0),
        _ => value,
    };
    let name =
        |name: String| name.chars().map(|c| if c.is_alphanumeric() || c == '/' { c } else { '_' }).collect();
    points.into_iter().map(|(n, of)| (name(n), of.into_iter().map(|(s, v)| (s, seen(v))).collect())).collect()
}

#[test]
fn mlflow() {
    let Some(mut python) = python("mlflow") else { return };
    let dir = TempDir::new().unwrap();
    let database = dir.path().join("mlflow.db");
    let port = free_port();
    let server = start(
        python
            .args([
                "-m",
                "mlflow",
                "server",
                "--workers",
                "1",
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .args(["--backend-store-uri", &format!("sqlite:///{}", database.display())])
            .args(["--artifacts-destination", dir.path().join("artifacts").to_str().unwrap()])
            .env("HOME", dir.path())
            .current_dir(dir.path()),
    );
    ask(port, "/health", |text| text.contains("200 OK"));
    let directory = run(&dir.path().join("home"));
    let flow = MlFlow::begin(&format!("http://127.0.0.1:{port}"), &directory.run().unwrap()).unwrap();
    export(&directory, flow);

    let lines = script(
        crate::support::python("mlflow").unwrap(),
        r#"
import json, sys, mlflow
client = mlflow.MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("exchange")
[run] = client.search_runs([experiment.experiment_id])
assert run.info.run_name == 'größe "one"' and run.info.status == "FINISHED", run
assert run.data.params["lr"] == "0.1" and run.data.params["seed"] == "7", run.data.params
for metric in run.data.metrics:
    for m in client.get_metric_history(run.info.run_id, metric):
        value = m.value * float("inf") if abs(m.value) == sys.float_info.max else m.value
        print(json.dumps([m.key, m.step, repr(value)]))
"#,
        &[&format!("http://127.0.0.1:{port}")],
    );
    assert_eq!(said(&lines), as_mlflow(points(&directory)));
    served(&format!("http://127.0.0.1:{port}"), &directory, dir.path());
    drop(server);

    let runs = import(&dir.path().join("other"), || import::mlflow::read(&database));
    let (back, _) = runs.iter().find(|(_, kept)| kept.project == "exchange").unwrap();
    assert_eq!(points(back), as_mlflow(points(&directory)));
    let record = back.run().unwrap();
    assert_eq!((record.name.as_str(), record.project.as_str()), ("größe \"one\"", "exchange"));
    assert_eq!((&record.tags[..], &record.spec["lr"]), (&["baseline".to_owned()][..], &0.1.into()));
}

/// Takes the runs over from the server at `url`, which has `directory`'s run and gets more of them than one page holds.
fn served(url: &str, directory: &RunDirectory, dir: &Path) {
    let read =
        |experiment: Option<&str>| import::mlflow_server::read(url, experiment)?.collect::<Result<_, _>>();
    script(
        python("mlflow").unwrap(),
        r#"
import sys, mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("exchange")
[run] = client.search_runs([experiment.experiment_id])
client.log_text(run.info.run_id, "hello", "notes/größe 1.txt")
client.log_text(run.info.run_id, "", "empty")
many = client.create_experiment("many & more")
for number in range(100):
    client.create_run(many, run_name=f"run {number}")
long = client.create_run(many, run_name="long", tags={"colour": "blue"}).info.run_id
points = [Metric("a loss", i * 0.1, 1_700_000_000_000 + i, i) for i in range(20_010)]
for at in range(0, len(points), 1000):
    client.log_batch(long, points[at : at + 1000])
client.set_terminated(long, "FAILED")
client.delete_run(client.create_run(many, run_name="removed").info.run_id)
"#,
        &[url],
    );

    let runs = import(&dir.join("served"), || read(Some("exchange")));
    let [(back, kept)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(points(back), as_mlflow(points(directory)));
    assert_eq!(kept.remarks, Vec::<String>::new());
    let record = back.run().unwrap();
    assert_eq!((record.name.as_str(), record.project.as_str()), ("größe \"one\"", "exchange"));
    assert_eq!((&record.tags[..], &record.spec["lr"]), (&["baseline".to_owned()][..], &0.1.into()));
    assert_eq!(record.environment["origin"]["path"], url);
    let home = Home::at(dir.join("served"));
    let entry = Index::find_in(&home, record.id.as_str()).unwrap();
    let mut files: Vec<_> = entry.artifacts.iter().map(|of| (of.name.as_str(), of.digest)).collect();
    files.sort_unstable();
    assert_eq!(files, [("empty", Digest::of(b"")), ("notes/größe 1.txt", Digest::of(b"hello"))]);
    assert_eq!(fs::read(home.blobs().path(files[1].1)).unwrap(), b"hello");

    let runs = import(&dir.join("all-served"), || read(None));
    assert_eq!(runs.len(), 102);
    let (long, kept) = runs.iter().find(|(_, kept)| kept.name == "long").unwrap();
    assert_eq!((kept.points, kept.project.as_str()), (20_010, "many & more"));
    let record = long.run().unwrap();
    assert_eq!((record.state, &record.tags[..]), (RunState::Failed, &["colour=blue".to_owned()][..]));
    let of = &points(long)["a loss"];
    assert!((0..20_010).zip(of).all(|(step, point)| *point == (step, bits(step as f64 * 0.1))));

    let error = read(Some("no such")).unwrap_err().to_string();
    assert!(error.contains("no such") || error.contains("RESOURCE_DOES_NOT_EXIST"), "{error}");
    let address = url.replace("http://", "http://me:geheim@");
    let error = import::mlflow_server::read(&address, None).unwrap_err().to_string();
    assert!(error.contains("MLFLOW_TRACKING_PASSWORD") && !error.contains("geheim"), "{error}");
}

#[test]
fn a_scraper_that_dawdles_keeps_nobody_waiting() {
    let listener = prometheus::listen("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || prometheus::serve(&listener, || Ok("a 1\n".to_owned())));
    let ask = |stream: &mut TcpStream| -> std::io::Result<String> {
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    // Of those who say nothing for long the server thinks that they are gone; on a machine that does much else that may
    // be before the test has come to its end. One that serves one after the other never gets there.
    let served = (0..20).any(|_| {
        let mut dawdlers: Vec<_> = (0..5).map(|_| TcpStream::connect(address).unwrap()).collect();
        let quick = ask(&mut TcpStream::connect(address).unwrap()).unwrap();
        assert!(quick.ends_with("\r\n\r\na 1\n"), "{quick}");
        dawdlers.iter_mut().all(|dawdler| ask(dawdler).is_ok_and(|answer| answer == quick))
    });
    assert!(served);
}

#[test]
fn prometheus_scrapes() {
    let found = Command::new("prometheus").arg("--version").output().is_ok();
    assert!(found || env::var_os("CI").is_none_or(|ci| ci != "true"), "no prometheus: run scripts/test");
    if !found {
        eprintln!("skipped: no prometheus; on Debian: apt-get install prometheus");
        return;
    }
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let mut exporter = Prometheus::new(&directory.run().unwrap());
    Follower::new(&directory).poll(&mut exporter).unwrap();
    exporter
        .point(aether_exchange::export::Point {
            metric: "a \"b\"\\c\nd",
            step: 3,
            time: 0,
            value: f64::INFINITY,
        })
        .unwrap();
    let page = prometheus::page(&[exporter]);
    let listener = prometheus::listen("127.0.0.1:0").unwrap();
    let ours = listener.local_addr().unwrap();
    // Ends with the process: nextest has one for each test.
    thread::spawn(move || prometheus::serve(&listener, || Ok(page.clone())));
    assert!(ask(ours.port(), "/", |_| true).contains("404"));

    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: aether\n  static_configs:\n  - targets: ['{ours}']\n"
    );
    fs::write(dir.path().join("p.yml"), config).unwrap();
    let port = free_port();
    let _server = start(
        Command::new("prometheus")
            .arg(format!("--config.file={}", dir.path().join("p.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
    );
    let answer = ask(port, "/api/v1/query?query=aether_metric", |text| text.contains("\"metric\":\"huge\""));
    let json: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let value = |metric: &str| {
        let of = json["data"]["result"].as_array().unwrap().iter().find(|r| r["metric"]["metric"] == metric);
        let of = of.unwrap_or_else(|| panic!("{metric}: {json}"));
        assert_eq!(of["metric"]["name"], "größe \"one\"");
        of["value"][1].as_str().unwrap().to_owned()
    };
    assert_eq!(value("huge"), "1");
    assert_eq!(value("a \"b\"\\c\nd"), "+Inf");
    assert_eq!(value("train/loss").parse::<f64>().unwrap(), f64::MIN);
}

/// Takes requests until one has come to each path of `paths`, and keeps their bodies in files.
fn hear(listener: &TcpListener, paths: &[&str], directory: &Path) {
    let mut missing = paths.to_vec();
    for (i, stream) in listener.incoming().enumerate() {
        let mut stream = stream.unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut request, mut header, mut length) = (String::new(), String::new(), 0);
        reader.read_line(&mut request).unwrap();
        while reader.read_line(&mut header).unwrap() > 2 {
            if let Some(n) = header.to_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap();
            }
            header.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let path = request.split(' ').nth(1).unwrap();
        fs::write(directory.join(format!("{}-{i}", path.rsplit('/').next().unwrap())), body).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        missing.retain(|m| *m != path);
        if missing.is_empty() {
            return;
        }
    }
}

#[test]
fn opentelemetry() {
    let Some(python) = python("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2") else { return };
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = dir.path().join("heard");
    fs::create_dir(&heard).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| hear(&listener, &["/v1/metrics", "/v1/logs"], &heard));
        export(&directory, Otlp::new(&url, &directory.run().unwrap()));
    });
    let lines = script(
        python,
        r#"
import glob, json, sys
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
for path in glob.glob(sys.argv[1] + "/metrics-*"):
    request = ExportMetricsServiceRequest.FromString(open(path, "rb").read())
    for resource in request.resource_metrics:
        names = {a.key: a.value.string_value for a in resource.resource.attributes}
        assert names["aether.name"] == 'größe "one"', names
        for metric in resource.scope_metrics[0].metrics:
            for p in metric.gauge.data_points:
                assert p.WhichOneof("value") == "as_double" and p.time_unix_nano > 10**18
                print(json.dumps([metric.name, p.attributes[0].value.int_value, repr(p.as_double)]))
[path] = glob.glob(sys.argv[1] + "/logs-*")
request = ExportLogsServiceRequest.FromString(open(path, "rb").read())
records = request.resource_logs[0].scope_logs[0].log_records
assert len(records) == 4 and records[0].severity_text == "WARN" and records[0].body.string_value == "Said", records
"#,
        &[heard.to_str().unwrap()],
    );
    assert_eq!(said(&lines), points(&directory));
}

#[test]
fn a_server_that_is_not_there_is_said() {
    let dir = TempDir::new().unwrap();
    let directory = run(&dir.path().join("home"));
    let url = format!("http://127.0.0.1:{}", free_port());
    let error = MlFlow::begin(&url, &directory.run().unwrap()).unwrap_err().to_string();
    assert!(error.contains(&url) && error.contains("check the address"), "{error}");
}
