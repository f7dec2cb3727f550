// SPDX-License-Identifier: MIT
#include <descent/io/safetensors.hpp>

#include <vector>

#include "target.hpp"

using namespace descent;

namespace {

template <class T>
std::vector<T> numbers_of(io::safetensors const& file, io::stored_tensor const& tensor) {
    std::vector<T> numbers(std::size_t(tensor.extents.size()));
    file.copy(tensor, numbers.data());
    return numbers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        auto const file = io::parse_safetensors(std::string(bytes));
        std::vector<io::tensor_bytes> all;
        for (auto const& each : file.tensors)
            all.push_back({each.name, each.type, each.extents, std::string(file.raw(each))});
        auto const back = io::parse_safetensors(io::format_safetensors(all, file.metadata));
        if (back.tensors.size() != file.tensors.size() || back.metadata != file.metadata)
            __builtin_trap();
        for (auto const& each : file.tensors) {
            numbers_of<double>(file, each);
            numbers_of<float>(file, each);
        }
    });
}
