// SPDX-License-Identifier: MIT
// The metadata section of a .skep file: what a collection is, as a JSON object.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "io/collection_file.hpp"
#include "io/container_reader.hpp"

namespace skep {

// Equal contents give equal text.
std::string write_metadata(const CollectionContents& contents);

// The section's object. Throws if it is too long, damaged or no JSON object.
boost::json::object read_metadata(const File& file, const ContainerLayout& layout);

// The scalar members of CollectionContents. Throws on a field that is absent, of another type or
// out of range; fields that are not known are skipped.
CollectionContents parse_metadata(const boost::json::object& metadata, const File& file,
                                  const ContainerLayout& layout);

}  // namespace skep
