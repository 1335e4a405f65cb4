// SPDX-License-Identifier: MIT
#include "plugin/elf_image.hpp"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

namespace skep {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);

// A library has about ten; the limit bounds what is read for a hostile one.
constexpr std::size_t kMaxSegments = 256;

// The machine that this code was compiled for.
constexpr std::uint16_t kMachine =
#if defined(__x86_64__)
    EM_X86_64;
#elif defined(__aarch64__)
    EM_AARCH64;
#elif defined(__riscv)
    EM_RISCV;
#elif defined(__powerpc64__)
    EM_PPC64;
#else
    EM_NONE;
#endif
constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

}  // namespace

Result<void> check_elf_image(const std::string& path) {
    const auto refuse = [&path](const std::string& reason) {
        return Error(SKEP_LIBRARY_NOT_LOADABLE, "open library: '" + path + "': " + reason,
                     SKEP_LAYER_LOADER);
    };
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return refuse("cannot be read");
    const auto file_bytes = static_cast<std::uint64_t>(file.tellg());
    const auto read_at = [&file](std::uint64_t offset, void* target, std::size_t size) {
        file.seekg(static_cast<std::streamoff>(offset));
        return static_cast<bool>(
            file.read(static_cast<char*>(target), static_cast<std::streamsize>(size)));
    };
    Header header{};
    if (file_bytes < sizeof header || !read_at(0, &header, sizeof header)) {
        return refuse("has " + std::to_string(file_bytes) + " bytes; not an ELF library");
    }
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return refuse("does not begin like an ELF library");
    }
    if (header.e_ident[EI_CLASS] != kClass || header.e_machine != kMachine) {
        return refuse("is for ELF machine " + std::to_string(header.e_machine) + ", class " +
                      std::to_string(header.e_ident[EI_CLASS]) + "; this process is machine " +
                      std::to_string(kMachine) + ", class " + std::to_string(kClass));
    }
    if (header.e_type != ET_DYN) return refuse("is an ELF file, but no shared library");
    if (header.e_phentsize != sizeof(Segment) || header.e_phnum > kMaxSegments) {
        return refuse("has segment headers of an unknown form");
    }
    std::vector<Segment> segments(header.e_phnum);
    const std::uint64_t table_bytes = segments.size() * sizeof(Segment);
    const std::string cut = "is cut short: " + std::to_string(file_bytes) + " bytes";
    if (header.e_phoff > file_bytes || table_bytes > file_bytes - header.e_phoff ||
        !read_at(header.e_phoff, segments.data(), table_bytes)) {
        return refuse(cut + " do not hold its segment headers");
    }
    for (const Segment& segment : segments) {
        if (segment.p_type != PT_LOAD) continue;
        if (segment.p_offset > file_bytes || segment.p_filesz > file_bytes - segment.p_offset) {
            return refuse(cut + "; a segment of " + std::to_string(segment.p_filesz) +
                          " begins at byte " + std::to_string(segment.p_offset));
        }
    }
    return {};
}

}  // namespace skep
