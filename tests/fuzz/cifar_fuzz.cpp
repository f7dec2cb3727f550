// SPDX-License-Identifier: MIT
#include <descent/data/cifar.hpp>

#include "target.hpp"

using namespace descent;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        data::dataset<float> table;
        data::detail::read_cifar_records(table, bytes, "fuzz", bytes.size() % 3073 ? 2 : 1, 0, 10);
    });
}
