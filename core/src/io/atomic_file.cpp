// SPDX-License-Identifier: MIT
#include "io/atomic_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <random>

namespace skep {
namespace {

// The folder of `path`, with the slash, so that a name can be put behind it.
std::string folder_of(const std::string& path, const char* operation) {
    const std::size_t slash = path.rfind('/');
    if (path.empty() || slash + 1 == path.size()) {
        throw file_error(SKEP_FILE_NOT_WRITABLE, operation, path,
                         "names no file; expected a path that ends in a file name");
    }
    return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

// Random, so that saves at the same moment and leftovers of killed processes never meet.
std::string temporary_name(const std::string& folder) {
    std::random_device random;
    return fmt::format("{}.skep-{:08x}{:08x}.tmp", folder, random(), random());
}

File create_temporary(std::string& temporary_path, const std::string& folder,
                      const std::string& path, const char* operation) {
    constexpr int kMaxAttempts = 16;
    for (int attempt = 1;; ++attempt) {
        temporary_path = temporary_name(folder);
        try {
            return File::create(temporary_path, path, operation);
        } catch (const Error& error) {
            if (error.native_code() != EEXIST || attempt == kMaxAttempts) throw;
        }
    }
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path, const char* operation)
    : path_(path),
      folder_(folder_of(path, operation)),
      operation_(operation),
      replaced_(check_replaceable(path, operation)),
      file_(create_temporary(temporary_path_, folder_, path, operation)) {
}

AtomicFile::~AtomicFile() {
    if (!is_committed_) remove_file(temporary_path_);
}

void AtomicFile::commit() {
    if (replaced_.exists) file_.set_permissions(replaced_.permissions);
    file_.sync();
    file_.close();
    move_file(temporary_path_, path_, operation_);
    is_committed_ = true;
    sync_folder(folder_, path_, operation_);
}

}  // namespace skep
