// SPDX-License-Identifier: MIT
// Answers of the stores before they go to the caller: slots have to be translated, and nothing of
// the caller's may be touched before all is well. Small ones need no allocation; buffers of larger
// ones are kept, since memory that is new to the process costs more than what is written there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace skep {

// Buffers that searches use again. Thread-safe.
class AnswerBuffers {
  public:
    struct Buffer {
        std::unique_ptr<std::uint32_t[]> slots;
        std::unique_ptr<float[]> distances;
        std::uint64_t capacity = 0;
    };

    [[nodiscard]] Buffer take(std::uint64_t count) {
        Buffer buffer;
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                buffer = std::move(idle_.back());
                idle_.pop_back();
            }
        }
        if (buffer.capacity < count) {
            buffer.capacity = 0;
            buffer.slots = std::make_unique_for_overwrite<std::uint32_t[]>(count);
            buffer.distances = std::make_unique_for_overwrite<float[]>(count);
            buffer.capacity = count;
        }
        return buffer;
    }
    void give_back(Buffer buffer) {
        const std::lock_guard lock(mutex_);
        if (buffer.capacity > kMostKept || idle_.size() == kMostIdle) return;
        idle_.push_back(std::move(buffer));  // does not allocate: see the constructor
    }

    AnswerBuffers() { idle_.reserve(kMostIdle); }

  private:
    static constexpr std::size_t kMostIdle = 4;
    static constexpr std::uint64_t kMostKept = 1U << 20;  // answers: 8 MiB

    std::mutex mutex_;
    std::vector<Buffer> idle_;
};

class Answers {
  public:
    Answers(AnswerBuffers& buffers, std::uint64_t count) : buffers_(buffers), count_(count) {
        if (count > kInPlace) buffer_ = buffers.take(count);
    }
    ~Answers() {
        if (buffer_.capacity != 0) buffers_.give_back(std::move(buffer_));
    }
    Answers(const Answers&) = delete;
    Answers& operator=(const Answers&) = delete;

    [[nodiscard]] std::span<std::uint32_t> slots() {
        return {count_ > kInPlace ? buffer_.slots.get() : in_place_slots_, count_};
    }
    [[nodiscard]] std::span<float> distances() {
        return {count_ > kInPlace ? buffer_.distances.get() : in_place_distances_, count_};
    }

  private:
    static constexpr std::uint64_t kInPlace = 256;

    AnswerBuffers& buffers_;
    std::uint64_t count_;
    std::uint32_t in_place_slots_[kInPlace];  // uninitialised on purpose: the stores fill them
    float in_place_distances_[kInPlace];
    AnswerBuffers::Buffer buffer_;
};

}  // namespace skep
