// SPDX-License-Identifier: MIT
// An opened device of a backend; makes stores.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>

#include "bridge/backend.hpp"
#include "bridge/store.hpp"
#include "skep/result.hpp"

namespace skep {

class Device : public std::enable_shared_from_this<Device> {
  public:
    // `info` as Backend::device_info gave it. The Device keeps its backend alive.
    static Result<std::shared_ptr<Device>> open(std::shared_ptr<Backend> backend,
                                                const skep_device_info& info);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    [[nodiscard]] const skep_device_info& info() const { return info_; }
    [[nodiscard]] const Backend& backend() const { return *backend_; }
    [[nodiscard]] const skep_backend_operations& operations() const {
        return backend_->operations();
    }
    [[nodiscard]] bool has_capability(std::uint64_t bit) const {
        return (info_.capabilities & bit) != 0;
    }

    Result<Store> create_store(const skep_store_options& options);
    // A store over `rows` in place; `owner` is kept until the backend releases the memory.
    Result<Store> adopt_store(const skep_store_options& options, const skep_matrix& rows,
                              std::shared_ptr<const void> owner, const skep_call* call);

  private:
    Device(std::shared_ptr<Backend> backend, const skep_device_info& info)
        : backend_(std::move(backend)), info_(info) {}

    std::shared_ptr<Backend> backend_;
    skep_device_info info_;
    skep_device* handle_ = nullptr;
};

}  // namespace skep
