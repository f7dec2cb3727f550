// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/exec/device_rows.hpp>
#include <descent/nn/device/layers.hpp>
#include <descent/nn/device/loss.hpp>
#include <descent/nn/network.hpp>

namespace descent::nn {

/// A network where a device runs it: activations, slopes and the layers' state lie there, batches go up. fit
/// trains through one; by itself it answers for a network that the host keeps:
///
///     nn::device_network there{net, exec::cuda{}};
///     matrix<float> const z = there.scores(x);
///
/// A training step of a size that has come before is recorded (on CUDA as a graph), and from then on played
/// with one call. The network must outlive it. The first batch of a size makes the workspace. Results agree
/// with the host's within rounding and repeat bit for bit. One device_network serves one thread at a time.
template <class Network, class Executor>
class device_network {
public:
    using scalar = typename Network::scalar;
    using T = scalar;
    template <class U>
    using memory = typename Executor::template memory<U>;

    explicit device_network(Network& net, Executor const& executor = {})
        : net_(&net),
          engine_(executor.engine()),
          own_weights_(std::size_t(net.params().arena_size())),
          state_(std::size_t(net.state().arena_size())),
          fixed_(std::size_t(net.fixed_room_)),
          answer_(1) {
        static_assert(!Executor::host, "device_network: the executor is the host's");
    }

    descent::params<T>& params() { return net_->params(); }
    descent::params<T>& state() { return net_->state(); }
    std::uint64_t& steps() { return net_->steps(); }

    /// gradient() reads weights in the arena's layout from there on the device; the network's state goes up.
    void train_at(T const* weights) {
        weights_ = weights;
        push_state();
    }
    /// The state comes to the network.
    void pull() { engine_.download(state_.data(), state().arena_size(), state().data()); }

    /// Mean loss of a batch (of any kind that network::gradient takes) in training; its gradient overwrites g,
    /// which has room for the arena. Needs train_at().
    template <class Batch, class... Unused>
    double gradient(Batch const& samples, memory<T>& g, Unused const&...) {
        expect(weights_, "device_network: gradient before train_at");
        auto const& rows = rows_of(samples);
        if (rows.count == 0) {
            engine_.clear(g.data(), index(g.size()));
            return 0;
        }
        double const total = detail::known_weight(rows), scale = total > 0 ? 1 / total : 0;
        ++net_->steps_;
        bring(samples, 0, rows.count, scale * loss_scale_);
        auto p = begin(rows.count, true, weights_);
        p.slopes = g.data();
        again({p.samples, incoming_.count, incoming_.others != nullptr, scales_, weights_, p.slopes}, [&] {
            net_->layers_.forward(p, incoming_.x, p.at(net_->scores_));
            lose(p);
            net_->layers_.backward(p, incoming_.x, p.at(net_->scores_), p.at(net_->slopes_), nullptr);
            if (scales_)
                engine_.for_each(net_->params().arena_size(),
                                 detail::unscale_body<T>{p.slopes, incoming_.step, answer_.data()});
        });
        return answer(0, rows.count) * scale;
    }
    /// Steps so far that were played from a recording.
    std::int64_t played() const { return played_; }

    /// From now on slopes are computed of the loss times the factor, and the gradient is divided by it again;
    /// then finite() tells whether the last one is. See descent::loss_scaling.
    void scale_loss(double factor) {
        scales_ = true;
        loss_scale_ = factor;
    }
    bool finite() const { return finite_; }

    /// Mean loss of the samples in evaluation, under the weights and the state that the network has now.
    template <class Batch, class... Unused>
    double loss(Batch const& samples, Unused const&...) {
        double const total = detail::known_weight(samples);
        double sum = 0;
        each_part(samples.count, [&](index first, index count) {
            bring(samples, first, count, 1);
            auto p = run(count);
            lose(p);
            sum += answer(first, count);
        });
        return total > 0 ? sum / total : 0;
    }

    /// network::scores(), on the device.
    matrix<T> scores(matrix<T> const& x) {
        net_->expect_features(x.cols());
        matrix<T> z(x.rows(), net_->outputs());
        data::batch<T> const rows{x.data(), nullptr, x.cols(), x.rows()};
        each_part(x.rows(), [&](index first, index count) {
            bring(rows, first, count, 1);
            auto const p = run(count);
            engine_.download(p.at(net_->scores_), count * z.cols(), z.data() + first * z.cols());
        });
        return z;
    }

private:
    using engine_type = decltype(std::declval<Executor const&>().engine());
    using pass_type = pass<T, engine_type>;

    /// Steps of one kind queue the same work on the same memory.
    struct step_kind {
        index samples, targets;
        bool others, scales;
        T const* weights;
        T* slopes;
        friend bool operator==(step_kind const&, step_kind const&) = default;
    };
    struct recorded_step {
        step_kind kind;
        typename engine_type::recording work = {};
        bool ready = false;
    };

    /// Does the work of a step: as it is the first time, since that makes its memory; then it is recorded, and
    /// played from there on. What differs from step to step lies on the device.
    template <class Work>
    void again(step_kind const& kind, Work const& work) {
        if (moves_ != engine_.moves()) {
            recorded_.clear();
            moves_ = engine_.moves();
        }
        auto const found = std::find_if(recorded_.begin(), recorded_.end(),
                                        [&](recorded_step const& step) { return step.kind == kind; });
        if (found == recorded_.end() || !records_) {
            work();
            if (records_ && moves_ == engine_.moves()) {
                if (recorded_.size() == most_recorded)
                    recorded_.clear();
                recorded_.push_back({kind});
            }
            return;
        }
        if (!found->ready) {
            // Layers of yours may do what cannot be recorded.
            found->ready = records_ = engine_.record(found->work, work);
            if (!records_)
                return again(kind, work);
        }
        engine_.play(found->work);
        ++played_;
    }

    template <class Batch>
    static auto const& rows_of(Batch const& samples) {
        if constexpr (requires { samples.rows.count; })
            return samples.rows;
        else
            return samples;
    }

    void push_state() { engine_.upload(state().data(), state().arena_size(), state_.data()); }

    /// body(first, count) for parts of some samples, which are evaluated.
    template <class Body>
    void each_part(index samples, Body const& body) {
        engine_.upload(params().data(), params().arena_size(), own_weights_.data());
        push_state();
        index const each = room_ ? room_ : 256;
        for (index first = 0; first < samples; first += each)
            body(first, std::min(each, samples - first));
    }

    /// A batch on the device: one stretch of memory, sent at once.
    struct incoming {
        detail::step_numbers const* step = nullptr;
        T const *targets = nullptr, *weights = nullptr, *others = nullptr, *x = nullptr;
        index count = 0;  ///< targets
    };

    template <class Batch>
    void bring(Batch const& samples, index first, index count, double scale) {
        auto const& rows = rows_of(samples);
        index const width = net_->features(), each = detail::targets_of(rows);
        index const targets = rows.y ? count * each : 0;
        index const part = bytes(targets), size = bytes(0) + 3 * part + bytes(count * width);
        if (index(sending_.size()) < size) {
            sending_ = aligned_buffer<std::byte>(std::size_t(size));
            received_ = memory<std::byte>(std::size_t(size));
            recorded_.clear();
        }
        detail::step_numbers step{Network::mix(net_->seed_, net_->steps_), scale, 1, 1 / loss_scale_};
        incoming_ = {};
        incoming_.count = targets;
        index end = bytes(0);
        auto const place = [&](index numbers, T const*& there) {
            there = reinterpret_cast<T const*>(received_.data() + end);
            T* const here = reinterpret_cast<T*>(sending_.data() + end);
            end += bytes(numbers);
            return here;
        };
        detail::known_targets<std::remove_cvref_t<decltype(rows)>> const known{rows};
        T* const y = place(targets, incoming_.targets);
        T* const weights = place(targets, incoming_.weights);
        for (index i = 0; i < targets; ++i) {
            y[i] = known.target(first * each + i);
            weights[i] = T(known.weight(first * each + i));
        }
        if constexpr (requires { samples.others; })
            if (samples.others) {
                step.share = samples.share;
                std::copy_n(samples.others + first, targets, place(targets, incoming_.others));
            }
        sent_ = place(count * width, incoming_.x);
        for (index i = 0; i < count; ++i)
            std::copy_n(rows.row(first + i), width, sent_ + i * width);
        std::memcpy(sending_.data(), &step, sizeof step);
        incoming_.step = reinterpret_cast<detail::step_numbers const*>(received_.data());
        engine_.upload(sending_.data(), end, received_.data());
    }
    /// Room for so many numbers behind the step's own.
    static index bytes(index numbers) {
        static_assert(sizeof(detail::step_numbers) <= 64);
        return numbers == 0 ? 64 : (numbers * index(sizeof(T)) + 63) / 64 * 64;
    }

    pass_type begin(index samples, bool training, T const* weights) {
        if (samples > room_) {
            room_ = Network::rounded(samples);
            kept_ = memory<T>(std::size_t(net_->kept_room_ * room_));
            passing_ = memory<T>(std::size_t(net_->passing_room_ * room_));
            lengths_ = memory<index>(std::size_t(room_));
            recorded_.clear();
        }
        if (index(values_.size()) < incoming_.count) {
            values_ = memory<double>(std::size_t(incoming_.count));
            recorded_.clear();
        }
        pass_type p{engine_};
        p.samples = samples;
        p.training = training;
        p.weights = weights;
        p.state = state_.data();
        p.lengths = lengths_.data();
        p.seed_there = &incoming_.step->seed;
        p.kept = kept_.data(), p.passing = passing_.data(), p.fixed = fixed_.data();
        p.room = room_;
        return p;
    }

    pass_type run(index count) {
        auto p = begin(count, false, own_weights_.data());
        net_->layers_.forward(p, incoming_.x, p.at(net_->scores_));
        return p;
    }

    /// The losses of the samples that were run last, and their slopes.
    void lose(pass_type const& p) {
        index const width = p.samples * net_->outputs() / incoming_.count;
        T* const second = incoming_.others ? engine_.template scratch<T>(p.samples * net_->outputs()) : nullptr;
        engine_.for_each(incoming_.count,
                         detail::loss_body<T, std::remove_cvref_t<decltype(net_->loss_)>>{
                             net_->loss_, width, p.at(net_->scores_), incoming_.targets, incoming_.weights,
                             incoming_.others, p.at(net_->slopes_), second, incoming_.step, values_.data()});
        exec::device_rows(engine_, 1, incoming_.count,
                          detail::answer_body{values_.data(), engine_.fault(), answer_.data()});
    }

    /// Throws what the host would throw for numbers that a layer cannot read.
    double answer(index first, index count) {
        detail::step_answer here{};
        engine_.download(answer_.data(), 1, &here);
        if (here.fault != 0) {
            engine_.clear(engine_.fault(), 1);
            for (index i = 0; i < count; ++i)
                detail::check_input(net_->layers_, sent_ + i * net_->features(), first + i);
            fail("network: a layer cannot read its input");
        }
        finite_ = here.overflow == 0;
        return here.loss;
    }

    Network* net_;
    engine_type engine_;
    T const* weights_ = nullptr;
    memory<T> own_weights_, state_, kept_, passing_, fixed_;
    memory<std::byte> received_;
    memory<index> lengths_;
    memory<double> values_;
    memory<detail::step_answer> answer_;
    aligned_buffer<std::byte> sending_;
    T* sent_ = nullptr;
    incoming incoming_;
    index room_ = 0;
    static constexpr std::size_t most_recorded = 8;
    std::vector<recorded_step> recorded_;
    std::int64_t moves_ = 0, played_ = 0;
    bool records_ = true;
    double loss_scale_ = 1;
    bool scales_ = false, finite_ = true;
};

}  // namespace descent::nn
