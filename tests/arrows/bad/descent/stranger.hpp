// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core.hpp>
