"""Writes metrics.json: metrics as scikit-learn computes them. Needs numpy and scikit-learn.

Run in this directory: python metrics.py
"""

import json

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(7)


def numbers(array):
    return [float(x) for x in np.asarray(array, dtype=np.float32).ravel()]


def classification(samples, classes, ties):
    logits = rng.normal(size=(samples, classes)).astype(np.float32)
    target = rng.integers(0, classes, samples)
    logits[np.arange(samples), target] += 1.0
    if ties:
        logits = np.round(logits * 2) / 2
    odds = np.exp(logits.astype(np.float64))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    guess = logits.argmax(axis=1)
    values = {
        "accuracy": metrics.accuracy_score(target, guess),
        "precision": metrics.precision_score(target, guess, average="macro", zero_division=0),
        "recall": metrics.recall_score(target, guess, average="macro", zero_division=0),
        "f1": metrics.f1_score(target, guess, average="macro", zero_division=0),
    }
    if classes == 2:
        # The score that ranks: the difference of the logits, exact where probabilities would tie by rounding.
        values["auroc"] = metrics.roc_auc_score(target, logits[:, 1] - logits[:, 0])
    elif len(set(target)) == classes:
        values["auroc"] = metrics.roc_auc_score(
            target, np.round(probabilities, 12), multi_class="ovr", average="macro"
        )
    if classes > 3 and not ties:
        values["top_3"] = metrics.top_k_accuracy_score(target, logits, k=3, labels=range(classes))
    return {
        "classes": classes,
        "outputs": numbers(logits),
        "target": [int(c) for c in target],
        "values": values,
    }


def regression(samples, width):
    target = (rng.normal(size=(samples, width)) * 3 + 100).astype(np.float32)
    outputs = (target + rng.normal(size=(samples, width))).astype(np.float32)
    t, o = target.astype(np.float64), outputs.astype(np.float64)
    return {
        "classes": None,
        "width": width,
        "outputs": numbers(outputs),
        "target": numbers(target),
        "values": {
            "mae": metrics.mean_absolute_error(t, o),
            "rmse": float(np.sqrt(metrics.mean_squared_error(t, o))),
            "r2": metrics.r2_score(t, o),
        },
    }


cases = [
    classification(100, 2, ties=False),
    classification(100, 2, ties=True),
    classification(120, 5, ties=False),
    classification(120, 4, ties=True),
    # So few samples that classes are missing from the predictions.
    classification(12, 6, ties=False),
    regression(80, 1),
    regression(60, 3),
]
with open("metrics.json", "w") as file:
    json.dump(cases, file, separators=(",", ":"))
    file.write("\n")
