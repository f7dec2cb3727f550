// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/core/status.hpp>
#include <descent/optim/optimizer.hpp>

namespace descent {

/// One line of the history.
struct epoch_record {
    static constexpr double none = std::numeric_limits<double>::quiet_NaN();

    std::int64_t epoch = 0;       ///< from 1
    std::int64_t steps = 0;       ///< updates so far
    double seconds = 0;           ///< since the start
    double loss = none;           ///< full batch: before the update; else the mean over the epoch's batches
    double validation = none;     ///< loss on the validation data, after the epoch
    double gradient_norm = none;  ///< full batch only
    std::vector<double> metrics = {};  ///< of report::metric_names, after the epoch
};

/// What fit and minimize give back. A run that diverges is a status, not an exception.
template <class T>
struct report {
    descent::status status = descent::status::finished;
    std::string reason;  ///< the status in words: "epoch 7: loss is nan"; behind ';' what callbacks left undone
    double loss =
        epoch_record::none;  ///< of the weights that were left: full batch exactly, else the last epoch's mean
    double best_loss =
        std::numeric_limits<double>::infinity();  ///< lowest validation loss, or loss where there is none
    std::int64_t best_epoch = 0;                  ///< 0: the starting weights
    params<T> best;                               ///< the weights with best_loss; the starting weights at first
    params<T> best_state = {};  ///< the model's state beside best (running means), where it has one
    params<T> averaged =
        {};  ///< of the last rule that averages weights (ema, swa, asgd), where the recipe has one
    params<T> averaged_state = {};              ///< the model's state beside averaged, where it has one
    double gradient_norm = epoch_record::none;  ///< full batch: of the weights that were left
    double gap =
        epoch_record::none;  ///< duality gap, where a method of solve/ knows one: loss - optimum at most
    std::int64_t epochs = 0, steps = 0;
    std::int64_t evaluations = 0;  ///< sample gradients; for a plain function: calls
    double seconds = 0;
    std::vector<epoch_record> history;
    std::vector<std::string> metric_names = {};  ///< of what metric{...} measured
};

/// A run between two updates: weights, the model's state, optimizer, position, history, callbacks. A run that
/// resumes from it ends bit for bit like the run that never stopped.
template <class T>
struct snapshot {
    params<T> weights;
    optimizer_state<T> optimizer;
    std::int64_t epoch = 0;  ///< whole epochs done
    std::int64_t batch = 0;  ///< batches done in the epoch after that
    double loss_sum = 0;     ///< over the samples of those batches
    std::uint64_t seed = 0;  ///< of the run
    descent::report<T> so_far;
    std::vector<std::vector<double>> callbacks;  ///< of those callbacks that remember something, in order
    params<T> state = {};           ///< of the model beside its weights (running means), where it has one
    std::uint64_t model_steps = 0;  ///< the model's own count of steps (random draws), where it has one
};

}  // namespace descent
