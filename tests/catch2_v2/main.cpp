// SPDX-License-Identifier: MIT
// Catch2 2's main, where no library for this machine holds it.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
