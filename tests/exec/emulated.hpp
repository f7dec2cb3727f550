// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace descent::test {

/// A device on the host: memory that only upload() and download() reach, and blocks of threads one after
/// another, their sums added in the order of exec::cuda's kernel. It runs what a GPU runs, without one.
struct emulated {
    static constexpr bool host = false;

    int threads = 32;
    index piece = 256;
    bool forwards = false;  // order of the threads within a step of launch_steps: it must not matter

    template <class T>
    class memory {
    public:
        memory() = default;
        explicit memory(std::size_t n) : numbers_(n) {}
        memory(memory&&) = default;
        memory& operator=(memory&&) = default;
        T* data() { return numbers_.data(); }
        T const* data() const { return numbers_.data(); }
        std::size_t size() const { return numbers_.size(); }

    private:
        aligned_buffer<T> numbers_;
    };

    template <class T>
    void upload(T const* from, index n, T* to) const {
        std::copy_n(from, n, to);
    }
    template <class T>
    void download(T const* from, index n, T* to) const {
        std::copy_n(from, n, to);
    }
    template <class T>
    void clear(T* to, index n) const {
        std::fill_n(to, n, T(0));
    }

    index stretch(index, std::size_t) const { return piece; }

    template <class Body>
    void launch(index blocks, Body const& body, double* partial) const {
        constexpr int sums = Body::sums;
        for (index block = 0; block < blocks; ++block) {
            std::vector<double> of_thread(std::size_t(threads * std::max(sums, 1)));
            // Backwards: threads of a block must not depend on one another.
            for (int thread = threads - 1; thread >= 0; --thread)
                body(block, thread, threads, of_thread.data() + thread * sums);
            for (int half = threads / 2; half > 0; half /= 2)
                for (int i = 0; i < half * sums; ++i)
                    of_thread[std::size_t(i)] += of_thread[std::size_t(i + half * sums)];
            std::copy_n(of_thread.data(), sums, partial + block * sums);
        }
    }

    template <class Body>
    void for_each(index n, Body const& body) const {
        for (index i = n; i-- > 0;)
            body(i);
    }

    template <class Body>
    void launch_steps(index blocks, Body const& body) const {
        auto const shared = std::make_unique<typename Body::shared_memory>();
        for (index block = blocks; block-- > 0;) {
            std::memset(shared.get(), 0xff, sizeof *shared);  // NaN to who reads what nobody wrote
            std::vector<typename Body::own> own(static_cast<std::size_t>(Body::threads));
            for (int step = 0; step < body.steps(block); ++step)
                for (int i = 0; i < Body::threads; ++i) {
                    int const thread = forwards ? i : Body::threads - 1 - i;
                    body(block, step, thread, *shared, own[std::size_t(thread)]);
                }
        }
    }
};

}  // namespace descent::test
