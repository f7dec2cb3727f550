// SPDX-License-Identifier: MIT
#pragma once

/// The one version number of the library (semantic versioning). CMake reads these three lines.
#define DESCENT_VERSION_MAJOR 0
#define DESCENT_VERSION_MINOR 1
#define DESCENT_VERSION_PATCH 0

/// The version as one number: 10000 * major + 100 * minor + patch.
#define DESCENT_VERSION (DESCENT_VERSION_MAJOR * 10000 + DESCENT_VERSION_MINOR * 100 + DESCENT_VERSION_PATCH)
