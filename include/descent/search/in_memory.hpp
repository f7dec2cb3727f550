// SPDX-License-Identifier: MIT
#pragma once

namespace descent::search {

/// The storage of a study that ends with the program.
struct in_memory {
    static constexpr bool persistent = false;
};

}  // namespace descent::search
