# SPDX-License-Identifier: MIT
# Toolchain: Debian's g++-aarch64-linux-gnu, run by qemu-user (libeigen3-dev and catch2 are headers, so the host's serve).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
