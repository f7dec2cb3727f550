// SPDX-License-Identifier: MIT
// The counters that layers of this area are tested with, as those of nn.
#include "nn/allocation_test.cpp"
