// SPDX-License-Identifier: MIT
// Files through POSIX calls, and nothing else: every failure becomes an Error that names operation,
// file and the system's reason. Code in io/ throws; the functions that other folders call return a
// Result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "skep/result.hpp"

namespace skep {

// "<operation>: '<path>': <text>".
[[nodiscard]] Error file_error(skep_status status, const char* operation, const std::string& path,
                               const std::string& text, std::int64_t native_code = 0);

// What to tell for a system call on a file that is read or written; `number` is its errno.
[[nodiscard]] Error read_error(const char* operation, const std::string& path, int number);
[[nodiscard]] Error write_error(const char* operation, const std::string& path, int number);

// An open regular file. Offsets are explicit, so that no call depends on another.
class File {
  public:
    // Refuses folders, pipes and devices. Follows symbolic links.
    static File open_for_reading(const std::string& path, const char* operation);
    // A new file with the permissions that the umask leaves; throws if it exists. Messages tell of
    // `shown_path`.
    static File create(const std::string& path, const std::string& shown_path,
                       const char* operation);
    ~File();
    File(File&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)),
          path_(std::move(other.path_)),
          operation_(other.operation_) {}
    File& operator=(File&& other) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const char* operation() const { return operation_; }

    [[nodiscard]] std::uint64_t size() const;
    // SKEP_FILE_TRUNCATED if the file ends before.
    void read(std::uint64_t offset, void* out, std::size_t num_bytes) const;
    void write(std::uint64_t offset, const void* data, std::size_t num_bytes);
    void set_size(std::uint64_t num_bytes);
    void set_permissions(std::uint32_t mode);
    // Until everything written has reached the device.
    void sync();
    // Reports what a file system tells only now; the destructor closes without asking.
    void close();

  private:
    File(int descriptor, std::string path, const char* operation)
        : descriptor_(descriptor), path_(std::move(path)), operation_(operation) {}

    int descriptor_;
    std::string path_;
    const char* operation_;
};

// What a file that is about to be replaced is like.
struct ReplacedFile {
    bool exists = false;
    std::uint32_t permissions = 0;
};

// Throws SKEP_FILE_NOT_WRITABLE unless `path` is free or a regular file that the caller may write.
ReplacedFile check_replaceable(const std::string& path, const char* operation);

// Both in one folder, so that the move is atomic.
void move_file(const std::string& from, const std::string& to, const char* operation);
void remove_file(const std::string& path) noexcept;
// Makes names in the folder survive a power cut. A folder that may not be read is left to the
// system.
void sync_folder(const std::string& folder, const std::string& shown_path, const char* operation);

}  // namespace skep
