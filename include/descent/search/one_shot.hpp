// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/mixed_batch.hpp>
#include <descent/exec/serial.hpp>
#include <descent/search/space.hpp>

namespace descent::search {

/// Settings of one_shot.
struct one_shot_options {
    std::uint64_t seed = 0;
    /// Each candidate of a place once in as many steps, in random order (Chu, Zhang & Xu: "FairNAS", 2021);
    /// false: each step draws for itself (Guo et al., 2020).
    bool fair = true;
};

/// A supernet in training: a network with nn::candidates, through which each step runs along another path (Guo
/// et al.: "Single path one-shot neural architecture search with uniform sampling", 2020). fit trains it in the
/// network's place, and then a study asks which path is best, without training any:
///
///     search::one_shot all{net};
///     fit(all, train, search::touched{chain(adam{}, rate{1e-3})}, {.epochs = 30});
///     search::study study{all.space(), search::regularized_evolution{}};
///     auto best = study.maximize({.trials = 200}, [&](search::trial& t) {
///         all.choose(all.path_of(t));
///         refresh_statistics(net, part_of_train);       // where there is batch_norm
///         return accuracy(net, held);
///     });
///
/// The path of a step depends on the seed and the network's count of steps alone. The network must outlive it.
template <class Network>
class one_shot {
public:
    using scalar = typename Network::scalar;

    /// A path: the chosen candidate of each place.
    using path = std::vector<index>;

    /// Throws descent::error for a network without nn::candidates.
    explicit one_shot(Network& net, one_shot_options const& options = {}) : net_(net), options_(options) {
        for (auto const& entry : net.state().entries())
            if (entry.name == "chosen" || entry.name.ends_with(".chosen"))
                places_.push_back({entry.name.substr(0, entry.name.size() - (entry.name == "chosen" ? 6 : 7)),
                                   entry.size(), entry.offset});
        expect(!places_.empty(), "one_shot: the network has no nn::candidates");
    }

    /// The number of places where candidates stand, and of each its name ("2" for layer 2 of a sequential) and
    /// the number of its candidates.
    index places() const { return index(places_.size()); }
    std::string const& name(index number) const { return places_[std::size_t(number)].name; }
    index candidates(index number) const { return places_[std::size_t(number)].candidates; }

    /// A category for each place, "path0", "path1", ..., of as many labels as there are candidates: what a
    /// study of paths searches.
    search::space space() const {
        search::space all;
        for (index k = 0; k < places(); ++k) {
            domain what{.kind = domain::type::categorical};
            for (index i = 0; i < candidates(k); ++i)
                what.labels.push_back(std::to_string(i));
            all.add(text("path", k), std::move(what));
        }
        return all;
    }
    /// The path of a trial, a record or a setting of that space.
    template <class Values>
    path path_of(Values&& values) const {
        path made;
        for (index k = 0; k < places(); ++k)
            made.push_back(index(values[text("path", k)]));
        return made;
    }

    /// The network runs along this path from now on, until a training step. Throws descent::error for another
    /// number of places and for a candidate that there is not.
    void choose(path const& way) {
        expect(way.size() == places_.size(), "one_shot: a path of ", way.size(), " places, the network has ",
               places_.size());
        for (index k = 0; k < places(); ++k)
            expect(way[std::size_t(k)] >= 0 && way[std::size_t(k)] < candidates(k), "one_shot: path[", k,
                   "] = ", way[std::size_t(k)], ": must be in [0, ", candidates(k), ")");
        for (std::size_t k = 0; k < places_.size(); ++k) {
            scalar* const flags = net_.state().data() + places_[k].offset;
            std::fill_n(flags, places_[k].candidates, scalar(0));
            flags[way[k]] = scalar(1);
        }
    }
    /// The path that the network runs along.
    path chosen() const {
        path way;
        for (place const& each : places_) {
            scalar const* const flags = net_.state().data() + each.offset;
            way.push_back(std::max_element(flags, flags + each.candidates) - flags);
        }
        return way;
    }

    /// The path of training step `number`, counted from 0.
    path drawn(std::uint64_t number) const {
        path way;
        for (std::size_t k = 0; k < places_.size(); ++k) {
            auto const n = std::uint64_t(places_[k].candidates);
            generator const draws{options_.seed, std::uint32_t(0x0e5607u + k)};
            if (!options_.fair) {
                way.push_back(index(draws.integer(number, n)));
                continue;
            }
            // The rank of this step's number among its round's tells the place in the round's order.
            std::uint64_t const first = number / n * n, own = draws.bits<std::uint64_t>(number);
            index rank = 0;
            for (std::uint64_t other = first; other < first + n; ++other) {
                std::uint64_t const its = draws.bits<std::uint64_t>(other);
                rank += its < own || (its == own && other < number);
            }
            way.push_back(rank);
        }
        return way;
    }

    // What fit asks of a model: the network's own, along the path of the step.
    descent::params<scalar>& params() { return net_.params(); }
    descent::params<scalar>& state() { return net_.state(); }
    std::uint64_t& steps() { return net_.steps(); }
    std::string const& needs_two() const { return net_.needs_two(); }
    index features() const { return net_.features(); }
    index outputs() const { return net_.outputs(); }
    template <class Table>
    void check(Table const& table) const {
        net_.check(table);
    }

    /// Mean loss of the samples (of any kind that the network takes) in training, and its gradient, along the
    /// path of this step; of the candidates that are not on it the gradient is 0.
    template <class Batch, class Executor = exec::serial>
    double gradient(Batch const& samples, descent::params<scalar>& g, Executor const& executor = {}) {
        choose(drawn(net_.steps()));
        return net_.gradient(samples, g, executor);
    }
    /// Mean loss of the samples in evaluation, along the path that was run last.
    template <class Batch, class Executor = exec::serial>
    double loss(Batch const& samples, Executor const& executor = {}) const {
        return net_.loss(samples, executor);
    }

private:
    struct place {
        std::string name;
        index candidates, offset;
    };

    Network& net_;
    one_shot_options options_;
    std::vector<place> places_;
};

/// The tensors that both have, by name and extents, from one to the other: a supernet's weights for the network
/// that is left with one path (nn::candidates::only), or its statistics. Returns how many. Throws
/// descent::error where `to` has a tensor that `from` lacks.
template <class T>
index inherit(params<T> const& from, params<T>& to) {
    for (auto const& entry : to.entries()) {
        auto const* const source = from.find(entry.name);
        expect(source, "inherit: there is no tensor '", entry.name, "', only ", from.names());
        expect(source->extents == entry.extents, "inherit: tensor '", entry.name, "' is ",
               source->extents.text(), ", expected ", entry.extents.text());
        std::copy_n(from.data() + source->offset, entry.size(), to.data() + entry.offset);
    }
    return index(to.entries().size());
}

}  // namespace descent::search
