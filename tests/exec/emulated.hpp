// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/bfloat16.hpp>
#include <descent/exec/block.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

namespace descent::test {

class emulated_engine;

/// A device on the host: memory that only upload() and download() reach, and blocks of threads one after
/// another, their sums added in the order of exec::cuda's kernel. It runs what a GPU runs, without one.
struct emulated {
    static constexpr bool host = false;

    int threads = 32;
    index piece = 256;
    bool forwards = false;  // order of the threads within a step of launch_steps: it must not matter
    exec::precision products = exec::precision::full;

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
    emulated_engine engine() const;

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

/// What runs layers there: see exec/device.hpp.
class emulated_engine : public emulated {
public:
    using recording = std::vector<std::function<void()>>;

    emulated_engine(emulated const& device = {}) : emulated(device) {}

    /// Keeps what is queued instead of running it: with the numbers of now, as a recorded kernel has them.
    template <class Work>
    bool record(recording& to, Work const& work) const {
        to.clear();
        taking_ = &to;
        try {
            work();
        } catch (descent::error const&) {
            taking_ = nullptr;
            return false;
        }
        taking_ = nullptr;
        return true;
    }
    void play(recording const& from) const {
        ++played;
        for (auto const& each : from)
            each();
    }
    mutable int played = 0;
    std::int64_t moves() const { return moves_; }

    template <class T>
    void upload(T const* from, index n, T* to) const {
        expect(!taking_, "emulated: an upload cannot be recorded");
        emulated::upload(from, n, to);
    }
    template <class T>
    void download(T const* from, index n, T* to) const {
        expect(!taking_, "emulated: a download cannot be recorded");
        emulated::download(from, n, to);
    }
    template <class T>
    void clear(T* to, index n) const {
        run([=, this] { emulated::clear(to, n); });
    }
    template <class Body>
    void for_each(index n, Body const& body) const {
        run([=, this] { emulated::for_each(n, body); });
    }
    template <class Body>
    void launch_steps(index blocks, Body const& body) const {
        run([=, this] { emulated::launch_steps(blocks, body); });
    }

    template <class A, class T>
    void product(exec::block<A const> a, exec::block<A const> b, exec::block<T> c) const {
        run([=] { multiply(a, b, c); });
    }
    template <class T>
    T* scratch(index n) const {
        return reinterpret_cast<T*>(
            room(scratch_, std::size_t(n) * sizeof(T) / sizeof(double) + 1, std::nan("")));
    }
    bool rounds_products() const { return products == exec::precision::bfloat16; }
    exec::bfloat16* rounded(index n) const {
        return room(rounded_, std::size_t(n), exec::bfloat16{0xffff});  // NaN
    }
    int* fault() const { return &fault_; }

private:
    template <class A, class T>
    static void multiply(exec::block<A const> a, exec::block<A const> b, exec::block<T> c) {
        for (index i = 0; i < c.rows; ++i)
            for (index j = 0; j < c.cols; ++j) {
                T sum = 0;
                for (index k = 0; k < a.cols; ++k)
                    sum += T(a.data[i * a.row_step() + k * a.column_step()]) *
                           T(b.data[k * b.row_step() + j * b.column_step()]);
                c.data[i * c.row_step() + j * c.column_step()] = sum;
            }
    }
    template <class F>
    void run(F const& f) const {
        if (taking_)
            taking_->push_back(f);
        else
            f();
    }
    template <class T>
    T* room(std::vector<T>& numbers, std::size_t n, T nothing) const {
        if (numbers.size() < n) {
            expect(!taking_, "emulated: memory cannot be made while recording");
            ++moves_;
            numbers.assign(n, nothing);
        }
        if (!taking_)
            std::fill(numbers.begin(), numbers.end(), nothing);
        return numbers.data();
    }

    mutable recording* taking_ = nullptr;
    mutable std::int64_t moves_ = 0;
    mutable std::vector<double> scratch_;
    mutable std::vector<exec::bfloat16> rounded_;
    mutable int fault_ = 0;
};

inline emulated_engine emulated::engine() const { return {*this}; }

}  // namespace descent::test
