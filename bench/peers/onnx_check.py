#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What nn::write_onnx writes, run by onnxruntime.

Needs a Python with onnx, onnxruntime, safetensors, numpy (ONNX_PYTHON runs this file anew where it is set), c++ and
Eigen. With DESCENT_DATA the ResNet-20 has the published weights. Prints `claim | measured | bar | holds`.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

if "ONNX_PYTHON" in os.environ:
    python = os.environ.pop("ONNX_PYTHON")
    os.execv(python, [python, *sys.argv])
try:
    import numpy
    import onnx
    import onnxruntime
    import safetensors.numpy
except ImportError as missing:
    print(f"{missing}: set ONNX_PYTHON to a Python that has it")
    sys.exit(2)

root = pathlib.Path(__file__).resolve().parents[2]
data = os.environ.get("DESCENT_DATA")
missed = 0
print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, safetensors {safetensors.__version__}")
with tempfile.TemporaryDirectory() as folder:
    program = f"{folder}/onnx_peer"
    subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O2", f"-I{root}/include", "-isystem",
                    os.environ.get("EIGEN3", "/usr/include/eigen3"), str(root / "bench/peers/onnx_peer.cpp"), "-o", program],
                   check=True)
    subprocess.run([program, folder, *([f"{data}/weights/resnet20-12fca82f.safetensors"] if data else [])], check=True)
    for name in ("mlp", "activations", "images", "sequences", "resnet20"):
        model = onnx.load(f"{folder}/{name}.onnx")
        onnx.checker.check_model(model, full_check=True)
        ours = safetensors.numpy.load_file(f"{folder}/{name}.safetensors")
        session = onnxruntime.InferenceSession(f"{folder}/{name}.onnx", providers=["CPUExecutionProvider"])
        theirs = session.run(["scores"], {"input": ours["input"]})[0]
        assert theirs.shape == ours["scores"].shape and theirs.dtype == ours["scores"].dtype
        error = numpy.abs(theirs - ours["scores"]).max() / max(1, numpy.abs(ours["scores"]).max())
        bar = 1e-6 if theirs.dtype == numpy.float64 else 1e-5
        missed += not error <= bar
        print(f"{name}: {len(model.graph.node)} nodes, largest difference to onnxruntime | {error:.1e} | <= {bar:.0e} | "
              f"{'yes' if error <= bar else 'no'}")
sys.exit(1 if missed else 0)
