// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/file.hpp>

namespace descent::data::detail {

using descent::read_file;

}  // namespace descent::data::detail
