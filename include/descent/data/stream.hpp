// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <descent/data/csv.hpp>
#include <descent/data/detail/byte_source.hpp>
#include <descent/data/libsvm.hpp>

namespace descent::data {

/// How a stream cuts a file.
struct stream_options {
    index batch = 1000;  ///< rows a table, at most: blank, comment and dropped rows are not replaced
};

namespace detail {

/// Lets a reader fill the next tables on a thread of its own while the last one is being used. The reader's
/// next(table) says whether there was one; what it throws, next() throws.
template <class Reader>
class read_ahead {
public:
    using table = typename Reader::table;

    template <class... Argument>
    explicit read_ahead(Argument const&... argument) : reader_(argument...), worker_([this] { work(); }) {}
    read_ahead(read_ahead const&) = delete;
    read_ahead& operator=(read_ahead const&) = delete;
    ~read_ahead() {
        {
            std::lock_guard const locked(mutex_);
            stopped_ = true;
        }
        changed_.notify_all();
        worker_.join();
    }

    table* next() {
        std::unique_lock locked(mutex_);
        changed_.wait(locked, [&] { return full_ || ended_; });
        if (full_) {
            current_ = std::move(ready_);
            full_ = false;
            locked.unlock();
            changed_.notify_all();
            return &current_;
        }
        if (failure_)
            std::rethrow_exception(failure_);
        return nullptr;
    }

private:
    void work() {
        std::exception_ptr failure;
        try {
            for (table made; reader_.next(made); made = table()) {
                std::unique_lock locked(mutex_);
                changed_.wait(locked, [&] { return !full_ || stopped_; });
                if (stopped_)
                    return;
                ready_ = std::move(made);
                full_ = true;
                locked.unlock();
                changed_.notify_all();
            }
        } catch (...) {
            failure = std::current_exception();
        }
        std::lock_guard const locked(mutex_);
        failure_ = failure;
        ended_ = true;
        changed_.notify_all();
    }

    Reader reader_;
    table ready_ = {}, current_ = {};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool full_ = false, ended_ = false, stopped_ = false;
    std::exception_ptr failure_;
    std::thread worker_;  // last: it uses all of the above
};

template <class T, bool zlib>
class csv_batches {
public:
    using table = dataset<T>;

    csv_batches(std::string const& path, csv_options const& options, stream_options const& cut)
        : path_(path),
          options_(options),
          source_(path, options.delimiter),
          batch_(
              (expect(cut.batch > 0, path, ": batch = ", cut.batch, ": must be > 0"), std::size_t(cut.batch))),
          first_((source_.next(text_, batch_ + options.header, 1), text_), path_, options_) {
        expect(!options.classes || !options.class_names.empty(), path,
               ": classes: a stream needs their names (class_names)");
        first_.begin();
        first_.check_categories_known();
    }

    bool next(table& made) {
        for (; !text_.empty(); advance()) {
            made = first_.rows(false);
            made.class_names = options_.class_names;
            if (made.samples() > 0) {
                advance();
                return true;
            }
        }
        expect(first_.any(), path_, ": no row of data");
        return false;
    }

private:
    void advance() {
        std::size_t const line = first_.next_line();
        text_.clear();
        if (source_.next(text_, batch_, line))
            first_.open(text_, line);
    }

    std::string path_;
    csv_options options_;
    record_source<zlib> source_;
    std::size_t batch_;
    std::string text_;
    csv_table<T> first_;
};

template <class T, bool zlib>
class libsvm_batches {
public:
    using table = sparse_dataset<T>;

    libsvm_batches(std::string const& path, libsvm_options const& options, stream_options const& cut)
        : path_(path), options_(options), source_(path, '\n'), batch_(std::size_t(cut.batch)) {
        expect(cut.batch > 0, path, ": batch = ", cut.batch, ": must be > 0");
        expect(options.features > 0, path, ": features = ", options.features,
               ": a stream needs their number, which must be > 0");
        expect(!options.classes || !options.class_names.empty(), path,
               ": classes: a stream needs their names (class_names)");
    }

    bool next(table& made) {
        while (source_.next(text_, batch_, line_)) {
            made = libsvm_table<T>(text_, options_, path_, line_);
            any_ |= made.samples() > 0;
            if (made.samples() > 0)
                return true;
        }
        expect(any_, path_, ": no row of data");
        return false;
    }

private:
    std::string path_;
    libsvm_options options_;
    record_source<zlib> source_;
    std::size_t batch_, line_ = 1;
    std::string text_;
    bool any_ = false;
};

}  // namespace detail

/// A CSV file of any size as a sequence of tables, for models that learn online; a thread reads ahead (link
/// Threads::Threads, or compile with -pthread). Memory stays constant: three batches.
///
///     data::csv_stream<float> rows{"big.csv.gz", {.target = "y"}, {.batch = 1000}};
///     while (auto* table = rows.next())
///         model.partial_fit(*table);
///
/// Options as for read_csv, but nothing is learned from the data: classes need class_names, and one-hot columns
/// names or `like`. The constructor throws descent::error for what read_csv finds in the first lines, next()
/// for the rest, after the tables before the fault, with the line in the whole file; a record of more than
/// 64 MiB is a fault too. Destruction waits for the read that is under way.
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
class csv_stream {
public:
    explicit csv_stream(std::string const& path, csv_options const& options = {},
                        stream_options const& cut = {})
        : ahead_(path, options, cut) {}

    /// The next rows; nullptr at the end. The table is the caller's to change, and lives until the next call.
    dataset<T>* next() { return ahead_.next(); }

private:
    detail::read_ahead<detail::csv_batches<T, zlib>> ahead_;
};

/// A LIBSVM file of any size as a sequence of sparse tables, as csv_stream. Options as for read_libsvm;
/// `features` must be given, and for classes their names: {.features = 123, .class_names = {"-1", "1"}}.
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
class libsvm_stream {
public:
    libsvm_stream(std::string const& path, libsvm_options const& options, stream_options const& cut = {})
        : ahead_(path, options, cut) {}

    /// The next rows; nullptr at the end. The table is the caller's to change, and lives until the next call.
    sparse_dataset<T>* next() { return ahead_.next(); }

private:
    detail::read_ahead<detail::libsvm_batches<T, zlib>> ahead_;
};

}  // namespace descent::data
