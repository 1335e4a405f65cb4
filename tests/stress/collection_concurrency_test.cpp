// SPDX-License-Identifier: MIT
// Many readers beside writers: every read sees one committed state, whole. On the memory backend,
// which notes every breach of the rules between host and backend, and on the processor.
#include <atomic>
#include <cstdint>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <thread>

#include "runtime/runtime.hpp"
#include "support/collection_fixture.hpp"

namespace skep::testing {
namespace {

constexpr int kNumReaders = 16;

std::shared_ptr<Device> open_device(const std::string& name) {
    if (name == "memory") return MemoryBackend::open_device();
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_BUILTIN_ONLY | SKEP_RUNTIME_IGNORE_ENVIRONMENT;
    options.num_threads = 2;
    return Runtime::create(&options).value()->open_device(name, {}).value();
}

class CollectionConcurrency : public MemoryBackendTest,
                              public ::testing::WithParamInterface<const char*> {
  protected:
    [[nodiscard]] TestCollection make(std::uint32_t dim,
                                      skep_key_kind key_kind = SKEP_KEY_U64) const {
        return TestCollection(dim, SKEP_METRIC_L2, key_kind, open_device(GetParam()));
    }

    // Runs `read` again and again in many threads while `write` runs here once.
    static void run_beside(const std::function<void(int reader)>& read,
                           const std::function<void()>& write) {
        std::atomic<bool> is_done{false};
        std::atomic<int> num_started{0};
        std::vector<std::thread> readers;
        for (int reader = 0; reader < kNumReaders; ++reader) {
            readers.emplace_back([&, reader] {
                ++num_started;
                do {
                    read(reader);
                } while (!is_done);
            });
        }
        while (num_started < kNumReaders)
            std::this_thread::yield();
        write();
        is_done = true;
        for (std::thread& reader : readers)
            reader.join();
    }
};

std::vector<std::uint64_t> iota_keys(std::uint64_t first, std::uint64_t count) {
    std::vector<std::uint64_t> keys(count);
    std::iota(keys.begin(), keys.end(), first);
    return keys;
}

TEST_P(CollectionConcurrency, SearchesSeeWholeBatchesAndNeverFewerThanBefore) {
    constexpr std::uint64_t kBatch = 8;
    constexpr std::uint64_t kNumBatches = 30;
    const TestCollection collection = make(4);
    std::vector<std::uint64_t> seen(kNumReaders, 0);

    run_beside(
        [&](int reader) {
            const auto answer = collection.search({0, 0, 0, 0}, kBatch * kNumBatches);
            const std::uint64_t count = answer.counts[0];
            EXPECT_EQ(count % kBatch, 0U);
            auto& last = seen[static_cast<std::size_t>(reader)];
            EXPECT_GE(count, last);
            last = count;
            // Rows are alike, so answers come in the order of adding.
            for (std::uint64_t rank = 0; rank < count; ++rank)
                ASSERT_EQ(answer.keys[rank], rank);
        },
        [&] {
            for (std::uint64_t batch = 0; batch < kNumBatches; ++batch) {
                ASSERT_THAT(collection.add(std::vector<float>(4 * kBatch, 1.0F)), Succeeds());
            }
        });

    EXPECT_EQ(collection.count(), kBatch * kNumBatches);
}

TEST_P(CollectionConcurrency, UpsertsAreSeenOldOrNewNeverBothOrNeither) {
    constexpr std::uint64_t kCount = 10;
    const TestCollection collection = make(2);
    const Keys keys(iota_keys(100, kCount));
    const std::uint64_t first_key = 100;
    ASSERT_THAT(collection.add(keys, std::vector<float>(2 * kCount, 0.0F)), Succeeds());

    run_beside(
        [&](int reader) {
            if (reader % 4 == 0) {
                const std::vector<float> row = collection.row(first_key);
                EXPECT_EQ(row[0], row[1]);
                EXPECT_TRUE(collection.contains(first_key + kCount - 1));
                EXPECT_EQ(collection.count(), kCount);
                EXPECT_EQ(collection.keys().size(), kCount);
                return;
            }
            const auto answer = collection.search({0, 0}, 3 * kCount);
            EXPECT_EQ(answer.counts[0], kCount);
            const std::set<std::uint64_t> found(answer.keys.begin(), answer.keys.begin() + kCount);
            EXPECT_EQ(found.size(), kCount);
            EXPECT_EQ(found.count(UINT64_MAX), 0U);
            // One batch replaces all rows, so all have the same version.
            EXPECT_EQ(answer.distances[0], answer.distances[kCount - 1]);
        },
        [&] {
            for (int version = 1; version <= 60; ++version) {
                const std::vector<float> rows(2 * kCount, static_cast<float>(version));
                ASSERT_THAT(collection.upsert(keys, rows), Succeeds());
            }
        });

    EXPECT_EQ(collection.stats().num_removed, 60 * kCount);
}

TEST_P(CollectionConcurrency, RemovalsAndReturnsAreSeenWhole) {
    const TestCollection collection = make(1);
    ASSERT_THAT(collection.add({1, 2, 3, 4}, {1, 2, 3, 4}), Succeeds());

    run_beside(
        [&](int) {
            const auto answer = collection.search({0}, 4);
            const std::uint64_t count = answer.counts[0];
            EXPECT_TRUE(count == 4 || count == 2) << count;
            const std::set<std::uint64_t> found(
                answer.keys.begin(), answer.keys.begin() + static_cast<std::ptrdiff_t>(count));
            EXPECT_EQ(found.count(1) + found.count(3), 2U);
            EXPECT_EQ(found.count(2), found.count(4));
        },
        [&] {
            for (int round = 0; round < 60; ++round) {
                ASSERT_THAT(collection.remove({2, 4}), Succeeds());
                ASSERT_THAT(collection.add({2, 4}, {2, 4}), Succeeds());
            }
        });
}

TEST_P(CollectionConcurrency, FiltersMatchTheStateThatIsSearched) {
    const TestCollection collection = make(1);
    ASSERT_THAT(collection.add(std::vector<float>(64, 1.0F)), Succeeds());
    const FilterHandle allow = collection.filter(SKEP_FILTER_ALLOW, {3, 17, 63});
    const FilterHandle deny = collection.filter(SKEP_FILTER_DENY, {3, 17, 63});

    run_beside(
        [&](int reader) {
            const bool is_allow = reader % 2 == 0;
            const auto answer = collection.search({0}, 64, is_allow ? allow.get() : deny.get());
            EXPECT_EQ(answer.counts[0], is_allow ? 3U : 61U);
            const std::set<std::uint64_t> found(answer.keys.begin(), answer.keys.end());
            EXPECT_EQ(found.count(3) + found.count(17) + found.count(63), is_allow ? 3U : 0U);
        },
        [&] {
            for (int round = 0; round < 40; ++round) {
                ASSERT_THAT(collection.upsert({17, 20, 63}, {2, 3, 4}), Succeeds());
                if (round % 10 == 9) {
                    ASSERT_THAT(collection.compact(), Succeeds());
                }
            }
        });
}

TEST_P(CollectionConcurrency, CompactKeepsEveryReadRight) {
    const TestCollection collection = make(2, SKEP_KEY_STRING);
    const Texts stable{"stable one", "stable two"};
    const Texts moving{"moving"};
    const Texts payload_texts{"payload one", "payload two"};
    const skep_byte_list_view payloads = payload_texts.view();
    ASSERT_THAT(collection.add(moving.keys(), {9, 9}), Succeeds());
    ASSERT_THAT(collection.add(stable.keys(), {1, 1, 2, 2}, &payloads), Succeeds());

    run_beside(
        [&](int reader) {
            if (reader % 4 == 0) {
                EXPECT_EQ(collection.row(stable.keys()), (std::vector<float>{1, 1, 2, 2}));
                EXPECT_THAT(collection.payloads(stable.keys()),
                            ::testing::ElementsAre("payload one", "payload two"));
                EXPECT_EQ(collection.string_keys().size(), 3U);
                return;
            }
            const auto answer = collection.search({0, 0}, 2);
            EXPECT_THAT(answer.strings, ::testing::ElementsAre("stable one", "stable two"));
            EXPECT_THAT(answer.distances, ::testing::ElementsAre(2, 8));
        },
        [&] {
            for (int round = 0; round < 40; ++round) {
                ASSERT_THAT(collection.upsert(moving.keys(), {8, 8}), Succeeds());
                ASSERT_THAT(collection.compact(), Succeeds());
                ASSERT_EQ(collection.stats().num_removed, 0U);
            }
        });
}

TEST_P(CollectionConcurrency, ClearIsSeenWhole) {
    const TestCollection collection = make(1);

    run_beside(
        [&](int) {
            const auto answer = collection.search({0}, 20);
            EXPECT_THAT(answer.counts[0], ::testing::AnyOf(0, 5, 10));
            static_cast<void>(collection.stats());
        },
        [&] {
            for (int round = 0; round < 40; ++round) {
                ASSERT_THAT(collection.add(std::vector<float>(5, 1.0F)), Succeeds());
                ASSERT_THAT(collection.add(std::vector<float>(5, 2.0F)), Succeeds());
                ASSERT_THAT(collection.clear(), Succeeds());
            }
        });
    // Slots are used again: the room for one round is enough for all of them.
    EXPECT_EQ(collection.stats().capacity_rows, std::uint64_t{1} << 18);
}

TEST_P(CollectionConcurrency, WritersQueueBehindOneAnother) {
    const TestCollection collection = make(1);
    std::vector<std::thread> writers;
    for (std::uint64_t writer = 0; writer < 8; ++writer) {
        writers.emplace_back([&, writer] {
            for (std::uint64_t round = 0; round < 20; ++round) {
                const std::uint64_t key = 1000 * writer + round;
                EXPECT_THAT(collection.add({key}, {1}), Succeeds());
                EXPECT_THAT(collection.upsert({key, 7777777}, {2, 3}), Succeeds());
                if (round % 2 == 0) {
                    EXPECT_THAT(collection.remove({key}), Succeeds());
                }
                if (round % 8 == 0) {
                    EXPECT_THAT(collection.compact(), Succeeds());
                }
            }
        });
    }
    for (std::thread& writer : writers)
        writer.join();

    EXPECT_EQ(collection.count(), 8U * 10U + 1U);
    EXPECT_EQ(collection.search({0}, 200).counts[0], 8U * 10U + 1U);
}

INSTANTIATE_TEST_SUITE_P(On, CollectionConcurrency, ::testing::Values("memory", "cpu"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace skep::testing
