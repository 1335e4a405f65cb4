// SPDX-License-Identifier: MIT
#include "driver/context.hpp"

#include <unistd.h>

#include <utility>

#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// The scope that this thread is in: a context is pushed once, however deep its users nest.
thread_local const ScopedContext* innermost = nullptr;

}  // namespace

bool is_device_loss(CUresult result) noexcept {
    switch (result) {
        case CUDA_ERROR_DEVICE_UNAVAILABLE:
        case CUDA_ERROR_ECC_UNCORRECTABLE:
        case CUDA_ERROR_ILLEGAL_ADDRESS:
        case CUDA_ERROR_LAUNCH_TIMEOUT:
        case CUDA_ERROR_CONTEXT_IS_DESTROYED:
        case CUDA_ERROR_HARDWARE_STACK_ERROR:
        case CUDA_ERROR_ILLEGAL_INSTRUCTION:
        case CUDA_ERROR_MISALIGNED_ADDRESS:
        case CUDA_ERROR_INVALID_ADDRESS_SPACE:
        case CUDA_ERROR_INVALID_PC:
        case CUDA_ERROR_LAUNCH_FAILED:
            return true;
        default:
            return false;
    }
}

skep_status status_of(CUresult result) noexcept {
    if (is_device_loss(result)) return SKEP_DEVICE_LOST;
    switch (result) {
        case CUDA_SUCCESS:
            return SKEP_OK;
        case CUDA_ERROR_OUT_OF_MEMORY:
            return SKEP_OUT_OF_DEVICE_MEMORY;
        case CUDA_ERROR_INVALID_IMAGE:
        case CUDA_ERROR_NO_BINARY_FOR_GPU:
        case CUDA_ERROR_INVALID_PTX:
        case CUDA_ERROR_JIT_COMPILER_NOT_FOUND:
        case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
        case CUDA_ERROR_JIT_COMPILATION_DISABLED:
            return SKEP_COMPILATION_FAILED;
        default:
            return SKEP_DEVICE_FAILED;
    }
}

Context::Context(std::shared_ptr<const DriverApi> api, CUdevice device, HostLog log)
    : api_(std::move(api)), device_(device), log_(log), process_(getpid()) {
    check(api_->primary_context_retain(&handle_, device_), "device_open: cuDevicePrimaryCtxRetain");
}

Context::~Context() {
    if (!is_usable() && (getpid() != process_ || api_->is_gone)) return;
    const auto release = api_->primary_context_release != nullptr
                             ? api_->primary_context_release
                             : api_->primary_context_release_v1;
    note(release(device_), "device_close: cuDevicePrimaryCtxRelease");
}

void Context::check(CUresult result, const char* operation) const {
    if (result == CUDA_SUCCESS) return;
    if (result == CUDA_ERROR_DEINITIALIZED) {
        api_->is_gone = true;
        throw Error(SKEP_DEVICE_FAILED,
                    fmt::format("{}: the driver is shutting down with the process", operation),
                    SKEP_LAYER_DRIVER, result);
    }
    if (is_device_loss(result)) is_lost_ = true;
    throw Error(status_of(result), fmt::format("{}: {}", operation, api_->describe(result)),
                SKEP_LAYER_DRIVER, result);
}

void Context::note(CUresult result, const char* operation) const noexcept {
    if (result == CUDA_SUCCESS) return;
    if (result == CUDA_ERROR_DEINITIALIZED) {
        api_->is_gone = true;
        return;
    }
    if (is_device_loss(result)) is_lost_ = true;
    log_.write(SKEP_LOG_WARNING, "{}: driver result {}", operation, result);
}

bool Context::is_usable() const noexcept {
    return !api_->is_gone && !is_lost_ && getpid() == process_;
}

void Context::require_usable(const char* operation) const {
    if (getpid() != process_) {
        throw Error(SKEP_DEVICE_NOT_AVAILABLE,
                    fmt::format("{}: this process was forked after the GPU was opened; a GPU "
                                "belongs to the process that opened it",
                                operation),
                    SKEP_LAYER_BACKEND);
    }
    if (api_->is_gone) {
        throw Error(SKEP_DEVICE_FAILED,
                    fmt::format("{}: the driver has shut down with the process", operation),
                    SKEP_LAYER_DRIVER, CUDA_ERROR_DEINITIALIZED);
    }
    if (is_lost_) {
        throw Error(SKEP_DEVICE_LOST,
                    fmt::format("{}: the device was lost by an earlier failure", operation),
                    SKEP_LAYER_BACKEND);
    }
}

Context::Memory Context::memory() const {
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    check(api_->mem_get_info(&free_bytes, &total_bytes), "cuMemGetInfo");
    return {free_bytes, total_bytes};
}

ScopedContext::ScopedContext(const Context& context, const char* operation)
    : context_(context), outer_(innermost) {
    context.require_usable(operation);
    if (outer_ == nullptr || &outer_->context_ != &context) {
        context.check(context.api().context_push(context.handle()), operation);
        is_pushed_ = true;
    }
    is_current_ = true;
    innermost = this;
}

ScopedContext::ScopedContext(const Context& context) noexcept
    : context_(context), outer_(innermost) {
    if (!context.is_usable()) return;
    if (outer_ == nullptr || &outer_->context_ != &context) {
        // Any call may report the failure of an older asynchronous one. Here that would cost the
        // memory that is about to be freed, so it is asked again.
        CUresult result = context.api().context_push(context.handle());
        context.note(result, "cuCtxPushCurrent");
        if (result != CUDA_SUCCESS && context.is_usable()) {
            result = context.api().context_push(context.handle());
            context.note(result, "cuCtxPushCurrent");
        }
        if (result != CUDA_SUCCESS) return;
        is_pushed_ = true;
    }
    is_current_ = true;
    innermost = this;
}

ScopedContext::~ScopedContext() {
    if (!is_current_) return;
    innermost = outer_;
    if (!is_pushed_ || context_.api().is_gone) return;
    CUcontext popped = nullptr;
    context_.note(context_.api().context_pop(&popped), "cuCtxPopCurrent");
}

}  // namespace skep::cuda
