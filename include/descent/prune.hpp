// SPDX-License-Identifier: MIT
#pragma once

// Weights that are not needed: what goes, when, and models that are smaller for it.

#include <descent/prune/batch_norm_scale.hpp>
#include <descent/prune/channels.hpp>
#include <descent/prune/criterion.hpp>
#include <descent/prune/fisher.hpp>
#include <descent/prune/gradient.hpp>
#include <descent/prune/gradual.hpp>
#include <descent/prune/hard_concrete.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/mask_lowest.hpp>
#include <descent/prune/mask_zeros.hpp>
#include <descent/prune/movement.hpp>
#include <descent/prune/n_of_m_linear.hpp>
#include <descent/prune/random.hpp>
#include <descent/prune/rewind.hpp>
#include <descent/prune/selection.hpp>
#include <descent/prune/sensitivity.hpp>
#include <descent/prune/shrink.hpp>
#include <descent/prune/sparse_linear.hpp>
#include <descent/prune/sparsifying.hpp>
#include <descent/prune/sparsity.hpp>
#include <descent/prune/surgeon.hpp>
#include <descent/prune/taylor.hpp>
#include <descent/prune/variational.hpp>
