// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/train/callback.hpp>

namespace descent {

/// Stops training when the validation loss (the training loss where there is no validation data) has not become
/// smaller by more than min_delta for `patience` epochs in a row (Prechelt, 1998), and puts the best weights
/// back. Iterations of a method of solve/ that tell no loss do not count, nor do epochs before the last pruning
/// of prune::gradual. Callback. Throws descent::error from fit for members out of range.
struct early_stopping {
    std::int64_t patience = 5;  ///< epochs without improvement that end training, >= 1
    double min_delta = 0;       ///< a loss counts as better below best - min_delta; finite, >= 0
    bool restore_best = true;   ///< the weights of the lowest loss at the end, however training ended

    double best = std::numeric_limits<double>::infinity();  ///< the loss to beat: state, not a setting
    std::int64_t stale = 0;                                 ///< epochs since: state, not a setting

    /// A run that this has ended stays ended when it is resumed with the same patience.
    template <class T>
    verdict begin(training<T> const& now) {
        expect(patience >= 1, "early_stopping: patience = ", patience, ": must be >= 1");
        expect(min_delta >= 0 && min_delta < std::numeric_limits<double>::infinity(),
               "early_stopping: min_delta = ", min_delta, ": must be finite and >= 0");
        if (now.report.evaluations == 0)  // else recall() has set them
            recall({std::numeric_limits<double>::infinity(), 0});
        return judged();
    }

    template <class T>
    verdict epoch_done(training<T> const& now) {
        double const watched = std::isnan(now.validation) ? now.loss : now.validation;
        if (std::isnan(watched))
            return {};
        if (!now.settled) {
            recall({std::numeric_limits<double>::infinity(), 0});
            return {};
        }
        if (watched < best - min_delta) {
            best = watched;
            stale = 0;
        } else {
            ++stale;
        }
        return judged();
    }

    std::vector<double> memory() const { return {best, double(stale)}; }
    void recall(std::vector<double> const& numbers) {
        expect(numbers.size() == 2, "early_stopping: ", numbers.size(), " numbers of memory, expected 2");
        best = numbers[0];
        stale = std::int64_t(numbers[1]);
    }

private:
    verdict judged() const {
        if (stale < patience)
            return {};
        return {true, status::stopped,
                text(stale, stale == 1 ? std::string_view(" epoch") : std::string_view(" epochs"),
                     " without improvement")};
    }
};

}  // namespace descent
