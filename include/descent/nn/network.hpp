// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/params.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/data/loading.hpp>
#include <descent/data/mixed_batch.hpp>
#include <descent/data/multi_target.hpp>
#include <descent/exec/serial.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/loss_rows.hpp>
#include <descent/nn/detail/mixed_loss_rows.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// What a network reads: numbers of type T in this shape for one sample. Tables give them as `extents.size()`
/// features in row-major order.
///
///     nn::input<float>{1, 28, 28}
template <class T>
struct input {
    shape extents;

    input(std::initializer_list<index> axes) : extents(axes) {}
    explicit input(shape const& given) : extents(given) {}
};

/// Settings of a network.
struct network_options {
    std::uint64_t seed = 0;  ///< of the first weights and of dropout
};

/// Bytes of a network's workspace; see network::workspace.
struct workspace_bytes {
    index kept = 0;     ///< from forward to backward
    index passing = 0;  ///< within one layer's work, then the next one's
    index fixed = 0;    ///< the same, whatever the batch
};

/// A network's batches on a device: see <descent/nn/device_network.hpp>.
template <class Network, class Executor>
class device_network;

/// Layers under a loss: a model that fit trains, its tensors in one arena. Scores are the outputs of the last
/// layer; the losses are those of linear models, one score or k scores a sample.
///
///     nn::network net{nn::input<float>{784}, nn::sequential{nn::dense{128}, nn::relu{}, nn::dense{10}},
///                     loss::softmax_cross_entropy{}};
///     fit(net, train, chain(adam{}, rate{1e-3}), {.epochs = 5, .batch = 64}, exec::openmp{});
///
/// Shapes are checked here: throws descent::error that names the layer and the shapes. One network serves one
/// thread at a time. The first batch of a size makes the workspace; steps of no larger batches allocate
/// nothing.
template <class T, class Layers, class Loss = loss::softmax_cross_entropy>
class network {
public:
    using scalar = T;

    network(input<T> const& from, Layers const& layers, Loss const& loss = {},
            network_options const& options = {})
        : network(from, layers, loss, options, builder<T>{}) {}

    descent::params<T>& params() { return params_; }
    descent::params<T> const& params() const { return params_; }
    /// What training changes without a gradient: running means and variances of batch_norm.
    descent::params<T>& state() { return state_; }
    descent::params<T> const& state() const { return state_; }
    /// Training steps so far, which number the random draws of dropout.
    std::uint64_t& steps() { return steps_; }

    /// The layers as they were described.
    Layers const& layers() const { return description_; }
    shape const& input_shape() const { return input_; }
    shape output_shape() const { return layers_.output(); }
    index features() const { return input_.size(); }
    index outputs() const { return layers_.output().size(); }
    Loss const& sample_loss() const { return loss_; }
    /// What batches of up to so many samples need beside the tensors.
    workspace_bytes workspace(index samples) const {
        index const room = rounded(samples) * index(sizeof(T));
        return {kept_room_ * room, passing_room_ * room, fixed_room_ * index(sizeof(T))};
    }

    /// The same network where a device runs it; it refers to this one.
    template <class Executor>
    requires(!Executor::host) auto on_device(Executor const& executor) {
        return device_network<network, Executor>(*this, executor);
    }

    /// The layer that throws for a training batch of one sample, where there is one.
    std::string const& needs_two() const { return needs_two_; }

    /// Mean loss of the samples in training, and its gradient, which overwrites g. Shapes are not checked here:
    /// see check.
    template <exec::host Executor = exec::serial>
    double gradient(data::batch<T> const& samples, descent::params<T>& g, Executor const& executor = {}) {
        return gradient(data::mixed_batch<T>{samples, nullptr, 1}, g, executor);
    }
    /// The same of samples with two targets each.
    template <exec::host Executor = exec::serial>
    double gradient(data::mixed_batch<T> const& mixed, descent::params<T>& g, Executor const& executor = {}) {
        if (!mixed.others)
            return gradient_of(mixed.rows, g, executor);
        return learn(mixed.rows, g, executor, [&](auto const& p, double scale) {
            return detail::mixed_loss_rows(loss_, mixed, outputs(), scores_at(p), scale, slopes_at(p),
                                           p.at(second_));
        });
    }
    /// The same of samples with several targets each; the mean is over the known ones.
    template <exec::host Executor = exec::serial>
    double gradient(data::multi_target_batch<T> const& samples, descent::params<T>& g,
                    Executor const& executor = {}) {
        return gradient_of(samples, g, executor);
    }

    /// The same under a loss of the caller's: f(scores, slopes, scale) sees the last layer's outputs, sample
    /// after sample, writes their slopes times the scale (1 / the samples' weight) and returns the weighted sum
    /// of the losses.
    template <exec::host Executor, class F>
    double gradient(data::batch<T> const& samples, descent::params<T>& g, Executor const& executor,
                    F const& f) {
        return learn(samples, g, executor, [&](auto const& p, double scale) {
            return f(static_cast<T const*>(scores_at(p)), slopes_at(p), scale);
        });
    }

    /// Mean loss of the samples (a data::batch or a data::multi_target_batch) in evaluation.
    template <class Batch, exec::host Executor = exec::serial>
    double loss(Batch const& samples, Executor const& executor = {}) const {
        double const total = detail::known_weight(samples);
        double sum = 0;
        for (index first = 0; first < samples.count; first += at_once) {
            index const count = std::min(at_once, samples.count - first);
            auto p = evaluate(samples, first, count, executor);
            sum += loss_of(samples, first, count, 1, p);
        }
        return total > 0 ? sum / total : 0;
    }

    /// Runs the samples as in training, but learns nothing from them: their statistics are taken into the state
    /// of the layers with this share. See refresh_statistics.
    template <class Batch, exec::host Executor = exec::serial>
    void observe(Batch const& samples, double share, Executor const& executor = {}) {
        if (samples.count == 0)
            return;
        auto p = begin(samples.count, true, executor);
        p.seed = mix(seed_, steps_);
        p.share = share;
        T* const x = p.at(gathered_);
        gather(samples, 0, samples.count, x, executor);
        layers_.forward(p, x, scores_at(p));
    }

    /// Outputs of the last layer in evaluation: samples x outputs. Throws descent::error if x has another
    /// number of columns.
    template <exec::host Executor = exec::serial>
    matrix<T> scores(matrix<T> const& x, Executor const& executor = {}) const {
        matrix<T> z;
        scores(x, z, executor);
        return z;
    }
    /// The same into z, which is resized: allocates nothing from the second call of a size on.
    template <exec::host Executor = exec::serial>
    void scores(matrix<T> const& x, matrix<T>& z, Executor const& executor = {}) const {
        expect_features(x.cols());
        z.resize(x.rows(), outputs());
        put_scores(x.data(), x.rows(), z.data(), executor);
    }
    /// The same of samples one behind the other, from and into the caller's memory: once a call of as many rows
    /// has made the workspace, this allocates nothing. Throws descent::error for sizes that do not fit.
    ///
    ///     std::array<float, 10> z;
    ///     net.scores(one_image, z);
    template <exec::host Executor = exec::serial>
    void scores(std::span<T const> x, std::span<T> z, Executor const& executor = {}) const {
        put_scores(x.data(), rows_of(x, z.size(), outputs()), z.data(), executor);
    }

    /// What the scores say: the class with the highest one (losses of k scores), 1 where the score is above 0
    /// (losses of two classes), or the scores themselves. One number a row; what NaN among the features gives
    /// is not told. Throws descent::error as scores, and where the outputs are not those of one target.
    template <exec::host Executor = exec::serial>
    vector<T> predict(matrix<T> const& x, Executor const& executor = {}) const {
        expect_features(x.cols());
        vector<T> y(x.rows());
        put_predictions(x.data(), x.rows(), y.data(), executor);
        return y;
    }
    /// The same of samples one behind the other, one number each into y: allocates as little as scores.
    template <exec::host Executor = exec::serial>
    void predict(std::span<T const> x, std::span<T> y, Executor const& executor = {}) const {
        put_predictions(x.data(), rows_of(x, y.size(), 1), y.data(), executor);
    }

    /// The same for each of `targets` stretches of the outputs, such as the steps of a sequence: samples x
    /// targets. Throws descent::error as scores, and where the outputs are not so many equal stretches.
    template <exec::host Executor = exec::serial>
    matrix<T> predict_each(matrix<T> const& x, index targets, Executor const& executor = {}) const {
        expect_stretches(targets);
        matrix<T> const z = scores(x, executor);
        index const width = outputs() / targets;
        matrix<T> y(z.rows(), targets);
        for (index i = 0; i < y.size(); ++i) {
            T const* const from = z.data() + i * width;
            y.data()[i] = answer(from, width);
        }
        return y;
    }

    /// P(class) of each row under the softmax cross entropy: samples x classes.
    template <exec::host Executor = exec::serial>
    matrix<T> predict_probability(matrix<T> const& x, Executor const& executor = {}) const requires
        requires(T* z, index k) {
        Loss::template probabilities<T>(z, k);
    }
    {
        matrix<T> p = scores(x, executor);
        for (index r = 0; r < p.rows(); ++r)
            Loss::template probabilities<T>(p.row(r).data(), p.cols());
        return p;
    }
    /// The same of samples one behind the other, into p: allocates as little as scores.
    template <exec::host Executor = exec::serial>
    void predict_probability(std::span<T const> x, std::span<T> p, Executor const& executor = {}) const requires
        requires(T* z, index k) {
        Loss::template probabilities<T>(z, k);
    }
    {
        scores(x, p, executor);
        for (std::size_t at = 0; at < p.size(); at += std::size_t(outputs()))
            Loss::template probabilities<T>(p.data() + at, outputs());
    }

    /// Throws descent::error unless the data fits: finite numbers, as many features, valid targets, and ids
    /// below the vocabulary where the first layer is an embedding.
    template <class Table>
    void check(Table const& table) const {
        static_assert(std::is_same_v<typename Table::scalar, T>, "network and table hold other numbers");
        expect(table.samples() == 0 || table.features() == features(), "network: the data has ",
               table.features(), " features, the network reads ", input_.text(), " = ", features());
        data::check(data::source_of(table), "network");
        index targets = 1;
        if constexpr (requires { table.targets(); })
            targets = table.targets();
        expect_stretches(targets);
        auto const& rows = data::source_of(table);
        if constexpr (loss::of_scores<Loss>) {
            index const classes = outputs() / targets;
            expect(index(rows.class_names.size()) <= classes, "network: the data has ", rows.class_names.size(),
                   " classes, the network ", classes, " outputs a target");
            data::check_labels(rows, classes, "network");
        } else if constexpr (loss::of_two_classes<Loss> && !requires { table.targets(); }) {
            // Several targets may be shares, such as the pixels that an autoencoder gives.
            expect(rows.class_names.size() <= 2, "network: the data has ", rows.class_names.size(),
                   " classes, the loss is of two");
            data::check_labels(rows, 2, "network");
        }
        if constexpr (detail::checks_input<bound_layer<Layers, T>>) {
            auto const all = data::all_of(rows);
            // Rows that are made to another width are known when they are made.
            for (index i = 0; all.features == features() && i < all.count; ++i)
                layers_.check_input(all.row(i), i);
        }
    }

private:
    template <class Network, class Executor>
    friend class device_network;

    /// Rows that evaluation runs at a time: enough to be fast, few enough to stay in cache.
    static constexpr index at_once = 64;

    network(input<T> const& from, Layers const& layers, Loss const& loss, network_options const& options,
            builder<T>&& b)
        : input_(from.extents),
          seed_(options.seed),
          loss_(loss),
          description_(layers),
          gathered_(b.keep(from.extents.size())),
          layers_(b.inside("", layers, from.extents)) {
        static_assert(loss::of_scores<Loss> || loss::of_score<Loss>, "a network needs a loss of descent::loss");
        expect(features() > 0, "network: input is ", input_.text(), ": must have a feature");
        if constexpr (requires { loss.check(); })
            loss.check();
        scores_ = b.keep(outputs());
        slopes_ = b.pass_above(outputs());
        second_ = b.fix(outputs() * lanes_of<native_pack<T>>);
        kept_room_ = b.kept_room(), passing_room_ = b.passing_room(), fixed_room_ = b.fixed_room();
        needs_two_ = b.needs_two();
        params_ = descent::params<T>(b.trained());
        state_ = descent::params<T>(b.state());
        b.start(params_, state_, seed_);
    }

    /// Throws descent::error unless the outputs are as many equal stretches as a sample has targets, of one
    /// score each where the loss takes one.
    void expect_stretches(index targets) const {
        expect(targets > 1 || output_shape().rank() <= 1, "network: the last layer gives ",
               output_shape().text(), " for 1 target a sample: nn::flatten or a pooling layer makes it [n]");
        expect(targets > 0 && outputs() % targets == 0 && (loss::of_scores<Loss> || outputs() == targets),
               "network: the last layer gives ", output_shape().text(), " for ", targets,
               targets == 1 ? " target" : " targets",
               loss::of_scores<Loss> ? " a sample: must be a multiple" : " a sample: must be as many numbers");
    }

    /// The sum of the losses of the samples that were run last, and their slopes times the scale.
    template <class Batch, class Executor>
    double loss_of(Batch const& samples, index first, index count, double scale,
                   pass<T, Executor> const& p) const {
        index const targets = detail::targets_of(samples);
        return detail::loss_rows(loss_, detail::known_targets<Batch>{samples}, first * targets, count * targets,
                                 outputs() / targets, scores_at(p), T(scale), slopes_at(p));
    }

    template <class Batch, class Executor>
    double gradient_of(Batch const& samples, descent::params<T>& g, Executor const& executor) {
        return learn(samples, g, executor,
                     [&](auto const& p, double scale) { return loss_of(samples, 0, samples.count, scale, p); });
    }

    /// Forward, the losses by sum_of(pass, scale), backward.
    template <class Batch, class Executor, class Sum>
    double learn(Batch const& samples, descent::params<T>& g, Executor const& executor, Sum const& sum_of) {
        if (samples.count == 0) {
            g.set_zero();
            return 0;
        }
        auto p = begin(samples.count, true, executor);
        p.slopes = g.data();
        p.seed = mix(seed_, ++steps_);
        T* const x = p.at(gathered_);
        detail::enter(p, 0);
        gather(samples, 0, samples.count, x, executor);
        detail::leave(p);
        detail::enter(p, 1);
        layers_.forward(p, x, scores_at(p));
        detail::leave(p);
        detail::enter(p, 2);
        double const total = detail::known_weight(samples), scale = total > 0 ? 1 / total : 0;
        double const sum = sum_of(p, scale);
        detail::leave(p);
        detail::enter(p, 1);
        layers_.backward(p, x, scores_at(p), slopes_at(p), nullptr);
        detail::leave(p);
        return sum * scale;
    }

    /// Buffers of a batch begin and end at whole registers.
    static index rounded(index samples) { return (samples + 15) / 16 * 16; }

    void expect_features(index given) const {
        expect(given == features(), "network: x has ", given, " features, the network ", features());
    }

    /// How many samples x holds, for each of which there are so many numbers in the result.
    index rows_of(std::span<T const> x, std::size_t results, index each) const {
        index const rows = index(x.size()) / features();
        expect(rows * features() == index(x.size()), "network: x has ", x.size(),
               " numbers, the network reads ", features(), " a sample");
        expect(rows * each == index(results), "network: room for ", results, " numbers, ", rows,
               rows == 1 ? " sample gives " : " samples give ", rows * each);
        return rows;
    }

    template <class Executor>
    void put_scores(T const* x, index rows, T* z, Executor const& executor) const {
        each_part(x, rows, executor, [&](index first, index count, T const* scores) {
            std::copy_n(scores, count * outputs(), z + first * outputs());
        });
    }
    template <class Executor>
    void put_predictions(T const* x, index rows, T* y, Executor const& executor) const {
        expect_stretches(1);
        index const width = outputs();
        each_part(x, rows, executor, [&](index first, index count, T const* scores) {
            for (index i = 0; i < count; ++i, scores += width)
                y[first + i] = answer(scores, width);
        });
    }
    static T answer(T const* scores, index width) {
        if constexpr (loss::of_scores<Loss>)
            return T(std::max_element(scores, scores + width) - scores);
        else if constexpr (loss::of_two_classes<Loss>)
            return T(*scores > 0);
        else
            return *scores;
    }
    /// use(first, count, scores) for a few rows at a time.
    template <class Executor, class Use>
    void each_part(T const* x, index rows, Executor const& executor, Use const& use) const {
        data::batch<T> const all{x, nullptr, features(), rows};
        for (index first = 0; first < rows; first += at_once) {
            index const count = std::min(at_once, rows - first);
            auto const p = evaluate(all, first, count, executor);
            use(first, count, scores_at(p));
        }
    }

    /// A workspace for n samples.
    template <class Executor>
    pass<T, Executor> begin(index n, bool training, Executor const& executor) const {
        if (n > room_) {
            room_ = rounded(n);
            kept_ = aligned_buffer<T>(std::size_t(kept_room_ * room_));
            passing_ = aligned_buffer<T>(std::size_t(passing_room_ * room_));
            fixed_ = aligned_buffer<T>(std::size_t(fixed_room_));
            lengths_.assign(std::size_t(room_), 0);
        }
        pass<T, Executor> p{executor};
        p.samples = n;
        p.training = training;
        p.weights = params_.data();
        p.state = const_cast<T*>(state_.data());  // written in training alone
        p.lengths = lengths_.data();
        p.kept = kept_.data(), p.passing = passing_.data(), p.fixed = fixed_.data();
        p.room = room_;
        return p;
    }

    template <class Batch, class Executor>
    pass<T, Executor> evaluate(Batch const& samples, index first, index count, Executor const& executor) const {
        auto p = begin(count, false, executor);
        p.first = first;
        T* const x = p.at(gathered_);
        gather(samples, first, count, x, executor);
        layers_.forward(p, x, scores_at(p));
        return p;
    }

    template <class Batch, class Executor>
    void gather(Batch const& samples, index first, index count, T* x, Executor const& executor) const {
        index const each = std::max<index>(1, detail::piece / features()), width = features();
        executor.for_each((count + each - 1) / each, [=](index task) {
            for (index i = task * each; i < std::min(count, (task + 1) * each); ++i)
                std::copy_n(samples.row(first + i), width, x + i * width);
        });
    }

    template <class Executor>
    T* scores_at(pass<T, Executor> const& p) const {
        return p.at(scores_);
    }
    template <class Executor>
    T* slopes_at(pass<T, Executor> const& p) const {
        return p.at(slopes_);
    }

    /// Another seed for each step (a bijection in the step: Steele, Lea, Flood, 2014).
    static std::uint64_t mix(std::uint64_t seed, std::uint64_t step) {
        std::uint64_t z = seed + 0x9e3779b97f4a7c15u * step;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    shape input_;
    std::uint64_t seed_, steps_ = 0;
    Loss loss_;
    Layers description_;
    region gathered_;
    bound_layer<Layers, T> layers_;
    region scores_, slopes_, second_;
    index kept_room_ = 0, passing_room_ = 0, fixed_room_ = 0;
    std::string needs_two_;
    descent::params<T> params_, state_;
    // The workspace, which evaluation needs too.
    mutable aligned_buffer<T> kept_, passing_, fixed_;
    mutable std::vector<index> lengths_;
    mutable index room_ = 0;
};

template <class T, class Layers>
network(input<T>, Layers) -> network<T, Layers>;
template <class T, class Layers, class Loss>
network(input<T>, Layers, Loss) -> network<T, Layers, Loss>;
template <class T, class Layers, class Loss>
network(input<T>, Layers, Loss, network_options) -> network<T, Layers, Loss>;

}  // namespace descent::nn
