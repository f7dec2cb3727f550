// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/sequential.hpp>

namespace descent::nn {

/// Branches that all see the input; their outputs one behind the other along the first axis (channels of
/// images, features of vectors). Tensors: "0.weight", "1.weight". bind throws descent::error where the outputs
/// differ in another axis.
///
///     nn::parallel{nn::conv2d{.channels = 8, .kernel = 1},
///                  nn::conv2d{.channels = 8, .kernel = 3, .padding = 1}}
template <class... L>
struct parallel {
    static_assert(sizeof...(L) > 0, "nn::parallel needs a layer");
    std::tuple<L...> branches;
    static constexpr std::string_view name = "parallel";

    constexpr parallel(L... each) : branches(std::move(each)...) {}

    template <class T>
    class bound {
        static constexpr std::size_t count = sizeof...(L);
        using children = std::tuple<bound_layer<L, T>...>;

    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;
        static constexpr bool checks_input = (detail::checks_input<bound_layer<L, T>> || ...);

        bound(parallel const& d, shape const& input, builder<T>& b)
            : input_(input), layers_(bind(d, b, std::index_sequence_for<L...>{})) {
            detail::each_index<count>([&](auto i) { join(std::get<i>(layers_).output(), i, b); });
            index widest = input.size();
            detail::each_index<count>([&](auto i) {
                index const size = std::get<i>(layers_).output().size();
                outputs_[i] = b.keep(size);
                widest = std::max(widest, size);
            });
            slopes_ = b.pass_above(widest);
            more_ = b.pass_above(input.size());
        }

        shape output() const { return output_; }
        void check_input(T const* x, index sample) const {
            detail::each_index<count>([&](auto i) { detail::check_input(std::get<i>(layers_), x, sample); });
        }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            index before = 0;
            detail::each_index<count>([&](auto i) {
                auto const& branch = std::get<i>(layers_);
                index const size = branch.output().size();
                T const* from = x;
                if constexpr (!passes_through<i>) {
                    detail::enter(p, i);
                    branch.forward(p, x, p.at(outputs_[i]));
                    detail::show(p, x, static_cast<T const*>(p.at(outputs_[i])));
                    detail::leave(p);
                    from = p.at(outputs_[i]);
                }
                index const whole = output_.size();
                copy_parts(p, from, size, y + before, whole, size);
                before += size;
            });
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            index before = 0;
            detail::each_index<count>([&](auto i) {
                auto const& branch = std::get<i>(layers_);
                index const size = branch.output().size(), whole = output_.size();
                T* const slopes = p.at(slopes_);
                copy_parts(p, static_cast<T const*>(dy + before), whole, slopes, size, size);
                T* const to = !dx ? nullptr : i == 0 ? dx : p.at(more_);
                T const* result = to;
                if constexpr (passes_through<i>) {
                    result = slopes;
                } else {
                    detail::enter(p, i);
                    branch.backward(p, x, p.at(outputs_[i]), slopes, to);
                    detail::leave(p);
                }
                if (dx && i > 0)
                    detail::add_to(p.executor, p.samples * input_.size(), result, dx);
                else if (dx && result != dx)
                    detail::map(p.executor, p.samples * input_.size(), result, dx, detail::same{});
                before += size;
            });
        }

    private:
        /// `size` numbers of each sample, which begin so many apart.
        template <class Pass>
        static void copy_parts(Pass const& p, T const* from, index from_step, T* to, index to_step,
                               index size) {
            if constexpr (Pass::host)
                p.executor.for_each(
                    p.samples, [=](index s) { std::copy_n(from + s * from_step, size, to + s * to_step); });
            else
                device_copy_parts(detail::there{}, p.executor, p.samples, from, from_step, to, to_step, size);
        }

        template <std::size_t I>
        static constexpr bool passes_through = std::tuple_element_t<I, children>::alias == aliasing::view;

        template <std::size_t... I>
        children bind(parallel const& d, builder<T>& b, std::index_sequence<I...>) {
            auto const one = [&](auto const& branch, std::size_t number) {
                return b.inside(child_name(branch, number), branch, input_);
            };
            return children{one(std::get<I>(d.branches), I)...};
        }

        void join(shape const& next, std::size_t number, builder<T> const& b) {
            if (number == 0) {
                output_ = next;
                return;
            }
            bool same = next.rank() == output_.rank() && next.rank() > 0;
            for (int axis = 1; same && axis < next.rank(); ++axis)
                same = next[axis] == output_[axis];
            expect(same, b.where(name), ": branch 0 gives ", std::get<0>(layers_).output().text(), ", branch ",
                   number, " ", next.text(), ": must differ in the first extent alone");
            output_ = output_.with_first(output_[0] + next[0]);
        }

        shape input_, output_;
        children layers_;
        std::array<region, count> outputs_{};
        region slopes_, more_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {*this, input, b};
    }
};

}  // namespace descent::nn
