#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Logistic regression, mean log loss + |w|^2 / (2 n): seconds of descent and its rivals to 1 %, 0.1 % and 1e-6 of the
optimum, one thread, CPU time. linear.py [SET...] prints one table; sets: a, b, c (linear_data.py), and with DESCENT_DATA
a9a and farm-ads. Needs a Python with scikit-learn and torch: TORCH_PYTHON, else python3; exit status 2 without. ENSMALLEN,
the folder of ensmallen.hpp with Armadillo installed, adds L-BFGS in C++.

A rival's time is that of the least number of its iterations that ends near enough, told to it in advance; it fits no
intercept. descent is called by fit alone, or with the tolerance where 1e-6 is asked, and fits an intercept too (its
default), judged against the optimum of that objective.
"""
import gzip
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

here = pathlib.Path(__file__).resolve().parent


sys.dont_write_bytecode = True
sys.path.insert(0, str(here))
from peers_python import reenter  # noqa: E402
reenter(sys.argv[0])
import numpy as np  # noqa: E402
import scipy.sparse  # noqa: E402
import sklearn  # noqa: E402
import torch  # noqa: E402
from sklearn.datasets import load_svmlight_file  # noqa: E402
from sklearn.linear_model import LogisticRegression, SGDClassifier  # noqa: E402
import linear_data  # noqa: E402

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
work = pathlib.Path(tempfile.gettempdir()) / "descent_linear"
TEXTS = {"a": "dense 200000 x 100", "b": "dense 20000 x 784", "c": "sparse 100000 x 47000", "a9a": "a9a", "farm-ads": "farm-ads"}


def versions():
    print("scikit-learn", sklearn.__version__, "torch", torch.__version__, "numpy", np.__version__)


def load(name):
    """What descent is told to read, x, y."""
    if name in linear_data.SIZES:
        linear_data.make_once(work)
        return name, *linear_data.load(work, name)
    path = pathlib.Path(os.environ["DESCENT_DATA"]) / "libsvm" / name
    if name == "farm-ads":
        packed, path = path.with_name("farm-ads.train.gz"), work / name
        work.mkdir(exist_ok=True)
        path.write_bytes(gzip.decompress(packed.read_bytes()))
    x, y = load_svmlight_file(str(path), n_features=123 if name == "a9a" else None)
    x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)  # LIBLINEAR takes nothing else
    return str(path), x, (y > 0).astype(np.float32)


def build(folder, name, *more):
    binary = pathlib.Path(folder) / name
    command = ["g++", "-std=c++20", "-O3", "-march=native", "-fopenmp", f"-I{here.parent.parent / 'include'}", f"-I{here.parent}",
               "-isystem", "/usr/include/eigen3", str(here / f"{name}.cpp"), "-o", str(binary), *more]
    print(*command, flush=True)
    subprocess.run(command, check=True)
    return binary


def timed(call):
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def torch_fit(x, y, steps):
    t = torch.from_numpy(x)
    s = torch.from_numpy(2 * y - 1)
    w = torch.zeros(x.shape[1], requires_grad=True)
    rule = torch.optim.LBFGS([w], max_iter=steps, line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0)

    def closure():
        rule.zero_grad()
        loss = torch.nn.functional.softplus(-s * (t @ w)).mean() + w @ w / (2 * len(s))
        loss.backward()
        return loss

    rule.step(closure)
    return w.detach().numpy()


def rivals(name, x, y, ensmallen):
    """Name, a call by the number of iterations that gives (seconds, weights), and the numbers to try."""
    def model(solver, x=x, **more):
        return lambda k: timed(lambda: LogisticRegression(C=1.0, fit_intercept=False, solver=solver, max_iter=k, tol=1e-14,
                                                          random_state=0, **more).fit(x, y).coef_)

    def sgd(k):
        return timed(lambda: SGDClassifier(loss="log_loss", alpha=1 / len(y), fit_intercept=False, max_iter=k, tol=None,
                                           random_state=0).fit(x, y).coef_)

    def armadillo(k):
        lines = subprocess.run([ensmallen, work, name, str(k)], capture_output=True, text=True, check=True).stdout
        return float(lines.split()[-1]), np.fromfile(work / "weights", np.float32)[:-1].astype(np.float64)

    wide = x.astype(np.float64)
    few, passes = [2, 3, 4, 5, 6, 8, 10, 15], [1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 60, 120]
    many = [4, 6, 8, 10, 12, 15, 18, 22, 26, 30, 35, 40, 50, 70, 100, 150, 250]
    yield "scikit-learn lbfgs", model("lbfgs"), many
    yield "scikit-learn lbfgs, double", model("lbfgs", wide), many
    yield "scikit-learn newton-cg", model("newton-cg", wide), few
    yield "scikit-learn saga", model("saga"), passes
    yield "LIBLINEAR primal", model("liblinear", wide), few
    yield "LIBLINEAR dual", model("liblinear", wide, dual=True), passes
    yield "scikit-learn SGD", sgd, passes
    if not scipy.sparse.issparse(x):
        yield "scikit-learn newton-cholesky", model("newton-cholesky", wide), few
        yield "torch LBFGS", (lambda k: timed(lambda: torch_fit(x, y, k))), many
        if ensmallen:
            yield "ensmallen L-BFGS", armadillo, many


def descent(binary, file, intercept, more):
    lines = subprocess.run([binary, work, file, "1", str(int(intercept)), "2", *more], capture_output=True, text=True, check=True).stdout
    weights = np.fromfile(work / "weights", np.float32).astype(np.float64)
    return float(lines.split()[-1]), weights[:-1], weights[-1]


class Race:
    """The rivals on one set: what each needs to come within a share of the optimum, and timings in turns."""

    def __init__(self, name, binary, ensmallen=None):
        self.name, self.binary, self.ensmallen = TEXTS[name], binary, ensmallen
        self.file, self.x, self.y = load(name)
        self.f = linear_data.Objective(self.x, self.y)
        self.best = {False: self.f.optimum(False), True: self.f.optimum(True)}

    def run(self, share, rounds=5):
        """Times in seconds: {"descent": [...], ...}, all raw samples printed."""
        more = [] if share > 1e-4 else [str(share)]
        reached = {}
        for rival, call, steps in rivals(self.file, self.x, self.y, self.ensmallen):
            for k in steps:
                seconds, w = call(k)
                if self.f.value(w) <= self.best[False] * (1 + share):
                    reached[rival] = (call, k, [seconds])
                    break
                if reached and seconds > 8 * min(r[2][0] for r in reached.values()):
                    break
        own = {True: [], False: []}
        for _ in range(rounds):
            for intercept, times in own.items():
                seconds, w, b = descent(self.binary, self.file, intercept, more)
                over = self.f.value(w, b) / self.best[intercept] - 1
                if over > share:
                    print(f"{self.name}: descent, intercept {intercept}, ends {over:.2e} above the optimum")
                    seconds = float("inf")
                times.append(seconds)
            for call, k, times in reached.values():
                times.append(call(k)[0])
        shown = {"descent": (own[True], ""), "descent, no intercept": (own[False], "")}
        shown |= {rival: (times, f"k = {k}") for rival, (_, k, times) in reached.items()}
        for rival, (times, k) in sorted(shown.items(), key=lambda r: statistics.median(r[1][0])):
            print(f"{self.name}, {share:g}: {rival:30s} {k:8s} {statistics.median(times):.4f} s:", *(f"{s:.4f}" for s in times), flush=True)
        return {rival: statistics.median(times) for rival, (times, _) in shown.items()}


def best_rival(medians):
    return min((r for r in medians if not r.startswith("descent")), key=medians.get)


def ensmallen_program(folder):
    if "ENSMALLEN" not in os.environ:
        return None
    return build(folder, "linear_ensmallen", "-isystem", os.environ["ENSMALLEN"], "-larmadillo")


def main():
    sets = sys.argv[1:] or ["a", "b", "c"] + (["a9a", "farm-ads"] if "DESCENT_DATA" in os.environ else [])
    versions()
    with tempfile.TemporaryDirectory() as folder:
        binary, ensmallen = build(folder, "linear_peer"), ensmallen_program(folder)
        table = []
        for name in sets:
            race = Race(name, binary, ensmallen)
            for share in (1e-2, 1e-3, 1e-6):
                medians = race.run(share)
                best = best_rival(medians)
                table.append((race.name, share, medians["descent"], medians["descent, no intercept"], best, medians[best]))
    print("| set | to | descent | without intercept | best rival | its time | ratio |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name, share, own, bare, best, rival in table:
        print(f"| {name} | {share:g} | {own * 1e3:.1f} ms | {bare * 1e3:.1f} ms | {best} | {rival * 1e3:.1f} ms | {rival / own:.1f} |")


if __name__ == "__main__":
    main()
