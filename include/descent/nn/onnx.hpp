// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/core/params.hpp>
#include <descent/io/onnx.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/average_pool.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv1d.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/drop_path.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/layer_norm.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/pad_channels.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/nn/softmax.hpp>

// Networks as ONNX graphs, as they are in evaluation. A layer takes part by an overload of
//
//     std::string onnx_node(L const&, shape const& input, std::string const& x, onnx_export<T>&)
//
// beside it, which adds nodes that read the value x (axis 0 is the batch) and gives the name of the result.
namespace descent::nn {

/// What onnx_node gets: the graph, and the tensors of the layer.
template <class T>
class onnx_export {
public:
    io::onnx_graph graph = {};

    onnx_export(params<T> const& weights, params<T> const& state) : weights_(&weights), state_(&state) {}

    /// The layer's tensor of that name, as a value of the graph.
    std::string tensor(std::string_view name) {
        std::string const full = text(prefix_, name);
        params<T> const& from = weights_->find(full) ? *weights_ : *state_;
        auto const& entry = from.at(full);
        return graph.tensor(full, entry.extents, from.data() + entry.offset);
    }

    /// The nodes of a layer inside this one, whose tensors have that name before their own.
    template <class L>
    std::string inside(std::string_view name, L const& layer, shape const& input, std::string const& x) {
        constexpr bool known = requires { onnx_node(layer, input, x, *this); };
        static_assert(known, "this layer has no ONNX form: write an onnx_node for it, see nn/onnx.hpp");
        std::size_t const length = prefix_.size();
        if (!name.empty())
            prefix_ += text(name, '.');
        std::string result;
        if constexpr (known)
            result = onnx_node(layer, input, x, *this);
        prefix_.resize(length);
        return result;
    }

private:
    params<T> const *weights_, *state_;
    std::string prefix_;
};

/// The shape that a layer gives.
template <class T, class L>
shape output_of(L const& layer, shape const& input) {
    builder<T> unused;
    return layer.template bind<T>(input, unused).output();
}

template <class T>
std::string onnx_node(dense const& d, shape const& input, std::string const& x, onnx_export<T>& to) {
    if (input.rank() == 1) {
        std::vector<std::string> from{x, to.tensor("weight")};
        if (d.bias)
            from.push_back(to.tensor("bias"));
        return to.graph.node("Gemm", from, {io::onnx_attribute("transB", std::int64_t(1))});
    }
    std::string const turned = to.graph.node("Transpose", {to.tensor("weight")});
    std::string const product = to.graph.node("MatMul", {x, turned});
    return d.bias ? to.graph.node("Add", {product, to.tensor("bias")}) : product;
}

namespace detail {

using whole_numbers = std::vector<std::int64_t>;

/// Both axes of images, or the width alone of sequences.
inline whole_numbers axes_of(extent2 const& e, shape const& input) {
    return input.rank() == 3 ? whole_numbers{e.height, e.width} : whole_numbers{e.width};
}
/// Before all axes and then behind them.
inline whole_numbers twice(whole_numbers pads) {
    pads.insert(pads.end(), pads.begin(), pads.end());
    return pads;
}

template <class T>
std::string onnx_convolution(whole_numbers const& kernel, whole_numbers const& stride,
                             whole_numbers const& padding, whole_numbers const& dilation, index groups,
                             bool bias, std::string const& x, onnx_export<T>& to) {
    std::vector<std::string> from{x, to.tensor("weight")};
    if (bias)
        from.push_back(to.tensor("bias"));
    return to.graph.node("Conv", from,
                         {io::onnx_attribute("dilations", dilation), io::onnx_attribute("group", groups),
                          io::onnx_attribute("kernel_shape", kernel),
                          io::onnx_attribute("pads", twice(padding)), io::onnx_attribute("strides", stride)});
}

template <class T, class Pool>
std::string onnx_pool(std::string_view op, Pool const& pool, shape const& input, std::string const& x,
                      onnx_export<T>& to, std::vector<io::protobuf> more = {}) {
    extent2 const stride{pool.stride.height ? pool.stride.height : pool.size.height,
                         pool.stride.width ? pool.stride.width : pool.size.width};
    more.push_back(io::onnx_attribute("kernel_shape", axes_of(pool.size, input)));
    more.push_back(io::onnx_attribute("pads", twice(axes_of(pool.padding, input))));
    more.push_back(io::onnx_attribute("strides", axes_of(stride, input)));
    return to.graph.node(op, {x}, more);
}

}  // namespace detail

template <class T>
std::string onnx_node(conv2d const& c, shape const& input, std::string const& x, onnx_export<T>& to) {
    auto const axes = [&](extent2 const& e) { return detail::axes_of(e, input); };
    return detail::onnx_convolution(axes(c.kernel), axes(c.stride), axes(c.padding), axes(c.dilation), c.groups,
                                    c.bias, x, to);
}
template <class T>
std::string onnx_node(conv1d const& c, shape const&, std::string const& x, onnx_export<T>& to) {
    return detail::onnx_convolution({c.kernel}, {c.stride}, {c.padding}, {c.dilation}, c.groups, c.bias, x, to);
}
template <class T>
std::string onnx_node(max_pool const& p, shape const& input, std::string const& x, onnx_export<T>& to) {
    return detail::onnx_pool("MaxPool", p, input, x, to);
}
template <class T>
std::string onnx_node(average_pool const& p, shape const& input, std::string const& x, onnx_export<T>& to) {
    return detail::onnx_pool("AveragePool", p, input, x, to,
                             {io::onnx_attribute("count_include_pad", std::int64_t(p.count_padding))});
}
template <class T>
std::string onnx_node(global_average_pool const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Flatten", {to.graph.node("GlobalAveragePool", {x})});
}
template <class T>
std::string onnx_node(global_max_pool const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Flatten", {to.graph.node("GlobalMaxPool", {x})});
}
template <class T>
std::string onnx_node(batch_norm const& n, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node(
        "BatchNormalization",
        {x, to.tensor("weight"), to.tensor("bias"), to.tensor("running_mean"), to.tensor("running_var")},
        {io::onnx_attribute("epsilon", float(n.epsilon))});
}
template <class T>
std::string onnx_node(layer_norm const& n, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("LayerNormalization", {x, to.tensor("weight"), to.tensor("bias")},
                         {io::onnx_attribute("epsilon", float(n.epsilon))});
}
template <class T>
std::string onnx_node(softmax const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Softmax", {x});
}
template <class T>
std::string onnx_node(flatten const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Flatten", {x});
}
template <class T>
std::string onnx_node(identity const&, shape const&, std::string const& x, onnx_export<T>&) {
    return x;
}
template <class T>
std::string onnx_node(dropout const&, shape const&, std::string const& x, onnx_export<T>&) {
    return x;
}
template <class T>
std::string onnx_node(drop_path const&, shape const&, std::string const& x, onnx_export<T>&) {
    return x;
}
template <class T>
std::string onnx_node(relu const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Relu", {x});
}
template <class T>
std::string onnx_node(leaky_relu const& l, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("LeakyRelu", {x}, {io::onnx_attribute("alpha", float(l.slope))});
}
template <class T>
std::string onnx_node(tanh_layer const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Tanh", {x});
}
template <class T>
std::string onnx_node(sigmoid_layer const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Sigmoid", {x});
}
template <class T>
std::string onnx_node(silu const&, shape const&, std::string const& x, onnx_export<T>& to) {
    return to.graph.node("Mul", {x, to.graph.node("Sigmoid", {x})});
}
template <class T>
std::string onnx_node(gelu const&, shape const&, std::string const& x, onnx_export<T>& to) {
    // The operator Gelu came with set 20.
    auto const times = [&](std::string const& a, std::string const& b) { return to.graph.node("Mul", {a, b}); };
    auto const plus = [&](std::string const& a, std::string const& b) { return to.graph.node("Add", {a, b}); };
    std::string const cubic = times(times(x, x), times(x, to.graph.constant(T(0.044715))));
    std::string const inner = times(plus(x, cubic), to.graph.constant(T(0.79788456080286536)));
    std::string const share = plus(to.graph.node("Tanh", {inner}), to.graph.constant(T(1)));
    return times(times(x, share), to.graph.constant(T(0.5)));
}
template <class T>
std::string onnx_node(pad_channels const& p, shape const& input, std::string const& x, onnx_export<T>& to) {
    std::string thinned = x;
    if (p.stride > 1) {
        constexpr std::int64_t end = std::numeric_limits<std::int32_t>::max();
        auto const list = [&](std::int64_t high, std::int64_t wide) {
            return to.graph.constant(detail::whole_numbers{high, wide});
        };
        thinned = to.graph.node("Slice", {x, list(0, 0), list(end, end), list(2, 3), list(p.stride, p.stride)});
    }
    index const before = (p.channels - input[0]) / 2, behind = p.channels - input[0] - before;
    return to.graph.node("Pad",
                         {thinned, to.graph.constant(detail::whole_numbers{0, before, 0, 0, 0, behind, 0, 0})});
}
template <class T, class L>
std::string onnx_node(named<L> const& n, shape const& input, std::string const& x, onnx_export<T>& to) {
    return to.inside("", n.layer, input, x);  // whoever holds it has put its name
}
template <class T, class... L>
std::string onnx_node(sequential<L...> const& s, shape input, std::string x, onnx_export<T>& to) {
    detail::each_index<sizeof...(L)>([&](auto i) {
        auto const& child = std::get<i>(s.layers);
        x = to.inside(child_name(child, i), child, input, x);
        input = output_of<T>(child, input);
    });
    return x;
}
template <class T, class... L>
std::string onnx_node(parallel<L...> const& p, shape const& input, std::string const& x, onnx_export<T>& to) {
    std::vector<std::string> results;
    detail::each_index<sizeof...(L)>([&](auto i) {
        auto const& branch = std::get<i>(p.branches);
        results.push_back(to.inside(child_name(branch, i), branch, input, x));
    });
    return to.graph.node("Concat", results, {io::onnx_attribute("axis", std::int64_t(1))});
}
template <class T, class Body, class Shortcut>
std::string onnx_node(residual<Body, Shortcut> const& r, shape const& input, std::string const& x,
                      onnx_export<T>& to) {
    auto const name_of = [](auto const& part, std::string_view usual) {
        if constexpr (requires { part.label; })
            return part.label;
        else
            return usual;
    };
    std::string const body = to.inside(name_of(r.body, "body"), r.body, input, x);
    return to.graph.node("Add", {body, to.inside(name_of(r.shortcut, "shortcut"), r.shortcut, input, x)});
}

/// The bytes that write_onnx writes.
template <class Network>
std::string format_onnx(Network const& net) {
    using T = typename Network::scalar;
    onnx_export<T> to(net.params(), net.state());
    to.graph.input("input", io::dtype_of<T>, net.input_shape());
    std::string const scores = to.inside("", net.layers(), net.input_shape(), "input");
    to.graph.output(scores, "scores", io::dtype_of<T>, net.output_shape());
    return to.graph.model();
}

/// Writes a network as an ONNX model (operator set 17) for other runtimes: input "input" [N, as the network's
/// input], output "scores" [N, outputs] in evaluation, tensors under their names. Layers without an ONNX form
/// stop the compiler with their reason.
///
///     nn::write_onnx(net, "net.onnx");
///
/// Throws descent::error if the file cannot be written, and for more than the 2 GB that the format allows.
template <class Network>
void write_onnx(Network const& net, std::string const& path) {
    write_file(path, format_onnx(net));
}

}  // namespace descent::nn
