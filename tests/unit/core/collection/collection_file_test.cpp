// SPDX-License-Identifier: MIT
// Saving a collection and opening it again, on the memory backend.
#include "io/collection_file.hpp"

#include <cstdint>

#include "support/collection_fixture.hpp"
#include "support/generators.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::uint32_t kMap = SKEP_OPEN_MAP;
constexpr std::uint32_t kSkipChecksums = SKEP_OPEN_SKIP_CHECKSUMS;

class CollectionFile : public MemoryBackendTest {
  protected:
    Outcome save(const TestCollection& collection) const {
        return outcome([&](skep_error* error) {
            return skep_collection_save(collection.get(), path_.c_str(), nullptr, error);
        });
    }
    [[nodiscard]] TestCollection open(std::uint32_t flags) const {
        const auto control = CallControl::create(nullptr).value();
        auto loaded = read_collection_file(path_, flags, *control).value();
        CollectionHandle handle(new skep_collection{
            Collection::load(MemoryBackend::open_device(), std::move(loaded), *control).value()});
        return TestCollection(std::move(handle));
    }

    TemporaryFolder folder_;
    std::string path_ = folder_ / "saved.skep";
};

TEST_F(CollectionFile, BringsBackWhatWasAlive) {
    const TestCollection collection(5, SKEP_METRIC_COSINE);
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < 40; ++row)
        texts.push_back(std::string(row % 7, 'p'));
    const Texts payloads(texts);
    const skep_byte_list_view view = payloads.view();
    std::vector<std::uint64_t> keys(40);
    for (std::uint64_t row = 0; row < 40; ++row)
        keys[row] = 1000 - row;
    ASSERT_THAT(collection.add(Keys(keys), random_f32(200, 8), &view), Succeeds());
    ASSERT_THAT(collection.upsert({990, 5000}, random_f32(10, 9)), Succeeds());
    ASSERT_THAT(collection.remove({1000, 970, 5000}), Succeeds());
    auto before = collection.state();
    before.num_removed = 0;

    ASSERT_THAT(save(collection), Succeeds());

    for (const std::uint32_t flags : {0U, kMap, kSkipChecksums}) {
        const TestCollection opened = open(flags);
        EXPECT_EQ(opened.state(), before) << flags;
        EXPECT_EQ(opened.get()->collection->info().metric, SKEP_METRIC_COSINE);
        // Numbers go on where they were, though the row of the largest key is gone.
        ASSERT_THAT(opened.add({1, 2, 3, 4, 5}), Succeeds());
        EXPECT_EQ(opened.keys().back(), 5001U);
    }
}

TEST_F(CollectionFile, BringsBackStringKeys) {
    const TestCollection collection(1, SKEP_METRIC_L2, SKEP_KEY_STRING);
    ASSERT_THAT(collection.add(Texts{"zoë", "a", "b"}.keys(), {3, 1, 2}), Succeeds());
    ASSERT_THAT(collection.remove(Texts{"a"}.keys()), Succeeds());
    const auto before = collection.string_keys();

    ASSERT_THAT(save(collection), Succeeds());

    const TestCollection opened = open(0);
    EXPECT_EQ(opened.string_keys(), before);
    EXPECT_THAT(opened.row(Texts{"b", "zoë"}.keys()), ElementsAre(2, 3));
    EXPECT_THAT(opened.add(Texts{"b"}.keys(), {9}), FailsWith(SKEP_DUPLICATE_KEY, "'b'"));
}

TEST_F(CollectionFile, HoldsAnEmptyCollection) {
    const TestCollection collection(3);
    ASSERT_THAT(collection.add({1, 2, 3}), Succeeds());
    ASSERT_THAT(collection.remove({0}), Succeeds());

    ASSERT_THAT(save(collection), Succeeds());

    for (const std::uint32_t flags : {0U, kMap}) {
        const TestCollection opened = open(flags);
        EXPECT_EQ(opened.count(), 0U);
        ASSERT_THAT(opened.add({1, 1, 1}), Succeeds());
        EXPECT_THAT(opened.keys(), ElementsAre(1));
    }
}

TEST_F(CollectionFile, AdoptsMappedRowsAndLetsThemGo) {
    const TestCollection collection(2);
    ASSERT_THAT(collection.add({1, 1, 2, 2, 3, 3}), Succeeds());
    ASSERT_THAT(save(collection), Succeeds());

    MemoryBackend::record_calls(true);
    const TestCollection opened = open(kMap);
    EXPECT_THAT(MemoryBackend::calls(), ::testing::Contains("adopt"));
    EXPECT_THAT(MemoryBackend::calls(), ::testing::Not(::testing::Contains("append")));

    ASSERT_THAT(opened.add({4, 4}), Succeeds());
    ASSERT_THAT(opened.remove({1}), Succeeds());
    EXPECT_THAT(opened.search({2, 2}, 1).keys, ElementsAre(0));
    ASSERT_THAT(opened.clear(), Succeeds());
    ASSERT_THAT(opened.add({7, 7}), Succeeds());
    EXPECT_THAT(opened.row(0), ElementsAre(7, 7));
}

TEST_F(CollectionFile, CopiesMappedRowsWhereTheDeviceCannotAdopt) {
    const TestCollection collection(2);
    ASSERT_THAT(collection.add({1, 1, 2, 2}), Succeeds());
    ASSERT_THAT(save(collection), Succeeds());
    MemoryBackend::info().capabilities = 0;

    MemoryBackend::record_calls(true);
    const TestCollection opened = open(kMap);

    EXPECT_THAT(MemoryBackend::calls(), ::testing::Contains("append"));
    EXPECT_THAT(opened.row(1), ElementsAre(2, 2));
}

TEST_F(CollectionFile, LeavesNothingBehindWhenTheBackendFails) {
    const TestCollection collection(2);
    ASSERT_THAT(collection.add({1, 1, 2, 2}), Succeeds());
    MemoryBackend::fail_operation("read", 1);
    EXPECT_THAT(save(collection), FailsWith(SKEP_DEVICE_FAILED, "read"));
    MemoryBackend::fail_call(0);
    EXPECT_TRUE(folder_.list().empty());

    ASSERT_THAT(save(collection), Succeeds());
    for (const std::uint32_t flags : {0U, kMap}) {
        for (std::uint64_t n = 1;; ++n) {
            const auto device = MemoryBackend::open_device();
            const auto control = CallControl::create(nullptr).value();
            auto loaded = read_collection_file(path_, flags, *control).value();
            MemoryBackend::fail_call(n);
            const auto opened = Collection::load(device, std::move(loaded), *control);
            const bool has_failed = MemoryBackend::has_failed();
            MemoryBackend::fail_call(0);
            EXPECT_EQ(opened.has_value(), !has_failed);
            if (!has_failed) break;
        }
    }
}

TEST_F(CollectionFile, RefusesAKeyThatMarksAMissingAnswer) {
    CollectionContents contents;
    contents.dim = 1;
    contents.num_rows = 2;
    const std::uint64_t keys[] = {1, UINT64_MAX};
    contents.u64_keys = keys;
    const auto control = CallControl::create(nullptr).value();
    const auto rows = [](std::uint64_t, std::uint64_t count, void* out) -> Result<void> {
        std::fill_n(static_cast<float*>(out), count, 1.0F);
        return {};
    };
    ASSERT_TRUE(write_collection_file(path_, contents, rows, *control));

    const auto loaded = read_collection_file(path_, 0, *control);

    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().status(), SKEP_FILE_CORRUPT);
    EXPECT_THAT(loaded.error().message(), ::testing::HasSubstr("UINT64_MAX"));
}

}  // namespace
}  // namespace skep::testing
