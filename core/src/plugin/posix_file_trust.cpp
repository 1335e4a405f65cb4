// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "plugin/file_trust.hpp"

namespace skep {
namespace {

class FileDescriptor {
  public:
    explicit FileDescriptor(int number) : number_(number) {}
    ~FileDescriptor() {
        if (number_ >= 0) ::close(number_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }

  private:
    int number_;
};

Error not_trusted(const std::string& path, const std::string& reason) {
    return Error(SKEP_PATH_NOT_TRUSTED, "'" + path + "' is not trusted: " + reason,
                 SKEP_LAYER_LOADER);
}

Error system_error(const std::string& path, int number) {
    const bool is_absent = number == ENOENT || number == ENOTDIR;
    return Error(is_absent ? SKEP_FILE_NOT_FOUND : SKEP_FILE_NOT_READABLE,
                 "'" + path + "': " + std::generic_category().message(number), SKEP_LAYER_LOADER,
                 number);
}

FileIdentity identity_of(const struct stat& status) {
    FileIdentity identity;
    identity.device = status.st_dev;
    identity.inode = status.st_ino;
    identity.size = static_cast<std::uint64_t>(status.st_size);
    identity.modified_ns =
        static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
    return identity;
}

std::string octal(mode_t mode) {
    constexpr const char* kDigits = "01234567";
    std::string text = "0";
    for (int shift = 6; shift >= 0; shift -= 3)
        text += kDigits[(mode >> shift) & 7U];
    return text;
}

// The owner and mode rule, alike for files and folders. Only the effective user counts: with
// elevated privileges the real one is who must not decide.
Result<void> check_owner_and_mode(const std::string& path, const struct stat& status) {
    const uid_t self = geteuid();
    if (status.st_uid != 0 && status.st_uid != self) {
        return not_trusted(path, "it belongs to user " + std::to_string(status.st_uid) +
                                     "; expected root or user " + std::to_string(self));
    }
    const std::string fix = " (mode " + octal(status.st_mode) + "; chmod go-w would do)";
    if ((status.st_mode & S_IWOTH) != 0) return not_trusted(path, "everybody can write it" + fix);
    if ((status.st_mode & S_IWGRP) != 0) {
        return not_trusted(path,
                           "its group " + std::to_string(status.st_gid) + " can write it" + fix);
    }
    return {};
}

Result<std::string> resolve(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr),
                                                               &std::free);
    if (resolved == nullptr) return system_error(path, errno);
    return std::string(resolved.get());
}

bool is_inside(const std::string& folder, const std::string& path) {
    const std::string prefix = folder == "/" ? folder : folder + "/";
    return path.size() > prefix.size() && path.compare(0, prefix.size(), prefix) == 0;
}

// Folders between `folder` and `path`, both outside the check.
Result<void> check_folders_between(const std::string& folder, const std::string& path) {
    for (std::filesystem::path parent = std::filesystem::path(path).parent_path(); parent != folder;
         parent = parent.parent_path()) {
        struct stat status{};
        if (::lstat(parent.c_str(), &status) != 0) return system_error(parent.string(), errno);
        if (const Result<void> good = check_owner_and_mode(parent.string(), status); !good) {
            return good.error();
        }
    }
    return {};
}

// An opened file that passed every check.
struct CheckedFile {
    TrustedFile file;
    std::unique_ptr<FileDescriptor> descriptor;
};

Result<CheckedFile> open_checked(const std::string& folder, const std::string& name) {
    const std::filesystem::path relative(name);
    const std::string shown = folder + "/" + name;
    if (name.empty()) return not_trusted(shown, "the name is empty");
    if (relative.is_absolute()) {
        return not_trusted(name, "it is absolute; expected a name inside '" + folder + "'");
    }
    for (const std::filesystem::path& part : relative) {
        if (part == "..") return not_trusted(shown, "its name contains '..'");
    }
    const Result<std::string> path = resolve(shown);
    if (!path) return path.error();
    if (!is_inside(folder, *path)) {
        return not_trusted(shown, "it is a link that leaves the folder, to '" + *path + "'");
    }
    if (const Result<void> good = check_folders_between(folder, *path); !good) return good.error();

    // Not blocking: the name may be that of a pipe. Not following: `path` has no links left, unless
    // somebody put one there just now.
    CheckedFile checked;
    checked.descriptor = std::make_unique<FileDescriptor>(
        ::open(path->c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status{};
    if (!checked.descriptor->is_open()) {
        const int failure = errno;
        // A socket or a device without a driver cannot even be opened.
        if (::lstat(path->c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
            return not_trusted(*path, "it is not a regular file");
        }
        return system_error(*path, failure);
    }
    if (::fstat(checked.descriptor->number(), &status) != 0) return system_error(*path, errno);
    if (!S_ISREG(status.st_mode)) return not_trusted(*path, "it is not a regular file");
    if (const Result<void> good = check_owner_and_mode(*path, status); !good) return good.error();
    checked.file.path = *path;
    checked.file.identity = identity_of(status);
    return checked;
}

}  // namespace

Result<std::string> trust_folder(const std::string& path) {
    const Result<std::string> resolved = resolve(path);
    if (!resolved) return resolved.error();
    struct stat status{};
    if (::lstat(resolved->c_str(), &status) != 0) return system_error(*resolved, errno);
    if (!S_ISDIR(status.st_mode)) return not_trusted(*resolved, "it is not a folder");
    if (const Result<void> good = check_owner_and_mode(*resolved, status); !good) {
        return good.error();
    }
    for (std::filesystem::path folder = *resolved; folder != folder.parent_path();) {
        folder = folder.parent_path();
        if (::lstat(folder.c_str(), &status) != 0) return system_error(folder.string(), errno);
        if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0) {
            return not_trusted(*resolved, "everybody can replace what is in '" + folder.string() +
                                              "' (mode " + octal(status.st_mode) + ", not sticky)");
        }
    }
    return *resolved;
}

Result<TrustedFile> trust_file(const std::string& folder, const std::string& name) {
    Result<CheckedFile> checked = open_checked(folder, name);
    if (!checked) return checked.error();
    return std::move(checked->file);
}

Result<TrustedFile> read_trusted_file(const std::string& folder, const std::string& name,
                                      std::size_t max_bytes, skep_status too_long_status) {
    Result<CheckedFile> checked = open_checked(folder, name);
    if (!checked) return checked.error();
    TrustedFile& file = checked->file;
    const auto too_long = [&] {
        return Error(too_long_status,
                     "'" + file.path + "' has " + std::to_string(file.identity.size) +
                         " bytes; expected at most " + std::to_string(max_bytes),
                     SKEP_LAYER_LOADER);
    };
    if (file.identity.size > max_bytes) return too_long();
    // One more than allowed, so that a file that grows meanwhile is noticed.
    file.text.resize(max_bytes + 1);
    std::size_t length = 0;
    while (length < file.text.size()) {
        const ssize_t count = ::read(checked->descriptor->number(), file.text.data() + length,
                                     file.text.size() - length);
        if (count == 0) break;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error(file.path, errno);
        length += static_cast<std::size_t>(count);
    }
    if (length > max_bytes) return too_long();
    file.text.resize(length);
    return std::move(file);
}

Result<void> check_unchanged(const std::string& path, const FileIdentity& identity) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return system_error(path, errno);
    if (identity_of(status) != identity) {
        return not_trusted(path, "it was replaced after it had been checked");
    }
    // The owner may have opened it to others meanwhile.
    return check_owner_and_mode(path, status);
}

}  // namespace skep
