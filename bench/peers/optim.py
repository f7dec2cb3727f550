#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One optimizer step of descent against torch (default, foreach=True, fused=True) and whole-array Eigen statements.

Each contender is a process of its own. They take turns, one short sample each per round, so that all see the same
neighbours; ratios are taken within a round and their median is told. What counts is the CPU time of the
calling thread (its share of the work), which does not grow while somebody else has the core; everybody's threads wait passively, so that
waiting is no CPU time (--wall: the wall clock instead, on a quiet machine). Before the timing every contender's weights after
three steps are compared with descent's.

    bench/peers/optim.py [--quick] [--huge] [--wall]      --huge: GLIBC_TUNABLES=glibc.malloc.hugetlb=1 for everybody

Environment: TORCH_PYTHON, a Python that has torch (else python3); CXX; EIGEN, its include folder.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent


def torch_python():
    """A Python with torch, or None."""
    for python in filter(None, [os.environ.get("TORCH_PYTHON"), sys.executable, "python3"]):
        if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
            return python
    return None


def build(folder, flags):
    """Compiles optim_peer.cpp and gives its path."""
    out = pathlib.Path(folder) / ("peer" + "".join(flags).replace("=", "_"))
    command = [os.environ.get("CXX", "g++"), "-std=c++20", "-O3", *flags, "-fopenmp", f"-I{root}/include",
               f"-I{root}/bench", "-isystem", os.environ.get("EIGEN", "/usr/include/eigen3"),
               str(here / "optim_peer.cpp"), "-o", str(out)]
    print(" ".join(command), flush=True)
    subprocess.run(command, check=True)
    return str(out)


class Contender:
    def __init__(self, name, command, who, huge=False, greets=False):
        environment = dict(os.environ)
        environment.pop("GLIBC_TUNABLES", None)
        environment["OMP_WAIT_POLICY"] = "passive"
        if huge:
            environment["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
        self.name, self.who = name, who
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment)
        self.greeting = self.process.stdout.readline().strip() if greets else ""

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{self.name} died at '{line}'")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def contenders(folder, huge=False, plain=True, eigen=True):
    """descent (native), descent (plain -O3), Eigen, and torch's three routes. None without torch."""
    python = torch_python()
    if python is None:
        return None
    native = build(folder, ["-march=native"])
    all_of_them = [Contender("descent", [native], "descent", huge)]
    if plain:
        all_of_them.append(Contender("descent, plain -O3", [build(folder, [])], "descent", huge))
    if eigen:
        all_of_them.append(Contender("Eigen statements", [native], "eigen", huge))
    for route in ("default", "foreach", "fused"):
        all_of_them.append(Contender(f"torch {route}", [python, str(here / "optim_torch.py")], route, huge, True))
    return all_of_them


def race(rivals, rule, n, threads, rounds, wall=False):
    """Seconds of one step: a list for each contender, in the order of the rounds."""
    rivals = [r for r in rivals if threads == 1 or r.who != "eigen"]
    for r in rivals:
        r.ask(f"new {r.who} {rule} {n} {threads}")
    first = None
    for r in rivals:
        r.ask("run 3")
        weights = [float(x) for x in r.ask("weights").split()]
        first = first or weights
        # Torch divides by norm + 1e-6 where it clips.
        if any(abs(a - b) > 1e-5 for a, b in zip(weights, first)):
            raise RuntimeError(f"{r.name} {rule}: weights {weights}, expected {first}")
    repeats = [max(1, int(2e-3 / float(r.ask("run 3").split()[1]))) for r in rivals]
    seconds = {r.name: [] for r in rivals}
    for turn in range(rounds):
        order = list(zip(rivals, repeats))
        for r, count in order if turn % 2 else order[::-1]:
            seconds[r.name].append(float(r.ask(f"run {count}").split()[1 if wall else 0]))
    for r in rivals:
        r.ask(f"new {r.who} {rule} 16 1")  # its memory goes back
    return seconds


def ratio(seconds, other, ours="descent"):
    """How many times faster we are: the median over the rounds."""
    return statistics.median(b / a for a, b in zip(seconds[ours], seconds[other]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1e4 and 1e6 only, fewer rounds")
    parser.add_argument("--huge", action="store_true", help="huge pages for everybody")
    parser.add_argument("--wall", action="store_true", help="wall clock")
    parser.add_argument("--rules", default="adam,momentum,clip_adam_decay_rate")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rivals = contenders(folder, options.huge)
        if rivals is None:
            print("torch is missing: set TORCH_PYTHON", file=sys.stderr)
            return 2
        print(rivals[-1].greeting, "| Python", sys.version.split()[0], "| huge pages:",
              "asked of malloc for everybody" if options.huge else "descent asks for its own",
              "| wall clock" if options.wall else "| CPU time of the calling thread")
        names = [r.name for r in rivals]
        print("rule | n | threads |", " | ".join(names), "| (ns per number, and how many times descent's time)")
        print(" | ".join(["---"] * (len(names) + 3)))
        for rule in options.rules.split(","):
            for n in (10**4, 10**6) if options.quick else (10**4, 10**6, 10**7, 5 * 10**7):
                for threads in (1, 2):
                    seconds = race(rivals, rule, n, threads, 7 if options.quick or n > 2 * 10**7 else 15, options.wall)
                    cells = [f"{statistics.median(seconds[name]) / n * 1e9:.3f} ({ratio(seconds, name):.2f}x)"
                             if name in seconds else "" for name in names]
                    print(f"{rule} | {n:.0e} | {threads} |", " | ".join(cells), flush=True)
        for r in rivals:
            r.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
