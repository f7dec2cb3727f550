// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>

#if DESCENT_OPENMP_ENABLED
#include <omp.h>
#endif

namespace descent::exec {

/// Several threads by OpenMP. Chunks are cut by the work, never by the thread count, so that the result equals
/// exec::serial bit for bit for every number of threads. Needs -fopenmp (CMake: descent::openmp).
struct openmp {
    static constexpr bool host = true;

    template <class T>
    using memory = aligned_buffer<T>;

    /// Threads at most; 0 for what OpenMP would take (OMP_NUM_THREADS or the number of cores).
    int threads = 0;

    /// Threads that for_each may use: 1 inside a parallel region.
    template <class Self = openmp>
    int width() const {
        static_assert(DESCENT_OPENMP_ENABLED || !sizeof(Self*),
                      "exec::openmp needs -fopenmp (CMake: link descent::openmp)");
        expect(threads >= 0, "exec::openmp: threads = ", threads, ": must be >= 0");
#if DESCENT_OPENMP_ENABLED
        return omp_in_parallel() ? 1 : threads ? threads : omp_get_max_threads();
#else
        return 1;
#endif
    }

    /// body(i) for i in [0, n), on several threads where there is enough to do: starting them costs 0.5 to 6
    /// us. The first exception of a body is thrown again here, after all threads have finished.
    template <class Body>
    void for_each(index n, Body const& body) const {
        [[maybe_unused]] int const team = width<Body>();
        if (team == 1 || n < worthwhile) {
            for (index i = 0; i < n; ++i)
                body(i);
            return;
        }
#if DESCENT_OPENMP_ENABLED
        std::exception_ptr failure;
#pragma omp parallel num_threads(team) default(none) shared(failure) firstprivate(n, body)
        {
            // Each thread takes one stretch: its pages and caches stay its own from step to step.
            index const id = omp_get_thread_num(), count = omp_get_num_threads();
            try {
                for (index i = n * id / count; i < n * (id + 1) / count; ++i)
                    body(i);
            } catch (...) {
#pragma omp critical(descent_for_each_failure)
                if (!failure)
                    failure = std::current_exception();
            }
        }
        if (failure)
            std::rethrow_exception(failure);
#endif
    }

private:
    static constexpr index worthwhile = 4;
};

}  // namespace descent::exec
