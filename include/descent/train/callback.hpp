// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <descent/core/status.hpp>
#include <descent/train/report.hpp>

namespace descent {

/// What a callback sees.
template <class T>
struct training {
    std::int64_t epoch = 0;    ///< whole epochs done
    std::int64_t epochs = 0;   ///< to do in all; 0: nobody knows (methods of solve/)
    std::int64_t batch = 0;    ///< batches done in this epoch
    std::int64_t batches = 0;  ///< of an epoch
    std::int64_t steps = 0;    ///< updates so far
    double loss = 0;           ///< after a step: of its batch; after an epoch: its mean
    double validation = epoch_record::none;
    double seconds = 0;                ///< since the start
    bool improved = false;             ///< after an epoch: is this the best so far?
    bool settled = true;               ///< after an epoch: are all callbacks that change what is trained done?
    descent::report<T> const& report;  ///< history and counts so far
    /// Where a device trains them, they are those of the last epoch until take(), but for callbacks with
    /// changes() or reads() of the step.
    params<T> const& weights;

    /// A copy of the whole run, to go on from later. Not cheap: all weights and slots.
    snapshot<T> take() const { return take_(run_); }

    snapshot<T> (*take_)(void*) = nullptr;
    void* run_ = nullptr;
};

// A callback is any object with some of these, found at compile time; a plain callable is taken for epoch_done.
//
//     begin(training<T> const&)      before the first step
//     step_done(training<T> const&)  after each update
//     epoch_done(training<T> const&) after each epoch and its validation
//     at_rest(training<T> const&)    after either, when all callbacks have been asked: snapshots are whole here
//     end(training<T> const&)        after the last; the report is complete. Also runs when an exception passes
//     double measure(); name         a number for the history, taken after each epoch; its name
//     std::vector<double> memory() const
//     void recall(std::vector<double> const&)        what a snapshot keeps of it
//     bool restore_best              put report.best back at the end
//     bool changes(std::int64_t step) const          does step_done change weights or masks behind that step?
//                                    Then a device's weights come home before it and go back behind it, and
//                                    masks are refused unless the recipe has keep_zeros{}
//     bool reads(std::int64_t step) const            does step_done look at the weights behind that step? Then
//                                    a device's come home before it
//     bool settled(std::int64_t step) const          false up to the last step at which it changes what is
//                                    trained (prune::gradual): weights of before are not the best, however low
//                                    their loss, and early_stopping waits
//     std::string unfinished(std::int64_t steps) const    what it has not done to the weights that are left,
//                                    of so many steps: goes behind report.reason
//
// The first three return nothing, bool (true: stop) or verdict. Callbacks passed as lvalues keep what they
// gathered.
namespace detail {

template <class Return>
verdict to_verdict(Return&& value) {
    if constexpr (std::is_same_v<std::remove_cvref_t<Return>, bool>)
        return {value, status::stopped, value ? "a callback stopped it" : ""};
    else
        return std::forward<Return>(value);
}

template <class F>
verdict verdict_of(F&& call) {
    if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return {};
    } else {
        return to_verdict(call());
    }
}

template <class T, class C>
verdict call_begin(C& callback, training<T> const& now) {
    if constexpr (requires { callback.begin(now); })
        return verdict_of([&] { return callback.begin(now); });
    return {};
}

template <class T, class C>
verdict call_step(C& callback, training<T> const& now) {
    if constexpr (requires { callback.stop_requested(); }) {  // std::stop_token
        if (callback.stop_requested())
            return {true, status::interrupted, "a stop was requested"};
    } else if constexpr (requires { callback.step_done(now); }) {
        return verdict_of([&] { return callback.step_done(now); });
    }
    return {};
}

template <class T, class C>
verdict call_epoch(C& callback, training<T> const& now) {
    if constexpr (requires { callback.epoch_done(now); })
        return verdict_of([&] { return callback.epoch_done(now); });
    else if constexpr (requires { callback(now); })
        return verdict_of([&] { return callback(now); });
    return {};
}

template <class T, class C>
void call_rest(C& callback, training<T> const& now) {
    if constexpr (requires { callback.at_rest(now); })
        callback.at_rest(now);
}

template <class T, class C>
void call_end(C& callback, training<T> const& now) {
    if constexpr (requires { callback.end(now); })
        callback.end(now);
}

/// Does the callback measure a number?
template <class C>
concept is_metric = requires(C& callback) {
    { callback.measure() } -> std::convertible_to<double>;
    { callback.name } -> std::convertible_to<std::string_view>;
};

template <class C, class T>
inline constexpr bool is_callback = is_metric<C> || requires(C& callback, training<T> const& now) {
    callback.begin(now);
}
|| requires(C& callback, training<T> const& now) { callback.step_done(now); }
|| requires(C& callback, training<T> const& now) { callback.epoch_done(now); }
|| requires(C& callback, training<T> const& now) { callback(now); }
|| requires(C& callback, training<T> const& now) { callback.at_rest(now); }
|| requires(C& callback, training<T> const& now) { callback.end(now); }
|| requires(C& callback) { callback.stop_requested(); };

}  // namespace detail

}  // namespace descent
