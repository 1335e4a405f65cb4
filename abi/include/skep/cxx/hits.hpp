// SPDX-License-Identifier: MIT
// What searches answer.
//
//     for (std::uint64_t query = 0; query < hits.num_queries; ++query) {
//         for (skep::Hit hit : hits[query]) use(hit.key, hit.distance);
//     }
#pragma once

#include <skep/skep.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "skep/cxx/keys.hpp"

namespace skep {
inline namespace cxx {

// One answer. Texts are views into the Hits or RangeHits that it came from.
struct Hit {
    std::uint64_t key = UINT64_MAX;  // u64 collections
    std::string_view text;           // string collections
    float distance = 0;
    std::string_view payload;  // where payloads were asked for
};

// The answers of one query, nearest first: a range of Hit over any Source with at(position).
template <typename Source>
class HitRange {
  public:
    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Hit;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = Hit;

        Iterator(const Source *source, std::uint64_t position) noexcept
            : source_(source), position_(position) {}
        Hit operator*() const { return source_->at(position_); }
        Iterator &operator++() noexcept {
            ++position_;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++position_;
            return before;
        }
        friend bool operator==(const Iterator &left, const Iterator &right) noexcept {
            return left.position_ == right.position_;
        }
        friend bool operator!=(const Iterator &left, const Iterator &right) noexcept {
            return left.position_ != right.position_;
        }

      private:
        const Source *source_;
        std::uint64_t position_;
    };

    HitRange(const Source *source, std::uint64_t begin, std::uint64_t end) noexcept
        : source_(source), begin_(begin), end_(end) {}
    [[nodiscard]] Iterator begin() const noexcept { return {source_, begin_}; }
    [[nodiscard]] Iterator end() const noexcept { return {source_, end_}; }
    [[nodiscard]] std::uint64_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] Hit operator[](std::uint64_t rank) const { return source_->at(begin_ + rank); }

  private:
    const Source *source_;
    std::uint64_t begin_;
    std::uint64_t end_;
};

// Answers of a search, [num_queries, k] each; missing ones have key UINT64_MAX (an empty text) and
// distance +infinity.
struct Hits {
    std::uint64_t num_queries = 0;
    std::uint64_t k = 0;
    std::vector<std::uint64_t> keys;  // u64 collections
    ByteList strings;                 // string collections
    std::vector<float> distances;
    std::vector<std::uint64_t> counts;  // [num_queries] answers found
    ByteList payloads;                  // where they were asked for

    // The answers found for one query, without the missing ones.
    HitRange<Hits> operator[](std::uint64_t query) const noexcept {
        return {this, query * k, query * k + counts[static_cast<std::size_t>(query)]};
    }
    // The answer at query * k + rank.
    [[nodiscard]] Hit at(std::uint64_t position) const {
        Hit hit;
        if (!keys.empty()) hit.key = keys[static_cast<std::size_t>(position)];
        hit.text = strings[position];
        hit.distance = distances[static_cast<std::size_t>(position)];
        hit.payload = payloads[position];
        return hit;
    }
};

// Answers of a range search: as many as there are, for each query.
class RangeHits {
  public:
    static Result<RangeHits> adopt(skep_range_result *adopted) {
        RangeHits hits(adopted);
        auto done = detail::call(skep_range_result_view, hits.handle_.get(), &hits.view_);
        if (!done) return done.error();
        return hits;
    }

    [[nodiscard]] std::uint64_t num_queries() const noexcept { return view_.num_queries; }
    HitRange<RangeHits> operator[](std::uint64_t query) const noexcept {
        return {this, view_.offsets[query], view_.offsets[query + 1]};
    }
    // The answer at a position among those of all queries.
    [[nodiscard]] Hit at(std::uint64_t position) const {
        Hit hit;
        if (view_.keys != nullptr) hit.key = view_.keys[position];
        hit.text = ByteList::at(view_.strings, position);
        hit.distance = view_.distances[position];
        return hit;
    }
    // All answers as arrays; valid while this lives.
    [[nodiscard]] const skep_range_view &view() const noexcept { return view_; }

  private:
    explicit RangeHits(skep_range_result *adopted) : handle_(adopted) {
        view_.struct_size = sizeof view_;
    }
    detail::Owned<skep_range_result, skep_range_result_destroy> handle_;
    skep_range_view view_{};
};

}  // namespace cxx
}  // namespace skep
