# SPDX-License-Identifier: MIT
# Installs into a prefix and moves it: a package must not know where it was built for.
file(REMOVE_RECURSE "${PREFIX}" "${PREFIX}.first")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}.first" COMMAND_ERROR_IS_FATAL ANY
                OUTPUT_QUIET)
file(RENAME "${PREFIX}.first" "${PREFIX}")
