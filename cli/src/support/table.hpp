// SPDX-License-Identifier: MIT
// Columns of text for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace skep::cli {

enum class Align { kLeft, kRight };

class Table {
  public:
    struct Column {
        std::string title;
        Align align = Align::kLeft;
    };

    explicit Table(std::vector<Column> columns);

    // As many cells as there are columns.
    void add_row(std::vector<std::string> cells);

    // One line per row, the titles first; no trailing spaces.
    [[nodiscard]] std::string text() const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// "15.6 GiB"; "-" for 0, which devices use for "not told".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

}  // namespace skep::cli
