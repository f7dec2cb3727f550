// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include "allocations.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define DESCENT_TEST_SANITIZED 1
#endif
#endif
#if defined(DESCENT_TEST_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    !defined(__GLIBC__)

TEST_CASE("nn allocation: malloc is not ours to count here") {
    WARN("skipped: a sanitizer or another C library has a malloc of its own");
}

#else

#include <cerrno>
#include <cstdlib>
#include <vector>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using allocations::count;

// glibc's own functions behind the names that programs call; libstdc++ and libgomp call these too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) { return count(), __libc_malloc(bytes); }
void* calloc(std::size_t n, std::size_t bytes) { return count(), __libc_calloc(n, bytes); }
void* realloc(void* memory, std::size_t bytes) { return count(), __libc_realloc(memory, bytes); }
void* memalign(std::size_t alignment, std::size_t bytes) { return count(), __libc_memalign(alignment, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    return count(), __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    count();
    void* const got = __libc_memalign(alignment, bytes);
    if (got)
        *memory = got;
    return got ? 0 : ENOMEM;
}
void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
    count();
    return reinterpret_cast<void*>(::syscall(SYS_mmap, at, bytes, protection, flags, file, offset));
}
}

TEST_CASE("nn allocation: all ways to memory are counted") {
    void* got[6] = {};
    CHECK(allocations::during([&] {
              got[0] = std::malloc(100);
              got[1] = std::calloc(10, 10);
              got[2] = std::realloc(nullptr, 100);
              got[3] = ::aligned_alloc(64, 128);
              if (::posix_memalign(&got[4], 64, 128))
                  got[4] = nullptr;
              got[5] = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              std::vector<int> const numbers(100);
          }) == 7);
    for (int i = 0; i < 5; ++i)
        std::free(got[i]);
    CHECK(::munmap(got[5], 4096) == 0);
}

#endif
