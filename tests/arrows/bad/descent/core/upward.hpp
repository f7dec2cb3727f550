// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/adam.hpp>
