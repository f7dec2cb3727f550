// SPDX-License-Identifier: MIT
// Which joke will make whom laugh? Each user and each joke gets a short vector and a bias; a rating is the mean
// plus both biases plus the product of the vectors (Koren, Bell, Volinsky: "Matrix factorization techniques for
// recommender systems", 2009). A batch touches a few rows of the two tables: only those are updated.
//
//     15_recommender [folder [seed]]
//
// The folder holds ratings/jester5k_ratings.csv.gz (columns user, item, rating); without one: the folder that
// DESCENT_DATA names; without that, made-up ratings.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/descent.hpp>

using namespace descent;

namespace {

/// 200 users rate 40 items, half of them each, by two tastes and some mood.
data::dataset<float> made_up() {
    generator const draws{.seed = 1};
    auto const taste = [&](int who, int which) { return draws.normal<float>(std::uint64_t(2 * who + which)); };
    matrix<float> x(4000, 2);
    vector<float> y(4000);
    for (int i = 0; i < 4000; ++i) {
        int const user = i / 20, item = (7 * user + 2 * (i % 20)) % 40;
        x.row(i) << float(user + 1), float(item + 1);
        y[i] = 2 * (taste(user, 0) * taste(200 + item, 0) + taste(user, 1) * taste(200 + item, 1)) +
               draws.normal<float>(std::uint64_t(10000 + i));
    }
    return {x, y};
}

/// Row `id` of "users" and "items": the bias and then the vector.
struct recommender {
    params<float> tables;
    float mean;

    matrix_view<float> table(char const* name) { return tables[name].matrix(); }
    float operator()(std::ptrdiff_t user, std::ptrdiff_t item) {
        auto const u = table("users").row(user), v = table("items").row(item);
        return mean + u[0] + v[0] + u.tail(u.size() - 1).dot(v.tail(v.size() - 1));
    }
    double rmse(data::dataset<float> const& ratings) {
        double sum = 0;
        for (std::ptrdiff_t i = 0; i < ratings.samples(); ++i)
            sum += std::pow(
                (*this)(std::ptrdiff_t(ratings.x(i, 0)), std::ptrdiff_t(ratings.x(i, 1))) - ratings.y[i], 2);
        return std::sqrt(sum / double(ratings.samples()));
    }
};

}  // namespace

int main(int argc, char** argv) try {
    // 1. Ratings; every tenth one tests.
    char const* const folder = argc > 1 ? argv[1] : std::getenv("DESCENT_DATA");
    auto const all =
        folder ? data::read_csv(std::string(folder) + "/ratings/jester5k_ratings.csv.gz", {.target = "rating"})
               : made_up();
    std::vector<std::ptrdiff_t> rows[2];
    for (std::ptrdiff_t i = 0; i < all.samples(); ++i)
        rows[i % 10 == 0].push_back(i);
    auto const train = all.rows(rows[0]), test = all.rows(rows[1]);

    // 2. Two tables, each with an optimizer of its own that knows rows.
    std::ptrdiff_t const rank = 8, batch = 200, epochs = folder ? 6 : 40;
    auto const ids = all.x.colwise().maxCoeff().template cast<std::ptrdiff_t>().eval();
    recommender model{{{"users", {ids[0] + 1, 1 + rank}}, {"items", {ids[1] + 1, 1 + rank}}}, train.y.mean()};
    generator const start{.seed = argc > 2 ? std::uint64_t(std::atoi(argv[2])) : 1};
    for (std::ptrdiff_t i = 0; i < model.tables.arena_size(); ++i)
        model.tables.data()[i] = 0.1f * start.normal<float>(std::uint64_t(i));
    auto const recipe = chain(lazy_adam{}, rate{cosine{0.01, epochs * ((train.samples() - 1) / batch + 1)}});
    lazy_optimizer users{recipe, model.tables, "users"}, items{recipe, model.tables, "items"};
    std::printf("%td ratings by %td users of %td items; the mean alone: RMSE %.4f\n", train.samples(), ids[0],
                ids[1], double(std::sqrt((test.y.array() - model.mean).square().mean())));

    // 3. Batches: half the square of the error, and what holds rows near zero: users, who rate little, more.
    float const hold_user = 0.25f, hold_item = 0.01f;
    for (std::ptrdiff_t epoch = 0; epoch < epochs; ++epoch) {
        auto const order = permutation(train.samples(), generator{start.seed, std::uint32_t(epoch + 1)});
        for (std::ptrdiff_t first = 0; first < train.samples(); first += batch) {
            std::ptrdiff_t const count = std::min(batch, train.samples() - first);
            std::vector<std::ptrdiff_t> user, item;
            matrix<float> user_slopes(count, 1 + rank), item_slopes(count, 1 + rank);
            for (std::ptrdiff_t k = 0; k < count; ++k) {
                auto const i = order[std::size_t(first + k)];
                user.push_back(std::ptrdiff_t(train.x(i, 0))), item.push_back(std::ptrdiff_t(train.x(i, 1)));
                auto const u = model.table("users").row(user.back()), v = model.table("items").row(item.back());
                float const error = model(user.back(), item.back()) - train.y[i];
                user_slopes.row(k) = error * v + hold_user * u;
                item_slopes.row(k) = error * u + hold_item * v;
                user_slopes(k, 0) = error + hold_user * u[0];
                item_slopes(k, 0) = error + hold_item * v[0];
            }
            users.step(user, user_slopes);
            items.step(item, item_slopes);
        }
        if (epoch % (epochs / 6) == 0 || epoch + 1 == epochs)
            std::printf("epoch %td: RMSE %.4f in training, %.4f on ratings never seen\n", epoch + 1,
                        model.rmse(train), model.rmse(test));
    }
} catch (descent::error const& problem) {
    std::fprintf(stderr, "15_recommender: %s\n", problem.what());
    return 1;
}
