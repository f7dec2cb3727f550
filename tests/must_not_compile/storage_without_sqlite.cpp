// expects: link descent::sqlite, or compile with -DDESCENT_SQLITE and link with -lsqlite3
// SPDX-License-Identifier: MIT
#include <descent/search/random.hpp>
#include <descent/search/storage.hpp>
#include <descent/search/study.hpp>

int main() {
#ifndef FIXED
    descent::search::study study{descent::search::random{}, descent::search::storage{"study.db"}};
#endif
}
