// SPDX-License-Identifier: MIT
// Rows on a device, and frozen masks over them, as owning C++ handles. The caller keeps the thread
// rules of backend.h.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <span>

#include "skep/result.hpp"

namespace skep {

class Device;

// Which slots are erased; immutable. Keeps its device alive.
class Mask {
  public:
    explicit Mask(std::shared_ptr<Device> device) : device_(std::move(device)) {}
    ~Mask();
    Mask(const Mask&) = delete;
    Mask& operator=(const Mask&) = delete;

    [[nodiscard]] const skep_mask* handle() const { return handle_; }

  private:
    friend class Store;

    std::shared_ptr<Device> device_;
    skep_mask* handle_ = nullptr;
};

class Store {
  public:
    Store(std::shared_ptr<Device> device, skep_store* handle)
        : device_(std::move(device)), handle_(handle) {}
    ~Store() { destroy(); }
    Store(Store&& other) noexcept;
    Store& operator=(Store&& other) noexcept;

    [[nodiscard]] const Device& device() const { return *device_; }
    [[nodiscard]] skep_store* handle() const { return handle_; }

    Result<void> reserve(std::uint64_t num_slots);
    Result<void> append(const skep_matrix& rows, const skep_call* call);
    void truncate(std::uint64_t num_slots) noexcept;
    // Row i of `out` is slots[i].
    Result<void> read(std::span<const std::uint32_t> slots, const skep_mutable_matrix& out,
                      const skep_call* call) const;
    // Row i of `out` is first_slot + i.
    Result<void> read_range(std::uint64_t first_slot, const skep_mutable_matrix& out,
                            const skep_call* call) const;
    // `parent` may be null. The new mask erases what parent does and `slots` besides.
    Result<std::shared_ptr<const Mask>> make_mask(const Mask* parent, std::uint64_t num_slots,
                                                  std::span<const std::uint32_t> slots) const;
    Result<void> compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call);
    Result<skep_store_stats> stats() const;
    Result<void> search(const skep_matrix& queries, const skep_search_request& request,
                        const skep_search_answer& answer, const skep_call* call) const;
    Result<void> range_search(const skep_matrix& queries, const skep_range_request& request,
                              const skep_range_sink& sink, const skep_call* call) const;

  private:
    void destroy() noexcept;

    std::shared_ptr<Device> device_;
    skep_store* handle_ = nullptr;
};

}  // namespace skep
