// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include <descent/core/config.hpp>
#include <descent/quantize/detail/int8_kernels.hpp>

namespace descent::quantize::detail {

/// The highest codes of a panel's channels so far: one register where there are such. (Compilers take the plain
/// loops apart before they could make one of them.)
template <class Code>
class highest_codes {
public:
    explicit highest_codes(Code least) { add(least); }

    /// Those of a panel, where they are higher.
    void raise(Code const* codes) {
#if DESCENT_VECTOR_EXTENSIONS
        lanes other;
        std::memcpy(&other, codes, sizeof other);
        best_ = best_ > other ? best_ : other;
#else
        for (index c = 0; c < panel_columns; ++c)
            best_[c] = best_[c] > codes[c] ? best_[c] : codes[c];
#endif
    }

    /// The same number more each, modulo what a code holds.
    void add(Code more) {
#if DESCENT_VECTOR_EXTENSIONS
        best_ += more;
#else
        for (index c = 0; c < panel_columns; ++c)
            best_[c] = Code(best_[c] + more);
#endif
    }

    /// The first n.
    void store(index n, Code* to) const {
        if (n == panel_columns) {
            std::memcpy(to, &best_, sizeof best_);
            return;
        }
        Code codes[panel_columns];
        std::memcpy(codes, &best_, sizeof best_);
        index c = 0;
        for (; c + 4 <= n; c += 4)
            std::memcpy(to + c, codes + c, sizeof(Code) * 4);
        for (; c < n; ++c)
            to[c] = codes[c];
    }

private:
#if DESCENT_VECTOR_EXTENSIONS
    using lanes [[gnu::vector_size(panel_columns * sizeof(Code))]] = Code;
    lanes best_ = {};
#else
    Code best_[panel_columns] = {};
#endif
};

}  // namespace descent::quantize::detail
