#!/bin/sh
# SPDX-License-Identifier: MIT
# One door to every job. It installs what is missing (Debian, Ubuntu), then runs a CMake workflow.
#
#   sh cmake/run.sh            builds and runs the main example
#   sh cmake/run.sh test       builds and runs every test, what handles memory and files under the sanitizers too
#   sh cmake/run.sh bench      builds the benchmarks into build/bench
#   sh cmake/run.sh extended   what is slower: clang, all tests under the sanitizers, the thread sanitizer, fuzzed readers,
#                              64-bit ARM under qemu
#   sh cmake/run.sh NAME       any other workflow of CMakePresets.json (debug, cuda, ...)
set -eu
cd "$(dirname "$0")/.."
job=${1:-main}

packages='g++ make cmake libeigen3-dev'
case $job in
    main) ;;
    bench) packages="$packages libbenchmark-dev" ;;
    extended | clang | thread | fuzz | aarch64)
        packages="$packages catch2 zlib1g-dev libstb-dev libsqlite3-dev libbenchmark-dev clang-14 libomp-14-dev g++-aarch64-linux-gnu qemu-user" ;;
    *) packages="$packages catch2 zlib1g-dev libstb-dev libsqlite3-dev" ;;
esac

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    missing=
    for package in $packages; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        as_root=
        [ "$(id -u)" = 0 ] || as_root=sudo
        echo "To install:$missing"
        if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
            echo "Please run as root: apt-get update && apt-get install -y --no-install-recommends$missing" >&2
            exit 1
        fi
        $as_root apt-get update -q
        # shellcheck disable=SC2086
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
    fi
elif ! command -v cmake >/dev/null; then
    echo "Please install CMake 3.25 or newer and a C++20 compiler; libraries that are missing are downloaded." >&2
    exit 1
fi

# A preset cannot say "all cores".
cores=$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$cores}"
export CTEST_PARALLEL_LEVEL="${CTEST_PARALLEL_LEVEL:-$CMAKE_BUILD_PARALLEL_LEVEL}"

[ "$job" = extended ] && jobs='bench clang thread fuzz aarch64' || jobs=$job
for job in $jobs; do
    cmake --workflow --preset "$job"
done
