// expects: search::progress_bar{}, not fit's
// SPDX-License-Identifier: MIT
#include <descent/search/progress_bar.hpp>
#include <descent/search/random.hpp>
#include <descent/search/study.hpp>
#include <descent/train/progress_bar.hpp>

using namespace descent;

void search_for_it(search::study<search::random>& study);
void search_for_it(search::study<search::random>& study) {
#ifdef FIXED
    search::progress_bar bar;
#else
    progress_bar bar;
#endif
    study.minimize(
        {}, [](search::trial& t) { return t.uniform("x", 0, 1); }, bar);
}
