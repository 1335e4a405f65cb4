// SPDX-License-Identifier: MIT
// The links of a graph: a list of fixed length for every slot and level, in chunks that never move.
//
// The base layer is one array of lists in slot order, 2 m links each. A slot of level l has besides
// l lists of m links, blocks of one arena, so that base and arena are what skep_graph_image holds.
//
// Threads: one writer at a time gives slots their lists; the tasks of one write call fill lists
// that no other task of it touches. Readers run beside them. A link is stored with release and
// loaded with acquire, so that whoever follows it sees the row and the lists behind it.
#pragma once

#include <skep/backend.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>

#include "host_memory.hpp"

namespace skep::cpu {

// Levels go up to this one: with 2 links per node, one slot in 2^40 would reach it.

// The links of one slot on one level, the first `SKEP_NO_SLOT` ending them.
class LinkList {
  public:
    LinkList(std::uint32_t* links, std::uint32_t capacity) : links_(links), capacity_(capacity) {}

    [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
    [[nodiscard]] std::uint32_t load(std::uint32_t i) const {
        return std::atomic_ref<std::uint32_t>(links_[i]).load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint32_t size() const {
        std::uint32_t size = 0;
        while (size < capacity_ && load(size) != SKEP_NO_SLOT)
            ++size;
        return size;
    }
    void prefetch() const {
        const auto* bytes = reinterpret_cast<const std::byte*>(links_);
        for (std::size_t i = 0; i < capacity_ * sizeof *links_; i += kVectorAlignment)
            __builtin_prefetch(bytes + i);
    }

    // At most capacity() links. A reader meanwhile sees some of the old ones and some of the new.
    void assign(std::span<const std::uint32_t> links) const {
        for (std::uint32_t i = 0; i < capacity_; ++i)
            store(i, i < links.size() ? links[i] : SKEP_NO_SLOT);
    }

  private:
    void store(std::uint32_t i, std::uint32_t link) const {
        std::atomic_ref<std::uint32_t>(links_[i]).store(link, std::memory_order_release);
    }

    std::uint32_t* links_;
    std::uint32_t capacity_;
};

class LinkStore {
  public:
    LinkStore(const skep_host_services& host, std::uint32_t m) : host_(host), m_(m) {}

    [[nodiscard]] std::uint32_t m() const { return m_; }
    [[nodiscard]] std::uint32_t degree() const { return 2 * m_; }
    [[nodiscard]] std::uint32_t capacity_of(std::uint32_t level) const {
        return level == 0 ? degree() : m_;
    }

    // Of a slot that was given one.
    [[nodiscard]] std::uint32_t level(std::uint64_t slot) const {
        const Place place = place_of(slot, kFirstSlots);
        return slots_[place.chunk].levels[place.offset];
    }
    // level: at most that of the slot.
    [[nodiscard]] LinkList list(std::uint64_t slot, std::uint32_t level) const {
        const Place place = place_of(slot, kFirstSlots);
        const SlotChunk& chunk = slots_[place.chunk];
        if (level == 0) return {chunk.base + place.offset * degree(), degree()};
        const Place block = place_of(chunk.first_blocks[place.offset] + level - 1, kFirstBlocks);
        return {blocks_[block.chunk].links + block.offset * m_, m_};
    }

    // --- the writer ---

    // Room for so many slots, and for so many lists above the base layer. Throws Error.
    void reserve(std::uint64_t num_slots, std::uint64_t num_blocks, const char* operation);
    // Gives a slot empty lists; those above the base layer are blocks first_block and following.
    void start(std::uint64_t slot, std::uint32_t level, std::uint64_t first_block);

    [[nodiscard]] std::uint64_t reserved_bytes() const {
        return reserved_bytes_.load(std::memory_order_relaxed);
    }
    // Of the lists of so many slots and blocks.
    [[nodiscard]] std::uint64_t used_bytes(std::uint64_t num_slots,
                                           std::uint64_t num_blocks) const {
        return num_slots * slot_bytes() + num_blocks * m_ * sizeof(std::uint32_t);
    }

  private:
    // Chunk 0 has kFirst entries, every further one as many as all before it.
    static constexpr std::uint64_t kFirstSlots = 1024;
    static constexpr std::uint64_t kFirstBlocks = 256;
    static constexpr std::size_t kMaxChunks = 34;

    struct Place {
        std::size_t chunk;
        std::uint64_t offset;
    };
    static Place place_of(std::uint64_t position, std::uint64_t first) {
        const auto chunk = static_cast<std::size_t>(std::bit_width(position / first));
        return {chunk, position - first_of(chunk, first)};
    }
    static std::uint64_t first_of(std::size_t chunk, std::uint64_t first) {
        return chunk == 0 ? 0 : first << (chunk - 1);
    }
    static std::uint64_t size_of(std::size_t chunk, std::uint64_t first) {
        return chunk == 0 ? first : first << (chunk - 1);
    }

    struct SlotChunk {
        std::uint32_t* base = nullptr;          // [size, degree]
        std::uint32_t* first_blocks = nullptr;  // [size]
        std::uint8_t* levels = nullptr;         // [size]
        HostBuffer memory;
    };
    struct BlockChunk {
        std::uint32_t* links = nullptr;  // [size, m]
        HostBuffer memory;
    };

    [[nodiscard]] std::uint64_t slot_bytes() const {
        return degree() * sizeof(std::uint32_t) + sizeof(std::uint32_t) + sizeof(std::uint8_t);
    }

    const skep_host_services& host_;
    std::uint32_t m_;
    std::array<SlotChunk, kMaxChunks> slots_;
    std::array<BlockChunk, kMaxChunks> blocks_;
    std::size_t num_slot_chunks_ = 0;
    std::size_t num_block_chunks_ = 0;
    std::atomic<std::uint64_t> reserved_bytes_{0};
};

}  // namespace skep::cpu
