// SPDX-License-Identifier: MIT
// What saving leaves behind when it is stopped, killed, out of room or not allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <thread>

#include "io/collection_file.hpp"
#include "support/collection_sample.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

using testing::CollectionSample;
using ::testing::HasSubstr;
using testing::make_sample;
using testing::no_control;
using testing::TemporaryFolder;

Result<void> save(const std::string& path, const CollectionSample& sample) {
    return write_collection_file(path, sample.contents, sample.row_source(), *no_control());
}

std::uint64_t seed_of(const std::string& path) {
    return read_collection_file(path, 0, *no_control()).value().contents.seed;
}

mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
}

// Runs `body` in a process of its own and gives what it returned.
template <typename Body>
int run_in_child(Body&& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "child ended by signal " << WTERMSIG(status);
    return WEXITSTATUS(status);
}

// A mount namespace of this process alone. Who is not root gets one where he counts as root, if the
// system allows that.
bool enter_mount_namespace() {
    const std::string user = std::to_string(::geteuid());
    const std::string group = std::to_string(::getegid());
    if (::unshare(CLONE_NEWNS) != 0) {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        for (const auto& [path, text] :
             {std::pair<std::string, std::string>("/proc/self/setgroups", "deny"),
              std::pair<std::string, std::string>("/proc/self/uid_map", "0 " + user + " 1"),
              std::pair<std::string, std::string>("/proc/self/gid_map", "0 " + group + " 1")}) {
            std::ofstream file(path);
            if (!(file << text).flush()) return false;
        }
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

class SaveCollectionFile : public ::testing::Test {
  protected:
    void SetUp() override { save(path_, *before_).value(); }

    // The file holds what it held, and nothing lies beside it.
    void expect_unchanged() {
        EXPECT_EQ(seed_of(path_), 1U);
        EXPECT_EQ(folder_.list(), std::vector<std::string>{"a.skep"});
    }

    TemporaryFolder folder_;
    std::string path_ = folder_ / "a.skep";
    std::unique_ptr<CollectionSample> before_ =
        make_sample({SKEP_DTYPE_F32, 8, 10, SKEP_KEY_STRING, true, 1});
    // 8 MB: some pieces and blocks.
    std::unique_ptr<CollectionSample> after_ =
        make_sample({SKEP_DTYPE_F32, 200, 10'000, SKEP_KEY_STRING, true, 2});
};

TEST_F(SaveCollectionFile, ReplacesAFile) {
    save(path_, *after_).value();

    EXPECT_EQ(seed_of(path_), 2U);
    EXPECT_EQ(folder_.list(), std::vector<std::string>{"a.skep"});
}

TEST_F(SaveCollectionFile, ChangesNothingWhenItIsCancelled) {
    skep_cancel cancel{std::make_shared<CancelFlag>()};
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.cancel = &cancel;
    const RowSource rows = [&](std::uint64_t first, std::uint64_t count, void* out) {
        if (first > 0) cancel.flag->triggered = true;
        return after_->row_source()(first, count, out);
    };

    const auto result = write_collection_file(path_, after_->contents, rows,
                                              *CallControl::create(&options).value());

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_CANCELLED);
    EXPECT_THAT(result.error().message(), HasSubstr("save: cancelled after "));
    expect_unchanged();
}

TEST_F(SaveCollectionFile, ReportsProgressInBytes) {
    struct Seen {
        std::uint64_t last = 0;
        std::uint64_t total = 0;
    } seen;
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.user_data = &seen;
    options.progress = [](void* user_data, std::uint64_t done, std::uint64_t total) {
        auto& seen_so_far = *static_cast<Seen*>(user_data);
        EXPECT_GE(done, seen_so_far.last);
        EXPECT_LE(done, total);
        seen_so_far = {done, total};
        return 0;
    };

    write_collection_file(path_, after_->contents, after_->row_source(),
                          *CallControl::create(&options).value())
        .value();

    EXPECT_GT(seen.total, 8'000'000U);
}

TEST_F(SaveCollectionFile, ChangesNothingWhenRowsCannotBeRead) {
    const RowSource rows = [&](std::uint64_t first, std::uint64_t count,
                               void* out) -> Result<void> {
        if (first > 0) return Error(SKEP_DEVICE_LOST, "read: the device is gone");
        return after_->row_source()(first, count, out);
    };

    const auto result = write_collection_file(path_, after_->contents, rows, *no_control());

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_DEVICE_LOST);
    expect_unchanged();
}

TEST_F(SaveCollectionFile, LeavesNothingWhenReadingRowsThrows) {
    const RowSource rows = [](std::uint64_t, std::uint64_t, void*) -> Result<void> {
        throw std::bad_alloc();
    };

    EXPECT_THROW(
        static_cast<void>(write_collection_file(path_, after_->contents, rows, *no_control())),
        std::bad_alloc);

    expect_unchanged();
}

TEST_F(SaveCollectionFile, IsOldOrNewWhenTheProcessIsKilled) {
    const auto other = make_sample({SKEP_DTYPE_F32, 50, 1000, SKEP_KEY_U64, true, 3});
    std::mt19937_64 engine(20'255);
    std::size_t num_leftovers = 0;
    for (int round = 0; round < 40; ++round) {
        const pid_t child = ::fork();
        if (child == 0) {
            for (;;) {
                if (!save(path_, *after_) || !save(path_, *other)) ::_exit(1);
            }
        }
        std::this_thread::sleep_for(std::chrono::microseconds(engine() % 30'000));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "a save failed before the process was killed";

        const auto opened = read_collection_file(path_, 0, *no_control());
        ASSERT_TRUE(opened) << opened.error().message();
        const std::uint64_t seed = opened->contents.seed;
        ASSERT_TRUE(seed >= 1 && seed <= 3) << seed;
        num_leftovers = 0;
        for (const std::string& name : folder_.list()) {
            if (name == "a.skep") continue;
            EXPECT_THAT(name, ::testing::MatchesRegex("\\.skep-[0-9a-f]+\\.tmp"));
            ++num_leftovers;
        }
    }
    RecordProperty("leftovers_of_killed_saves", static_cast<int>(num_leftovers));

    save(path_, *before_).value();

    EXPECT_EQ(seed_of(path_), 1U);
}

TEST_F(SaveCollectionFile, IsOneOfBothWhenTwoSaveAtOnce) {
    const auto other = make_sample({SKEP_DTYPE_F32, 50, 1000, SKEP_KEY_U64, true, 3});
    const auto save_often = [this](const CollectionSample& sample) {
        for (int round = 0; round < 10; ++round)
            save(path_, sample).value();
    };

    std::thread writer(save_often, std::cref(*other));
    save_often(*before_);
    writer.join();

    EXPECT_TRUE(seed_of(path_) == 1 || seed_of(path_) == 3);
    EXPECT_EQ(folder_.list(), std::vector<std::string>{"a.skep"});
}

TEST_F(SaveCollectionFile, TellsThatTheDiskIsFull) {
    constexpr int kNoMount = 77;
    const int result = run_in_child([&] {
        // A disk of 1 MB that goes with this process.
        if (!enter_mount_namespace()) return kNoMount;
        const std::string disk = folder_ / "disk";
        std::filesystem::create_directory(disk);
        if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) return kNoMount;
        const std::string path = disk + "/a.skep";
        if (!save(path, *before_)) return 1;
        const auto full = save(path, *after_);
        if (full || full.error().status() != SKEP_DISK_FULL) return 2;
        if (full.error().native_code() != ENOSPC) return 3;
        if (seed_of(path) != 1) return 4;
        const auto entries = std::filesystem::directory_iterator(disk);
        return std::distance(begin(entries), end(entries)) == 1 ? 0 : 5;
    });

    if (result == kNoMount) GTEST_SKIP() << "this system lets nobody mount a small disk";
    EXPECT_EQ(result, 0);
}

TEST_F(SaveCollectionFile, TellsThatTheFileMayNotGrow) {
    const int result = run_in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1U << 20U, 1U << 20U};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
        const auto full = save(path_, *after_);
        if (full || full.error().status() != SKEP_DISK_FULL) return 2;
        return full.error().native_code() == EFBIG ? 0 : 3;
    });

    EXPECT_EQ(result, 0);
    expect_unchanged();
}

TEST_F(SaveCollectionFile, TellsWhatIsNotWritable) {
    std::filesystem::create_directory(folder_ / "folder");
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    for (const std::string& path :
         {folder_ / "folder", folder_ / "pipe", folder_ / "absent/a.skep", folder_ / "a.skep/b",
          folder_ / "folder/", std::string(), folder_ / std::string(300, 'x'),
          std::string("/sys/a.skep"), std::string("/proc/a.skep")}) {
        const auto result = save(path, *before_);
        ASSERT_FALSE(result) << path;
        EXPECT_EQ(result.error().status(), SKEP_FILE_NOT_WRITABLE) << result.error().message();
        EXPECT_THAT(result.error().message(), HasSubstr("save: '" + path + "'"));
    }
    struct stat status{};
    ASSERT_EQ(::stat((folder_ / "pipe").c_str(), &status), 0);
    EXPECT_TRUE(S_ISFIFO(status.st_mode));
}

TEST_F(SaveCollectionFile, KeepsAFileThatMayNotBeWritten) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
    std::filesystem::permissions(path_, std::filesystem::perms::owner_read);

    const auto result = save(path_, *after_);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_FILE_NOT_WRITABLE);
    expect_unchanged();
}

TEST_F(SaveCollectionFile, GivesANewFileWhatTheUmaskLeavesAndKeepsPermissions) {
    const mode_t umask_before = ::umask(027);
    save(folder_ / "new.skep", *before_).value();
    ::umask(umask_before);
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
    save(path_, *after_).value();

    EXPECT_EQ(mode_of(folder_ / "new.skep"), 0640U);
    EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(SaveCollectionFile, TakesANameWithoutAFolder) {
    const auto working_folder = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());

    const auto result = save("b.skep", *after_);

    std::filesystem::current_path(working_folder);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(seed_of(folder_ / "b.skep"), 2U);
}

}  // namespace
}  // namespace skep
