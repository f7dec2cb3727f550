// SPDX-License-Identifier: MIT
#pragma once

// Weights that are not needed: what goes, when, and models that are smaller for it.

#include <descent/prune/criterion.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/mask_lowest.hpp>
#include <descent/prune/random.hpp>
#include <descent/prune/selection.hpp>
#include <descent/prune/sparsity.hpp>
