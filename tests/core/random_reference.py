#!/usr/bin/env python3
"""The documented algorithms of descent/core/random.hpp in plain Python: prints the numbers pinned in random_test.cpp."""
import math


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        left, right = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [right >> 32 ^ c[1] ^ k[0], right & 0xFFFFFFFF, left >> 32 ^ c[3] ^ k[1], left & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def block(seed, stream, position, attempt=0):
    low = 0xFFFFFFFF
    return philox([position & low, position >> 32, stream, attempt], [seed & low, seed >> 32])


def bits(seed, stream, i, width=32, attempt=0):
    if width == 32:
        return block(seed, stream, i // 4, attempt)[i % 4]
    words = block(seed, stream, i // 2, attempt)
    return words[2 * (i % 2) + 1] << 32 | words[2 * (i % 2)]


def uniform(seed, stream, i, width):
    kept = 24 if width == 32 else 53
    return (bits(seed, stream, i, width) >> (width - kept)) / 2**kept


def normal(seed, stream, i, width):
    kept = 31 if width == 32 else 53
    first, second = bits(seed, stream, i & ~1, width), bits(seed, stream, i | 1, width)
    radius = math.sqrt(-2 * math.log(((first >> (width - kept)) + 0.5) / 2**kept))
    angle = 2 * math.pi * second / 2**width
    return radius * (math.sin(angle) if i % 2 else math.cos(angle))


def integer(seed, stream, i, n):
    width, attempt = (64 if n >> 32 else 32), 0
    while True:
        product = bits(seed, stream, i, width, attempt) * n
        if product % 2**width >= 2**width % n:
            return product >> width
        attempt += 1


def permutation(seed, stream, n):
    order = list(range(n))
    for k in range(n - 1, 0, -1):
        j = integer(seed, stream, k, k + 1)
        order[k], order[j] = order[j], order[k]
    return order


if __name__ == "__main__":
    seed, stream = 0x0123456789ABCDEF, 5
    print("bits32", [hex(bits(seed, stream, i)) for i in range(6)])
    print("bits64", [hex(bits(seed, stream, i, 64)) for i in range(3)])
    print("far", hex(bits(seed, stream, 2**40 + 3)))
    print("uniform32", [uniform(seed, stream, i, 32).hex() for i in range(4)])
    print("uniform64", [uniform(seed, stream, i, 64).hex() for i in range(4)])
    print("normal32", [normal(seed, stream, i, 32) for i in range(6)])
    print("normal64", [normal(seed, stream, i, 64) for i in range(6)])
    print("below 10", [integer(seed, stream, i, 10) for i in range(12)])
    print("below 2^32 + 1", [integer(seed, stream, i, 2**32 + 1) for i in range(4)])
    print("below 3 2^30", [integer(seed, stream, i, 3 * 2**30) for i in range(12)])
    print("below 3 2^62", [integer(seed, stream, i, 3 * 2**62) for i in range(8)])
    print("permutation", permutation(seed, stream, 12))
    print("permutation of 1000: sum of k * p[k]", sum(k * p for k, p in enumerate(permutation(seed, stream, 1000))))
