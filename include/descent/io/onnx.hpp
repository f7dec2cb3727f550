// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/io/dtype.hpp>
#include <descent/io/protobuf.hpp>

namespace descent::io {

/// An attribute of a node of an ONNX graph: whole numbers, one or several, or a real one.
inline protobuf onnx_attribute(std::string_view name, std::int64_t value) {
    return protobuf().text(1, name).integer(3, value).integer(20, 2);
}
inline protobuf onnx_attribute(std::string_view name, std::vector<std::int64_t> const& values) {
    protobuf attribute = protobuf().text(1, name);
    for (std::int64_t const value : values)
        attribute.integer(8, value);
    return attribute.integer(20, 7);
}
inline protobuf onnx_attribute(std::string_view name, float value) {
    return protobuf().text(1, name).number(2, value).integer(20, 1);
}

/// Gathers a graph of ONNX (operator set 17), node behind node, and gives the model's bytes.
///
///     io::onnx_graph g;
///     g.input("x", io::dtype::f32, {3});
///     g.output(g.node("Relu", {"x"}), "y", io::dtype::f32, {3});
///     write_file("relu.onnx", g.model());
class onnx_graph {
public:
    /// A value that is fed: `extents` behind a first axis N of any length.
    void input(std::string const& name, dtype type, shape const& extents) {
        inputs_.push_back(value(name, type, extents));
    }

    /// The named operator on values; the new value's name.
    std::string node(std::string_view op, std::vector<std::string> const& inputs,
                     std::vector<protobuf> const& attributes = {}) {
        std::string output = text(op, '_', nodes_.size());
        add_node(op, inputs, output, attributes);
        return output;
    }

    /// The numbers of a tensor; its name.
    template <class T>
    std::string tensor(std::string const& name, shape const& extents, T const* numbers) {
        auto const n = std::size_t(extents.size());
        std::string bytes(n * sizeof(T), '\0');
        encode(dtype_of<T>, numbers, n, bytes.data());
        protobuf stored;
        for (int axis = 0; axis < extents.rank(); ++axis)
            stored.integer(1, extents[axis]);
        tensors_.push_back(stored.integer(2, type_number(dtype_of<T>)).text(8, name).text(9, bytes));
        return name;
    }
    /// The same for a few numbers, under a name that is made up: one number, or a list of them.
    template <class T>
    std::string constant(T number) {
        return tensor(text("constant_", tensors_.size()), {}, &number);
    }
    std::string constant(std::vector<std::int64_t> const& numbers) {
        return tensor(text("constant_", tensors_.size()), {index(numbers.size())}, numbers.data());
    }

    /// A result: the value `from` under another name.
    void output(std::string const& from, std::string const& name, dtype type, shape const& extents) {
        add_node("Identity", {from}, name, {});
        outputs_.push_back(value(name, type, extents));
    }

    /// The bytes of the model. Throws descent::error for more than the 2 GB that the format allows.
    std::string model() const {
        protobuf graph;
        auto const all = [&](int field, std::vector<protobuf> const& messages) {
            for (protobuf const& each : messages)
                graph.message(field, each);
        };
        all(1, nodes_);
        graph.text(2, "descent");
        all(5, tensors_), all(11, inputs_), all(12, outputs_);
        protobuf model = protobuf().integer(1, 8).text(2, "descent").message(7, graph);
        model.message(8, protobuf().text(1, "").integer(2, 17));
        expect(model.bytes.size() < std::size_t(1) << 31, "onnx: the model has ", model.bytes.size(),
               " bytes: must be < 2147483648");
        return std::move(model.bytes);
    }

private:
    static std::int64_t type_number(dtype type) { return type == dtype::f64 ? 11 : type == dtype::f32 ? 1 : 7; }

    void add_node(std::string_view op, std::vector<std::string> const& inputs, std::string const& output,
                  std::vector<protobuf> const& attributes) {
        protobuf node;
        for (std::string const& each : inputs)
            node.text(1, each);
        node.text(2, output).text(4, op);
        for (protobuf const& each : attributes)
            node.message(5, each);
        nodes_.push_back(std::move(node));
    }

    static protobuf value(std::string const& name, dtype type, shape const& extents) {
        protobuf axes = protobuf().message(1, protobuf().text(2, "N"));
        for (int axis = 0; axis < extents.rank(); ++axis)
            axes.message(1, protobuf().integer(1, extents[axis]));
        protobuf const tensor = protobuf().integer(1, type_number(type)).message(2, axes);
        return protobuf().text(1, name).message(2, protobuf().message(1, tensor));
    }

    std::vector<protobuf> nodes_, tensors_, inputs_, outputs_;
};

}  // namespace descent::io
