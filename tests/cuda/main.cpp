// SPDX-License-Identifier: MIT
// Runs every case where a CUDA device answers, and the cases tagged [host] where none does.
#if DESCENT_CATCH2_OLD
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#else
#include <catch2/catch_session.hpp>
#endif

#include <cuda_runtime_api.h>

#include <cstdio>
#include <vector>

int main(int count, char** arguments) {
    int devices = 0;
    bool const available = cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;

    std::vector<char const*> line(arguments, arguments + count);
    if (!available) {
        line.push_back("[host]");
#if !DESCENT_CATCH2_OLD
        line.push_back("--allow-running-no-tests");
#endif
    }
    int const failed = Catch::Session().run(int(line.size()), line.data());
    if (failed != 0 || available)
        return failed;
    std::puts("skipped: no CUDA device");
    return 77;
}
