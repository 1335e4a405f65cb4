// SPDX-License-Identifier: MIT
#include <skep/status.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "jit/ptx_images.hpp"
#include "skep/common/error_bridge.hpp"

namespace skep::cuda {
namespace {

// A gzip file ends with the length of its text, least significant byte first.
std::size_t text_bytes(std::span<const unsigned char> file) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < sizeof(std::uint32_t); ++i)
        bytes |= static_cast<std::size_t>(file[file.size() - sizeof(std::uint32_t) + i]) << (8 * i);
    return bytes;
}

}  // namespace

std::string ptx_text(const PtxImage& image) {
    std::string text(image.head);
    const std::size_t head_bytes = text.size();
    text.resize(head_bytes + text_bytes(image.body));

    z_stream stream{};
    // zlib's interface takes no const.
    stream.next_in = const_cast<Bytef*>(image.body.data());
    stream.avail_in = static_cast<uInt>(image.body.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + head_bytes);
    stream.avail_out = static_cast<uInt>(text.size() - head_bytes);
    constexpr int kGzip = 16 + MAX_WBITS;
    int result = inflateInit2(&stream, kGzip);
    if (result == Z_OK) {
        result = inflate(&stream, Z_FINISH);
        inflateEnd(&stream);
    }
    if (result != Z_STREAM_END) {
        throw Error(SKEP_INTERNAL, std::string("module ") + image.module + " as " + image.rung +
                                       ": the embedded text cannot be read, zlib says " +
                                       zError(result));
    }
    return text;
}

}  // namespace skep::cuda
