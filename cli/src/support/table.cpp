// SPDX-License-Identifier: MIT
#include "support/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace skep::cli {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
}

void Table::add_row(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::vector<std::string> titles;
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        titles.push_back(columns_[column].title);
        std::size_t width = titles.back().size();
        for (const auto& row : rows_)
            width = std::max(width, row[column].size());
        widths.push_back(width);
    }

    std::string text;
    const auto append_line = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t column = 0; column < cells.size(); ++column) {
            if (column > 0) line += "  ";
            line += columns_[column].align == Align::kLeft
                        ? fmt::format("{:<{}}", cells[column], widths[column])
                        : fmt::format("{:>{}}", cells[column], widths[column]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    };
    append_line(titles);
    for (const auto& row : rows_)
        append_line(row);
    return text;
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes == 0) return "-";
    static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (amount >= 1024.0 && unit + 1 < kUnits.size()) {
        amount /= 1024.0;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace skep::cli
