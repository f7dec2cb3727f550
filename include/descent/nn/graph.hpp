// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/nn/choice.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// Layers of one type in an order and number that a program decides, each reading the sum of what earlier ones
/// gave: chains, shortcuts over any stretch, the cells of architecture search. The last node's output is the
/// graph's. Nodes of several kinds are an nn::choice. Tensors are named by a node's number: "3.weight".
///
///     using node = nn::choice<nn::dense, nn::tanh_layer>;
///     nn::graph<node> g;
///     g.add({nn::dense{16}});          // node 0 reads the graph's input
///     g.add({nn::tanh_layer{}});       // node 1 reads the node before it
///     g.add({nn::dense{16}}, {0, 1});  // node 2 reads node 0 + node 1
///     nn::network net{nn::input<float>{64}, nn::sequential{g, nn::dense{10}}};
///
/// Nodes that do not reach the last one are left out: they have no tensors. bind throws descent::error for a
/// graph without nodes, a node that reads itself, a later or unknown one or one twice, and for sums of unequal
/// shapes.
template <class L>
struct graph {
    using layer_type = L;
    static constexpr index entry = -1;  ///< the graph's own input, as a source
    struct node {
        L layer;
        std::vector<index> from;  ///< numbers of earlier nodes
    };
    std::vector<node> nodes = {};
    static constexpr std::string_view name = "graph";

    /// A node behind the others, and its number. Without sources it reads the node before it.
    index add(L layer) { return add(std::move(layer), std::vector<index>{index(nodes.size()) - 1}); }
    index add(L layer, std::initializer_list<index> from) {
        return add(std::move(layer), std::vector<index>(from));
    }
    index add(L layer, std::vector<index> from) {
        nodes.push_back({std::move(layer), std::move(from)});
        return index(nodes.size()) - 1;
    }

    /// Which nodes reach the last one.
    std::vector<bool> live() const {
        std::vector<bool> reach(nodes.size(), false);
        for (std::size_t k = nodes.size(); k-- > 0;) {
            reach[k] = reach[k] || k + 1 == nodes.size();
            for (index const source : nodes[k].from)
                if (reach[k] && source >= 0 && source < index(k))
                    reach[std::size_t(source)] = true;
        }
        return reach;
    }

    template <class T>
    class bound {
        using child = bound_layer<L, T>;
        static constexpr bool view = child::alias == aliasing::view;

    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = child::reads_output;
        static constexpr bool checks_input = detail::checks_input<child>;

        bound(graph const& g, shape const& input, builder<T>& b) : input_(input) {
            check(g, b);
            bind_live(g, b);
            plan_slopes(b);
        }

        shape output() const { return steps_.back().layer.output(); }
        void check_input(T const* x, index sample) const {
            for (step const& s : steps_)
                if (s.from.size() == 1 && s.from[0].source == graph::entry)
                    detail::check_input(s.layer, x, sample);
        }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            for (std::size_t k = 0; k < steps_.size(); ++k) {
                step const& s = steps_[k];
                T* const to = output_at(p, k, y);
                if (s.from.size() > 1) {
                    T* const sum = view ? to : p.at(s.sum);
                    index const size = p.samples * s.inputs;
                    detail::map(p.executor, size, source_at(p, s.from[0].source, x),
                                source_at(p, s.from[1].source, x), sum, detail::added{});
                    for (std::size_t i = 2; i < s.from.size(); ++i)
                        detail::add_to(p.executor, size, source_at(p, s.from[i].source, x), sum);
                }
                detail::enter(p, k);
                if (!view || s.from.size() == 1)
                    detail::forward_apart(s.layer, p, input_of(p, s, x), to);
                detail::leave(p);
            }
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
            for (std::size_t k = steps_.size(); k-- > 0;) {
                step const& s = steps_[k];
                T* const slopes = k + 1 == steps_.size() ? dy : p.at(slopes_[s.slot]);
                auto const slopes_of = [&](edge const& e) {
                    return e.source == graph::entry ? dx : p.at(slopes_[steps_[std::size_t(e.source)].slot]);
                };
                bool wanted = dx != nullptr;
                for (edge const& e : s.from)
                    wanted = wanted || e.source != graph::entry;
                // One source that nothing was added to yet takes the slopes as they come.
                T* const straight = s.from.size() == 1 && s.from[0].first ? slopes_of(s.from[0]) : nullptr;
                T* const to = !wanted ? nullptr : straight ? straight : view ? slopes : p.at(more_);
                detail::enter(p, k);
                detail::backward_apart(s.layer, p, input_of(p, s, x), const_output_at(p, k, y), slopes, to);
                detail::leave(p);
                if (straight || !wanted)
                    continue;
                index const size = p.samples * s.inputs;
                for (edge const& e : s.from)
                    if (T* const sum = slopes_of(e)) {
                        if (e.first)
                            detail::map(p.executor, size, static_cast<T const*>(to), sum, detail::same{});
                        else
                            detail::add_to(p.executor, size, static_cast<T const*>(to), sum);
                    }
            }
        }

    private:
        struct edge {
            index source;        // a step, or the graph's input
            bool first = false;  // does backward come to this edge before all others of the source?
        };
        struct step {
            child layer;
            index inputs;
            std::vector<edge> from;
            region output, sum;    // the last one's output is y; a sum of one is its source
            std::size_t slot = 0;  // of slopes_: slopes by its output
        };

        static void check(graph const& g, builder<T> const& b) {
            expect(!g.nodes.empty(), b.where(name), ": must have a node");
            for (std::size_t k = 0; k < g.nodes.size(); ++k) {
                auto const& from = g.nodes[k].from;
                expect(!from.empty(), b.where(name), ": node ", k, " reads nothing: must have a source");
                for (std::size_t i = 0; i < from.size(); ++i) {
                    expect(from[i] >= -1 && from[i] < index(k), b.where(name), ": node ", k, " reads node ",
                           from[i], ": must be in [-1, ", k, ")");
                    expect(std::find(from.begin(), from.begin() + std::ptrdiff_t(i), from[i]) ==
                               from.begin() + std::ptrdiff_t(i),
                           b.where(name), ": node ", k, " reads node ", from[i], " twice");
                }
            }
        }

        /// The nodes that reach the last one.
        void bind_live(graph const& g, builder<T>& b) {
            std::vector<bool> const live = g.live();
            std::vector<index> place(g.nodes.size(), 0);
            for (std::size_t k = 0; k < live.size(); ++k) {
                if (!live[k])
                    continue;
                auto const& node = g.nodes[k];
                std::vector<edge> from;
                for (index const source : node.from)
                    from.push_back({source < 0 ? graph::entry : place[std::size_t(source)]});
                shape const& read = extents_of(from[0]);
                for (std::size_t i = 1; i < from.size(); ++i)
                    expect(extents_of(from[i]) == read, b.where(name), ": node ", k, " adds ", read.text(),
                           " of node ", node.from[0], " and ", extents_of(from[i]).text(), " of node ",
                           node.from[i], ": must be one shape");
                shape const in = read;
                region const sum = from.size() > 1 && !view ? b.keep(in.size()) : region{};
                place[k] = index(steps_.size());
                auto made = b.inside(child_name(node.layer, k), node.layer, in);
                extents_.push_back(made.output());
                region const out = k + 1 < live.size() ? b.keep_output(made.output().size()) : region{};
                steps_.push_back({std::move(made), in.size(), std::move(from), out, sum});
            }
        }

        /// Slopes by a node's output live from its last reader to itself; in turns they share their memory.
        void plan_slopes(builder<T>& b) {
            std::vector<index> sizes;
            std::vector<bool> busy;
            std::vector<bool> reached(steps_.size() + 1, false);  // the graph's input is the last
            index widest = 0;
            for (std::size_t k = steps_.size(); k-- > 0;) {
                for (edge& e : steps_[k].from) {
                    std::size_t const at = e.source < 0 ? steps_.size() : std::size_t(e.source);
                    e.first = !reached[at];
                    reached[at] = true;
                    if (e.source < 0 || !e.first)
                        continue;
                    auto const slot = std::size_t(std::find(busy.begin(), busy.end(), false) - busy.begin());
                    if (slot == busy.size()) {
                        busy.push_back(true);
                        sizes.push_back(0);
                    }
                    busy[slot] = true;
                    sizes[slot] = std::max(sizes[slot], extents_[at].size());
                    steps_[at].slot = slot;
                }
                widest = std::max(widest, steps_[k].inputs);
                if (k + 1 < steps_.size())
                    busy[steps_[k].slot] = false;
            }
            for (index const size : sizes)
                slopes_.push_back(b.pass_above(size));
            more_ = b.pass_above(widest);
        }

        shape const& extents_of(edge const& e) const {
            return e.source < 0 ? input_ : extents_[std::size_t(e.source)];
        }
        template <class Pass>
        T* output_at(Pass const& p, std::size_t k, T* y) const {
            return k + 1 == steps_.size() ? y : p.at(steps_[k].output);
        }
        template <class Pass>
        T const* const_output_at(Pass const& p, std::size_t k, T const* y) const {
            return k + 1 == steps_.size() ? y : p.at(steps_[k].output);
        }
        template <class Pass>
        T const* source_at(Pass const& p, index source, T const* x) const {
            return source < 0 ? x : p.at(steps_[std::size_t(source)].output);
        }
        template <class Pass>
        T const* input_of(Pass const& p, step const& s, T const* x) const {
            return s.from.size() == 1 ? source_at(p, s.from[0].source, x) : view ? nullptr : p.at(s.sum);
        }

        shape input_;
        std::vector<step> steps_;
        std::vector<shape> extents_;  // of each step's output
        std::vector<region> slopes_;
        region more_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {*this, input, b};
    }
};

/// Its live nodes, and sums between them: see nn/onnx.hpp.
template <class T, class L>
std::string onnx_node(graph<L> const& g, shape const& input, std::string const& x, onnx_export<T>& to) {
    std::vector<bool> const live = g.live();
    std::vector<std::string> results(g.nodes.size());
    std::vector<shape> extents(g.nodes.size());
    for (std::size_t k = 0; k < live.size(); ++k) {
        if (!live[k])
            continue;
        auto const& node = g.nodes[k];
        std::vector<std::string> from;
        for (index const source : node.from)
            from.push_back(source < 0 ? x : results[std::size_t(source)]);
        shape const in = node.from[0] < 0 ? input : extents[std::size_t(node.from[0])];
        results[k] = to.inside(child_name(node.layer, k), node.layer, in,
                               from.size() > 1 ? to.graph.node("Sum", from) : from[0]);
        builder<T> unused;
        extents[k] = node.layer.template bind<T>(in, unused).output();
    }
    return results.back();
}

}  // namespace descent::nn
