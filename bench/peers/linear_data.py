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


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    if not (target / "done").exists():
        make(target)
