// SPDX-License-Identifier: MIT
#pragma once

#include <descent/data.hpp>
