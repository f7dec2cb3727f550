// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/search/domain.hpp>

namespace descent::search {

class space;

/// Values by name, as conditions of a space and readers of a trial see them.
class setting {
public:
    setting() = default;
    setting(search::space const* space, std::vector<double> const* values) : space_(space), values_(values) {}

    /// Was the name asked for? In a conditional space not every trial asks for every name.
    bool has(std::string_view name) const;
    /// The number of that name; of a list of texts: the position. Throws descent::error where there is none.
    double operator[](std::string_view name) const;
    /// The chosen text of that name. Throws descent::error where there is none.
    std::string const& label(std::string_view name) const;

private:
    index at(std::string_view name) const;

    search::space const* space_ = nullptr;
    std::vector<double> const* values_ = nullptr;
};

/// Names and domains of the hyperparameters, declared at once or grown by what trials ask for.
///
///     search::space space;
///     space.add("rate", search::log_uniform(1e-5, 1)).add("width", search::integer(8, 512, {.log = true}));
///     space.require([](search::setting const& s) { return s["rate"] * s["width"] < 10; });
class space {
public:
    /// Throws descent::error for a domain without values and for a name that has another domain.
    space& add(std::string_view name, domain what) {
        index const known = find(name);
        if (known >= 0) {
            expect(domains_[std::size_t(known)] == what, "search: ", name,
                   ": its domain is not what it was before");
            return *this;
        }
        what.check(name);
        names_.emplace_back(name);
        domains_.push_back(std::move(what));
        return *this;
    }

    /// Points where condition(setting const&) is false are not tried. It must hold for a fair share of the
    /// space: samplers look for such a point among a few hundred draws. Only for declared spaces.
    template <class Condition>
    space& require(Condition condition) {
        conditions_.push_back(
            {std::make_shared<Condition>(std::move(condition)), [](void const* held, setting const& s) {
                 return bool((*static_cast<Condition const*>(held))(s));
             }});
        return *this;
    }

    index size() const { return index(names_.size()); }
    domain const& operator[](index i) const { return domains_[std::size_t(i)]; }
    std::string const& name(index i) const { return names_[std::size_t(i)]; }
    /// The position of a name; -1 where it is not.
    index find(std::string_view name) const {
        for (std::size_t i = 0; i < names_.size(); ++i)
            if (names_[i] == name)
                return index(i);
        return -1;
    }

    bool conditional() const { return !conditions_.empty(); }

    /// Do all conditions hold at these coordinates?
    bool allows(double const* coordinates) const {
        if (conditions_.empty())
            return true;
        std::vector<double> values(names_.size());
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = domains_[i].value(coordinates[i]);
        return allows_values(values);
    }
    /// Do they at these values, one for each name?
    bool allows_values(std::vector<double> const& values) const {
        setting const s(this, &values);
        for (auto const& c : conditions_)
            if (!c.test(c.held.get(), s))
                return false;
        return true;
    }

private:
    struct rule {
        std::shared_ptr<void const> held;
        bool (*test)(void const*, setting const&);
    };

    std::vector<std::string> names_ = {};
    std::vector<domain> domains_ = {};
    std::vector<rule> conditions_ = {};
};

inline index setting::at(std::string_view name) const {
    index const i = space_ ? space_->find(name) : -1;
    return i >= 0 && i < index(values_->size()) && (*values_)[std::size_t(i)] == (*values_)[std::size_t(i)]
               ? i
               : -1;
}
inline bool setting::has(std::string_view name) const { return at(name) >= 0; }
inline double setting::operator[](std::string_view name) const {
    index const i = at(name);
    expect(i >= 0, "search: the trial has no '", name, "'");
    return (*space_)[i].number((*values_)[std::size_t(i)]);
}
inline std::string const& setting::label(std::string_view name) const {
    index const i = at(name);
    expect(i >= 0 && !(*space_)[i].labels.empty(), "search: the trial has no text '", name, "'");
    return (*space_)[i].labels[std::size_t((*values_)[std::size_t(i)])];
}

}  // namespace descent::search
