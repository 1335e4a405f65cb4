// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "io/component_conversion.hpp"
#include "io/hnswlib_file.hpp"
#include "io/hnswlib_format.hpp"
#include "io/key_checks.hpp"
#include "io/mapped_file.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

constexpr const char* kOperation = "import hnswlib";

// What the imported collection points to.
struct Imported {
    std::vector<std::byte> rows;
    std::vector<std::uint64_t> keys;
    GraphArrays graph;
};

class HnswlibReader {
  public:
    HnswlibReader(const std::string& path, skep_metric metric, skep_dtype dtype,
                  CallControl& control)
        : file_(File::open_for_reading(path, kOperation)),
          mapped_(file_),
          metric_(metric),
          dtype_(dtype),
          control_(control) {}

    HnswlibFile read() {
        read_header();
        HnswlibFile result;
        for (std::uint64_t element = 0; element < header_.num_elements; ++element) {
            if (element % 4096 == 0)
                control_.check(kOperation, element, header_.num_elements).value();
            if (read_record(element)) result.removed_keys.push_back(imported_->keys.back());
        }
        read_upper_links();
        check();
        fill(result.loaded);
        return result;
    }

  private:
    [[nodiscard]] Error refuse(skep_status status, const std::string& text) const {
        return file_error(status, kOperation, file_.path(), text);
    }
    [[nodiscard]] std::uint64_t links_of(bool is_base) const {
        return is_base ? header_.base_links : header_.upper_links;
    }

    void read_header() {
        if (mapped_.size() < sizeof header_)
            throw refuse(SKEP_FILE_TRUNCATED, "is shorter than a header of 96 bytes");
        std::memcpy(&header_, mapped_.data(), sizeof header_);
        const std::uint64_t m = header_.m;
        if (m < SKEP_MIN_GRAPH_LINKS || m > SKEP_MAX_GRAPH_LINKS || header_.upper_links != m ||
            header_.base_links != 2 * m || header_.base_offset != 0) {
            throw refuse(SKEP_FILE_UNKNOWN_FORMAT,
                         fmt::format("is no hnswlib index: M {}, {} and {} links; expected M of {} "
                                     "to {}, M and 2 M",
                                     m, header_.upper_links, header_.base_links,
                                     SKEP_MIN_GRAPH_LINKS, SKEP_MAX_GRAPH_LINKS));
        }
        const std::uint64_t base_bytes = hnswlib_list_bytes(header_.base_links);
        const std::uint64_t row_bytes = header_.label_offset - base_bytes;
        if (header_.row_offset != base_bytes || row_bytes == 0 || row_bytes % sizeof(float) != 0 ||
            row_bytes > SKEP_MAX_DIM * sizeof(float) ||
            header_.record_bytes != header_.label_offset + sizeof(std::uint64_t)) {
            throw refuse(SKEP_FILE_UNKNOWN_FORMAT,
                         fmt::format("is no hnswlib index of floats: rows at {}, labels at {}, {} "
                                     "bytes per element; expected rows at {}",
                                     header_.row_offset, header_.label_offset, header_.record_bytes,
                                     base_bytes));
        }
        dim_ = static_cast<std::uint32_t>(row_bytes / sizeof(float));
        const std::uint64_t least = header_.record_bytes + sizeof(std::uint32_t);
        if (header_.num_elements > SKEP_MAX_ROWS ||
            header_.num_elements > (mapped_.size() - sizeof header_) / least) {
            throw refuse(SKEP_FILE_TRUNCATED,
                         fmt::format("has {} bytes for {} elements of {} and more", mapped_.size(),
                                     header_.num_elements, least));
        }
        const std::uint64_t num_elements = header_.num_elements;
        imported_->rows.resize(num_elements * dim_ * element_bytes(dtype_));
        imported_->keys.reserve(num_elements);
        imported_->graph.base_links.reserve(num_elements * header_.base_links);
        imported_->graph.levels.reserve(num_elements);
    }

    // Appends the links of one list, padded.
    void read_list(const std::byte* list, bool is_base, std::uint64_t element,
                   std::vector<std::uint32_t>& out) const {
        std::uint32_t count = 0;
        std::memcpy(&count, list, sizeof count);
        count &= kHnswlibCountMask;
        if (count > links_of(is_base)) {
            throw refuse(SKEP_FILE_CORRUPT, fmt::format("element {} has {} links; at most {} fit",
                                                        element, count, links_of(is_base)));
        }
        const std::size_t first = out.size();
        out.resize(first + links_of(is_base), SKEP_NO_SLOT);
        std::memcpy(out.data() + first, list + sizeof count, count * sizeof count);
    }

    // Whether the element is marked as removed.
    bool read_record(std::uint64_t element) {
        const std::byte* const record =
            mapped_.data() + sizeof header_ + element * header_.record_bytes;
        read_list(record, true, element, imported_->graph.base_links);
        const std::byte* const row = record + header_.row_offset;
        if (first_not_finite(SKEP_DTYPE_F32, row, dim_) != dim_)
            throw refuse(SKEP_FILE_CORRUPT,
                         fmt::format("row of element {} is not finite", element));
        std::byte* const target = imported_->rows.data() + element * dim_ * element_bytes(dtype_);
        const std::size_t converted = convert_components(SKEP_DTYPE_F32, row, dtype_, target, dim_);
        if (converted != dim_) {
            throw refuse(
                SKEP_UNSUPPORTED_TYPE,
                fmt::format("element {} component {} is {}; expected {}", element, converted,
                            component_text(SKEP_DTYPE_F32, row + converted * sizeof(float)),
                            range_text(dtype_)));
        }
        std::uint64_t label = 0;
        std::memcpy(&label, record + header_.label_offset, sizeof label);
        imported_->keys.push_back(label);
        std::uint32_t mark = 0;
        std::memcpy(&mark, record, sizeof mark);
        return (mark & kHnswlibRemoved) != 0;
    }

    void read_upper_links() {
        const std::uint64_t list_bytes = hnswlib_list_bytes(header_.upper_links);
        std::uint64_t offset = sizeof header_ + header_.num_elements * header_.record_bytes;
        for (std::uint64_t element = 0; element < header_.num_elements; ++element) {
            std::uint32_t length = 0;
            if (mapped_.size() - offset < sizeof length)
                throw refuse(SKEP_FILE_TRUNCATED, fmt::format("ends before element {}", element));
            std::memcpy(&length, mapped_.data() + offset, sizeof length);
            offset += sizeof length;
            if (length % list_bytes != 0 || length / list_bytes > UINT8_MAX) {
                throw refuse(SKEP_FILE_CORRUPT,
                             fmt::format("element {} has {} bytes of upper links; expected a "
                                         "multiple of {}",
                                         element, length, list_bytes));
            }
            if (mapped_.size() - offset < length)
                throw refuse(SKEP_FILE_TRUNCATED, fmt::format("ends within element {}", element));
            imported_->graph.levels.push_back(static_cast<std::uint8_t>(length / list_bytes));
            for (std::uint64_t done = 0; done < length; done += list_bytes) {
                read_list(mapped_.data() + offset + done, false, element,
                          imported_->graph.upper_links);
            }
            offset += length;
        }
        if (offset != mapped_.size()) {
            throw refuse(SKEP_FILE_CORRUPT,
                         fmt::format("has {} bytes behind its end", mapped_.size() - offset));
        }
    }

    void check() const {
        const Complaint keys = check_u64_keys(imported_->keys);
        if (keys) throw refuse(SKEP_FILE_CORRUPT, "labels: " + *keys);
        const auto links =
            check_links(imported_->graph.contents(), static_cast<std::uint32_t>(header_.m));
        if (links) throw refuse(SKEP_FILE_CORRUPT, *links);
    }

    void fill(LoadedCollection& loaded) const {
        CollectionContents& contents = loaded.contents;
        contents.dim = dim_;
        contents.metric = metric_;
        contents.dtype = dtype_;
        contents.index = SKEP_INDEX_HNSW;
        contents.m = static_cast<std::uint32_t>(header_.m);
        contents.ef_construction = static_cast<std::uint32_t>(
            std::clamp<std::uint64_t>(header_.ef_construction, 1, SKEP_MAX_EF_CONSTRUCTION));
        contents.num_rows = header_.num_elements;
        contents.u64_keys = imported_->keys;
        for (const std::uint64_t key : imported_->keys)
            contents.next_u64_key = std::max(contents.next_u64_key, key + 1);
        contents.graph = imported_->graph.contents();
        loaded.rows = SKEP_HOST_MATRIX(skep_matrix, dtype_, imported_->rows.data(),
                                       header_.num_elements, dim_);
        loaded.owner = imported_;
    }

    File file_;
    MappedFile mapped_;
    skep_metric metric_;
    skep_dtype dtype_;
    CallControl& control_;
    HnswlibHeader header_{};
    std::uint32_t dim_ = 0;
    std::shared_ptr<Imported> imported_ = std::make_shared<Imported>();
};

}  // namespace

Result<HnswlibFile> read_hnswlib_file(const std::string& path, skep_metric metric, skep_dtype dtype,
                                      CallControl& control) {
    try {
        return HnswlibReader(path, metric, dtype, control).read();
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
