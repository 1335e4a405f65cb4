// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/component_conversion.hpp"
#include "io/hnswlib_file.hpp"
#include "io/hnswlib_format.hpp"
#include "skep/common/assert.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

constexpr const char* kOperation = "export hnswlib";
constexpr std::uint64_t kBlockBytes = std::uint64_t{4} << 20U;

void append(std::vector<std::byte>& bytes, const void* data, std::size_t size) {
    if (size == 0) return;
    const std::size_t end = bytes.size();
    bytes.resize(end + size);
    std::memcpy(bytes.data() + end, data, size);
}

// Count, links, and zeros for those that are missing.
void append_list(std::vector<std::byte>& bytes, std::span<const std::uint32_t> list) {
    const auto end = std::find(list.begin(), list.end(), SKEP_NO_SLOT);
    const auto count = static_cast<std::uint32_t>(end - list.begin());
    append(bytes, &count, sizeof count);
    append(bytes, list.data(), count * sizeof count);
    bytes.resize(bytes.size() + (list.size() - count) * sizeof count);
}

HnswlibHeader make_header(const CollectionContents& contents) {
    const skep_graph_image image = contents.graph.image(contents.m);
    HnswlibHeader header{};
    header.max_elements = contents.num_rows;
    header.num_elements = contents.num_rows;
    header.row_offset = hnswlib_list_bytes(image.degree);
    header.label_offset = header.row_offset + contents.dim * sizeof(float);
    header.record_bytes = header.label_offset + sizeof(std::uint64_t);
    header.max_level = contents.num_rows == 0 ? -1 : static_cast<std::int32_t>(image.max_level);
    header.entry = image.entry_slot;
    header.m = contents.m;
    header.upper_links = contents.m;
    header.base_links = image.degree;
    header.level_factor = 1.0 / std::log(static_cast<double>(contents.m));
    header.ef_construction = contents.ef_construction;
    return header;
}

class HnswlibWriter {
  public:
    HnswlibWriter(const std::string& path, const CollectionContents& contents,
                  const RowSource& rows, CallControl& control)
        : contents_(contents),
          rows_(rows),
          control_(control),
          header_(make_header(contents)),
          target_(path, kOperation) {}

    void write() {
        append(block_, &header_, sizeof header_);
        write_records();
        write_upper_links();
        flush();
        target_.commit();
    }

  private:
    void write_records() {
        const std::uint64_t row_bytes = contents_.dim * element_bytes(contents_.dtype);
        const std::uint64_t block_rows = std::max<std::uint64_t>(1, kBlockBytes / row_bytes);
        std::vector<std::byte> rows(std::min(block_rows, contents_.num_rows) * row_bytes);
        std::vector<float> floats(contents_.dim);
        for (std::uint64_t first = 0; first < contents_.num_rows; first += block_rows) {
            control_.check(kOperation, first, contents_.num_rows).value();
            const std::uint64_t count = std::min(block_rows, contents_.num_rows - first);
            rows_(first, count, rows.data()).value();
            for (std::uint64_t i = 0; i < count; ++i) {
                const std::uint64_t row = first + i;
                append_list(block_, contents_.graph.base_links.subspan(row * header_.base_links,
                                                                       header_.base_links));
                to_floats(rows.data() + i * row_bytes, floats);
                append(block_, floats.data(), floats.size() * sizeof(float));
                append(block_, &contents_.u64_keys[row], sizeof(std::uint64_t));
            }
            flush();
        }
    }

    void to_floats(const std::byte* row, std::vector<float>& floats) const {
        // Every element type fits into a float.
        convert_components(contents_.dtype, row, SKEP_DTYPE_F32,
                           reinterpret_cast<std::byte*>(floats.data()), floats.size());
        if (contents_.metric != SKEP_METRIC_COSINE) return;
        double squared_norm = 0.0;
        for (const float value : floats)
            squared_norm += static_cast<double>(value) * static_cast<double>(value);
        if (squared_norm == 0.0) return;
        const double norm = std::sqrt(squared_norm);
        for (float& value : floats)
            value = static_cast<float>(static_cast<double>(value) / norm);
    }

    void write_upper_links() {
        std::uint64_t first = 0;
        for (const std::uint8_t level : contents_.graph.levels) {
            const auto length =
                static_cast<std::uint32_t>(level * hnswlib_list_bytes(header_.upper_links));
            append(block_, &length, sizeof length);
            for (std::uint32_t l = 0; l < level; ++l, first += header_.upper_links) {
                append_list(block_,
                            contents_.graph.upper_links.subspan(first, header_.upper_links));
            }
            if (block_.size() > kBlockBytes) flush();
        }
    }

    void flush() {
        target_.file().write(position_, block_.data(), block_.size());
        position_ += block_.size();
        block_.clear();
    }

    const CollectionContents& contents_;
    const RowSource& rows_;
    CallControl& control_;
    HnswlibHeader header_;
    AtomicFile target_;
    std::vector<std::byte> block_;
    std::uint64_t position_ = 0;
};

}  // namespace

Result<void> write_hnswlib_file(const std::string& path, const CollectionContents& contents,
                                const RowSource& rows, CallControl& control) {
    SKEP_ASSERT(contents.graph.levels.size() == contents.num_rows, "every row is linked");
    try {
        HnswlibWriter(path, contents, rows, control).write();
        return {};
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
