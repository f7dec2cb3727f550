#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hyperparameter search by Optuna (TPE, univariate TPE, CMA-ES, GPSampler) and by scikit-learn's Gaussian process.

    python3 search.py OUT.jsonl [--peers a,b] [--functions a,b] [--seeds 20] [--trials 100]

Appends one JSON line a run to OUT.jsonl: peer, function, seed, trials, milliseconds (CPU time of one trial; the objective's
own is next to nothing), versions, best (of the first 30, 60 and 100 trials). Runs that the file has already are left out, so that
it can be stopped and go on. bench/claims/06_regret reads bench/results/search_peers.jsonl. Needs optuna, cmaes, scikit-learn, scipy; torch for
GPSampler.
"""
import argparse
import json
import math
import os
import pathlib
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

A = np.array([[10, 3, 17, 3.5, 1.7, 8], [.05, 10, 17, .1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, .05, 10, .1, 14]])
P = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                     [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
C = np.array([1, 1.2, 3, 3.2])


def branin(x):
    a, b = x
    return (b - 5.1 / (4 * math.pi ** 2) * a * a + 5 / math.pi * a - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10


def hartmann6(x):
    return float(-C @ np.exp(-np.sum(A * (x - P) ** 2, 1)))


def rosenbrock5(x):
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def ackley(x):
    return float(-20 * np.exp(-.2 * np.sqrt(np.mean(x * x))) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e)


def ackley5(x):
    return ackley(x)


def shifted_ackley5(x):
    """Its optimum is not in the middle of the box, where some samplers begin."""
    return ackley(x - np.array([1.7, -2.3, .6, -1.1, 2.9]))


functions = {
    "branin": (branin, [(-5, 10), (0, 15)]),
    "hartmann6": (hartmann6, [(0, 1)] * 6),
    "rosenbrock5": (rosenbrock5, [(-2, 2)] * 5),
    "ackley5": (ackley5, [(-5, 5)] * 5),
    "shifted_ackley5": (shifted_ackley5, [(-5, 5)] * 5),
}


def optuna_run(make):
    def run(f, box, seed, trials):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(sampler=make(optuna.samplers, seed))
        study.optimize(lambda t: f(np.array([t.suggest_float(f"x{i}", *side) for i, side in enumerate(box)])), n_trials=trials)
        return [t.value for t in study.trials], "optuna " + optuna.__version__
    return run


def sklearn_gp(f, box, seed, trials):
    """The usual loop: 10 scrambled Sobol points, then Matern 5/2 with a scale per variable, expected improvement."""
    import sklearn
    from scipy.optimize import minimize
    from scipy.stats import norm, qmc
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    low, high = np.array(box).T
    d = len(box)
    draw = np.random.default_rng(seed)
    x = qmc.Sobol(d, seed=seed).random(16)[:10]
    y = np.array([f(low + u * (high - low)) for u in x])
    kernel = ConstantKernel(1, (1e-2, 1e3)) * Matern(np.full(d, .3), (.03, 10), nu=2.5) + WhiteKernel(1e-5, (1e-8, 1e-1))
    while len(y) < trials:
        model = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=0, random_state=seed).fit(x, y)
        kernel = model.kernel_
        best = y.min()

        def minus_ei(u):
            mean, deviation = model.predict(np.atleast_2d(u), return_std=True)
            deviation = np.maximum(deviation, 1e-12)
            z = (best - mean) / deviation
            return -((best - mean) * norm.cdf(z) + deviation * norm.pdf(z))

        near = np.clip(x[y.argmin()] + .05 * draw.standard_normal((200, d)), 0, 1)
        candidates = np.vstack([draw.random((1000, d)), near])
        value = minus_ei(candidates)
        point, least = candidates[value.argmin()], value.min()
        for k in np.argsort(value)[:3]:
            found = minimize(lambda u: float(minus_ei(u)[0]), candidates[k], bounds=[(0, 1)] * d, method="L-BFGS-B", options={"maxiter": 20})
            if found.fun < least:
                point, least = found.x, found.fun
        x = np.vstack([x, point])
        y = np.append(y, f(low + point * (high - low)))
    return y.tolist(), "scikit-learn " + sklearn.__version__


peers = {
    "optuna TPE": optuna_run(lambda s, seed: s.TPESampler(seed=seed)),
    "optuna TPE univariate": optuna_run(lambda s, seed: s.TPESampler(seed=seed, multivariate=False)),
    "optuna CMA-ES": optuna_run(lambda s, seed: s.CmaEsSampler(seed=seed)),
    "scikit-learn GP": sklearn_gp,
    "optuna GPSampler": optuna_run(lambda s, seed: s.GPSampler(seed=seed)),
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("out")
    arguments.add_argument("--peers", default=",".join(peers))
    arguments.add_argument("--functions", default=",".join(functions))
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--trials", type=int, default=100)
    given = arguments.parse_args()
    warnings.filterwarnings("ignore")
    out = pathlib.Path(given.out)
    done = set()
    if out.exists():
        for line in out.read_text().splitlines():
            row = json.loads(line)
            if row["trials"] >= given.trials:
                done.add((row["peer"], row["function"], row["seed"]))
    for peer in given.peers.split(","):
        for seed in range(given.seeds):
            for name in given.functions.split(","):
                if (peer, name, seed) in done:
                    continue
                f, box = functions[name]
                start = time.process_time()
                values, versions = peers[peer](f, box, seed, given.trials)
                took = (time.process_time() - start) * 1e3 / given.trials
                row = {"peer": peer, "function": name, "seed": seed, "trials": given.trials, "milliseconds": round(took, 3),
                       "versions": versions, "best": [float(f"{min(values[:n]):.9g}") for n in (30, 60, 100)]}
                with open(out, "a") as file:
                    file.write(json.dumps(row) + "\n")


main()
