#!/bin/sh
# SPDX-License-Identifier: MIT
# plain.sh COMPILER PROGRAM FLAG...                     no CMake at all
# plain.sh COMPILER PROGRAM --pkg-config DIRECTORY      the flags that pkg-config gives
set -eu
compiler=$1 program=$2
shift 2
if [ "$1" = --pkg-config ]; then
    # shellcheck disable=SC2046
    set -- $(PKG_CONFIG_PATH=$2 pkg-config --cflags descent)
fi
"$compiler" -std=c++20 "$@" "$(dirname "$0")/main.cpp" -o "$program"
"$program"
