// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include <descent/data/loading.hpp>

namespace descent::data {

/// A table whose next batch is made in a thread of its own while the present one is trained on: the same
/// numbers as without. The table (a dataset, augmented or mixup) must live as long. Needs -pthread.
///
///     data::augmented const more{train, {3, 32, 32}, data::image::horizontal_flip{}};
///     fit(net, data::prefetched{more}, recipe, options, exec::openmp{});
template <class Table>
class prefetched {
public:
    using scalar = typename Table::scalar;

    explicit prefetched(Table const& table) : table_(&table) {}
    explicit prefetched(Table const&&) = delete;

    index samples() const { return table_->samples(); }
    index features() const { return table_->features(); }
    auto const& source() const { return source_of(*table_); }
    template <class Executor>
    void make(batch_request const& request, made_batch<scalar>& to, Executor const& executor) const {
        detail::make_batch(*table_, request, to, executor);
    }

    /// What makes the batches of one run, with its thread.
    class loader {
    public:
        explicit loader(Table const& table) : table_(table), worker_([this] { work(); }) {}
        loader(loader const&) = delete;
        loader& operator=(loader const&) = delete;
        ~loader() {
            {
                std::lock_guard const locked(mutex_);
                stopped_ = true;
            }
            changed_.notify_all();
            worker_.join();
        }

        made_batch<scalar> const& get(batch_request const& now, batch_request const& next) {
            std::unique_lock locked(mutex_);
            changed_.wait(locked, [&] { return !busy_; });
            bool const expected = ahead_ == now && now.count > 0 && !failure_;
            failure_ = nullptr;  // of a batch that nobody asked for, or that is tried once more here
            ahead_ = {};
            if (expected)
                std::swap(current_, made_);
            else
                detail::make_batch(table_, now, current_, exec::serial{});
            ahead_ = next;
            busy_ = next.count > 0;
            locked.unlock();
            changed_.notify_all();
            return current_;
        }

    private:
        void work() {
            std::unique_lock locked(mutex_);
            for (;;) {
                changed_.wait(locked, [&] { return busy_ || stopped_; });
                if (stopped_)
                    return;
                locked.unlock();
                std::exception_ptr failure;
                try {
                    detail::make_batch(table_, ahead_, made_, exec::serial{});
                } catch (...) {
                    failure = std::current_exception();
                }
                locked.lock();
                failure_ = failure;
                busy_ = false;
                changed_.notify_all();
            }
        }

        Table const& table_;
        std::mutex mutex_;
        std::condition_variable changed_;
        made_batch<scalar> current_, made_;  // made_ and ahead_ are the worker's while busy_
        batch_request ahead_ = {};
        std::exception_ptr failure_;
        bool busy_ = false, stopped_ = false;
        std::thread worker_;  // the last member: begins when the others are there
    };

    /// fit takes this in place of a direct_loader.
    template <class Executor>
    loader load(Executor const&) const {
        return loader(*table_);
    }

private:
    Table const* table_;
};
template <class Table>
prefetched(Table const&) -> prefetched<Table>;

}  // namespace descent::data
