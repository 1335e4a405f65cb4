// SPDX-License-Identifier: MIT
// Index files of hnswlib (github.com/nmslib/hnswlib), as its saveIndex of versions 0.4 to 0.8
// writes them: rows of floats, 64-bit labels, links. They tell neither metric nor type.
//
// Every number is little-endian, size_t 8 bytes. A header of 96 bytes; then for each element a
// record: u32 whose low half counts links and whose third byte is 1 for a removed element, 2 M u32
// links, the row, the label as u64; then for each element the length in bytes of its lists above
// the base layer as u32, and those lists, u32 count and M u32 links each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/collection_file.hpp"
#include "runtime/call_control.hpp"
#include "skep/result.hpp"

namespace skep {

struct HnswlibFile {
    LoadedCollection loaded;                  // removed elements included
    std::vector<std::uint64_t> removed_keys;  // labels of elements marked as removed
};

// Every length and link is checked before it is used. dtype: what the rows become; a component that
// it does not hold exactly is refused.
Result<HnswlibFile> read_hnswlib_file(const std::string& path, skep_metric metric, skep_dtype dtype,
                                      CallControl& control);

// contents: u64 keys, and a graph of all rows. Rows become floats; those of a cosine collection are
// scaled to unit length, as hnswlib wants them. The file appears whole or not at all.
Result<void> write_hnswlib_file(const std::string& path, const CollectionContents& contents,
                                const RowSource& rows, CallControl& control);

}  // namespace skep
