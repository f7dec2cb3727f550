// SPDX-License-Identifier: MIT
// The Catch2 3 name of what lies in the one header of Catch2 2.
#pragma once

#include <catch2/catch.hpp>
