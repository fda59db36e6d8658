//! What the API answers.

use std::{fs, time::Duration};

use aether_core::{Event, Level, Metric, Signal};
use serde_json::{Value, json};

use super::client::{Dash, blocks};
use crate::harness::{Aether, Scratch};

fn event(kind: &str, level: Level, fields: Value) -> Signal {
    Signal::Event(Event {
        kind: kind.to_owned(),
        level,
        step: 7,
        message: format!("{kind}!"),
        fields: fields.as_object().unwrap().clone(),
    })
}

#[test]
fn a_home_that_is_missing_or_empty_is_served() {
    let scratch = Scratch::new();
    for make in [false, true] {
        if make {
            fs::create_dir(scratch.home()).unwrap();
        }
        let dash = Dash::of(&scratch);
        let runs = dash.json("/runs");
        assert_eq!((&runs["total"], &runs["runs"]), (&json!(0), &json!([])));
        assert_eq!(dash.json("/alerts")["alerts"], json!([]));
        assert_eq!(dash.json("/boards")["boards"], json!([]));
        let server = dash.json("/server");
        assert_eq!((&server["project_count"], &server["read_only"]), (&json!(0), &json!(false)));
        assert!(dash.get("/api/v1/runs/x").refused(404).contains("aether runs"));
        assert_eq!(dash.end(), Some(0));
    }
    // Looking on makes nothing but the index, as every look at all runs does.
    let made: Vec<_> =
        fs::read_dir(scratch.home()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(made.iter().all(|name| name == "index.db"), "{made:?}");
}

#[test]
fn the_page_is_there_and_packed() {
    let dash = Dash::of(&Scratch::new());
    let page = dash.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<title>"));
    // Links into the page are answered with the page.
    assert_eq!(dash.get("/runs/k3v9").status, 200);
    assert_eq!(dash.get("/host").body, dash.get("/compare?id=k3v9").body);
    let packed = dash.request("GET", "/app.js", "Accept-Encoding: gzip\r\n", "");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.starts_with(&[0x1f, 0x8b]));
    let tag = packed.header("etag").unwrap().to_owned();
    assert_eq!(dash.request("GET", "/app.js", &format!("If-None-Match: {tag}\r\n"), "").status, 304);
    assert!(dash.get("/api/v1/nothing").refused(404).contains("openapi"));
}

#[test]
fn the_page_brings_along_what_it_asks_first() {
    let scratch = Scratch::new();
    let id = scratch.run("</script><!-- a", json!({ "lr": 0.1 }), &[2.0, 1.0]);
    let dash = Dash::of(&scratch);
    let brought = |path: &str, headers: &str| -> Option<Value> {
        let page = dash.request("GET", path, headers, "");
        let (_, rest) = page.text().split_once("id=\"brought\">")?;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("etag"), None);
        let (json, rest) = rest.split_once("</script>").unwrap();
        assert!(rest.starts_with("</head>"), "nothing in it ends the element");
        Some(serde_json::from_str(json).unwrap())
    };
    let runs = "/api/v1/runs?sort=-created&offset=0&limit=200&columns=proposed";
    assert_eq!(brought("/", "").unwrap()[runs]["runs"], dash.json("/runs?columns=proposed")["runs"]);
    let run = format!("/runs/{id}");
    let with = brought(&run, "Sec-Fetch-Site: none\r\n").unwrap();
    assert_eq!(with[format!("/api/v1{run}")], dash.json(&run));
    assert_eq!(with[format!("/api/v1{run}/events")], dash.json(&format!("{run}/events")));
    for path in ["/runs/nobody00", "/host", "/runs/", "/runs/..%2f", "/?q=x"] {
        assert_eq!(brought(path, ""), None, "{path}");
    }
    // What a page of another site opens has nothing in it.
    assert_eq!(brought(&run, "Sec-Fetch-Site: cross-site\r\n"), None);
}

#[test]
fn runs_are_chosen_sorted_grouped_and_cut() {
    let scratch = Scratch::new();
    for (name, lr, losses) in [
        ("a", json!(0.1), vec![3.0, 1.0]),
        ("b", json!(0.3), vec![5.0, 2.0]),
        ("c", json!("x"), vec![f64::NAN]),
    ] {
        scratch.run(name, json!({ "lr": lr }), &losses);
    }
    let dash = Dash::of(&scratch);
    let names = |path: &str| -> Vec<String> {
        let runs = dash.json(path);
        runs["runs"].as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/runs"), ["c", "b", "a"]);
    assert_eq!(names("/runs?sort=name"), ["a", "b", "c"]);
    assert_eq!(names("/runs?sort=-name&offset=1&limit=1"), ["b"]);
    // What is not finite or not there comes last, whichever way round.
    assert_eq!(names("/runs?sort=metric.train/loss"), ["a", "b", "c"]);
    assert_eq!(names("/runs?sort=-metric.train/loss"), ["b", "a", "c"]);
    assert_eq!(names("/runs?sort=param.lr"), ["a", "b", "c"]);
    assert_eq!(names("/runs?q=lr%20%3E%200.2"), ["b"]);
    let runs = dash.json("/runs?columns=param.lr,metric.train/loss,metric.train/loss.max&group=state");
    assert_eq!(
        (&runs["total"], &runs["matched"], &runs["groups"]),
        (&json!(3), &json!(3), &json!([{"value": "done", "count": 3}]))
    );
    assert_eq!(runs["parameters"], json!(["lr"]));
    assert_eq!(runs["metrics"], json!(["train/loss"]));
    assert_eq!(
        runs["runs"][1]["columns"],
        json!({"param.lr": 0.3, "metric.train/loss": 2.0, "metric.train/loss.max": 5.0})
    );
    assert_eq!(runs["runs"][0]["columns"]["metric.train/loss"], json!("NaN"));
    assert_eq!(runs.get("units"), None);
    let units = dash.json("/runs?columns=metric.system/memory.max,metric.system/cpu.count,metric.train/loss")
        ["units"]
        .clone();
    assert_eq!(units, json!({"metric.system/memory.max": "B"}));
    let refused = dash.get("/api/v1/runs?q=lr%20%3C").refused(400);
    assert!(refused.contains("\n  lr <\n      ^"), "{refused}");
    assert!(dash.get("/api/v1/runs?q=lrr%3D1").refused(400).contains("'lr'"));
    assert!(dash.get("/api/v1/runs?srot=name").refused(400).contains("sort"));
    assert!(dash.get("/api/v1/runs?sort=naem").refused(400).contains("name"));
}

#[test]
fn a_run_in_full() {
    let scratch = Scratch::new();
    let id = scratch.run_that("full", json!({"model": {"layers": 2}}), |bus| {
        bus.point(Metric::named("loss"), 1, 0.5);
        bus.point(Metric::named("loss"), 3, f64::INFINITY);
        bus.emit(&event("summary", Level::Info, json!({"loss": 0.25})));
        bus.emit(&event("alert", Level::Warning, json!({"title": "Odd", "text": "x", "metric": "loss"})));
        let digest = "ab".repeat(32);
        bus.emit(&event(
            "image",
            Level::Info,
            json!({"name": "a.png", "digest": digest, "media": "image/png"}),
        ));
    });
    let dash = Dash::of(&scratch);
    let run = dash.json(&format!("/runs/{id}"));
    assert_eq!((&run["name"], &run["state"]), (&json!("full"), &json!("done")));
    assert_eq!(run["parameters"], json!({"model.layers": 2}));
    let metric = &run["metrics"][0];
    assert_eq!(
        (&metric["name"], &metric["count"], &metric["first_step"], &metric["last_step"], &metric["last"]),
        (&json!("loss"), &json!(2), &json!(1), &json!(3), &json!(0.25))
    );
    assert_eq!((&metric["max"], &metric["non_finite"]), (&json!(0.5), &json!(1)));
    assert!(metric["last_time"].as_str().unwrap() >= run["created"].as_str().unwrap());
    let artifact = &run["artifacts"][0];
    assert_eq!(
        (&artifact["name"], &artifact["media"], &artifact["step"]),
        (&json!("a.png"), &json!("image/png"), &json!(7))
    );
    for name in [&id.as_str()[..5], "full", "@latest"] {
        assert_eq!(dash.json(&format!("/runs/{name}"))["id"], json!(id));
    }
    let events = dash.json(&format!("/runs/{id}/events"));
    let kinds: Vec<&Value> = events["events"].as_array().unwrap().iter().map(|e| &e["kind"]).collect();
    assert_eq!(kinds, ["summary", "alert", "image"]);
    let content: Vec<Option<&Value>> =
        events["events"].as_array().unwrap().iter().map(|e| e.get("content")).collect();
    assert_eq!(content, [Some(&json!(true)), None, Some(&json!(true))]);
    assert_eq!(
        (&events["events"][1]["severity"], &events["events"][1]["metric"]),
        (&json!("warning"), &json!("loss"))
    );
    let cursor = events["cursor"].as_str().unwrap();
    assert_eq!(dash.json(&format!("/runs/{id}/events?after={cursor}"))["events"], json!([]));
    let alerts = dash.json("/alerts");
    assert_eq!(
        (&alerts["alerts"][0]["kind"], &alerts["alerts"][0]["run"]["name"]),
        (&json!("alert"), &json!("full"))
    );
    assert!(dash.get(&format!("/api/v1/runs/{id}/diff")).refused(404).contains("no diff"));
}

#[test]
fn series_in_each_form() {
    let scratch = Scratch::new();
    let values: Vec<f64> = (0..3000).map(|i| if i == 1234 { 1e9 } else { f64::from(i % 7) }).collect();
    let id = scratch.run("long", json!({}), &values);
    let dash = Dash::of(&scratch);
    let path = format!("/api/v1/runs/{id}/series?metric=train/loss");
    let few = blocks(&dash.get(&format!("{path}&from=10&to=20&most=100")).body);
    assert_eq!(
        (few[0].kind, few[0].columns[0].as_slice()),
        (0, &(9..=21).map(f64::from).collect::<Vec<_>>()[..])
    );
    let many = &blocks(&dash.get(&format!("{path}&most=100")).body)[0];
    assert_eq!((many.name.as_str(), many.kind), ("train/loss", 1));
    assert!((100..=101).contains(&many.columns[0].len()));
    assert_eq!(many.columns[7].iter().copied().fold(f64::MIN, f64::max), 1e9);
    assert_eq!(many.columns[9].iter().sum::<f64>(), 3000.0);
    let begun = few[0].columns[1][0];
    let timed = &blocks(&dash.get(&format!("{path}&x=time&from={}&most=9000", begun - 1e9)).body)[0];
    assert_eq!(timed.columns[0].len(), 3000);
    let timed = &blocks(&dash.get(&format!("{path}&x=relative&to=-1&most=9000")).body)[0];
    assert!(timed.columns[0].len() <= 1, "what is before its beginning is nothing but a neighbour");
    let read: Value = serde_json::from_slice(
        &dash.request("GET", &format!("{path}&most=9000"), "Accept: application/json\r\n", "").body,
    )
    .unwrap();
    assert_eq!(read["series"][0]["columns"]["value"][1234], json!(1e9));
    let csv = dash.request("GET", &format!("{path}&from=1&to=2"), "Accept: text/csv\r\n", "");
    assert!(csv.text().starts_with("metric,step,time,value\r\ntrain/loss,1,"), "{}", csv.text());
    assert!(
        dash.get(&format!("/api/v1/runs/{id}/series?metric=train/los")).refused(404).contains("train/loss")
    );
    let all = blocks(&dash.get(&format!("/api/v1/runs/{id}/series")).body);
    assert_eq!(all.len(), 1);
}

#[test]
fn a_compacted_series_is_told_alike() {
    let scratch = Scratch::new();
    let values: Vec<f64> = (0..20_000).map(|i| if i == 7777 { -1e9 } else { f64::from(i) }).collect();
    let id = scratch.run("long", json!({}), &values);
    let before = Dash::of(&scratch);
    let path = format!("/api/v1/runs/{id}/series?metric=train/loss&most=40");
    let open = blocks(&before.get(&path).body);
    scratch.aether("compact").arg(id.as_str()).run().ok();
    let after = Dash::of(&scratch);
    let packed = blocks(&after.get(&path).body);
    for told in [&open[0], &packed[0]] {
        assert_eq!(told.columns[9].iter().sum::<f64>(), 20_000.0);
        assert_eq!(told.columns[6].iter().copied().fold(f64::MAX, f64::min), -1e9);
        assert_eq!((told.columns[0][0], *told.columns[2].last().unwrap()), (1.0, 20_000.0));
    }
    let zoomed = blocks(&after.get(&format!("{path}&from=7770&to=7785")).body);
    assert_eq!((zoomed[0].kind, zoomed[0].columns[0].len()), (0, 18));
    assert!(zoomed[0].columns[2].contains(&-1e9));
}

#[test]
fn output_by_lines_both_ways() {
    let scratch = Scratch::new();
    let script =
        "for i in 1 2 3 4 5; do echo line $i; done; printf '50%%\\r100%%\\n'; echo oops >&2; printf 'no end'";
    let done = Aether::new()
        .args("run --detach --json --")
        .arg("sh")
        .arg("-c")
        .arg(script)
        .home(&scratch.home())
        .directory(scratch.path())
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let dash = Dash::of(&scratch);
    while dash.json("/runs/@latest")["state"] == json!("running") {
        std::thread::sleep(Duration::from_millis(50));
    }
    let lines = |query: &str| -> Vec<String> {
        let output = dash.json(&format!("/runs/@latest/output{query}"));
        output["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = lines("");
    for line in ["line 1", "line 5", "100%", "oops", "no end"] {
        assert!(all.iter().any(|known| known == line), "{line}: {all:?}");
    }
    assert_eq!(lines("?stream=stderr"), ["oops"]);
    assert_eq!(lines("?search=LINE&lines=2"), ["line 1", "line 2"]);
    let first = dash.json("/runs/@latest/output?from=0&lines=2");
    assert_eq!((&first["lines"][1]["text"], &first["end"]), (&json!("line 2"), &json!(14)));
    assert_eq!(lines("?from=14&lines=1"), ["line 3"]);
    assert_eq!(lines("?before=21&lines=2"), ["line 2", "line 3"]);
    assert!(dash.get("/api/v1/runs/@latest/output?stream=x").refused(400).contains("stdout"));
}

#[test]
fn runs_side_by_side() {
    let scratch = Scratch::new();
    let (a, b) = (
        scratch.run("a", json!({"lr": 1, "seed": 3}), &[2.0]),
        scratch.run("b", json!({"lr": 2, "seed": 3}), &[1.0]),
    );
    let machine =
        scratch.run_that("c", json!({}), |bus| bus.point(Metric::named("system/gpu/0/utilisation"), 1, 50.0));
    let dash = Dash::of(&scratch);
    let compared = dash.json(&format!("/compare?id={a}&id={b}"));
    assert_eq!(
        compared["parameters"],
        json!([{"name": "lr", "values": [1, 2], "differs": true}, {"name": "seed", "values": [3, 3], "differs": false}])
    );
    assert_eq!(compared["metrics"][0]["values"][1]["last"], json!(1.0));
    assert_eq!(compared["metrics"][0].get("unit"), None);
    assert_eq!(compared["runs"][0]["name"], json!("a"));
    let compared = dash.json(&format!("/compare?id={machine}"));
    assert_eq!(compared["metrics"][0]["unit"], json!("%"));
    assert!(dash.get("/api/v1/compare").refused(400).contains("id="));
}

#[test]
fn the_machine() {
    let dash = Dash::of(&Scratch::new());
    let host = dash.json("/host");
    assert!(host["now"]["memory"]["total"].as_f64().unwrap() > 0.0);
    assert!(!host["history"].as_array().unwrap().is_empty() && host["name"].is_string());
}

#[test]
fn boards_are_kept_and_nobody_overwrites_anothers() {
    let scratch = Scratch::new();
    let dash = Dash::of(&scratch);
    let put = |headers: &str, body: &str| {
        dash.request("PUT", "/api/v1/boards/mine", &format!("Content-Type: text/yaml\r\n{headers}"), body)
    };
    let yaml = "# mine\ntitle: Mine\npanels:\n- line: metric.loss\n";
    let board = "title: Mine\npanels: []\n";
    let kept = put("If-None-Match: *\r\n", board);
    assert_eq!(kept.status, 200, "{kept:?} {yaml}");
    let revision = kept.header("etag").unwrap().to_owned();
    put("If-None-Match: *\r\n", board).refused(412);
    assert_eq!(put(&format!("If-Match: {revision}\r\n"), "title: Other\npanels: []\n").status, 200);
    put(&format!("If-Match: {revision}\r\n"), board).refused(412);
    assert_eq!(dash.get("/api/v1/boards/mine").text(), "title: Other\npanels: []\n");
    let read = dash.request("GET", "/api/v1/boards/mine", "Accept: application/json\r\n", "");
    assert_eq!(read.json()["title"], json!("Other"));
    assert_eq!(dash.json("/boards")["boards"][0]["name"], json!("mine"));
    assert!(put("", "titel: x\n").refused(400).contains("title"));
    dash.get("/api/v1/boards/..%2F..%2Fetc").refused(400);
    assert_eq!(dash.request("DELETE", "/api/v1/boards/mine", "", "").status, 204);
    dash.get("/api/v1/boards/mine").refused(404);
}

/// Every address of the API stands in its description, and the other way round: whatever is described is there.
#[test]
fn the_description_is_true() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0]);
    let dash = Dash::of(&scratch);
    let described = dash.json("/openapi.json");
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete"] {
            let address = path
                .replace("{id}", "@latest")
                .replace("{digest}", &"0".repeat(64))
                .replace("{name}", "none");
            let headers = "Content-Type: application/json\r\n";
            let reply = dash.request(&method.to_uppercase(), &format!("/api/v1{address}"), headers, "{}");
            let there = reply.status != 405 && !reply.text_lossy().contains("the API has no");
            assert_eq!(there, item.get(method).is_some(), "{method} {path}: {}", reply.status);
        }
    }
    assert!(dash.get("/api/v1/openapi.yaml").text().starts_with("openapi: 3.1"));
}
