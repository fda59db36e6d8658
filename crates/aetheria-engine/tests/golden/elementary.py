"""Fits the polynomials of src/cpu/elementary.rs: prints their coefficients, lowest power first.

Weighted minimax by Lawson's iteration (Lawson 1961) on a dense grid, in f64. Needs numpy and mpmath.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def values(function, grid):
    return np.array([float(function(mp.mpf(float(x)))) for x in grid])


def fit(name, function, low, high, degree, weight):
    """`function` on [low, high] by a polynomial, smallest largest `weight(x) * |error|`."""
    nodes = 600
    grid = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    target, scale = values(function, grid), values(weight, grid)
    powers = np.vander(grid, degree + 1, increasing=True)
    lawson = np.ones(nodes)
    best, best_error = None, np.inf
    for _ in range(400):
        root = np.sqrt(lawson) * scale
        coefficients = np.linalg.lstsq(powers * root[:, None], target * root, rcond=None)[0]
        error = np.abs((powers @ coefficients - target) * scale)
        if error.max() < best_error:
            best, best_error = coefficients, error.max()
        lawson *= error
        lawson /= lawson.sum()
    print(f"{name}: weighted error {best_error:.1e}")
    print("   ", ", ".join(f"{np.float32(c)!r}".removeprefix("np.float32(").rstrip(")") for c in best))


def ratio(function, at_zero):
    """`function`, and its limit where it is 0 / 0."""
    return lambda x: at_zero if abs(x) < mp.mpf("1e-12") else function(x)


half_ln2 = float(mp.log(2) / 2)
fit("exp: (e^r - 1 - r) / r^2", ratio(lambda r: (mp.expm1(r) - r) / r**2, mp.mpf("0.5")),
    -half_ln2, half_ln2, 4, lambda r: r**2 / mp.exp(r))
fit("log: (log(1 + f) - f + f^2 / 2) / f^3", ratio(lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3, mp.mpf(1) / 3),
    float(mp.sqrt(0.5)) - 1, float(mp.sqrt(2)) - 1, 8, ratio(lambda f: abs(f**3 / mp.log1p(f)), mp.mpf(0)))
fit("tanh: (tanh(x) - x) / x^3, in s = x^2",
    ratio(lambda s: (mp.tanh(mp.sqrt(s)) - mp.sqrt(s)) / mp.sqrt(s) ** 3, -mp.mpf(1) / 3),
    0.0, 0.625**2, 4, ratio(lambda s: s * mp.sqrt(s) / mp.tanh(mp.sqrt(s)), mp.mpf(0)))
fit("erf: (erf(x) - x) / x, in s = x^2", ratio(lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s) - 1, 2 / mp.sqrt(mp.pi) - 1),
    0.0, 1.0, 6, ratio(lambda s: mp.sqrt(s) / mp.erf(mp.sqrt(s)), mp.mpf(1)))
fit("erf: log(1 - erf(t)) / t", lambda t: mp.log(mp.erfc(t)) / t, 1.0, 4.0, 6, lambda t: mp.erfc(t) * t / mp.erf(t))
for name, constant in [("log2(e)", 1 / mp.log(2)), ("ln(2)", mp.log(2))]:
    print(name, mp.nstr(constant, 20))
