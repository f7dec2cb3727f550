// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent {

/// How many samples one update sees, and in which order: GD, SGD and mini-batch descent are the same rule under
/// another policy. Shuffling is counter-based: the same order for the same seed on every backend and thread
/// count.
struct batch_policy {
    index size;    ///< samples per update; 0 for all of them
    bool shuffle;  ///< a new order each epoch

    constexpr batch_policy(index samples, bool shuffled) : size(samples), shuffle(shuffled) {}

    /// {.batch = 32} is mini_batch{32}. Throws descent::error for n < 1.
    constexpr batch_policy(index n) : batch_policy(n, true) {
        expect(n >= 1, "batch: size = ", n, ": must be >= 1; full_batch{} takes all samples");
    }
};

/// All samples in every update: gradient descent.
struct full_batch {
    operator batch_policy() const { return batch_policy(0, false); }
};

/// One random sample in every update: stochastic gradient descent.
struct single_sample {
    operator batch_policy() const { return batch_policy(1, true); }
};

/// `size` random samples in every update; the last batch of an epoch may be smaller. Throws descent::error for
/// size < 1.
struct mini_batch {
    index size = 32;
    bool shuffle = true;

    operator batch_policy() const {
        expect(size >= 1, "mini_batch: size = ", size, ": must be >= 1");
        return batch_policy(size, shuffle);
    }
};

/// Settings of fit and minimize.
struct fit_options {
    std::int64_t epochs = 10;           ///< passes over the data; for a plain function: updates
    batch_policy batch = full_batch{};  ///< samples per update
    std::uint64_t seed = 0;             ///< of the order of the samples
    double tolerance = 0;               ///< full batches: converged when |gradient| <= tolerance

    /// Throws descent::error for settings out of range.
    void check() const {
        expect(epochs >= 0, "options: epochs = ", epochs, ": must be >= 0");
        expect(batch.size >= 0, "options: batch size = ", batch.size, ": must be >= 0");
        expect(tolerance == 0 || batch.size == 0, "options: tolerance = ", tolerance,
               ": the gradient of a batch of ", batch.size,
               " samples says nothing of convergence; use full_batch{}");
        expect(tolerance >= 0, "options: tolerance = ", tolerance, ": must be >= 0");
    }
};

}  // namespace descent
