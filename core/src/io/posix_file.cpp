// SPDX-License-Identifier: MIT
#include "io/posix_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace skep {
namespace {

// Linux moves at most 2^31 - 4096 bytes per call; smaller pieces keep a signal from waiting long.
constexpr std::size_t kLargestTransfer = std::size_t{64} << 20U;

// Repeats a system call that a signal interrupted.
template <typename Call>
auto retry(Call&& call) {
    while (true) {
        const auto result = call();
        if (result >= 0 || errno != EINTR) return result;
    }
}

std::string reason(int number) {
    return std::generic_category().message(number);
}

skep_status status_of_read(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return SKEP_FILE_NOT_FOUND;
        case EACCES:
        case EPERM:
        case EISDIR:
        case ELOOP:
        case ENAMETOOLONG:
            return SKEP_FILE_NOT_READABLE;
        case ENOMEM:
            return SKEP_OUT_OF_HOST_MEMORY;
        default:
            return SKEP_IO_FAILED;
    }
}

skep_status status_of_write(int number) {
    switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:  // no room for a file as long as this one
            return SKEP_DISK_FULL;
        case ENOENT:
        case ENOTDIR:
        case EACCES:
        case EPERM:
        case EROFS:
        case EISDIR:
        case ELOOP:
        case ENAMETOOLONG:
        case ETXTBSY:
            return SKEP_FILE_NOT_WRITABLE;
        case ENOMEM:
            return SKEP_OUT_OF_HOST_MEMORY;
        default:
            return SKEP_IO_FAILED;
    }
}

}  // namespace

Error file_error(skep_status status, const char* operation, const std::string& path,
                 const std::string& text, std::int64_t native_code) {
    return Error(status, fmt::format("{}: '{}': {}", operation, path, text), SKEP_LAYER_CORE,
                 native_code);
}

Error read_error(const char* operation, const std::string& path, int number) {
    return file_error(status_of_read(number), operation, path, reason(number), number);
}

Error write_error(const char* operation, const std::string& path, int number) {
    return file_error(status_of_write(number), operation, path, reason(number), number);
}

File File::open_for_reading(const std::string& path, const char* operation) {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    const int descriptor =
        retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
    if (descriptor < 0) throw read_error(operation, path, errno);
    File file(descriptor, path, operation);
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) throw read_error(operation, path, errno);
    if (!S_ISREG(status.st_mode)) {
        throw file_error(SKEP_FILE_NOT_READABLE, operation, path, "is no regular file");
    }
    return file;
}

File File::create(const std::string& path, const std::string& shown_path, const char* operation) {
    const int descriptor = retry([&] {
        return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                      S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
    });
    if (descriptor < 0) throw write_error(operation, shown_path, errno);
    return File(descriptor, shown_path, operation);
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t File::size() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) throw read_error(operation_, path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
}

void File::read(std::uint64_t offset, void* out, std::size_t num_bytes) const {
    auto* target = static_cast<std::byte*>(out);
    while (num_bytes > 0) {
        const std::size_t wanted = std::min(num_bytes, kLargestTransfer);
        const ssize_t got =
            retry([&] { return ::pread(descriptor_, target, wanted, static_cast<off_t>(offset)); });
        if (got < 0) throw read_error(operation_, path_, errno);
        if (got == 0) {
            throw file_error(
                SKEP_FILE_TRUNCATED, operation_, path_,
                fmt::format("ends at offset {}; expected {} bytes more", offset, num_bytes));
        }
        target += got;
        offset += static_cast<std::uint64_t>(got);
        num_bytes -= static_cast<std::size_t>(got);
    }
}

void File::write(std::uint64_t offset, const void* data, std::size_t num_bytes) {
    const auto* source = static_cast<const std::byte*>(data);
    while (num_bytes > 0) {
        const std::size_t wanted = std::min(num_bytes, kLargestTransfer);
        const ssize_t put = retry(
            [&] { return ::pwrite(descriptor_, source, wanted, static_cast<off_t>(offset)); });
        if (put < 0) throw write_error(operation_, path_, errno);
        source += put;
        offset += static_cast<std::uint64_t>(put);
        num_bytes -= static_cast<std::size_t>(put);
    }
}

void File::set_size(std::uint64_t num_bytes) {
    if (retry([&] { return ::ftruncate(descriptor_, static_cast<off_t>(num_bytes)); }) != 0) {
        throw write_error(operation_, path_, errno);
    }
}

void File::set_permissions(std::uint32_t mode) {
    if (::fchmod(descriptor_, static_cast<mode_t>(mode)) != 0) {
        throw write_error(operation_, path_, errno);
    }
}

void File::sync() {
    if (retry([&] { return ::fsync(descriptor_); }) != 0) {
        throw write_error(operation_, path_, errno);
    }
}

void File::close() {
    // Not repeated after a signal: Linux has closed the descriptor even then.
    const int result = ::close(std::exchange(descriptor_, -1));
    if (result != 0 && errno != EINTR) throw write_error(operation_, path_, errno);
}

ReplacedFile check_replaceable(const std::string& path, const char* operation) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return {};
        throw write_error(operation, path, errno);
    }
    // Renaming over a device would remove it from the system.
    if (!S_ISREG(status.st_mode)) {
        throw file_error(SKEP_FILE_NOT_WRITABLE, operation, path,
                         "exists and is no regular file; it is not replaced");
    }
    if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
        throw write_error(operation, path, errno);
    }
    constexpr mode_t kPermissionBits = S_IRWXU | S_IRWXG | S_IRWXO;
    return {true, status.st_mode & kPermissionBits};
}

void move_file(const std::string& from, const std::string& to, const char* operation) {
    if (::rename(from.c_str(), to.c_str()) != 0) throw write_error(operation, to, errno);
}

void remove_file(const std::string& path) noexcept {
    ::unlink(path.c_str());
}

void sync_folder(const std::string& folder, const std::string& shown_path, const char* operation) {
    const int descriptor =
        retry([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return;
    const int result = retry([&] { return ::fsync(descriptor); });
    const int number = errno;
    ::close(descriptor);
    // EINVAL: this file system has nothing to sync for a folder.
    if (result != 0 && number != EINVAL) {
        throw file_error(SKEP_IO_FAILED, operation, shown_path,
                         "is written, but its folder could not be synced: " + reason(number),
                         number);
    }
}

}  // namespace skep
