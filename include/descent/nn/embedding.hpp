// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <descent/core/pack.hpp>
#include <descent/exec/row.hpp>
#include <descent/nn/detail/sequence.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// From ids [steps] to vectors [steps, width]: row `id` of the table. Ids are whole numbers below `vocabulary`,
/// as numbers of the network's type; negative ones stand last and mean that the sequence has ended. Later
/// layers then see each sample's own length; rows behind it are zero. A sample that begins with a negative id
/// is an empty sequence: length 0, all rows zero. Tensor: "weight" [vocabulary, width], as torch.nn.Embedding.
///
/// bind throws descent::error for extents < 1, for an input that is not [steps], and for a vocabulary whose ids
/// T cannot count; forward and check_input throw one that names sample, step and id for an id that is no whole
/// number below the vocabulary or stands behind the end, before anything is written.
struct embedding {
    index vocabulary = 0;
    index width = 0;
    initializer weight = normal(1);
    static constexpr std::string_view name = "embedding";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;
        static constexpr bool checks_input = true;

        bound(embedding const& d, shape const& input, builder<T>& b)
            : where_(b.where(name)),
              steps_(input[0]),
              vocabulary_(d.vocabulary),
              width_(d.width),
              weight_(b.add("weight", {vocabulary_, width_}, d.weight)) {}
        shape output() const { return {steps_, width_}; }

        /// Throws as above for one sample's ids; `sample` is its number in the message. Gives its length.
        index check_input(T const* ids, index sample) const {
            index length = 0;
            for (index t = 0; t < steps_; ++t) {
                T const id = ids[t];
                if (id < T(0))
                    continue;
                expect(id < T(vocabulary_) && T(index(id)) == id, where_, ": sample ", sample, ", step ", t,
                       ": id ", id, ": must be a whole number below ", vocabulary_,
                       ", or negative for no more steps");
                expect(length == t, where_, ": sample ", sample, ", step ", t, ": id ", id,
                       " behind the end of the sequence at step ", length);
                ++length;
            }
            return length;
        }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                forward_here(p, x, y);
            else
                device_embedding(detail::there{}, p, steps_, vocabulary_, width_, x, p.weight(weight_), y);
            p.padded = true;
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            if constexpr (Pass::host)
                backward_here(p, x, dy, dx);
            else
                device_embedding_backward(detail::there{}, p, steps_, vocabulary_, width_, x, dy,
                                          p.slope(weight_), dx);
        }

    private:
        template <class Pass>
        void forward_here(Pass& p, T const* x, T* y) const {
            for (index s = 0; s < p.samples; ++s)
                p.lengths[s] = check_input(x + s * steps_, p.first + s);
            T const* const table = p.weight(weight_);
            detail::for_rows(p.executor, p.samples * steps_, width_, [=, w = width_](index first, index last) {
                for (index r = first; r < last; ++r)
                    if (x[r] < T(0))
                        std::fill_n(y + r * w, w, T(0));
                    else
                        std::copy_n(table + index(x[r]) * w, w, y + r * w);
            });
        }

        template <class Pass>
        void backward_here(Pass& p, T const* x, T const* dy, T* dx) const {
            // Each task owns a stretch of the table and reads all ids: no row is written by two.
            index const most = 16, least = std::max<index>(1, detail::piece / width_);
            index const each = std::max((vocabulary_ + most - 1) / most, least), ids = p.samples * steps_;
            T* const slope = p.slope(weight_);
            p.executor.for_each((vocabulary_ + each - 1) / each,
                                [=, w = width_, all = vocabulary_](index task) {
                                    index const first = task * each, last = std::min(all, first + each);
                                    std::fill(slope + first * w, slope + last * w, T(0));
                                    T const low = T(first), high = T(last);
                                    for (index r = 0; r < ids; ++r)
                                        if (x[r] >= low && x[r] < high)
                                            exec::add_scaled(T(1), dy + r * w, w, slope + index(x[r]) * w);
                                });
            if (dx)
                std::fill_n(dx, ids, T(0));
        }

        std::string where_;
        index steps_, vocabulary_, width_;
        parameter weight_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        index const most = sizeof(T) == 4 ? index(1) << 24 : index(1) << 53;
        expect(vocabulary >= 1 && vocabulary <= most, b.where(name), ": vocabulary = ", vocabulary,
               ": must be in [1, ", most, "]");
        expect(width >= 1, b.where(name), ": width = ", width, ": must be >= 1");
        expect(input.rank() == 1 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must be [steps], one id a step");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
