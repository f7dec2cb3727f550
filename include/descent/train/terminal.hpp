// SPDX-License-Identifier: MIT
#pragma once

// What training asks of the operating system: is a stream a terminal, how wide, and signals. Elsewhere than on
// POSIX systems no stream is a terminal, and signals are the C library's.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#if defined(__unix__) || defined(__APPLE__)
#define DESCENT_POSIX 1
#include <sys/ioctl.h>
#include <unistd.h>
#else
#define DESCENT_POSIX 0
#endif

namespace descent::detail {

/// A variable of the environment; empty where it is not set.
inline std::string_view environment(char const* name) {
    char const* const value = std::getenv(name);
    return value ? value : "";
}

/// Is the stream a terminal that understands control sequences?
inline bool is_terminal(std::FILE* stream) {
#if DESCENT_POSIX
    return ::isatty(::fileno(stream)) != 0 && environment("TERM") != "dumb";
#else
    return stream == nullptr;
#endif
}

/// Columns of the terminal; 80 where that is not known.
inline int terminal_width(std::FILE* stream) {
#if DESCENT_POSIX
    winsize size{};
    if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
#endif
    return stream ? 80 : 0;
}

/// Does the locale that the environment names write UTF-8?
inline bool writes_utf8() {
    for (char const* const name : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (std::string_view const value = environment(name); !value.empty())
            return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos ||
                   value.find("utf-8") != value.npos;
    return false;
}

/// Puts a handler in place of the present one, which comes back with it. A signal that is ignored stays so.
class signal_handler {
public:
    bool install(int signal, void (*handler)(int)) {
        signal_ = signal;
#if DESCENT_POSIX
        if (::sigaction(signal, nullptr, &before_) != 0 || before_.sa_handler == SIG_IGN)
            return false;
        struct sigaction mine {};
        mine.sa_handler = handler;
        mine.sa_flags = SA_RESTART;
        ::sigemptyset(&mine.sa_mask);
        return ::sigaction(signal, &mine, nullptr) == 0;
#else
        before_ = std::signal(signal, handler);
        if (before_ == SIG_IGN)
            std::signal(signal, SIG_IGN);
        return before_ != SIG_ERR && before_ != SIG_IGN;
#endif
    }

    void restore() {
#if DESCENT_POSIX
        ::sigaction(signal_, &before_, nullptr);
#else
        std::signal(signal_, before_);
#endif
    }

private:
    int signal_ = 0;
#if DESCENT_POSIX
    struct sigaction before_ {};
#else
    void (*before_)(int) = nullptr;
#endif
};

}  // namespace descent::detail
