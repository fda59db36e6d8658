"""The libraries' own trainings, logged without a word in the script, by the real libraries."""

import math

from conftest import needs


def goals(run):
    """How many steps were said to be made, by whom."""
    return [(goal["total_steps"], goal["by"]) for goal in run.fields("goal")]


#: TensorBoard's own way of doing without TensorFlow, whose import takes each of these scripts ten seconds.
WITHOUT_TENSORFLOW = """
    import sys, types
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
"""


def test_lightning_over_pytorch_over_tensorboard_says_each_thing_once(scripts):
    needs("lightning")
    script = WITHOUT_TENSORFLOW + """
    import sys, torch, lightning as L
    class Model(L.LightningModule):
        def __init__(self, width=4):
            super().__init__(); self.save_hyperparameters(); self.net = torch.nn.Linear(width, 1)
        def training_step(self, batch, i):
            loss = self.net(batch[0]).square().mean()
            self.log("train_loss", loss); self.losses.append(loss.item())
            return loss
        def validation_step(self, batch, i): self.log("val_loss", self.net(batch[0]).square().mean())
        def test_step(self, batch, i): self.log("test_loss", 3.5)
        def configure_optimizers(self): return torch.optim.SGD(self.parameters(), lr=0.01)
        losses = []
    torch.manual_seed(0)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(40, 4)), batch_size=4)
    def fit(epochs, **more):
        trainer = L.Trainer(max_epochs=epochs, log_every_n_steps=1, enable_progress_bar=False, accelerator="cpu")
        model = Model()
        trainer.fit(model, data, data, **more)
        return trainer, model
    if len(sys.argv) < 2:
        trainer, model = fit(2)
        print("LOSSES", *Model.losses)
        trainer.test(model, data)
        trainer.save_checkpoint("lightning.ckpt")
        fit(1)                       # another fit: numbered
    else:
        fit(3, ckpt_path="lightning.ckpt", weights_only=False)
    """
    run = scripts.automatic(script)
    losses = [float(x) for x in next(l for l in scripts.output[0].splitlines() if l.startswith("LOSSES")).split()[1:]]
    said = run.all("train_loss")
    assert [step for step, _ in said] == list(range(20))
    assert all(math.isclose(value, loss, rel_tol=1e-5) for (_, value), loss in zip(said, losses))
    assert [step for step, _ in run.all("val_loss")] == [9, 19]
    assert [value for _, value in run.all("test_loss")] == [3.5]
    assert [step for step, _ in run.all("fit2/train_loss")] == list(range(10))
    assert run.names == {f"{fit}{name}" for fit in ("", "fit2/") for name in ("train_loss", "val_loss", "epoch")} | {"test_loss"}
    assert run.merged("config")["width"] == 4 and run.merged("config")["max_epochs"] == 2
    assert goals(run) == [(20, "Trainer"), (10, "Trainer")]
    # Taken up again from its checkpoint, it counts on.
    run = scripts.automatic(script, arguments=["again"], environment={"AETHER_SESSION": "1"})
    later = next(log for log in run.logs if log.session == 1)
    assert [step for name, step, *_ in later.points if name == "train_loss"] == list(range(20, 30))


def test_hugging_faces_trainer(scripts):
    needs("transformers")
    run = scripts.automatic(WITHOUT_TENSORFLOW + """
    import torch, transformers
    class Net(torch.nn.Module):
        def __init__(self): super().__init__(); self.l = torch.nn.Linear(4, 1)
        def forward(self, x, labels=None):
            y = self.l(x); return {"loss": (y - labels).square().mean(), "logits": y}
    torch.manual_seed(0)
    data = [{"x": torch.randn(4), "labels": torch.randn(1)} for _ in range(64)]
    def train():
        args = transformers.TrainingArguments("out", num_train_epochs=2, logging_steps=4, eval_strategy="epoch",
            per_device_train_batch_size=8, save_strategy="no", report_to=["tensorboard"], use_cpu=True, disable_tqdm=True,
            learning_rate=0.125)
        trainer = transformers.Trainer(Net(), args, train_dataset=data, eval_dataset=data)
        trainer.train()
        return trainer.state.log_history
    history = train()
    print("LOSSES", *[h["loss"] for h in history if "loss" in h])
    train()
    """)
    losses = [float(x) for x in next(l for l in scripts.output[0].splitlines() if l.startswith("LOSSES")).split()[1:]]
    assert run.all("train/loss") == list(zip([4, 8, 12, 16], losses))
    assert [step for step, _ in run.all("eval/loss")] == [8, 16]
    assert [step for step, _ in run.all("fit2/train/loss")] == [4, 8, 12, 16]
    assert {"train/grad_norm", "train/learning_rate", "train/epoch"} <= run.names
    assert all(name.startswith(("train/", "eval/", "fit2/")) for name in run.names)
    assert run.merged("config")["learning_rate"] == 0.125
    assert run.merged("summary")["train_loss"] > 0
    assert goals(run) == [(16, "Trainer"), (16, "Trainer")]


def test_keras_on_tensorflow(scripts):
    needs("keras")
    needs("tensorflow")
    run = scripts.automatic("""
    import numpy, keras
    keras.utils.set_random_seed(0)
    x = numpy.random.rand(64, 4); y = x.sum(1)
    def model():
        m = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
        m.compile(optimizer=keras.optimizers.Adam(0.125), loss="mse", metrics=["mae"])
        return m
    m = model()
    h = m.fit(x, y, epochs=3, batch_size=16, validation_data=(x, y), verbose=0)
    print("LOSSES", *h.history["loss"])
    m.fit(x, y, batch_size=16, epochs=2, verbose=0)       # goes on: 4 updates an epoch
    m.evaluate(x, y, verbose=0)
    model().fit(x, y, batch_size=16, epochs=1, verbose=0) # another model
    def batches():
        for i in range(0, 48, 16): yield x[i:i + 16], y[i:i + 16]
    import tensorflow as tf                               # data that has no length: known after an epoch
    spec = (tf.TensorSpec((16, 4), "float64"), tf.TensorSpec((16,), "float64"))
    model().fit(tf.data.Dataset.from_generator(batches, output_signature=spec), epochs=2, verbose=0)
    """)
    losses = [float(x) for x in next(l for l in scripts.output[0].splitlines() if l.startswith("LOSSES")).split()[1:]]
    said = run.all("train/loss")
    assert [step for step, _ in said] == [4, 8, 12, 16, 20] and [v for _, v in said[:3]] == losses
    assert [step for step, _ in run.all("val/loss")] == [4, 8, 12]
    assert [step for step, _ in run.all("test/mae")] == [20]
    assert [step for step, _ in run.all("fit2/train/loss")] == [4]
    assert set(run.series("train/learning_rate").values()) == {0.125}
    assert not [name for name in run.names if name.startswith("torch")]
    assert run.merged("config")["optimizer/learning_rate"] == 0.125 and run.merged("config")["parameters"] == 5
    # Of data without a length Keras counts an update more each epoch.
    assert goals(run) == [(12, "Keras"), (20, "Keras"), (4, "Keras"), (8, "Keras")]


def test_scikit_learn(scripts):
    needs("sklearn")
    run = scripts.automatic("""
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
    from sklearn.metrics import accuracy_score
    from sklearn.datasets import load_iris
    x, y = load_iris(return_X_y=True)
    for c in (0.25, 4.0):
        m = LogisticRegression(C=c, max_iter=500).fit(x, y)
        print("SCORE", m.score(x, y), accuracy_score(y, m.predict(x)))
    make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(x, y)
    mlp = MLPClassifier(max_iter=7, random_state=0).fit(x, y)
    print("CURVE", *mlp.loss_curve_)
    GradientBoostingClassifier(n_estimators=6).fit(x, y)
    g = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0, 10.0]}, cv=3).fit(x, y)
    print("GRID", *g.cv_results_["mean_test_score"])
    print("FOLDS", *cross_val_score(LogisticRegression(max_iter=500), x, y, cv=5))
    cross_validate(LogisticRegression(max_iter=500), x, y, cv=2, n_jobs=2)
    """)
    printed = [line.split() for line in scripts.output[0].splitlines()]
    values = {line[0]: [float(x) for x in line[1:]] for line in printed}
    scores = [float(line[1]) for line in printed if line[0] == "SCORE"]
    assert run.all("LogisticRegression/score") == list(enumerate(scores, 1)) == run.all("metrics/accuracy_score")
    assert [step for step, _ in run.all("LogisticRegression/fit_time")] == [1, 2]      # not those inside others
    assert [step for step, _ in run.all("Pipeline/fit_time")] == [1]
    assert run.all("MLPClassifier/loss") == list(enumerate(values["CURVE"], 1))
    assert len(run.all("GradientBoostingClassifier/train_score")) == 6
    assert run.all("GridSearchCV/mean_test_score") == list(enumerate(values["GRID"], 1))
    assert run.all("LogisticRegression/cv/test_score") == list(enumerate(values["FOLDS"], 1))
    assert [step for step, _ in run.all("LogisticRegression/cv/2/test_score")] == [1, 2]
    config = run.merged("config")
    assert config["LogisticRegression/C"] == 0.25 and config["LogisticRegression/2/C"] == 4.0
    assert config["GridSearchCV/estimator__max_iter"] == 500
    summary = run.merged("summary")
    assert math.isclose(summary["LogisticRegression/cv/test_score/mean"], sum(values["FOLDS"]) / 5)
    assert [f["params"]["C"] for f in run.fields("candidate")] == [0.1, 1.0, 10.0]


def test_xgboost_and_lightgbm(scripts):
    needs("xgboost")
    needs("lightgbm")
    run = scripts.automatic("""
    import numpy, xgboost, lightgbm
    rng = numpy.random.default_rng(0); x = rng.normal(size=(200, 4)); y = (x.sum(1) > 0).astype(int)
    data = xgboost.DMatrix(x, y); result = {}
    first = xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, data, 5, evals=[(data, "train")],
                          evals_result=result, verbose_eval=False)
    print("XGB", *result["train"]["logloss"])
    xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, data, 3, evals=[(data, "train")], xgb_model=first,
                  verbose_eval=False)
    xgboost.XGBClassifier(n_estimators=4).fit(x, y, eval_set=[(x, y)], verbose=False)
    record = {}
    lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": 4}, lightgbm.Dataset(x, y), 6,
                   valid_sets=[lightgbm.Dataset(x, y)], valid_names=["valid"], callbacks=[lightgbm.record_evaluation(record)])
    print("LGB", *record["valid"]["binary_logloss"])
    lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, y, eval_set=[(x[:50], y[:50])])
    from sklearn.model_selection import cross_val_score
    cross_val_score(xgboost.XGBClassifier(n_estimators=2), x, y, cv=2)
    """)
    values = {line.split()[0]: [float(x) for x in line.split()[1:]] for line in scripts.output[0].splitlines()}
    assert run.all("xgboost/train/logloss") == list(enumerate(values["XGB"], 1))
    assert [step for step, _ in run.all("xgboost/2/train/logloss")] == [6, 7, 8]        # goes on with the model
    assert len(run.all("xgboost/3/validation_0/logloss")) == 4
    assert run.all("lightgbm/valid/binary_logloss") == list(enumerate(values["LGB"], 1))
    assert len(run.all("lightgbm/2/valid_0/binary_logloss")) == 3
    assert not [name for name in run.names if name.startswith(("xgboost/4", "lightgbm/3"))]
    assert run.merged("config")["xgboost/max_depth"] == 2 and run.merged("config")["lightgbm/num_leaves"] == 4
    assert run.merged("summary")["xgboost/fit_time"] > 0
    assert goals(run) == [(5, "XGBoost"), (8, "XGBoost"), (4, "XGBoost"), (6, "LightGBM"), (3, "LightGBM")]


def test_summary_writers(scripts):
    needs("tensorboard")
    run = scripts.automatic(WITHOUT_TENSORFLOW + """
    import numpy, torch, tensorboardX
    from torch.utils.tensorboard import SummaryWriter
    w = SummaryWriter("logs/train"); v = SummaryWriter("logs/val")
    for i in range(5):
        w.add_scalar("loss", torch.tensor(1.0 / (i + 1)), i)
        v.add_scalar("loss", 10.0 + i, global_step=i)
    w.add_scalars("group", {"a": 1, "b": 2}, 7)
    w.add_scalar("no step", 1); w.add_scalar("no step", 2)
    w.add_text("words", "hello", 3)
    w.add_image("picture", numpy.zeros((3, 4, 5), dtype="uint8"), 2)
    w.add_histogram("weights", numpy.arange(10.0), 2)
    w.add_hparams({"lr": 0.5}, {"final": 0.25})
    x = tensorboardX.SummaryWriter("logs/x")
    x.add_scalar("xloss", 4, 1)
    for each in (w, v, x): each.close()
    # What was written to TensorBoard is there too.
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    a = EventAccumulator("logs/train"); a.Reload()
    assert [e.step for e in a.Scalars("loss")] == [0, 1, 2, 3, 4]
    """)
    assert [step for step, _ in run.all("loss")] == list(range(5))
    assert all(math.isclose(value, 1 / (step + 1), rel_tol=1e-6) for step, value in run.all("loss"))
    assert run.all("val/loss") == [(i, 10.0 + i) for i in range(5)]
    assert run.all("group/a") == [(7, 1.0)] and run.all("group/b") == [(7, 2.0)]
    assert run.all("no step") == [(0, 1.0), (1, 2.0)]
    assert run.all("x/xloss") == [(1, 4.0)]
    assert run.fields("text") == [{"name": "words", "text": "hello"}]
    (image,) = run.fields("image")
    assert (image["name"], image["width"], image["height"]) == ("picture", 5, 4)
    assert run.fields("histogram")[0]["name"] == "weights" and sum(run.fields("histogram")[0]["counts"]) == 10
    assert run.merged("config") == {"lr": 0.5} and run.merged("summary") == {"final": 0.25}
    assert run.names == {"loss", "val/loss", "group/a", "group/b", "no step", "x/xloss"}


def test_wandb(scripts):
    needs("wandb")
    run = scripts.automatic("""
    import numpy, wandb
    run = wandb.init(project="p", config={"lr": 0.5})
    for i in range(5):
        wandb.log({"loss": 1.0 / (i + 1), "nested": {"a": i}})
    wandb.log({"late": 1}, step=20)
    wandb.log({"picture": wandb.Image(numpy.zeros((4, 5, 3), dtype="uint8"), caption="black"),
               "weights": wandb.Histogram(numpy.arange(10.0))})
    run.config.update({"batch": 8})
    wandb.finish()
    """)
    assert run.all("loss") == [(i, 1.0 / (i + 1)) for i in range(5)]
    assert run.all("nested/a") == [(i, float(i)) for i in range(5)] and run.all("late") == [(20, 1.0)]
    assert run.merged("config") == {"lr": 0.5, "batch": 8}
    assert run.fields("image")[0]["caption"] == "black" and run.fields("image")[0]["width"] == 5
    assert sum(run.fields("histogram")[0]["counts"]) == 10


def test_jax_and_optax(scripts):
    needs("jax")
    needs("optax")
    run = scripts.automatic("""
    import functools, jax, jax.numpy as jnp, optax
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(0.125, weight_decay=0.5))
    w = {"w": jnp.ones((4,))}; state = optimizer.init(w); x = jnp.arange(8.0).reshape(2, 4)
    def loss_of(w, x): return jnp.mean((x @ w["w"]) ** 2)
    @functools.partial(jax.jit, donate_argnums=0)
    def train_step(w, state, x):
        loss, grads = jax.value_and_grad(loss_of)(w, x)
        updates, state = optimizer.update(grads, state, w)
        return optax.apply_updates(w, updates), state, {"loss": loss, "norm": optax.global_norm(grads)}
    losses = []
    for i in range(20):
        w, state, metrics = train_step(w, state, x)
        losses.append(float(metrics["loss"]))
    print(*losses)
    class Model:
        @functools.partial(jax.jit, static_argnums=0)
        def evaluate(self, x): return jnp.sum(x) * 2
    assert float(Model().evaluate(x)) == 56.0
    assert train_step.lower(w, state, x).compile() is not None
    assert jax.vmap(jax.jit(lambda v: v * 2))(jnp.ones(3)).shape == (3,)
    value, _ = jax.value_and_grad(loss_of)(w, x)          # outside of jit
    print(float(value))
    """)
    first, last = scripts.output[0].splitlines()
    losses = [float(v) for v in first.split()]
    assert run.all("train_step/2/loss") == list(enumerate(losses, 1))
    assert len(run.all("train_step/2/norm")) == 20
    assert run.all("evaluate/value") == [(1, 56.0)]
    assert run.all("value_and_grad/loss_of") == [(1, float(last))]
    assert run.names == {"train_step/2/loss", "train_step/2/norm", "evaluate/value", "value_and_grad/loss_of"}
    config = run.merged("config")
    assert config["optimizer/name"] == "adamw" and config["optimizer/learning_rate"] == 0.125
    assert config["optimizer/weight_decay"] == 0.5


def test_how_many_steps_there_will_be_as_tqdms_bars_show_it(scripts):
    needs("torch")
    needs("tqdm")
    script = """
    import sys, time, torch, aether
    from tqdm import tqdm
    from tqdm.auto import trange
    model = torch.nn.Linear(2, 1); x = torch.ones(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    def step():
        model(x).square().mean().backward(); optimizer.step(); optimizer.zero_grad()
        time.sleep(0.005)
    for _ in tqdm(range(100)): time.sleep(0.003)     # no steps are made: it is no goal
    if sys.argv[1] == "epochs":
        for _ in trange(10):
            for _ in tqdm(range(25), leave=False): step()
    elif sys.argv[1] == "batches":
        for _ in range(2):                           # a bar anew for each epoch: the first one's end is known
            for _ in tqdm(range(150)): step()
    else:
        with tqdm(total=90) as bar:                  # steps of one's own, and a bar that is moved by hand
            for i in range(90):
                aether.log({"loss": 1.0}, step=2 * i); time.sleep(0.01); bar.update(1); bar.refresh()
    """
    before = 0
    for how, least, most in (("epochs", 250, 250), ("batches", 149, 151), ("own", 174, 182)):
        said = goals(scripts.automatic(script, arguments=[how]))[before:]
        before += len(said)
        assert 1 <= len(said) <= 2, (how, said)
        assert all(least <= goal <= most and by == "tqdm" for goal, by in said), (how, said)
