// SPDX-License-Identifier: MIT
// Collections on the memory backend, driven through skep.h, with everything about them in one
// comparable value.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <skep/skep.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collection/collection.hpp"
#include "doubles/memory_backend.hpp"

namespace skep::testing {

struct CollectionDeleter {
    void operator()(skep_collection* collection) const { skep_collection_destroy(collection); }
};
using CollectionHandle = std::unique_ptr<skep_collection, CollectionDeleter>;

struct FilterDeleter {
    void operator()(skep_filter* filter) const { skep_filter_destroy(filter); }
};
using FilterHandle = std::unique_ptr<skep_filter, FilterDeleter>;

// A status with its text.
struct Outcome {
    skep_status status = SKEP_OK;
    std::string message;
};

inline Outcome outcome_of(skep_status status, const skep_error& error) {
    return {status, status == SKEP_OK ? std::string() : std::string(error.message)};
}

// Runs one call of skep.h: outcome([&](skep_error* error) { return skep_...(..., error); }).
template <typename Call>
Outcome outcome(Call&& call) {
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = call(&error);
    EXPECT_EQ(error.code, status) << error.message;
    return outcome_of(status, error);
}

MATCHER_P2(FailsWith, status, part, "") {
    *result_listener << "status " << arg.status << ", message \"" << arg.message << "\"";
    return arg.status == status && arg.message.find(part) != std::string::npos;
}
MATCHER(Succeeds, "") {
    *result_listener << "status " << arg.status << ", message \"" << arg.message << "\"";
    return arg.status == SKEP_OK;
}

// String keys or payloads as the views of skep.h.
class Texts {
  public:
    Texts(std::initializer_list<std::string> items) : Texts(std::vector<std::string>(items)) {}
    explicit Texts(const std::vector<std::string>& items) : offsets_(1, 0) {
        for (const std::string& item : items) {
            bytes_ += item;
            offsets_.push_back(bytes_.size());
        }
    }
    [[nodiscard]] skep_keys keys() const {
        return SKEP_STRING_KEYS(offsets_.data(), bytes_.data(), offsets_.size() - 1);
    }
    [[nodiscard]] skep_byte_list_view view() const {
        return {sizeof(skep_byte_list_view), 0, offsets_.size() - 1, offsets_.data(),
                bytes_.data()};
    }

  private:
    std::vector<std::uint64_t> offsets_;
    std::string bytes_;
};

// Keys of a call: numbers, or a view of anything.
class Keys {
  public:
    Keys(std::initializer_list<std::uint64_t> numbers)
        : Keys(std::vector<std::uint64_t>(numbers)) {}
    Keys(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {
        view_ = skep_keys SKEP_U64_KEYS(numbers_.data(), numbers_.size());
    }
    Keys(const skep_keys& view) : view_(view) {}
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;

    [[nodiscard]] const skep_keys& view() const { return view_; }

  private:
    std::vector<std::uint64_t> numbers_;
    skep_keys view_{};
};

inline skep_matrix rows_of(const std::vector<float>& values, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values.data(), values.size() / dim, dim);
}

// Takes the list over.
inline std::vector<std::string> take_texts(skep_byte_list* list) {
    const std::unique_ptr<skep_byte_list> owned(list);
    std::vector<std::string> texts;
    for (std::size_t item = 0; owned && item < owned->starts.size(); ++item) {
        texts.push_back(owned->bytes.substr(owned->starts[item], owned->sizes[item]));
    }
    return texts;
}

// One collection of f32 rows, and short forms of the calls.
class TestCollection {
  public:
    explicit TestCollection(std::uint32_t dim, skep_metric metric = SKEP_METRIC_L2,
                            skep_key_kind key_kind = SKEP_KEY_U64,
                            std::shared_ptr<Device> device = MemoryBackend::open_device()) {
        skep_collection_info info{};
        info.struct_size = sizeof info;
        info.dim = dim;
        info.metric = metric;
        info.key_kind = key_kind;
        handle_.reset(new skep_collection{Collection::create(std::move(device), info, 0).value()});
    }
    explicit TestCollection(CollectionHandle handle) : handle_(std::move(handle)) {}

    [[nodiscard]] skep_collection* get() const { return handle_.get(); }
    [[nodiscard]] std::uint32_t dim() const { return handle_->collection->info().dim; }
    [[nodiscard]] bool has_string_keys() const {
        return handle_->collection->info().key_kind == SKEP_KEY_STRING;
    }
    void destroy() { handle_.reset(); }

    Outcome add(const std::vector<float>& rows) const {
        const skep_matrix matrix = rows_of(rows, dim());
        return outcome([&](skep_error* error) {
            return skep_collection_add(get(), &matrix, nullptr, nullptr, nullptr, nullptr, error);
        });
    }
    Outcome add(const Keys& keys, const std::vector<float>& rows,
                const skep_byte_list_view* payloads = nullptr) const {
        const skep_matrix matrix = rows_of(rows, dim());
        return outcome([&](skep_error* error) {
            return skep_collection_add(get(), &matrix, &keys.view(), payloads, nullptr, nullptr,
                                       error);
        });
    }
    Outcome upsert(const Keys& keys, const std::vector<float>& rows,
                   const skep_byte_list_view* payloads = nullptr) const {
        const skep_matrix matrix = rows_of(rows, dim());
        return outcome([&](skep_error* error) {
            return skep_collection_upsert(get(), &matrix, &keys.view(), payloads, nullptr, error);
        });
    }
    Outcome remove(const Keys& keys) const {
        return outcome(
            [&](skep_error* error) { return skep_collection_remove(get(), &keys.view(), error); });
    }
    Outcome clear() const {
        return outcome([&](skep_error* error) { return skep_collection_clear(get(), error); });
    }
    Outcome compact() const {
        return outcome(
            [&](skep_error* error) { return skep_collection_compact(get(), nullptr, error); });
    }

    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t count = UINT64_MAX;
        EXPECT_EQ(skep_collection_count(get(), &count, nullptr), SKEP_OK);
        return count;
    }
    [[nodiscard]] skep_collection_stats stats() const {
        skep_collection_stats stats{};
        stats.struct_size = sizeof stats;
        EXPECT_EQ(skep_collection_get_stats(get(), &stats, nullptr), SKEP_OK);
        return stats;
    }
    [[nodiscard]] bool contains(std::uint64_t key) const {
        std::uint8_t found = 7;
        const skep_keys keys = SKEP_U64_KEYS(&key, 1);
        EXPECT_EQ(skep_collection_contains(get(), &keys, &found, nullptr), SKEP_OK);
        return found == 1;
    }
    [[nodiscard]] std::vector<std::uint64_t> keys() const {
        std::vector<std::uint64_t> keys(count());
        std::uint64_t num_keys = 0;
        EXPECT_EQ(
            skep_collection_list_keys(get(), keys.data(), keys.size(), &num_keys, nullptr, nullptr),
            SKEP_OK);
        EXPECT_EQ(num_keys, keys.size());
        return keys;
    }
    [[nodiscard]] std::vector<std::string> string_keys() const {
        skep_byte_list* list = nullptr;
        EXPECT_EQ(skep_collection_list_keys(get(), nullptr, 0, nullptr, &list, nullptr), SKEP_OK);
        return take_texts(list);
    }
    [[nodiscard]] std::vector<float> row(const Keys& keys) const {
        std::vector<float> row(keys.view().count * dim(), -99.0F);
        const skep_mutable_matrix target = SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32,
                                                            row.data(), keys.view().count, dim());
        EXPECT_EQ(skep_collection_get(get(), &keys.view(), &target, nullptr, nullptr, nullptr),
                  SKEP_OK);
        return row;
    }
    [[nodiscard]] std::vector<float> row(std::uint64_t key) const { return row(Keys{key}); }
    [[nodiscard]] std::vector<std::string> payloads(const Keys& keys) const {
        skep_byte_list* list = nullptr;
        EXPECT_EQ(skep_collection_get(get(), &keys.view(), nullptr, &list, nullptr, nullptr),
                  SKEP_OK);
        return take_texts(list);
    }

    struct Answer {
        std::vector<std::uint64_t> keys;
        std::vector<std::string> strings;
        std::vector<float> distances;
        std::vector<std::uint64_t> counts;
        Outcome outcome;
    };
    [[nodiscard]] Answer search(const std::vector<float>& queries, std::uint64_t k,
                                skep_filter* filter = nullptr) const {
        const skep_matrix matrix = rows_of(queries, dim());
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = k;
        options.filter = filter;
        Answer answer;
        answer.distances.assign(matrix.num_rows * k, -77.0F);
        answer.counts.assign(matrix.num_rows, 77);
        skep_byte_list* strings = nullptr;
        skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
        output.distances = answer.distances.data();
        output.counts = answer.counts.data();
        if (has_string_keys()) {
            output.strings = &strings;
        } else {
            answer.keys.assign(matrix.num_rows * k, 77);
            output.keys = answer.keys.data();
        }
        answer.outcome = outcome_of_search(matrix, options, output);
        answer.strings = take_texts(strings);
        return answer;
    }
    [[nodiscard]] FilterHandle filter(std::int32_t mode, const Keys& keys) const {
        skep_filter* filter = nullptr;
        EXPECT_EQ(skep_filter_create(get(), mode, &keys.view(), &filter, nullptr), SKEP_OK);
        return FilterHandle(filter);
    }

    // Everything that can be asked: keys in order, rows, payloads, figures that writes change.
    struct State {
        std::vector<std::uint64_t> keys;
        std::vector<std::string> strings;
        std::vector<float> rows;
        std::vector<std::string> payloads;
        std::uint64_t num_rows = 0;
        std::uint64_t num_removed = 0;
        std::vector<float> nearest_distances;
        bool operator==(const State&) const = default;
    };
    [[nodiscard]] State state() const {
        State state;
        if (has_string_keys()) {
            state.strings = string_keys();
        } else {
            state.keys = keys();
        }
        const Texts texts(state.strings);
        const Keys all = has_string_keys() ? Keys(texts.keys()) : Keys(state.keys);
        state.rows = row(all);
        state.payloads = payloads(all);
        state.num_rows = count();
        state.num_removed = stats().num_removed;
        const Answer answer = search(std::vector<float>(dim(), 0.5F), count() + 1);
        state.nearest_distances = answer.distances;
        return state;
    }

  private:
    Outcome outcome_of_search(const skep_matrix& matrix, const skep_search_options& options,
                              const skep_search_output& output) const {
        return outcome([&](skep_error* error) {
            return skep_collection_search(get(), &matrix, &options, &output, nullptr, error);
        });
    }

    CollectionHandle handle_;
};

// Every test starts with a healthy backend, and ends with nothing alive and no rule broken.
class MemoryBackendTest : public ::testing::Test {
  protected:
    void SetUp() override { MemoryBackend::reset(); }
    void TearDown() override {
        EXPECT_THAT(MemoryBackend::violations(), ::testing::IsEmpty());
        EXPECT_EQ(MemoryBackend::num_live_objects(), 0);
    }
};

}  // namespace skep::testing
