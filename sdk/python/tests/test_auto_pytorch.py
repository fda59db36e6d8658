"""Plain PyTorch loops, logged without a word in the script."""

import math

import pytest
from conftest import needs


@pytest.fixture(autouse=True)
def pytorch():
    needs("torch")


#: Looks at every step, whatever that costs: the steps of these tests are too short for anything.
EVERY = """
    import torch, aether.auto.pytorch
    aether.auto.pytorch._SHARE, aether.auto.pytorch._BEGINNING = 1e9, 0
"""

LOOP = """
    import torch
    torch.manual_seed(0)
    model = torch.nn.Linear(256, 256)
    data = torch.randn(4096, 256)
    def train(optimizer, steps, losses):
        for _ in range(steps):
            loss = (model(data) - data).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
"""


def close(value, other):
    return math.isclose(value, other, rel_tol=1e-6)


def test_a_dear_first_look_keeps_nobody_away(scripts):
    run = scripts.automatic(LOOP + """
    import time
    original = torch._foreach_norm
    def dear(grads):
        torch._foreach_norm = original
        end = time.thread_time() + 0.5
        while time.thread_time() < end:
            pass
        return original(grads)
    torch._foreach_norm = dear
    train(torch.optim.SGD(model.parameters(), lr=0.01), 90, [])
    """)
    # However dear each is: four times as many steps lie between two looks as before, at most.
    for name in ["torch/loss", "torch/grad_norm"]:
        assert len(run.series(name)) >= 4, name


def test_a_program_that_waits_is_not_looked_at_more_often_for_it(scripts):
    run = scripts.automatic(LOOP + """
    import time, aether.auto.pytorch
    # As much of 20 ms as a look at every few steps takes.
    aether.auto.pytorch._SHARE, aether.auto.pytorch._BEGINNING = 0.005, 0
    data = data[:1]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(60):
        train(optimizer, 1, [])
        time.sleep(0.02)  # as one that is not let run, or that waits for others
    """)
    # By what the processor works in it, a step is so short that no look is ever cheap: at 1, 2, 6, 22.
    assert 3 <= len(run.series("torch/loss")) <= 6


def test_loss_rate_norm_and_time_at_the_optimizers_steps(scripts):
    run = scripts.automatic(LOOP + EVERY + """
    losses = []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.5)
    import sys
    for i in range(30):
        train(optimizer, 1, losses)
        if i == 0:
            print(torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in model.parameters()])).item())
        schedule.step()
    print(*losses)
    """)
    # The norm of the first step is not measured: no optimizer is known before it has stepped.
    _, printed = scripts.output[0].splitlines()
    losses = [float(x) for x in printed.split()]
    got = run.series("torch/loss")
    assert list(got) == list(range(1, 31))
    assert all(close(value, losses[step - 1]) for step, value in got.items())
    rate = run.series("torch/learning_rate")
    assert all(close(value, 0.01 * 0.5 ** ((step - 1) // 10)) for step, value in rate.items())
    assert all(0 < seconds < 60 for seconds in run.series("torch/step_time").values())
    norms = run.series("torch/grad_norm")
    assert norms and all(0 < norm < 100 for norm in norms.values())
    assert run.merged("config") == {"optimizer": "Adam"}


def test_the_norm_is_that_of_the_gradients(scripts):
    run = scripts.automatic(EVERY + """
    w = torch.nn.Parameter(torch.zeros(4)); v = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([w, v], lr=0.0)
    for i in range(40):
        optimizer.zero_grad()
        (w.sum() * 3 + v.sum() * 8).backward()      # norm: sqrt(4 * 9 + 64) = 10
        optimizer.step()
    for i in range(40):
        optimizer.zero_grad()
        (w.sum() * 6 + v.sum() * 16).backward()
        torch.nn.utils.clip_grad_norm_([w, v], 1.0)  # tells 20 before it clips
        optimizer.step()
    """)
    # That of the first step is not known: nobody knew of the optimizer before it.
    assert run.series("torch/grad_norm") == {step: 10.0 if step <= 40 else 20.0 for step in range(2, 81)}


def test_of_the_first_steps_many_are_looked_at(scripts):
    run = scripts.automatic("""
    import torch, aether.auto.pytorch
    aether.auto.pytorch._BEGINNING = 1e12  # else it is over in milliseconds, after as many steps as this machine makes
    w = torch.nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.SGD([w], lr=0.0)
    for i in range(300):
        w.sum().backward(); optimizer.step()
    """)
    looked, step = [], 1
    while step <= 300:
        looked.append(step)
        step += max(step // 8, 1)
    assert list(run.series("torch/loss")) == looked and len(looked) > 40
    assert list(run.series("torch/grad_norm")) == looked[1:]


def test_short_steps_are_looked_at_now_and_then(scripts):
    run = scripts.automatic("""
    import torch
    w = torch.nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.SGD([w], lr=0.0)
    for i in range(2000):
        w.sum().backward(); optimizer.step()
    """)
    assert 1 < len(run.series("torch/loss")) < 1000


def test_a_loop_that_is_taken_up_again_counts_on(scripts):
    first = LOOP + """
    optimizer = torch.optim.AdamW(model.parameters())
    train(optimizer, 10, [])
    torch.save((model.state_dict(), optimizer.state_dict()), "snapshot.pt")
    """
    run = scripts.automatic(first)
    assert max(run.series("torch/learning_rate")) <= 10
    run = scripts.automatic(LOOP + """
    optimizer = torch.optim.AdamW(model.parameters())
    a, b = torch.load("snapshot.pt")
    model.load_state_dict(a); optimizer.load_state_dict(b)
    train(optimizer, 10, [])
    """, environment={"AETHER_SESSION": "1"})
    later = next(log for log in run.logs if log.session == 1)
    steps = [step for name, step, *_ in later.points if name == "torch/learning_rate"]
    assert min(steps) == 11 and max(steps) <= 20


def test_fits_one_after_the_other_are_numbered(scripts):
    run = scripts.automatic(LOOP + EVERY + """
    for lr in (0.1, 0.01, 0.001):
        train(torch.optim.SGD(model.parameters(), lr=lr), 3, [])
    """)
    rates = {name: set(run.series(name).values()) for name in run.names if "learning_rate" in name}
    assert rates == {"torch/learning_rate": {0.1}, "torch/2/learning_rate": {0.01}, "torch/3/learning_rate": {0.001}}
    assert all(min(run.series(name)) == 1 for name in rates)


def test_accumulation_says_the_mean(scripts):
    run = scripts.automatic(EVERY + """
    w = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([w], lr=0.0)
    for step in range(5):
        for part in (1.0, 2.0, 6.0):
            (w * part).sum().backward()
        optimizer.step()
    """)
    got = run.series("torch/loss")
    assert got == {step: 3.0 for step in range(1, 6)}


def test_a_scaled_loss_is_said_as_it_was(scripts):
    run = scripts.automatic(EVERY + """
    w = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([w], lr=0.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for step in range(5):
        optimizer.zero_grad()
        scaler.scale((w * 7).sum()).backward()
        scaler.step(optimizer); scaler.update()
    """)
    got = run.series("torch/loss")
    assert got == {step: 7.0 for step in range(1, 6)}
    assert set(run.series("torch/grad_norm").values()) == {7.0}


def test_updates_by_hand_are_counted_by_backward_passes(scripts):
    run = scripts.automatic("""
    import torch
    w = torch.ones(1, requires_grad=True)
    for step in range(1, 101):
        (w * 0 + step).sum().backward()
        w.data -= 0.0 * w.grad
    """)
    assert run.series("torch/loss") == {step: float(step) for step in range(1, 101)}


def test_nan_is_said(scripts):
    run = scripts.automatic(EVERY + """
    w = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([w], lr=0.0)
    for step in range(50):
        (w * float("nan")).sum().backward()
        optimizer.step()
    """)
    got = run.series("torch/loss")
    assert len(got) == 50 and all(map(math.isnan, got.values()))


def test_several_programs_of_one_run_do_not_hide_each_other(scripts):
    for _ in range(2):
        run = scripts.automatic(LOOP + "\n    train(torch.optim.SGD(model.parameters(), lr=0.1), 3, [])")
    assert {"torch/loss", "program2/torch/loss"} <= run.names


def test_ranks_speak_apart(scripts):
    script = """
    import os, torch, torch.distributed as dist
    dist.init_process_group("gloo")
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i in range(5):
        model(torch.full((2, 4), float(dist.get_rank()))).sum().backward()
        optimizer.step()
    dist.destroy_process_group()
    """
    run = scripts.automatic(f"""
    import subprocess, sys, textwrap
    open("worker.py", "w").write(textwrap.dedent({script!r}))
    sys.exit(subprocess.call([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "worker.py"]))
    """)
    assert {"torch/loss", "rank/1/torch/loss"} <= run.names
    assert not [name for name in run.names if name.startswith(("program", "rank/0"))]


def test_workers_of_a_data_loader_are_silent(scripts):
    run = scripts.automatic("""
    import torch
    class Data(torch.utils.data.Dataset):
        def __len__(self): return 8
        def __getitem__(self, i):
            w = torch.nn.Parameter(torch.ones(1))
            o = torch.optim.SGD([w], lr=9.0)
            for _ in range(3):
                (w * 5).sum().backward(); o.step()
            return w.detach()
    if __name__ == "__main__":
        for context in ("fork", "spawn"):
            list(torch.utils.data.DataLoader(Data(), num_workers=2, multiprocessing_context=context))
    """)
    assert run.names == set()


def test_it_is_turned_off(scripts):
    run = scripts.automatic(LOOP + "\n    train(torch.optim.SGD(model.parameters(), lr=0.1), 3, [])",
                            environment={"AETHER_AUTO": "0"})
    assert run.logs == []


def test_a_module_of_the_same_name_is_no_hindrance(scripts):
    (scripts.directory / "aether.py").write_text("mine = 1\n")
    run = scripts.automatic(LOOP + """
    import aether
    assert aether.mine == 1
    train(torch.optim.SGD(model.parameters(), lr=0.1), 3, [])
    """)
    assert "torch/loss" in run.names


def test_the_users_own_sitecustomize_runs(scripts):
    theirs = scripts.directory / "theirs"
    theirs.mkdir()
    (theirs / "sitecustomize.py").write_text("import builtins; builtins.theirs = 5\n")
    from conftest import PACKAGE

    run = scripts.automatic(LOOP + """
    import sys
    assert theirs == 5 and sys.modules["sitecustomize"].__file__.endswith("theirs/sitecustomize.py")
    train(torch.optim.SGD(model.parameters(), lr=0.1), 3, [])
    """, environment={"PYTHONPATH": f"{PACKAGE / 'inject'}:{theirs}"})
    assert "torch/loss" in run.names


def test_nothing_is_loaded_before_it_is_needed(scripts):
    scripts.automatic("""
    import sys
    import json, os, subprocess
    assert not [name for name in sys.modules if name.startswith("aether")]
    """)


def test_what_fails_inside_is_said_once_and_breaks_nothing(scripts):
    with pytest.raises(AssertionError, match="auto_failed"):
        scripts.automatic(LOOP + """
    import aether.auto.session
    def broken(*args, **kwargs): raise RuntimeError("broken inside")
    aether.auto.session.log = broken
    losses = []
    train(torch.optim.SGD(model.parameters(), lr=0.1), 20, losses)
    assert len(losses) == 20
    """)
    from reading import Run

    run = Run(scripts.home / "runs" / "default" / "0123abcd")
    failed = [e for e in run.events if e["kind"] == "auto_failed"]
    assert len(failed) == 1 and "broken inside" in failed[0]["message"]


COMPILED = LOOP + """
    from torch._dynamo.utils import counters
    clip = torch.compile(lambda: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0), backend="eager", fullgraph=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    @torch.compile(backend="eager")
    def step():
        optimizer.step()
    for _ in range(100):
        optimizer.zero_grad()
        (model(data) - data).square().mean().backward()
        clip()
        step()
    print(counters["stats"]["unique_graphs"], counters["stats"]["calls_captured"], counters["frames"]["total"])
"""


def test_a_compiled_step_is_seen_and_compiled_as_without_us(scripts):
    out, err = scripts.run(COMPILED)
    graphs, calls, frames = map(int, out.split())
    run = scripts.automatic(EVERY + COMPILED)
    seen = list(map(int, scripts.output[0].split()))
    assert seen[:2] == [graphs, calls], scripts.output
    # A break more, after the hook, is a frame or two; tracing us was a hundred.
    assert seen[2] <= frames + 3, scripts.output
    assert scripts.output[1].count("Warning") <= err.count("Warning"), scripts.output[1]
    for name in ["torch/loss", "torch/grad_norm", "torch/learning_rate"]:
        assert list(run.series(name)) == list(range(1, 101)), name
