// SPDX-License-Identifier: MIT
#pragma once

// Small models that learn from large ones.

#include <descent/distill/objective.hpp>
#include <descent/distill/student.hpp>
