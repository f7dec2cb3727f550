// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// Empty if the text is well-formed XML as far as an SVG needs it (one root, balanced tags, quoted attributes
/// without < in them, known entities), else what is wrong.
inline std::string malformed(std::string const& xml) {
    std::vector<std::string> open;
    int roots = 0;
    auto const entity = [&](std::size_t at) {
        for (std::string_view const known : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"})
            if (xml.compare(at, known.size(), known) == 0)
                return true;
        return false;
    };
    for (std::size_t at = 0; at < xml.size();) {
        if (xml[at] == '&' && !entity(at))
            return "stray & at " + std::to_string(at);
        if (xml[at] == '>')
            return "stray > at " + std::to_string(at);
        if (xml[at] != '<') {
            if (open.empty() && xml[at] != '\n')
                return "text outside the root at " + std::to_string(at);
            ++at;
            continue;
        }
        std::size_t const begin = at++;
        bool const closing = xml[at] == '/';
        at += closing;
        std::size_t const name_end = xml.find_first_of(" />", at);
        if (name_end == xml.npos)
            return "unfinished tag";
        std::string const name = xml.substr(at, name_end - at);
        at = name_end;
        while (at < xml.size() && xml[at] == ' ') {
            std::size_t const quote = xml.find("=\"", at);
            std::size_t const end = quote == xml.npos ? quote : xml.find('"', quote + 2);
            if (end == xml.npos || xml.substr(at + 1, quote - at - 1).find_first_of("<>\"' ") != xml.npos ||
                xml.substr(quote, end - quote).find('<') != xml.npos)
                return "bad attribute of " + name + " at " + std::to_string(at);
            at = end + 1;
        }
        bool const empty = xml.compare(at, 2, "/>") == 0;
        if (!empty && (at >= xml.size() || xml[at] != '>'))
            return "tag " + name + " does not end, begun at " + std::to_string(begin);
        at += empty ? 2 : 1;
        roots += open.empty() && !closing;
        if (closing && (open.empty() || open.back() != name))
            return "</" + name + "> closes nothing";
        if (closing)
            open.pop_back();
        else if (!empty)
            open.push_back(name);
    }
    return !open.empty() ? "<" + open.back() + "> is not closed" : roots != 1 ? "not one root" : "";
}

/// The elements (start tag and what follows to the end of the line) that begin with `start`.
inline std::vector<std::string> elements(std::string const& svg, std::string const& start) {
    std::vector<std::string> found;
    for (std::size_t at = svg.find(start); at != svg.npos; at = svg.find(start, at + 1))
        found.push_back(svg.substr(at, svg.find('\n', at) - at));
    return found;
}

/// The numbers in an attribute: attribute(element, "points") gives x, y, x, y, ...
inline std::vector<double> attribute(std::string const& element, std::string const& name) {
    std::vector<double> numbers;
    std::size_t at = element.find(" " + name + "=\"");
    if (at == element.npos)
        return numbers;
    at += name.size() + 3;
    std::string const content = element.substr(at, element.find('"', at) - at);
    char const* from = content.c_str();
    while (*from != '\0') {
        char* end = nullptr;
        numbers.push_back(std::strtod(from, &end));
        from = *end == ',' || *end == ' ' ? end + 1 : end;
        if (end == from && *end != '\0')
            return {};
    }
    return numbers;
}
