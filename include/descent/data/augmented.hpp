// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include <descent/data/image_transform.hpp>
#include <descent/data/loading.hpp>

namespace descent::data {

/// A dataset of images, [channels, height, width] a row, whose samples are transformed anew in each epoch: what
/// a sample becomes depends on the seed of the run, its row and the epoch alone. Train on it; validate on the
/// dataset.
///
///     data::augmented const more{train, {3, 32, 32}, data::image::random_crop{32, 32, 4},
///                                data::image::horizontal_flip{}};
///     fit(net, more, recipe, options, exec::openmp{});
///
/// The dataset must live as long (a temporary is refused). Throws descent::error where the rows are no such images or a transform does
/// not fit.
template <class T, class... Transform>
class augmented {
public:
    using scalar = T;

    augmented(dataset<T> const& table, shape const& image, Transform... transforms)
        : table_(&table), image_(image), transforms_(std::move(transforms)...) {
        image::detail::check_image("augmented", image);
        expect(table.features() == image.size(), "augmented: the data has ", table.features(),
               " features, an image of ", image.text(), " ", image.size());
        made_ = image;
        std::apply(
            [&](auto const&... each) {
                ((made_ = each.output(made_), widest_ = std::max(widest_, made_.size())), ...);
            },
            transforms_);
    }
    augmented(dataset<T> const&&, shape const&, Transform...) = delete;

    index samples() const { return table_->samples(); }
    index features() const { return made_.size(); }
    /// Channels, height, width behind the last transform.
    shape const& output() const { return made_; }
    dataset<T> const& source() const { return *table_; }

    template <class Executor>
    void make(batch_request const& request, made_batch<T>& to, Executor const& executor) const {
        constexpr index each = 4;  // samples a task; they share two buffers
        index const tasks = (request.count + each - 1) / each, room = 2 * params_room(widest_);
        to.resize(request.count, features(), tasks * room);
        detail::take_targets(*table_, request, to);
        executor.for_each(tasks, [&](index task) {
            T* const buffers[2] = {to.spare.data() + task * room, to.spare.data() + task * room + room / 2};
            for (index i = task * each; i < std::min(request.count, (task + 1) * each); ++i)
                run(request, request.row(i), buffers, to.x.data() + i * features());
        });
    }

private:
    static index params_room(index n) { return (n + 15) / 16 * 16; }

    void run(batch_request const& request, index row, T* const* buffers, T* to) const {
        T const* from = table_->x.data() + row * table_->features();
        shape now = image_;
        std::uint32_t number = 0;
        auto const one = [&](auto const& transform) {
            T* const there = ++number == sizeof...(Transform) ? to : buffers[number % 2];
            transform(from, now, there, image::draws{request.draws(0x61756700u + number), std::uint64_t(row)});
            now = transform.output(now);
            from = there;
        };
        std::apply([&](auto const&... each) { (one(each), ...); }, transforms_);
        if constexpr (sizeof...(Transform) == 0)
            std::copy_n(from, features(), to);
    }

    dataset<T> const* table_;
    shape image_, made_;
    index widest_ = 0;
    std::tuple<Transform...> transforms_;
};
template <class T, class... Transform>
augmented(dataset<T> const&, shape const&, Transform...) -> augmented<T, Transform...>;

/// All images of a dataset through transforms, once: another dataset with the same targets. Random transforms
/// draw as in the first epoch of a run with seed 0.
///
///     auto small = data::transformed(table, {3, 64, 64}, data::image::resize{32, 32});
template <class T, class... Transform>
dataset<T> transformed(dataset<T> const& table, shape const& image, Transform const&... transforms) {
    augmented<T, Transform...> const maker(table, image, transforms...);
    made_batch<T> made;
    dataset<T> out{{}, table.y, {}, table.class_names, table.target_name, table.weights};
    out.x.resize(table.samples(), maker.features());
    constexpr index at_once = 256;
    for (index first = 0; first < table.samples(); first += at_once) {
        maker.make({nullptr, first, std::min(at_once, table.samples() - first)}, made, exec::serial{});
        std::copy_n(made.x.data(), made.count * made.features, out.x.data() + first * made.features);
    }
    return out;
}

}  // namespace descent::data
