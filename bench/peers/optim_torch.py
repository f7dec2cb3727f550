# SPDX-License-Identifier: MIT
"""torch.optim as a contender of bench/peers/optim.py: the same lines as optim_peer.cpp; WHO: default, foreach, fused."""
import sys
import time

import torch


def make(who, rule, n):
    weights = torch.nn.Parameter(torch.full((n,), 0.1))
    weights.grad = ((torch.arange(n) * 7919 % 1009) / 1009.0 - 0.5) * 0.02
    route = {"default": {"foreach": False, "fused": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}[who]
    if rule == "momentum":
        optimizer = torch.optim.SGD([weights], lr=1e-3, momentum=0.9, **route)
    elif rule == "adam":
        optimizer = torch.optim.Adam([weights], lr=1e-3, **route)
    else:
        optimizer = torch.optim.AdamW([weights], lr=1e-3, weight_decay=0.01, **route)

        def clipped():
            torch.nn.utils.clip_grad_norm_([weights], 1.0)
            optimizer.step()

        return weights, clipped
    return weights, optimizer.step


step = weights = None
print("torch", torch.__version__, torch.backends.cpu.get_cpu_capability(), flush=True)
for line in sys.stdin:
    word = line.split()
    if word[0] == "new":
        step = weights = None
        torch.set_num_threads(int(word[4]))
        weights, step = make(word[1], word[2], int(word[3]))
        print("ok", flush=True)
    elif word[0] == "run":
        repeats = int(word[1])
        wall, cpu = time.perf_counter(), time.thread_time()
        for _ in range(repeats):
            step()
        cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
        print("%.9e %.9e" % (cpu / repeats, wall / repeats), flush=True)
    elif word[0] == "weights":
        print(*("%.9g" % x for x in weights[:4].tolist()), flush=True)
