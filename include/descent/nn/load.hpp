// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/pack.hpp>
#include <descent/core/params.hpp>
#include <descent/io/safetensors.hpp>

namespace descent::nn {

using descent::load;  // of packs: the one below would hide it

/// Where tensors lie in a file that has other names or another layout for them.
struct stored_as {
    std::string tensor;  ///< in the model: a whole name, or its front up to a dot ("encoder")
    std::string name;    ///< in the file, for the same part of the name
    /// The file has the model's first axis last: [inputs, outputs] for the weight of a dense layer.
    bool transposed = false;
    /// Other extents, as many numbers in the same order.
    bool reshaped = false;
};

/// Settings of load and save.
struct file_options {
    std::string prefix = {};                ///< stands before every name in the file: "module."
    std::vector<stored_as> differing = {};  ///< the first that fits a name counts
    bool allow_extra = false;               ///< load: the file may hold tensors that the model lacks
    std::optional<io::dtype> as = {};       ///< save: how the numbers are stored; none: as the model has them
};

namespace detail {

/// The name that a tensor of the model has in the file, and how it lies there.
inline stored_as place_of(std::string const& tensor, file_options const& options) {
    for (stored_as const& each : options.differing) {
        bool const whole = tensor == each.tensor;
        if (whole || (tensor.starts_with(each.tensor) && tensor[each.tensor.size()] == '.'))
            return {tensor, text(options.prefix, each.name, tensor.substr(each.tensor.size())), each.transposed,
                    each.reshaped};
    }
    return {tensor, options.prefix + tensor};
}

template <class T>
void transpose(T* numbers, index rows, index columns) {
    matrix<T> const stored = matrix_view<T const>(numbers, columns, rows);
    matrix_view<T>(numbers, rows, columns) = stored.transpose();
}

/// The tensors of `like` from the file; the names that were used go to `used`.
template <class T>
params<T> read_params(params<T> const& like, io::safetensors const& file, file_options const& options,
                      std::vector<std::string>& used) {
    params<T> read = like.like();
    for (auto const& entry : read.entries()) {
        stored_as const place = place_of(entry.name, options);
        io::stored_tensor const& stored = file.at(place.name);
        shape const& found = stored.extents;
        index const first = entry.extents.rank() > 0 ? entry.extents[0] : 1;
        bool const turned = place.transposed && found.rank() > 0 && found[found.rank() - 1] == first;
        bool const fits = place.transposed ? turned && found.size() == entry.size()
                          : place.reshaped ? found.size() == entry.size()
                                           : found == entry.extents;
        expect(fits, file.file, ": tensor '", place.name, "' is ", found.text(), ", the model's '", entry.name,
               "' is ", entry.extents.text(), place.transposed ? ", to be transposed" : "");
        T* const numbers = read.data() + entry.offset;
        file.copy(stored, numbers);
        if (turned && first > 0)
            transpose(numbers, first, entry.size() / first);
        used.push_back(place.name);
    }
    return read;
}

/// Numbers over numbers of the same layout; pruned weights stay 0.
template <class T>
void take_over(params<T>& to, params<T> const& from) {
    std::copy_n(from.data(), from.arena_size(), to.data());
    if (std::uint8_t const* const bits = to.mask_bits())
        for (index i = 0; i < to.arena_size(); ++i)
            if (!(bits[i / 8] >> (i % 8) & 1))
                to.data()[i] = T(0);
}

template <class T>
void append_tensors(std::vector<io::tensor_bytes>& to, params<T> const& from, file_options const& options) {
    for (auto const& entry : from.entries()) {
        stored_as const place = place_of(entry.name, options);
        expect(!place.transposed && !place.reshaped, "save: tensor '", entry.name,
               "': transposed or reshaped tensors can only be loaded");
        to.push_back(io::to_bytes(place.name, entry.extents, from.data() + entry.offset,
                                  options.as.value_or(io::dtype_of<T>)));
    }
}

}  // namespace detail

/// Sets the weights of a model, and what it keeps beside them (running means), from a safetensors file, by
/// name: torch's names and layouts are the model's own.
///
///     nn::load(net, "resnet20.safetensors");
///     nn::load(net, "other.safetensors", {.prefix = "module.", .differing = {{"head", "classifier.6"}}});
///
/// Numbers are rounded to the model's type as io::decode says; torch's num_batches_tracked is passed over;
/// pruned weights stay 0. Throws descent::error that names the file and the tensor for one that is missing, has
/// other extents, holds a number the model's type cannot, or that the model lacks; then the model is as it was.
template <class Model>
void load(Model& model, io::safetensors const& file, file_options const& options = {}) {
    std::vector<std::string> used;
    auto const weights = detail::read_params(model.params(), file, options, used);
    auto const finish = [&] {
        std::sort(used.begin(), used.end());
        for (io::stored_tensor const& each : file.tensors) {
            bool const known = options.allow_extra || each.name.ends_with("num_batches_tracked") ||
                               std::binary_search(used.begin(), used.end(), each.name);
            expect(known, file.file, ": tensor '", each.name, "' is not one of the model");
        }
        detail::take_over(model.params(), weights);
    };
    if constexpr (requires { model.state().entries(); }) {
        auto const state = detail::read_params(model.state(), file, options, used);
        finish();
        detail::take_over(model.state(), state);
    } else {
        finish();
    }
}
template <class Model>
void load(Model& model, std::string const& path, file_options const& options = {}) {
    load(model, io::read_safetensors(path), options);
}

/// Writes the weights of a model, and what it keeps beside them, to a safetensors file under torch's names,
/// whole or not at all: load reads it, and so does every other reader of the format.
///
///     nn::save(net, "net.safetensors");
///     nn::save(net, "small.safetensors", {.as = io::dtype::bf16});
///
/// Throws descent::error for a number that the dtype cannot hold, and for a file that cannot be written.
template <class Model>
void save(Model const& model, std::string const& path, file_options const& options = {}) {
    std::vector<io::tensor_bytes> tensors;
    detail::append_tensors(tensors, model.params(), options);
    if constexpr (requires { model.state().entries(); })
        detail::append_tensors(tensors, model.state(), options);
    io::write_safetensors(path, tensors, {{"format", "pt"}});
}

}  // namespace descent::nn
