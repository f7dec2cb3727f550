// SPDX-License-Identifier: MIT
#pragma once

#include <descent/exec.hpp>
