// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/detail/fold.hpp>
