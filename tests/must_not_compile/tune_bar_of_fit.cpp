// expects: search::progress_bar{}, not fit's
// SPDX-License-Identifier: MIT
#include <descent/linear/linear_regression.hpp>
#include <descent/search/progress_bar.hpp>
#include <descent/search/tune.hpp>
#include <descent/train/progress_bar.hpp>

using namespace descent;

void search_for_it(search::space const& space, data::dataset<double> const& table);
void search_for_it(search::space const& space, data::dataset<double> const& table) {
#ifdef FIXED
    search::progress_bar bar;
#else
    progress_bar bar;
#endif
    search::tune(
        [](auto const& values) {
            return linear::linear_regression<double>{6, {.l2 = values["l2"]}};
        },
        space, table, {}, bar);
}
