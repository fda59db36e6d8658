"""`aether.api` against the real server, with pandas, with polars, and with neither."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE, needs

from aether import api

ROOT = PACKAGE.parent.parent


@pytest.fixture
def binary():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    places = [os.environ.get("AETHER_BIN"), target / "debug" / "aether", target / "release" / "aether"]
    found = next((str(place) for place in places if place and shutil.which(str(place))), None)
    if found is None:
        assert os.environ.get("CI") != "true", "cargo built no aether"
        pytest.skip("no aether; build it with `cargo build -p aether`, or name it in AETHER_BIN")
    return found


@pytest.fixture
def serve(scripts, binary):
    servers = []

    def start(*arguments):
        server = subprocess.Popen(
            [binary, "dash", "--json", "--port", "0", *arguments], env=scripts.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        servers.append(server)
        return json.loads(server.stdout.readline())

    yield start
    for server in servers:
        server.kill()
        server.wait()


@pytest.fixture
def url(scripts, serve):
    scripts.run("""
        import aether
        for name, lr in (("a", 0.1), ("b", 0.3)):
            run = aether.init(project="p", name=name, tags=[name], config={"lr": lr, "layers": [1, 2]})
            for i in range(3000):
                aether.log({"loss": i * lr, "odd": float("nan") if i == 7 else float(i)})
            aether.alert("Odd", "very")
            aether.finish()
    """)
    return serve()["url"]


def test_plain_lists(url):
    client = api.Client(url, frames="lists")
    runs = client.runs("lr > 0", columns=["param.lr", "param.layers", "metric.odd.min", "metric.none"])
    assert [run["name"] for run in runs] == ["b", "a"]
    assert runs[0]["param.lr"] == 0.3 and runs[0]["param.layers"] == [1, 2] and runs[0]["metric.odd.min"] == 0
    assert runs[0]["metric.none"] is None
    assert [run["name"] for run in client.runs(sort="name", limit=1)] == ["a"]
    points = client.series("a", "loss")
    assert [point["step"] for point in points] == list(range(3000))
    assert points[5]["value"] == 5 * 0.1 and points[5]["metric"] == "loss" and points[5]["time"] > 1e12
    assert [p["step"] for p in client.series("a", "loss", start=10, stop=12)] == [10, 11, 12]
    odd = client.series("a", "odd", start=6, stop=8)
    assert math.isnan(odd[1]["value"]) and odd[2]["value"] == 8
    stretches = client.series("a", "odd", most=10)
    assert 10 <= len(stretches) <= 12 and sum(s["count"] for s in stretches) == 3000
    assert sum(s["nan"] for s in stretches) == 1 and max(s["max"] for s in stretches) == 2999
    assert {p["metric"] for p in client.series("b")} == {"loss", "odd"}
    assert client.run("@latest")["name"] == "b"
    assert [event["kind"] for event in client.events("a") if event["kind"] == "alert"] == ["alert"]
    assert client.alerts()[0]["run"]["name"] == "b"
    assert client.compare("a", "b")["parameters"][1]["values"] == [0.1, 0.3]


def test_pandas_frames(url):
    needs("pandas")
    import pandas

    client = api.Client(url, frames="pandas")
    runs = client.runs(columns=["param.lr", "metric.odd"])
    assert list(runs["name"]) == ["b", "a"] and runs["param.lr"].sum() == pytest.approx(0.4)
    assert isinstance(runs["created"].dtype, pandas.DatetimeTZDtype) and (runs["ended"] >= runs["created"]).all()
    loss = client.series("a", "loss", "odd")
    assert loss.groupby("metric")["value"].count().to_dict() == {"loss": 3000, "odd": 2999}
    assert loss["step"].dtype == "int64" and isinstance(loss["time"].dtype, pandas.DatetimeTZDtype)
    assert (client.events("a")["kind"] == "alert").sum() == 1


def test_polars_frames(url):
    needs("polars")
    import polars

    client = api.Client(url, frames="polars")
    runs = client.runs(columns=["param.lr", "param.layers"])
    assert runs["name"].to_list() == ["b", "a"] and runs["created"].dtype == polars.Datetime("us", "UTC")
    assert runs["param.layers"].to_list() == ["[1, 2]"] * 2
    loss = client.series("a", "loss")
    assert loss["step"].dtype == polars.Int64 and loss["value"].sum() == pytest.approx(sum(range(3000)) * 0.1)
    assert loss["time"].dtype == polars.Datetime("us", "UTC") and loss["time"].is_sorted()
    assert client.series("a", most=10)["count"].sum() == 6000


def test_every_point_of_a_series_longer_than_an_answer(scripts, binary, serve):
    scripts.run("""
        import aether
        aether.init(name="long")
        for i in range(250_000):
            aether.log({"x": i % 1000}, step=i)
    """)
    for compacted in (False, True):
        if compacted:
            subprocess.run([binary, "compact", "long"], env=scripts.environment(), check=True, capture_output=True)
        points = api.Client(serve()["url"], frames="lists").series("long", "x")
        assert [p["step"] for p in points] == list(range(250_000))
        assert all(p["value"] == p["step"] % 1000 for p in points)


def test_a_token_from_the_printed_link(scripts, serve, monkeypatch):
    server = serve("--new-token")
    assert api.Client(server["url"], frames="lists").runs() == []
    plain = server["url"].partition("#")[0]
    with pytest.raises(api.ApiError) as refused:
        api.Client(plain).runs()
    assert refused.value.status == 401 and "--new-token" in str(refused.value)
    monkeypatch.setenv("AETHER_URL", plain)
    monkeypatch.setenv("AETHER_TOKEN", server["token"])
    assert len(api.runs()) == 0


def test_output_in_lines(scripts, binary, serve):
    command = [binary, "run", "--", sys.executable, "-c", "for i in range(12000): print('line', i)"]
    subprocess.run(command, env=scripts.environment(), check=True, capture_output=True)
    lines = [line["text"] for line in api.Client(serve()["url"]).output("@latest")]
    assert lines == [f"line {i}" for i in range(12000)]


def test_errors_say_what_to_do(url, monkeypatch):
    client = api.Client(url)
    with pytest.raises(api.ApiError, match="did you mean 'loss'"):
        client.series("a", "los")
    with pytest.raises(api.ApiError, match=r"lr <\n"):
        client.runs("lr <")
    with pytest.raises(ValueError, match="polars"):
        api.Client(url, frames="arrow")
    with pytest.raises(api.ApiError, match="aether dash") as nobody:
        api.Client("http://127.0.0.1:9").runs()
    assert nobody.value.status == 0
