// SPDX-License-Identifier: MIT
// Memory that runs out at any point of any call leaves the collection as it was: operator new on
// both backends, and the host's own allocate under the processor.
#include <atomic>
#include <cstdint>
#include <functional>

#include "cpu_entry.hpp"
#include "runtime/worker_pool.hpp"
#include "support/collection_fixture.hpp"
#include "support/failing_allocation.hpp"
#include "support/generators.hpp"
#include "unit/plugins/cpu/host_double.hpp"

namespace skep::testing {
namespace {

using Write = std::function<Outcome(const TestCollection&)>;

// A host without threads, so that everything happens where allocations fail.
class SerialHost : public HostDouble {
  public:
    SerialHost() : serial_(HostDouble::services()) {
        serial_.num_workers = [](void*) -> std::uint32_t { return 1; };
        serial_.parallel_for = [](void*, std::uint64_t num_tasks, skep_task_fn task,
                                  void* task_context) {
            for (std::uint64_t id = 0; id < num_tasks; ++id)
                task(task_context, id, 0);
        };
    }
    [[nodiscard]] const skep_host_services& services() const { return serial_; }

  private:
    skep_host_services serial_;
};

class AllocationFailure : public MemoryBackendTest,
                          public ::testing::WithParamInterface<const char*> {
  protected:
    [[nodiscard]] std::shared_ptr<Device> open_device() {
        if (std::string(GetParam()) == "memory") return MemoryBackend::open_device();
        const skep_backend_request request{sizeof request, 1, 1, 0};
        skep_backend_answer answer{};
        answer.struct_size = sizeof answer;
        EXPECT_EQ(skep_cpu_backend_entry(&request, &answer, nullptr), SKEP_OK);
        auto backend =
            Backend::create("cpu", *answer.operations, host_.services(), nullptr).value();
        const skep_device_info info = backend->device_info(0).value();
        return Device::open(std::move(backend), info).value();
    }

    static void fill(const TestCollection& collection) {
        const Texts names{"a long enough key to be no small string 1", "b", "c", "d"};
        const Texts texts{"one", "two", "three", "four"};
        const skep_byte_list_view payloads = texts.view();
        const std::vector<float> rows = random_f32(12, 1);
        ASSERT_THAT(collection.has_string_keys()
                        ? collection.add(names.keys(), rows, &payloads)
                        : collection.add(Keys{1, 2, 3, 4}, rows, &payloads),
                    Succeeds());
        const Texts last{"d"};
        ASSERT_THAT(
            collection.has_string_keys() ? collection.remove(last.keys()) : collection.remove({4}),
            Succeeds());
    }

    // Lets allocation n of `write` fail, for every n until it gets through.
    void fail_every_allocation(skep_key_kind key_kind, const Write& write) {
        std::uint64_t n = 1;
        for (bool has_failed = true; has_failed; ++n) {
            ASSERT_LT(n, 1000U) << "the call never succeeds";
            const TestCollection collection(3, SKEP_METRIC_L2, key_kind, open_device());
            fill(collection);
            const auto before = collection.state();
            Outcome failed;
            {
                const FailingAllocation failing(n);
                failed = write(collection);
                has_failed = failing.has_failed();
            }
            // A call may do without what it could not get.
            if (failed.status == SKEP_OK) continue;
            EXPECT_EQ(failed.status, SKEP_OUT_OF_HOST_MEMORY) << n;
            EXPECT_EQ(collection.state(), before) << "allocation " << n;
            EXPECT_EQ(write(collection).status, SKEP_OK) << n;
        }
        EXPECT_GT(n, 3U) << "nothing was allocated, so nothing was tested";
        EXPECT_EQ(host_.bytes_in_use, 0U);
    }

    SerialHost host_;
};

// Statuses only: texts and matchers would allocate.
template <typename Call>
Write quiet(Call call) {
    return [call](const TestCollection& collection) {
        Outcome result;
        result.status = call(collection.get());
        return result;
    };
}

TEST_P(AllocationFailure, OfAnAddChangesNothing) {
    const std::vector<float> rows = random_f32(6, 2);
    const skep_matrix matrix = rows_of(rows, 3);
    const Texts texts{"x", std::string(5000, 'y')};
    const skep_byte_list_view payloads = texts.view();
    const Keys numbers{4, 9};
    const Texts names{"d", std::string(200, 'z')};
    const skep_keys name_keys = names.keys();
    fail_every_allocation(SKEP_KEY_U64, quiet([&](skep_collection* collection) {
                              return skep_collection_add(collection, &matrix, &numbers.view(),
                                                         &payloads, nullptr, nullptr, nullptr);
                          }));
    fail_every_allocation(SKEP_KEY_STRING, quiet([&](skep_collection* collection) {
                              return skep_collection_add(collection, &matrix, &name_keys, &payloads,
                                                         nullptr, nullptr, nullptr);
                          }));
}

TEST_P(AllocationFailure, OfALargeAddChangesNothing) {
    const std::vector<float> rows = random_f32(3 * 150, 2);
    const skep_matrix matrix = rows_of(rows, 3);
    fail_every_allocation(SKEP_KEY_U64, quiet([&](skep_collection* collection) {
                              return skep_collection_add(collection, &matrix, nullptr, nullptr,
                                                         nullptr, nullptr, nullptr);
                          }));
}

TEST_P(AllocationFailure, OfAnUpsertChangesNothing) {
    const std::vector<float> rows = random_f32(6, 2);
    const skep_matrix matrix = rows_of(rows, 3);
    const Texts texts{"x", "yy"};
    const skep_byte_list_view payloads = texts.view();
    const Keys numbers{2, 9};
    const Texts names{"b", "new"};
    const skep_keys name_keys = names.keys();
    fail_every_allocation(SKEP_KEY_U64, quiet([&](skep_collection* collection) {
                              return skep_collection_upsert(collection, &matrix, &numbers.view(),
                                                            &payloads, nullptr, nullptr);
                          }));
    fail_every_allocation(SKEP_KEY_STRING, quiet([&](skep_collection* collection) {
                              return skep_collection_upsert(collection, &matrix, &name_keys,
                                                            &payloads, nullptr, nullptr);
                          }));
}

TEST_P(AllocationFailure, OfARemoveChangesNothing) {
    const Keys numbers{1, 3};
    fail_every_allocation(SKEP_KEY_U64, quiet([&](skep_collection* collection) {
                              return skep_collection_remove(collection, &numbers.view(), nullptr);
                          }));
}

TEST_P(AllocationFailure, OfACompactChangesNothing) {
    for (const skep_key_kind kind : {SKEP_KEY_U64, SKEP_KEY_STRING}) {
        fail_every_allocation(kind, quiet([](skep_collection* collection) {
                                  return skep_collection_compact(collection, nullptr, nullptr);
                              }));
    }
}

TEST_P(AllocationFailure, OfASearchLeavesOutputsAlone) {
    const std::vector<float> query = {0, 0, 0};
    const skep_matrix queries = rows_of(query, 3);
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = 300;  // more than fits without allocating
    std::vector<float> distances(300, -7);
    std::vector<std::uint64_t> counts(1, 77);
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.distances = distances.data();
    output.counts = counts.data();
    fail_every_allocation(SKEP_KEY_STRING, quiet([&](skep_collection* collection) {
                              skep_byte_list* strings = nullptr;
                              skep_byte_list* payloads = nullptr;
                              skep_search_output wanted = output;
                              wanted.strings = &strings;
                              wanted.payloads = &payloads;
                              distances.assign(300, -7);
                              counts.assign(1, 77);
                              const skep_status status = skep_collection_search(
                                  collection, &queries, &options, &wanted, nullptr, nullptr);
                              if (status != SKEP_OK) {
                                  EXPECT_EQ(strings, nullptr);
                                  EXPECT_EQ(payloads, nullptr);
                                  EXPECT_EQ(distances[0], -7);
                                  EXPECT_EQ(counts[0], 77U);
                              }
                              skep_byte_list_destroy(strings);
                              skep_byte_list_destroy(payloads);
                              return status;
                          }));
}

TEST_P(AllocationFailure, OfARangeSearchLeavesOutputsAlone) {
    const std::vector<float> query = {0, 0, 0};
    const skep_matrix queries = rows_of(query, 3);
    for (const skep_key_kind kind : {SKEP_KEY_U64, SKEP_KEY_STRING}) {
        fail_every_allocation(kind, quiet([&](skep_collection* collection) {
                                  skep_range_result* result = nullptr;
                                  const skep_status status = skep_collection_range_search(
                                      collection, &queries, 1e9F, nullptr, nullptr, &result,
                                      nullptr);
                                  EXPECT_EQ(result == nullptr, status != SKEP_OK);
                                  skep_range_result_destroy(result);
                                  return status;
                              }));
    }
}

TEST_P(AllocationFailure, OfAFilterIsHarmless) {
    const std::vector<float> query = {0, 0, 0};
    const skep_matrix queries = rows_of(query, 3);
    const Keys numbers{1, 3};
    fail_every_allocation(SKEP_KEY_U64, quiet([&](skep_collection* collection) {
                              skep_filter* filter = nullptr;
                              skep_status status = skep_filter_create(
                                  collection, SKEP_FILTER_ALLOW, &numbers.view(), &filter, nullptr);
                              if (status != SKEP_OK) return status;
                              skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
                              options.filter = filter;
                              std::uint64_t count = 0;
                              skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
                              output.counts = &count;
                              status = skep_collection_search(collection, &queries, &options,
                                                              &output, nullptr, nullptr);
                              EXPECT_EQ(count, status == SKEP_OK ? 2U : 0U);
                              skep_filter_destroy(filter);
                              return status;
                          }));
}

TEST_P(AllocationFailure, OfTheHostChangesNothing) {
    if (std::string(GetParam()) == "memory") {
        GTEST_SKIP() << "the memory backend asks the host for nothing";
    }
    const std::vector<float> rows = random_f32(1200000, 2);
    const skep_matrix matrix = rows_of(rows, 3);
    int num_failures = 0;
    for (std::int64_t n = 0; n < 100; ++n) {
        const TestCollection collection(3, SKEP_METRIC_L2, SKEP_KEY_U64, open_device());
        fill(collection);
        const auto before = collection.state();
        host_.allocations_before_failure = n;

        const skep_status added = skep_collection_add(collection.get(), &matrix, nullptr, nullptr,
                                                      nullptr, nullptr, nullptr);
        const skep_status removed =
            added == SKEP_OK ? skep_collection_remove(collection.get(), &Keys({1}).view(), nullptr)
                             : added;
        host_.allocations_before_failure = -1;

        if (added == SKEP_OK && removed == SKEP_OK) break;
        ++num_failures;
        EXPECT_EQ(removed, SKEP_OUT_OF_HOST_MEMORY);
        if (added == SKEP_OK) {
            EXPECT_TRUE(collection.contains(1));
        } else {
            EXPECT_EQ(collection.state(), before);
        }
    }
    EXPECT_GE(num_failures, 2);
}

TEST(WorkerPoolAllocationFailure, LeavesTheTasksToWhoIsThere) {
    struct Runs {
        std::atomic<int> of_task[20] = {};
    };
    const auto count = [](void* context, std::uint64_t task_id, std::uint32_t) {
        ++static_cast<Runs*>(context)->of_task[task_id];
    };
    std::uint64_t n = 1;
    for (bool has_failed = true; has_failed; ++n) {
        ASSERT_LT(n, 100U) << "the call never succeeds";
        WorkerPool pool(4);
        Runs runs;
        {
            const FailingAllocation failing(n);
            pool.parallel_for(20, count, &runs);
            has_failed = failing.has_failed();
        }
        for (const std::atomic<int>& run : runs.of_task)
            EXPECT_EQ(run, 1) << "allocation " << n;
    }
    EXPECT_GT(n, 3U) << "nothing was allocated, so nothing was tested";
}

INSTANTIATE_TEST_SUITE_P(On, AllocationFailure, ::testing::Values("memory", "cpu"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace skep::testing
