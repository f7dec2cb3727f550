#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The three made sets of the linear benchmarks, as raw little-endian files: linear_data.py FOLDER. Labels are drawn from a
logistic model, so the noise is known.

a: 200000 x 100, neighbouring columns correlate by 0.9. b: 20000 x 784, like pixels: 40 latent factors, 80 % zeros.
c: 100000 x 47000 sparse, 75 entries a row, columns by Zipf's law, rows of length 1.
"""
import pathlib
import sys

import numpy as np
import scipy.optimize
import scipy.sparse

SIZES = {"a": (200000, 100), "b": (20000, 784), "c": (100000, 47000)}


def labels(draw, score):
    return (draw.random(len(score)) < 1 / (1 + np.exp(-score))).astype(np.float32)


def dense(folder, name, draw, x, shift):
    w = draw.standard_normal(x.shape[1])
    w *= 3 / np.std(x @ w)
    score = x @ w
    x.astype(np.float32).tofile(folder / f"{name}.x")
    labels(draw, score - (np.mean(score) if shift else 0)).tofile(folder / f"{name}.y")


def make(folder):
    draw = np.random.default_rng(1)
    n, d = SIZES["a"]
    x = draw.standard_normal((n, d))
    for j in range(1, d):
        x[:, j] = 0.9 * x[:, j - 1] + np.sqrt(1 - 0.81) * x[:, j]
    dense(folder, "a", draw, x, False)
    n, d = SIZES["b"]
    factors = draw.standard_normal((n, 40)) @ (draw.standard_normal((40, d)) / np.sqrt(40))
    dense(folder, "b", draw, np.clip(0.6 * (factors + 0.2 * draw.standard_normal((n, d)) - 0.8), 0, 1), True)
    n, d = SIZES["c"]
    often = 1 / (np.arange(d) + 10.0)
    often /= often.sum()
    drawn = np.minimum(np.searchsorted(np.cumsum(often), draw.random((n, 110))), d - 1)
    rows = [np.sort(draw.choice(u, min(75, len(u)), replace=False)) for u in map(np.unique, drawn)]
    columns = np.concatenate(rows).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    rarity = 1 + np.log(1 / (often[columns] * 10 + 1e-6)).clip(0, 10)
    x = scipy.sparse.csr_matrix((np.exp(0.5 * draw.standard_normal(len(columns))) * rarity, columns, offsets), (n, d))
    x = (scipy.sparse.diags(1 / np.sqrt(np.asarray(x.multiply(x).sum(1)).ravel())) @ x).tocsr()
    x.sort_indices()
    w = draw.standard_normal(d)
    w *= 4 / np.std(x @ w)
    x.data.astype(np.float32).tofile(folder / "c.values")
    x.indices.astype(np.uint32).tofile(folder / "c.columns")
    x.indptr.astype(np.int64).tofile(folder / "c.offsets")
    labels(draw, x @ w).tofile(folder / "c.y")
    (folder / "done").touch()


def make_once(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "done").exists():
        make(folder)


def load(folder, name):
    n, d = SIZES[name]
    y = np.fromfile(folder / f"{name}.y", np.float32)
    if name == "c":
        parts = [np.fromfile(folder / f"c.{p}", t) for p, t in (("values", np.float32), ("columns", np.int32), ("offsets", np.int64))]
        return scipy.sparse.csr_matrix((parts[0], parts[1], parts[2].astype(np.int32)), (n, d)), y
    return np.fromfile(folder / f"{name}.x", np.float32).reshape(n, d), y


class Objective:
    """mean log loss + |w|^2 / (2 n), in double; y is 0 or 1."""

    def __init__(self, x, y):
        self.x, self.s, self.n = x.astype(np.float64), 2.0 * y - 1, len(y)

    def value(self, w, b=0.0):
        w = np.asarray(w, np.float64).ravel()
        return np.mean(np.logaddexp(0, -self.s * (self.x @ w + b))) + w @ w / (2 * self.n)

    def optimum(self, intercept):
        d = self.x.shape[1]

        def f(v):
            w, b = v[:d], v[d] if intercept else 0.0
            z = self.s * (self.x @ w + b)
            slope = -self.s / (1 + np.exp(z)) / self.n
            g = np.concatenate([self.x.T @ slope + w / self.n, [slope.sum()] if intercept else []])
            return np.mean(np.logaddexp(0, -z)) + w @ w / (2 * self.n), g

        return scipy.optimize.minimize(f, np.zeros(d + intercept), jac=True, method="L-BFGS-B",
                                       options=dict(maxiter=5000, maxfun=9000, ftol=1e-15, gtol=1e-8, maxcor=30)).fun


if __name__ == "__main__":
    make_once(pathlib.Path(sys.argv[1]))
