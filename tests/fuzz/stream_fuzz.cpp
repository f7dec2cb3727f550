// SPDX-License-Identifier: MIT
#include <descent/data/stream.hpp>

#include "target.hpp"

using namespace descent;

namespace {

template <class Batches, class Options>
void compare(descent::index samples, std::string const& path, Options const& options) {
    Batches batches(path, options, data::stream_options{.batch = 2});
    descent::index streamed = 0;
    for (typename Batches::table table; batches.next(table);)
        streamed += table.samples();
    if (streamed != samples)
        __builtin_trap();
}

}  // namespace

/// What is read whole without a fault is read in batches with as many rows.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return fuzz(data, size, [](std::string_view bytes) {
        std::string const path = "fuzz_stream.tmp";
        write_file(path, bytes);
        data::libsvm_options const lines{.features = 1000};
        data::csv_options const records{.on_missing = data::missing::nan};
        bool const is_libsvm = !bytes.empty() && bytes[0] < '@';
        if (is_libsvm)
            compare<data::detail::libsvm_batches<float, true>>(
                data::read_libsvm<float, true>(path, lines).samples(), path, lines);
        else
            compare<data::detail::csv_batches<float, true>>(
                data::read_csv<float, true>(path, records).samples(), path, records);
    });
}
