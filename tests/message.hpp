// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <descent/core/error.hpp>

/// The text of the descent::error that `action` throws; says so if it throws none.
template <class Action>
std::string message_of(Action const& action) {
    try {
        action();
    } catch (descent::error const& caught) {
        return caught.what();
    }
    return "(no error)";
}
