#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compression beside its rivals, on the same machine, data and two threads: networks in 8 bits (torch's dynamic and static
quantization, torchao, onnxruntime), masks of 10^7 weights (torch.nn.utils.prune) and the layer that is left, codebooks
(scikit-learn's KMeans), and the bytes of codes by zlib and zstd. Prints the tables of one Markdown page.

    DESCENT_DATA=... TORCH_PYTHON=... python3 compress.py [ROUNDS]

The networks: an MLP 784-256-128-10 that torch trains here for three epochs of MNIST, and the published LeNet-5 of DESCENT_DATA;
both get the same weights everywhere. Ranges come from the first 512 training images. Latency: medians over rounds in which
all take turns, on the wall clock; on all sides threads wait passively, since on a shared machine spinning ones measure the
neighbours. Needs a Python with torch and scikit-learn: TORCH_PYTHON, else python3; exit status 2
without. torchao, onnxruntime with onnx, and the zstd program are told as skipped where they are missing.
"""
import copy
import gzip
import io
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import zlib

python = os.environ.get("TORCH_PYTHON", "python3")
if "--inside" not in sys.argv:
    if "DESCENT_DATA" not in os.environ or subprocess.run([python, "-c", "import torch, sklearn"], capture_output=True).returncode:
        print("DESCENT_DATA, torch or scikit-learn is missing: set TORCH_PYTHON to a Python that has them")
        sys.exit(2)
    two = {name: "2" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    passive = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0", "GLOG_minloglevel": "3"}
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:], "--inside"], env={**os.environ, **two, **passive}).returncode)

import numpy as np  # noqa: E402
import sklearn  # noqa: E402
import torch  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

warnings.filterwarnings("ignore")
torch.set_num_threads(2)
torch.manual_seed(0)
here = pathlib.Path(__file__).resolve().parent
data = pathlib.Path(os.environ["DESCENT_DATA"])
numbers = [each for each in sys.argv[1:] if each.isdigit()]
rounds = int(numbers[0]) if numbers else 15
calls = {1: 200, 64: 20}


def skipped(what, why):
    print(f"skipped: {what}: {str(why).splitlines()[0][:160]}", flush=True)


def build(folder, name, *more):
    command = [os.environ.get("CXX", "g++"), "-std=c++20", "-O3", "-march=native", "-fopenmp", f"-I{here.parent.parent}/include",
               f"-I{here.parent}", "-isystem", os.environ.get("EIGEN", "/usr/include/eigen3"), str(here / f"{name}.cpp"),
               "-o", f"{folder}/{name}", *more]
    subprocess.run(command, check=True)
    return f"{folder}/{name}"


class Peer:
    """A program of ours that answers lines with lines."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()


def table(title, head, rows):
    print(f"\n## {title}\n\n| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def idx(name):
    raw = gzip.decompress((data / "mnist" / name).read_bytes())
    return np.frombuffer(raw, np.uint8, offset=8 if "labels" in name else 16)


def images(part, count):
    x = torch.from_numpy(idx(f"{part}-images-idx3-ubyte.gz").reshape(-1, 1, 28, 28)[:count].copy()).float()
    wide = nn.functional.interpolate(x, (32, 32), mode="bilinear", align_corners=False)
    y = torch.from_numpy(idx(f"{part}-labels-idx1-ubyte.gz")[:count].astype(np.int64))
    return {"mlp": ((x / 255 - .1307) / .3081).flatten(1), "lenet5": (wide / 255 - .1307) / .3081}, y


def write_safetensors(path, tensors):
    head, blob = {}, b""
    for name, each in tensors.items():
        raw = each.detach().numpy().astype("<f4").tobytes()
        head[name] = {"dtype": "F32", "shape": list(each.shape), "data_offsets": [len(blob), len(blob) + len(raw)]}
        blob += raw
    text = json.dumps(head).encode()
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + blob)


def trained_mlp(x, y):
    net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    rule = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(3):
        for some in torch.randperm(len(y)).split(64):
            rule.zero_grad()
            nn.functional.cross_entropy(net(x[some]), y[some]).backward()
            rule.step()
    return net.eval()


def lenet5():
    raw = (data / "weights" / "lenet5_mnist.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    tensors = {name: torch.frombuffer(bytearray(raw[8 + size:][slice(*each["data_offsets"])]), dtype=torch.float32).reshape(each["shape"])
               for name, each in json.loads(raw[8:8 + size]).items() if name != "__metadata__"}
    net = nn.ModuleDict({"convnet": nn.Sequential(), "fc": nn.Sequential()})
    for part, layers in (("convnet", [("c1", nn.Conv2d(1, 6, 5)), ("r1", nn.ReLU()), ("p1", nn.MaxPool2d(2)),
                                      ("c3", nn.Conv2d(6, 16, 5)), ("r3", nn.ReLU()), ("p3", nn.MaxPool2d(2)),
                                      ("c5", nn.Conv2d(16, 120, 5)), ("r5", nn.ReLU()), ("flat", nn.Flatten())]),
                         ("fc", [("f6", nn.Linear(120, 84)), ("r6", nn.ReLU()), ("f7", nn.Linear(84, 10))])):
        for name, layer in layers:
            net[part].add_module(name, layer)
    net.load_state_dict(tensors)
    return nn.Sequential(net["convnet"], net["fc"]).eval(), tensors


def state_bytes(net):
    out = io.BytesIO()
    torch.save(net.state_dict(), out)
    return out.tell()


class Torch:
    def __init__(self, name, net, example, compiled=False, no_grad=False):
        self.name, self.bytes, self.grad = name, state_bytes(net), torch.no_grad if no_grad else torch.inference_mode
        self.net = torch.compile(net) if compiled else net
        self(example[:1]), self(example[:64])

    def __call__(self, x):
        with self.grad():
            return self.net(x)

    def seconds(self, x, times):
        with self.grad():
            self.net(x)
            before = time.perf_counter()
            for _ in range(times):
                self.net(x)
            return (time.perf_counter() - before) / times


class Onnx:
    def __init__(self, name, path):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = 2, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.name, self.bytes = name, os.path.getsize(path)
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, x):
        return torch.from_numpy(self.session.run(None, {"input": x.numpy()})[0])

    def seconds(self, x, times):
        rows = {"input": x.numpy()}
        self.session.run(None, rows)
        before = time.perf_counter()
        for _ in range(times):
            self.session.run(None, rows)
        return (time.perf_counter() - before) / times


class Ours:
    def __init__(self, name, peer, network, how):
        self.name, self.peer, self.network, self.how = name, peer, network, how
        self.right, self.bytes = (int(each) for each in peer.ask("judge", network, how))

    def seconds(self, x, times):
        return float(self.peer.ask("time", self.network, self.how, len(x), times)[0])


def rivals(name, net, calibration, peer, folder):
    """All ways of one network; those that fail are told and left out."""
    def attempt(what, make):
        try:
            made.append(make())
        except Exception as fault:
            skipped(f"{name}, {what}", fault)

    def dynamic():
        quantized = torch.ao.quantization.quantize_dynamic(copy.deepcopy(net), {nn.Linear}, dtype=torch.qint8)
        return Torch(f"torch quantize_dynamic ({torch.backends.quantized.engine})", quantized, calibration)

    def static():
        from torch.ao.quantization import get_default_qconfig_mapping
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
        prepared = prepare_fx(copy.deepcopy(net), get_default_qconfig_mapping("x86"), (calibration[:1],))
        for some in calibration.split(64):
            prepared(some)
        return Torch("torch static int8 (FX, x86)", convert_fx(prepared), calibration)

    def torchao(config, compiled):
        import torchao.quantization
        quantized = copy.deepcopy(net)
        torchao.quantization.quantize_(quantized, getattr(torchao.quantization, config)())
        short = config.removesuffix("Config")
        return Torch(f"torchao {short}" + (", torch.compile" if compiled else ""), quantized, calibration, compiled, True)

    def onnx(how):
        plain, path = f"{folder}/{name}.onnx", f"{folder}/{name}_{how}.onnx"
        peer.ask("onnx", name, plain)
        if how == "float":
            return Onnx("onnxruntime float32", plain)
        from onnxruntime import quantization
        if how == "dynamic":
            quantization.quantize_dynamic(plain, path, per_channel=True)
            return Onnx("onnxruntime quantize_dynamic", path)

        class Rows(quantization.CalibrationDataReader):
            def __init__(self):
                self.rows = iter(calibration.split(64))

            def get_next(self):
                some = next(self.rows, None)
                return None if some is None else {"input": some.numpy()}
        quantization.quantize_static(plain, path, Rows(), per_channel=True)
        return Onnx("onnxruntime quantize_static", path)

    import logging
    logging.disable(logging.WARNING)
    made = []
    attempt("torch", lambda: Torch("torch float32", net, calibration))
    attempt("torch.compile", lambda: Torch("torch float32, torch.compile", net, calibration, compiled=True))
    attempt("quantize_dynamic", dynamic)
    attempt("static int8", static)
    for config in ("Int8DynamicActivationInt8WeightConfig", "Int8WeightOnlyConfig"):
        for compiled in (False, True):
            attempt(f"torchao {config}", lambda: torchao(config, compiled))
    for how in ("float", "dynamic", "static"):
        attempt(f"onnxruntime {how}", lambda: onnx(how))
    made.append(Ours("**descent** float32", peer, name, "float"))
    if name == "mlp":
        made.append(Ours("**descent** dynamic (`int8_linear`)", peer, name, "dynamic"))
    made.append(Ours("**descent** static (`to_int8`)", peer, name, "static"))
    made.append(Ours("**descent** packed file, 8-bit codes, computes in floats", peer, name, "packed8"))
    made.append(Ours("**descent** packed file, 4 bits by `adaround_layers`, computes in floats", peer, name, "adaround4"))
    return made


def networks(peer, nets, calibration, test, y, folder):
    for name, net in nets.items():
        all_of_them = rivals(name, net, calibration[name], peer, folder)
        x = test[name]
        seconds = {(r.name, batch): [] for r in all_of_them for batch in calls}
        for turn in range(-1, rounds):  # one round warms up
            for batch, times in calls.items():
                for r in all_of_them[::1 if turn % 2 else -1]:
                    got = r.seconds(x[:batch], times)
                    if turn >= 0:
                        seconds[r.name, batch].append(got)
        rows = []
        for r in all_of_them:
            right = r.right if isinstance(r, Ours) else sum(int((r(some).argmax(1) == each).sum()) for some, each in zip(x.split(500), y.split(500)))
            rows.append((r.name, f"{right / len(y):.2%}", f"{r.bytes:,}",
                         *(f"{statistics.median(seconds[r.name, batch]) * 1e6:.1f}" for batch in calls)))
        title = {"mlp": "MLP 784-256-128-10, MNIST", "lenet5": "LeNet-5, MNIST"}[name]
        table(title, ["", "10,000 test images right", "bytes", "one image, us", "64 images, us"], rows)


def masks(peer, folder):
    weights = torch.from_numpy(np.fromfile(f"{folder}/weights", np.float32).reshape(-1, 1000))
    rows = []
    for what, unit, share in (("each weight, 90 %", "weight", .9), ("each weight, 50 %", "weight", .5), ("rows by L1, 50 %", "row", .5)):
        theirs, ours = [], []
        for _ in range(5):
            layer = nn.Linear(1000, len(weights), bias=False)
            layer.weight = nn.Parameter(weights.clone())
            before = time.perf_counter()
            if unit == "weight":
                prune.l1_unstructured(layer, "weight", share)
            else:
                prune.ln_structured(layer, "weight", share, n=1, dim=0)
            theirs.append(time.perf_counter() - before)
            ours.append(float(peer.ask("mask", unit, share, f"{folder}/mask")[0]))
        same = float((layer.weight_mask.numpy().astype(bool).ravel() == np.fromfile(f"{folder}/mask", np.uint8).astype(bool)).mean())
        rows.append((what, f"{statistics.median(theirs) * 1e3:.0f}", f"{statistics.median(ours) * 1e3:.0f}", f"{same:.4%}"))
    table("Masks of 10^7 weights", ["", "torch.nn.utils.prune, ms", "descent `prune::magnitude`, ms", "flags that agree"], rows)

    draw = np.random.default_rng(1)
    w = (draw.standard_normal((1024, 1024)) * (draw.random((1024, 1024)) < .1)).astype(np.float32)
    w.tofile(f"{folder}/linear")

    def pruned():
        layer = nn.Linear(1024, 1024, bias=False)
        layer.weight = nn.Parameter(torch.from_numpy(w.copy()))
        return prune.custom_from_mask(layer, "weight", torch.from_numpy((w != 0).astype(np.float32)))

    masked, layer = pruned(), pruned()
    prune.remove(layer, "weight")
    csr = torch.from_numpy(w).to_sparse_csr()
    ways = {"torch, masked by torch.nn.utils.prune (a product with the mask each time)": masked,
            "torch, mask removed (dense)": layer, "torch, sparse CSR": lambda x: (csr @ x.T).T}

    def torch_seconds(f, x, times):
        with torch.inference_mode():
            f(x)
            before = time.perf_counter()
            for _ in range(times):
                f(x)
            return (time.perf_counter() - before) / times

    seconds = {}
    for turn in range(-1, rounds):
        for batch, times in calls.items():
            x = torch.ones(batch, 1024)
            got = {what: torch_seconds(f, x, times) for what, f in ways.items()}
            got |= {"**descent** dense": float(peer.ask("linear", "dense", batch, times)[0]),
                    "**descent** `sparse_linear`": float(peer.ask("linear", "sparse", batch, times)[0])}
            for what, each in got.items():
                seconds.setdefault(what, {}).setdefault(batch, []).extend([each] * (turn >= 0))
    table("A layer of 1024 x 1024, 90 % of its weights 0", ["", "one sample, us", "64 samples, us"],
          [(what, *(f"{statistics.median(each[batch]) * 1e6:.1f}" for batch in calls)) for what, each in seconds.items()])


def codebooks(folder):
    draw = np.random.default_rng(0)
    n = 10 ** 6
    weights = np.where(draw.random(n) < .9, .05 * draw.standard_normal(n), draw.laplace(0, .2, n)).astype(np.float32)
    weights.tofile(f"{folder}/codebook")
    peer = Peer(build(folder, "codebook_peer"))
    assert peer.ask("load", f"{folder}/codebook") == ["ok"]
    rows = []
    for k, most in ((16, 300), (256, 100)):
        before = time.perf_counter()
        model = KMeans(k, n_init=1, random_state=0, max_iter=most).fit(weights[:, None])
        took = time.perf_counter() - before
        centers = np.sort(model.cluster_centers_.ravel().astype(np.float64))
        error = float(((weights - centers[np.searchsorted((centers[1:] + centers[:-1]) / 2, weights)]) ** 2).sum())
        rows.append((f"k = {k}: scikit-learn KMeans, at most {most} rounds", f"{took * 1e3:.1f}", f"{error:.7g}"))
        for what, name in (("optimal", "optimal_codebook"), ("fast", "fast_codebook")):
            got = [peer.ask(what, k) for _ in range(7)]
            rows.append((f"k = {k}: **descent** `{name}`", f"{statistics.median(float(g[0]) for g in got) * 1e3:.1f}", f"{float(got[0][1]):.7g}"))
    table("Codebooks of 10^6 weights", ["", "ms", "sum of squared errors"], rows)


def zstd(path):
    try:
        return f"{len(subprocess.run(['zstd', '-19', '-q', '-c', path], capture_output=True, check=True).stdout):,}"
    except (OSError, subprocess.CalledProcessError) as fault:
        skipped("zstd", fault)
        return "skipped"


def coders(peer, nets, folder):
    rows = []
    for name in nets:
        path = f"{folder}/codes"
        whole8, own8, whole_few, own_few = peer.ask("codes", name, path)
        for what, file, own, whole in (("8-bit codes by channel", path, own8, whole8),
                                       ("90 % zeros, 16 numbers a tensor", path + ".few", own_few, whole_few)):
            raw = pathlib.Path(file).read_bytes()
            rows.append((f"{name}, {what}", f"{len(raw):,}", f"{len(zlib.compress(raw, 9)):,}", zstd(file), f"{int(own):,}", f"{int(whole):,}"))
    table("Bytes of the weights' codes", ["", "a byte each", "zlib -9", "zstd -19", "descent's coder", "its whole file, biases and scales too"], rows)


def main():
    with tempfile.TemporaryDirectory() as folder:
        train, train_y = images("train", 60000)
        test, y = images("t10k", 10000)
        nets = {"mlp": trained_mlp(train["mlp"], train_y)}
        nets["lenet5"], tensors = lenet5()
        write_safetensors(f"{folder}/mlp.safetensors", nets["mlp"].state_dict())
        write_safetensors(f"{folder}/lenet5.safetensors", tensors)
        calibration = {name: x[:512].contiguous() for name, x in train.items()}
        for name in nets:
            calibration[name].numpy().tofile(f"{folder}/{name}_calibration")
            test[name].numpy().tofile(f"{folder}/{name}_test")
        y.numpy().astype(np.float32).tofile(f"{folder}/test_y")
        np.random.default_rng(2).standard_normal(10 ** 7).astype(np.float32).tofile(f"{folder}/weights")
        peer = Peer(build(folder, "compress_peer"), folder)
        print(f"{platform.machine()}, {os.cpu_count()} cores, two threads; torch {torch.__version__}, scikit-learn {sklearn.__version__};",
              "descent:", peer.process.stdout.readline().strip(), f"-O3 -march=native; {rounds} rounds", flush=True)
        for package in ("torchao", "onnxruntime", "onnx"):
            try:
                print(package, __import__(package).__version__)
            except ImportError as fault:
                skipped(package, fault)
        networks(peer, nets, calibration, test, y, folder)
        masks(peer, folder)
        codebooks(folder)
        coders(peer, nets, folder)


if __name__ == "__main__":
    main()
