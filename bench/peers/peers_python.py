# SPDX-License-Identifier: MIT
"""Finds the Python that has the peers."""
import os
import subprocess
import sys


def reenter(file, needs="sklearn, torch, scipy"):
    """Runs the file once more by TORCH_PYTHON, else python3, on one thread; exit status 2 if that lacks what is needed."""
    if "DESCENT_PEERS" in os.environ:
        return
    python = os.environ.get("TORCH_PYTHON", "python3")
    if subprocess.run([python, "-c", f"import {needs}"], capture_output=True).returncode:
        print(f"one of {needs} is missing: set TORCH_PYTHON to a Python that has them")
        sys.exit(2)
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "DESCENT_PEERS")}
    sys.exit(subprocess.run([python, file, *sys.argv[1:]], env={**os.environ, **one}).returncode)
