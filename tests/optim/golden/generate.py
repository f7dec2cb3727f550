# SPDX-License-Identifier: MIT
"""Writes golden.txt: what torch.optim and optax do in float64 with fixed gradients, for tests of optim/.

    python3 -m venv /tmp/golden
    /tmp/golden/bin/pip install torch==2.15.0 optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
    /tmp/golden/bin/python tests/optim/golden/generate.py

20 steps. Gradients depend on the step alone, never on the weights. Gradients and start weights are multiples of
powers of two and thus the same in float32. Sign rules have a jump at 0: |g| >= 1e-3 holds everywhere, and the
script stops if the argument of the sign in lion or yogi comes close to 0.

The file holds `set`s of tensors (name, shape, start, one gradient per step; `rows` = the rows that a sparse gradient
touches) and `case`s (the set, the call, hyperparameters as key=value with the library's names, tolerance, and the
weights after steps 1, 2, 5, 10, 20: all tensors of the set one after another in row-major order). `average` lines
hold the second result of rules that keep one: the average of asgd, ema and swa, the slow weights of lookahead.
The cases without decay, with coupled decay (_l2) and with decoupled decay (_decoupled, adamw_*) stand side by side.

Where the two libraries, or a library and a paper, differ:
- clip_norm: optax scales by max_norm / norm, torch by max_norm / (norm + 1e-6), both only if that is below 1.
- ema: optax.incremental_update starts from the start weights, torch's AveragedModel copies the weights after the
  first step, optax.ema starts from 0 and divides by 1 - decay^t. One case each.
- muon: torch runs Newton-Schulz in bfloat16. The cases muon, muon_plain and muon_match_rms run torch's own source
  with that one type replaced by float64, checked here against a few lines of numpy; muon_bfloat16 is torch as it
  is, with the tolerance that this needs.
- lars in optax has the rate inside the momentum buffer, and adds weight decay to the gradient before the trust
  ratio.
- yogi in optax starts m AND v at 1e-6, both bias-corrected.
- adabelief in optax adds eps_root to v in every step, so it accumulates.
- asgd in torch takes step t with the rate and the averaging factor that step t - 1 left, so the average is a copy
  of the weights up to step t0 + 2, then the running mean of the weights after steps t0 + 2, t0 + 3, ...
- MultiSteps in optax accumulates in float32 unless told otherwise, and schedules of an integer count are float32
  too; both are float64 here.
- sparse_adam corrects the bias by the count of all steps; rows without a gradient keep m, v and their weights.
"""

import inspect
import math
import pathlib
import platform

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)
torch.sparse.check_sparse_tensor_invariants.enable()
torch.set_default_dtype(torch.float64)

STEPS = 20
SHOWN = (1, 2, 5, 10, 20)
SETS = {
    "dense": {"matrix": (3, 5), "bias": (7,), "scalar": (1,), "cube": (2, 3, 3), "vector": (17,)},
    "matrices": {"wide": (3, 5), "tall": (7, 4), "square": (4, 4), "row": (1, 6)},
    "embedding": {"table": (11, 5)},
}


def number(*key):
    """A fixed pseudo-random number in [-1, 1) from small integers."""
    x = math.sin(sum(k * c for k, c in zip(key, (12.9898, 78.233, 37.719, 4.581)))) * 43758.5453
    return 2 * (x - math.floor(x)) - 1


def make_set(index, tensors):
    start, gradients = [], []
    for k, shape in enumerate(tensors.values()):
        n = math.prod(shape)
        start.append(np.array([round(512 * number(index, k, i, 1)) / 256 for i in range(n)]).reshape(shape))
        for t in range(STEPS):
            g = []
            for i in range(n):
                # A lasting part and noise, over several magnitudes that rise and fall with the step.
                scale = 2.0 ** (-(i % 4)) * (1.2 + math.sin(0.7 * t + k))
                x = (
                    round(4096 * scale * (0.6 * number(index, k, i, 2) + 0.9 * number(index + t, k + 5, i, 3)))
                    / 4096
                )
                g.append(x if abs(x) >= 5 / 4096 else math.copysign(5 / 4096, number(index + t, k, i, 4)))
            gradients.append(np.array(g).reshape(shape))
    gradients = [[gradients[k * STEPS + t] for k in range(len(tensors))] for t in range(STEPS)]
    return start, gradients


DATA = {name: make_set(7 * i, tensors) for i, (name, tensors) in enumerate(SETS.items())}
# 1 to 4 rows a step, 9 never, 0 and 10 (the edges) among them.
ROWS = [sorted({(t * t + 3 * j) % 11 for j in range(1 + t % 4)} - {9} or {0, 10}) for t in range(STEPS)]
for t, rows in enumerate(ROWS):
    DATA["embedding"][1][t][0][[r for r in range(11) if r not in rows]] = 0.0


class Case:
    def __init__(self, name, call, hyper, set_name="dense", tolerance=1e-12):
        self.name, self.call, self.hyper, self.set_name, self.tolerance = name, call, hyper, set_name, tolerance
        self.lines = []

    def record(self, kind, step, arrays):
        if step in SHOWN:
            values = np.concatenate([np.asarray(a, dtype=np.float64).ravel() for a in arrays])
            assert np.isfinite(values).all(), self.name
            self.lines.append(f"{kind} {step} " + " ".join(show(v) for v in values))

    def text(self):
        hyper = " ".join(f"{k}={show(v)}" for k, v in self.hyper.items())
        head = [f"case {self.name}", f"set {self.set_name}", f"call {self.call}", f"hyper {hyper}".rstrip()]
        return head + [f"tolerance {show(self.tolerance)}"] + self.lines


def show(value):
    value = float(value)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


CASES = []


def torch_case(
    name,
    rule,
    set_name="dense",
    tolerance=1e-12,
    clip=None,
    averaged=None,
    sparse=False,
    rate=None,
    groups=None,
    **hyper,
):
    start, gradients = DATA[set_name]
    model = torch.nn.ParameterList([torch.tensor(w) for w in start])
    weights = list(model)
    rule_object = rule(groups(weights) if groups else weights, **hyper)
    call = f"torch.optim.{rule.__name__}(" + ", ".join(f"{k}={v!r}" for k, v in hyper.items()) + ")"
    seen = {}
    for key, value in rule_object.defaults.items():
        if (
            key in ("foreach", "maximize", "capturable", "differentiable", "fused", "adjust_lr_fn")
            or value is None
        ):
            continue
        if key == "eps" and isinstance(value, tuple):
            seen |= {"eps1": torch.finfo(torch.float64).eps if value[0] is None else value[0], "eps2": value[1]}
        elif isinstance(value, tuple):
            label = {
                "betas": ("beta1", "beta2"),
                "etas": ("eta_minus", "eta_plus"),
                "step_sizes": ("step_min", "step_max"),
                "ns_coefficients": ("ns_a", "ns_b", "ns_c"),
            }[key]
            seen |= dict(zip(label, value))
        else:
            seen[key] = value
    if clip is not None:
        call = f"torch.nn.utils.clip_grad_norm_(max_norm={clip}), {call}"
        seen["max_norm"] = clip
    if averaged:
        make, due, label, extra = averaged
        average = make(model)
        call += f", {label}"
        seen |= extra
    if rate:
        schedule, label, extra = rate
        schedule = schedule(rule_object)
        call += f", {label}"
        seen |= extra
    if groups:
        call += ", bias and scalar: lr=0.02, weight_decay=0"
        seen |= {"lr_small": 0.02, "weight_decay_small": 0}
    case = Case(name, call, seen, set_name, tolerance)
    for t in range(1, STEPS + 1):
        for w, g in zip(weights, gradients[t - 1]):
            w.grad = torch.tensor(g)
            if sparse:
                rows = torch.tensor([ROWS[t - 1]])
                w.grad = torch.sparse_coo_tensor(rows, w.grad[rows[0]], w.shape)
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(weights, clip)
        rule_object.step()
        if rate:
            schedule.step()
        case.record("after", t, [w.detach().numpy() for w in weights])
        if "ax" in rule_object.state[weights[0]]:
            case.record("average", t, [rule_object.state[w]["ax"].numpy() for w in weights])
        if averaged:
            if due(t):
                average.update_parameters(model)
            if average.n_averaged > 0:
                case.record("average", t, [w.detach().numpy() for w in average.module])
    CASES.append(case)
    return [w.detach().numpy() for w in weights]


def optax_case(name, rule, call, set_name="dense", average=None, **hyper):
    start, gradients = DATA[set_name]
    weights = [jnp.asarray(w) for w in start]
    is_lookahead = call.startswith("optax.lookahead")
    if is_lookahead:
        weights = optax.LookaheadParams.init_synced(weights)
    state = rule.init(weights)
    case = Case(name, call, hyper, set_name)
    kept = average.start(weights) if average else None
    for t in range(1, STEPS + 1):
        updates, state = rule.update([jnp.asarray(g) for g in gradients[t - 1]], state, weights)
        weights = optax.apply_updates(weights, updates)
        fast = weights.fast if is_lookahead else weights
        assert all(w.dtype == jnp.float64 for w in fast), name
        case.record("after", t, fast)
        if is_lookahead:
            case.record("average", t, weights.slow)
        if average:
            shown, kept = average.see(weights, kept)
            case.record("average", t, shown)
    CASES.append(case)
    return fast


def torch_cases():
    o = torch.optim
    torch_case("sgd", o.SGD, lr=0.1)
    torch_case("sgd_l2", o.SGD, lr=0.1, weight_decay=0.05)
    torch_case("momentum", o.SGD, lr=0.1, momentum=0.9)
    torch_case("momentum_l2", o.SGD, lr=0.1, momentum=0.9, weight_decay=0.05)
    torch_case("momentum_dampening", o.SGD, lr=0.1, momentum=0.9, dampening=0.3)
    torch_case("momentum_dampening_l2", o.SGD, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05)
    torch_case("nesterov", o.SGD, lr=0.1, momentum=0.9, nesterov=True)
    torch_case("nesterov_l2", o.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)
    torch_case("adam", o.Adam, lr=0.01)
    torch_case("adam_betas", o.Adam, lr=0.01, betas=(0.8, 0.95), eps=1e-3)
    torch_case("adam_l2", o.Adam, lr=0.01, weight_decay=0.05)
    torch_case("adamw", o.AdamW, lr=0.01)
    torch_case("adamw_decay", o.AdamW, lr=0.01, weight_decay=0.5)
    torch_case("amsgrad", o.Adam, lr=0.01, betas=(0.9, 0.9), amsgrad=True)
    torch_case("amsgrad_l2", o.Adam, lr=0.01, betas=(0.9, 0.9), amsgrad=True, weight_decay=0.05)
    torch_case("amsgrad_decoupled", o.AdamW, lr=0.01, betas=(0.9, 0.9), amsgrad=True, weight_decay=0.5)
    torch_case("adamax", o.Adamax, lr=0.01, betas=(0.9, 0.95))
    torch_case("adamax_l2", o.Adamax, lr=0.01, betas=(0.9, 0.95), weight_decay=0.05)
    torch_case("nadam", o.NAdam, lr=0.01)
    torch_case("nadam_l2", o.NAdam, lr=0.01, momentum_decay=0.1, weight_decay=0.05)
    torch_case("nadam_decoupled", o.NAdam, lr=0.01, weight_decay=0.5, decoupled_weight_decay=True)
    torch_case("radam", o.RAdam, lr=0.01)
    torch_case("radam_short", o.RAdam, lr=0.01, betas=(0.8, 0.7))
    torch_case("radam_l2", o.RAdam, lr=0.01, weight_decay=0.05)
    torch_case("radam_decoupled", o.RAdam, lr=0.01, weight_decay=0.5, decoupled_weight_decay=True)
    torch_case("adagrad", o.Adagrad, lr=0.1)
    torch_case("adagrad_lr_decay", o.Adagrad, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.1)
    torch_case("adagrad_l2", o.Adagrad, lr=0.1, weight_decay=0.05)
    torch_case("adadelta", o.Adadelta, lr=1.0)
    torch_case("adadelta_l2", o.Adadelta, lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.05)
    torch_case("rmsprop", o.RMSprop, lr=0.01)
    torch_case("rmsprop_l2", o.RMSprop, lr=0.01, alpha=0.9, weight_decay=0.05)
    torch_case("rmsprop_momentum", o.RMSprop, lr=0.01, alpha=0.9, momentum=0.9)
    torch_case("rmsprop_centered", o.RMSprop, lr=0.01, alpha=0.9, centered=True)
    torch_case("rmsprop_both", o.RMSprop, lr=0.01, alpha=0.9, momentum=0.9, centered=True)
    torch_case("rmsprop_both_l2", o.RMSprop, lr=0.01, alpha=0.9, momentum=0.9, centered=True, weight_decay=0.05)
    torch_case("rprop", o.Rprop, lr=0.01)
    torch_case("rprop_bounds", o.Rprop, lr=0.01, etas=(0.4, 1.5), step_sizes=(0.005, 0.03))
    torch_case("asgd", o.ASGD, lr=0.1, lambd=0.01, t0=5.0)
    torch_case("asgd_l2", o.ASGD, lr=0.1, lambd=0.1, alpha=0.5, t0=1.0, weight_decay=0.05)
    torch_case("adafactor", o.Adafactor, lr=0.1)
    torch_case(
        "adafactor_decay", o.Adafactor, lr=0.5, beta2_decay=-0.5, eps=(None, 0.01), d=1.2, weight_decay=0.1
    )
    torch_case("clip_norm_torch", o.SGD, lr=0.1, clip=1.0)
    torch_case("clip_norm_torch_idle", o.SGD, lr=0.1, clip=100.0)
    torch_case("sparse_adam", o.SparseAdam, "embedding", sparse=True, lr=0.05)
    torch_case("sparse_adagrad", o.Adagrad, "embedding", sparse=True, lr=0.1, lr_decay=0.1)
    schedules = torch.optim.lr_scheduler
    torch_case(
        "momentum_step",
        o.SGD,
        lr=0.1,
        momentum=0.9,
        rate=(lambda r: schedules.StepLR(r, 4, 0.5), "StepLR(4, 0.5)", {"every": 4, "factor": 0.5}),
    )
    torch_case(
        "adamw_cosine",
        o.AdamW,
        lr=0.05,
        weight_decay=0.5,
        rate=(
            lambda r: schedules.CosineAnnealingLR(r, 25, 0.01),
            "CosineAnnealingLR(25, 0.01)",
            {"steps": 25, "floor": 0.01},
        ),
    )
    torch_case(
        "adamw_groups",
        o.AdamW,
        lr=0.01,
        weight_decay=0.5,
        groups=lambda w: [
            {"params": [w[0], w[3], w[4]]},
            {"params": [w[1], w[2]], "lr": 0.02, "weight_decay": 0.0},
        ],
    )
    swa = torch.optim.swa_utils
    torch_case(
        "swa",
        o.SGD,
        lr=0.1,
        momentum=0.9,
        averaged=(
            swa.AveragedModel,
            lambda t: True,
            "AveragedModel from step 1, every step",
            {"first": 1, "every": 1},
        ),
    )
    torch_case(
        "swa_late",
        o.SGD,
        lr=0.1,
        momentum=0.9,
        averaged=(
            swa.AveragedModel,
            lambda t: t >= 4 and (t - 4) % 3 == 0,
            "AveragedModel from step 4, every 3",
            {"first": 4, "every": 3},
        ),
    )
    torch_case(
        "ema_torch",
        o.SGD,
        lr=0.1,
        momentum=0.9,
        averaged=(
            lambda m: swa.AveragedModel(m, multi_avg_fn=swa.get_ema_multi_avg_fn(0.8)),
            lambda t: True,
            "AveragedModel(get_ema_multi_avg_fn(0.8)), every step",
            {"decay": 0.8},
        ),
    )


def muon_cases():
    module = __import__("torch.optim._muon", fromlist=["_muon"])
    o = torch.optim
    variants = {
        "muon": {"lr": 0.02},
        "muon_plain": {"lr": 0.02, "weight_decay": 0.0, "nesterov": False},
        "muon_match_rms": {"lr": 0.02, "momentum": 0.8, "adjust_lr_fn": "match_rms_adamw"},
    }
    rounded = torch_case("muon_bfloat16", o.Muon, "matrices", tolerance=0.005, **variants["muon"])
    original = module._zeropower_via_newtonschulz
    source = inspect.getsource(original)
    assert source.count("torch.bfloat16") == 1
    exec(source.replace("torch.bfloat16", "torch.float64"), module.__dict__)
    for name, hyper in variants.items():
        exact = torch_case(name, o.Muon, "matrices", **hyper)
        check_close(exact, muon_in_numpy(**hyper), 1e-13, name)
        CASES[-1].call += " with Newton-Schulz in float64"
        if name == "muon":
            check_close(exact, rounded, 0.005, "muon in bfloat16")
    module._zeropower_via_newtonschulz = original


def muon_in_numpy(lr, weight_decay=0.1, momentum=0.95, nesterov=True, adjust_lr_fn=None):
    start, gradients = DATA["matrices"]
    weights, buffers = [w.copy() for w in start], [0.0 * w for w in start]
    for step in gradients:
        for w, b, g in zip(weights, buffers, step):
            b += (1 - momentum) * (g - b)
            x = g + momentum * (b - g) if nesterov else b
            x = x / max(np.linalg.norm(x), 1e-7)
            for _ in range(5):  # (x x')^k x = x (x' x)^k: no transpose needed
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
            rows, columns = w.shape
            ratio = 0.2 * math.sqrt(max(rows, columns)) if adjust_lr_fn else math.sqrt(max(1, rows / columns))
            w *= 1 - lr * weight_decay
            w -= lr * ratio * x
    return weights


def in_double(schedule):
    """optax's schedules of an integer count are float32, with jax_enable_x64 too."""
    return lambda count: schedule(jnp.asarray(count, jnp.float64))


class Incremental:
    """optax.incremental_update from the start weights: average <- decay * average + (1 - decay) * w."""

    start = staticmethod(lambda weights: weights)

    @staticmethod
    def see(weights, kept):
        kept = optax.incremental_update(weights, kept, 1 - 0.8)
        return kept, kept


class Debiased:
    """optax.ema(0.8) of the weights, from 0 and divided by 1 - 0.8^t."""

    rule = optax.ema(0.8, debias=True)
    start = staticmethod(rule.init)

    @staticmethod
    def see(weights, kept):
        return Debiased.rule.update(weights, kept)


def optax_cases():
    rate = optax.scale_by_learning_rate
    optax_case("adam_optax", optax.adam(0.01), "optax.adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8)
    check_same("adam_optax", "adam")  # the two libraries agree where they should
    CASES.pop()
    optax_case(
        "lion",
        optax.lion(0.01, weight_decay=0.0),
        "optax.lion(weight_decay=0)",
        lr=0.01,
        beta1=0.9,
        beta2=0.99,
        weight_decay=0,
    )
    optax_case(
        "lion_decay",
        optax.lion(0.01, b1=0.8, b2=0.95, weight_decay=0.5),
        "optax.lion",
        lr=0.01,
        beta1=0.8,
        beta2=0.95,
        weight_decay=0.5,
    )
    check_signs()
    optax_case("yogi", optax.yogi(0.01), "optax.yogi", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-3, initial=1e-6)
    optax_case(
        "yogi_betas",
        optax.yogi(0.01, b1=0.8, b2=0.9),
        "optax.yogi",
        lr=0.01,
        beta1=0.8,
        beta2=0.9,
        eps=1e-3,
        initial=1e-6,
    )
    optax_case(
        "adabelief",
        optax.adabelief(0.01),
        "optax.adabelief",
        lr=0.01,
        beta1=0.9,
        beta2=0.999,
        eps=1e-16,
        eps_root=1e-16,
    )
    optax_case(
        "lars",
        optax.lars(1.0),
        "optax.lars",
        lr=1,
        momentum=0.9,
        trust_coefficient=0.001,
        eps=0,
        weight_decay=0,
        nesterov=0,
    )
    optax_case(
        "lars_decay",
        optax.lars(0.5, weight_decay=0.05, trust_coefficient=0.02, eps=0.01, momentum=0.8, nesterov=True),
        "optax.lars",
        lr=0.5,
        momentum=0.8,
        trust_coefficient=0.02,
        eps=0.01,
        weight_decay=0.05,
        nesterov=1,
    )
    optax_case(
        "lamb", optax.lamb(0.01), "optax.lamb", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0
    )
    optax_case(
        "lamb_decay",
        optax.lamb(0.01, b1=0.8, b2=0.95, weight_decay=0.5),
        "optax.lamb",
        lr=0.01,
        beta1=0.8,
        beta2=0.95,
        eps=1e-6,
        weight_decay=0.5,
    )
    optax_case("sign_sgd", optax.sign_sgd(0.01), "optax.sign_sgd", lr=0.01)
    optax_case(
        "momentum_averaged",
        optax.chain(optax.ema(0.9, debias=False), rate(0.1)),
        "optax.chain(ema(0.9, debias=False), scale_by_learning_rate)",
        lr=0.1,
        momentum=0.9,
    )
    optax_case(
        "momentum_decoupled",
        optax.chain(optax.trace(0.9), optax.add_decayed_weights(0.05), rate(0.1)),
        "optax.chain(trace, add_decayed_weights, scale_by_learning_rate)",
        lr=0.1,
        momentum=0.9,
        weight_decay=0.05,
    )
    optax_case(
        "clip",
        optax.chain(optax.clip(0.25), rate(0.1)),
        "optax.chain(clip, scale_by_learning_rate)",
        lr=0.1,
        max_delta=0.25,
    )
    optax_case(
        "clip_norm",
        optax.chain(optax.clip_by_global_norm(1.0), rate(0.1)),
        "optax.chain(clip_by_global_norm, scale_by_learning_rate)",
        lr=0.1,
        max_norm=1,
    )
    optax_case(
        "clip_norm_idle",
        optax.chain(optax.clip_by_global_norm(100.0), rate(0.1)),
        "optax.chain(clip_by_global_norm, scale_by_learning_rate)",
        lr=0.1,
        max_norm=100,
    )
    optax_case(
        "clip_adam_decay_rate",
        optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.scale_by_adam(b2=0.95),
            optax.add_decayed_weights(0.5),
            rate(0.01),
        ),
        "optax.chain(clip_by_global_norm, scale_by_adam, add_decayed_weights, scale_by_learning_rate)",
        lr=0.01,
        max_norm=1,
        beta1=0.9,
        beta2=0.95,
        eps=1e-8,
        weight_decay=0.5,
    )
    optax_case(
        "adam_polynomial",
        optax.adam(in_double(optax.polynomial_schedule(0.05, 0.005, 2, 15))),
        "optax.adam(polynomial_schedule)",
        start=0.05,
        end=0.005,
        power=2,
        steps=15,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
    )
    optax_case(
        "adam_cosine",
        optax.adam(in_double(optax.cosine_decay_schedule(0.05, 15, alpha=0.1))),
        "optax.adam(cosine_decay_schedule)",
        peak=0.05,
        floor=0.005,
        steps=15,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
    )
    optax_case(
        "lookahead_sgd",
        optax.lookahead(optax.sgd(0.1), 5, 0.5),
        "optax.lookahead(sgd)",
        lr=0.1,
        sync_period=5,
        slow_step_size=0.5,
    )
    optax_case(
        "lookahead_adam",
        optax.lookahead(optax.adam(0.01), 3, 0.8),
        "optax.lookahead(adam)",
        lr=0.01,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        sync_period=3,
        slow_step_size=0.8,
    )
    optax_case(
        "accumulate_adam",
        optax.MultiSteps(optax.adam(0.01), 4, accumulator_dtype=jnp.float64),
        "optax.MultiSteps(adam, accumulator_dtype=float64)",
        lr=0.01,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        every=4,
    )
    momentum = optax.chain(optax.trace(0.9), rate(0.1))
    optax_case(
        "ema",
        momentum,
        "optax.sgd(momentum), optax.incremental_update(1 - decay)",
        average=Incremental,
        lr=0.1,
        momentum=0.9,
        decay=0.8,
    )
    optax_case(
        "ema_debiased",
        momentum,
        "optax.sgd(momentum), optax.ema(debias=True) of the weights",
        average=Debiased,
        lr=0.1,
        momentum=0.9,
        decay=0.8,
    )


def check_close(a, b, tolerance, name):
    worst = max(np.max(np.abs(np.asarray(x) - np.asarray(y))) for x, y in zip(a, b))
    assert worst <= tolerance, f"{name}: differs by {worst}"


def check_same(left, right):
    left, right = (next(c for c in CASES if c.name == name) for name in (left, right))
    values = lambda case: [[float(v) for v in line.split()[2:]] for line in case.lines]
    check_close(values(left), values(right), 1e-14, f"{left.name} against {right.name}")


def check_signs():
    start, gradients = DATA["dense"]
    for beta1, beta2 in ((0.9, 0.99), (0.8, 0.95)):
        m = [0.0 * w for w in start]
        for step in gradients:
            least = min(np.min(np.abs(beta1 * a + (1 - beta1) * g)) for a, g in zip(m, step))
            assert least >= 1e-5, f"lion: the sign of {least} hangs on rounding"
            m = [beta2 * a + (1 - beta2) * g for a, g in zip(m, step)]
    for beta2 in (0.999, 0.9):
        v = [0.0 * w + 1e-6 for w in start]
        for step in gradients:
            least = min(np.min(np.abs(a - g * g) / (g * g)) for a, g in zip(v, step))
            assert least >= 1e-4, f"yogi: the sign of a difference of {least} of g^2 hangs on rounding"
            v = [a - (1 - beta2) * np.sign(a - g * g) * g * g for a, g in zip(v, step)]


def main():
    for _, gradients in (DATA["dense"], DATA["matrices"]):
        assert all(np.min(np.abs(g)) >= 1e-3 for step in gradients for g in step)
    torch_cases()
    muon_cases()
    optax_cases()
    assert len({c.name for c in CASES}) == len(CASES)
    versions = (
        f"torch {torch.__version__}, optax {optax.__version__}, jax {jax.__version__}, numpy {np.__version__}"
    )
    lines = [
        "# Golden vectors for the update rules, written by generate.py (see its head for the format); not to be edited.",
        f"versions {versions}, python {platform.python_version()}, float64",
    ]
    for name, tensors in SETS.items():
        start, gradients = DATA[name]
        lines.append(f"set {name}")
        for k, (label, shape) in enumerate(tensors.items()):
            lines.append(f"tensor {label} " + " ".join(map(str, shape)))
            lines.append("start " + " ".join(show(v) for v in start[k].ravel()))
            for t in range(STEPS):
                lines.append(f"gradient {t + 1} " + " ".join(show(v) for v in gradients[t][k].ravel()))
            if name == "embedding":
                lines += [f"rows {t + 1} " + " ".join(map(str, rows)) for t, rows in enumerate(ROWS)]
    for case in CASES:
        lines += case.text()
    path = pathlib.Path(__file__).with_name("golden.txt")
    path.write_text("\n".join(lines) + "\n")
    print(f"{len(CASES)} cases, {path.stat().st_size} bytes, {versions}")


if __name__ == "__main__":
    main()
