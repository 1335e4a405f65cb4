// SPDX-License-Identifier: MIT
// The fake driver: every function of plugins/cuda/driver/driver_symbols.def, over host memory.
// Compiled in several shapes: complete, without what came after CUDA 10.1, and without two
// functions that the backend needs.
#include "fake_cuda.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "driver/driver_types.h"
#include "emulated_kernels.hpp"

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

namespace emulation = skep::cuda::emulation;

struct Module {
    std::string text;
};
struct Function {
    emulation::Body body;
    int dynamic_shared_limit = 48 * 1024;
};
struct Mapping {
    std::uint64_t bytes;
    CUmemGenericAllocationHandle handle;
};

void* pointer_of(CUdeviceptr address) {
    void* pointer = nullptr;
    std::memcpy(&pointer, &address, sizeof pointer);
    return pointer;
}

struct Books {
    Books() = default;
    // What calls to a lost or shut down driver never gave back is the driver's, not a leak.
    ~Books() {
        for (const auto& [address, bytes] : allocations)
            std::free(pointer_of(address));
        for (const auto& [pointer, bytes] : pinned)
            std::free(pointer);
        for (const auto& [address, bytes] : ranges)
            munmap(pointer_of(address), bytes);
        for (const auto* objects : {&streams, &events}) {
            for (void* object : *objects)
                std::free(object);
        }
        for (const auto& [module, functions] : modules) {
            for (Function* function : functions)
                delete function;
            delete module;
        }
    }
    Books(const Books&) = delete;
    Books& operator=(const Books&) = delete;

    std::mutex mutex;
    std::map<CUdeviceptr, std::uint64_t> allocations;
    std::map<void*, std::uint64_t> pinned;
    std::map<CUmemGenericAllocationHandle, std::uint64_t> handles;
    std::map<CUdeviceptr, std::uint64_t> ranges;
    std::map<CUdeviceptr, Mapping> mappings;
    std::set<void*> streams;
    std::set<void*> events;
    std::map<Module*, std::vector<Function*>> modules;
    CUmemGenericAllocationHandle next_handle = 1;
};

FakeCuda* control = new FakeCuda;  // never destroyed: calls may come late
Books* books = new Books;
thread_local int context_depth = 0;

constexpr std::size_t kGranularity = 2 << 20;

CUresult misuse() {
    ++control->misuses;
    return CUDA_ERROR_INVALID_VALUE;
}

// Counts a call and applies the faults that the test asked for.
CUresult begin_call(bool needs_context = true) {
    if (control->is_shut_down != 0) {
        if (control->is_shut_down++ > 1) ++control->calls_after_shutdown;
        return CUDA_ERROR_DEINITIALIZED;
    }
    const std::uint64_t number = ++control->num_calls;
    if (control->lost_from_call != 0 && number >= control->lost_from_call) {
        return control->lost_result;
    }
    if (number == control->fail_call) return control->fail_result;
    if (needs_context && context_depth == 0) return misuse();
    return CUDA_SUCCESS;
}

#define BEGIN_CALL(...)                                                                      \
    if (const CUresult begin_result = begin_call(__VA_ARGS__); begin_result != CUDA_SUCCESS) \
    return begin_result

CUresult take_device_bytes(std::uint64_t bytes) {
    const std::uint64_t used = control->device_bytes += bytes;
    if (used > control->total_bytes) {
        control->device_bytes -= bytes;
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (used > control->peak_device_bytes) control->peak_device_bytes = used;
    ++control->num_allocations;
    return CUDA_SUCCESS;
}

CUdeviceptr address_of(const void* pointer) {
    CUdeviceptr address = 0;
    std::memcpy(&address, &pointer, sizeof pointer);
    return address;
}

// Whether a stretch lies inside one allocation or inside mapped chunks.
bool is_device_memory(CUdeviceptr address, std::uint64_t bytes) {
    const std::lock_guard lock(books->mutex);
    auto allocation = books->allocations.upper_bound(address);
    if (allocation != books->allocations.begin()) {
        --allocation;
        if (address + bytes <= allocation->first + allocation->second) return true;
    }
    auto mapping = books->mappings.upper_bound(address);
    if (mapping == books->mappings.begin()) return false;
    --mapping;
    CUdeviceptr at = address;
    while (mapping != books->mappings.end() && mapping->first <= at &&
           at < mapping->first + mapping->second.bytes) {
        at = mapping->first + mapping->second.bytes;
        if (at >= address + bytes) return true;
        ++mapping;
    }
    return false;
}

const emulation::Kernel* find_kernel(const char* name) {
    for (const auto kernels :
         {emulation::encode_kernels(), emulation::sweep_kernels(), emulation::select_kernels(),
          emulation::exact_kernels(), emulation::plain_kernels(), emulation::tile_kernels(),
          emulation::graph_kernels()}) {
        for (const emulation::Kernel& kernel : kernels) {
            if (std::strcmp(kernel.name, name) == 0) return &kernel;
        }
    }
    return nullptr;
}

template <typename Handle>
CUresult create_object(std::set<void*>& set, Handle* out) {
    BEGIN_CALL();
    void* object = std::malloc(1);
    const std::lock_guard lock(books->mutex);
    set.insert(object);
    ++control->num_live_objects;
    *out = static_cast<Handle>(object);
    return CUDA_SUCCESS;
}

// A release that is made to fail releases all the same: drivers report older failures there.
CUresult destroy_object(std::set<void*>& set, void* object) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    const std::lock_guard lock(books->mutex);
    if (set.erase(object) == 0) return misuse();
    std::free(object);
    --control->num_live_objects;
    return result;
}

bool is_known(std::set<void*>& set, void* object) {
    const std::lock_guard lock(books->mutex);
    return set.count(object) != 0;
}

}  // namespace

FAKE_EXPORT FakeCuda* fake_cuda_control() {
    return control;
}

FAKE_EXPORT void fake_cuda_reset() {
    control->~FakeCuda();
    new (control) FakeCuda;
    auto* forgotten = books;
    books = new Books;
    delete forgotten;
}

FAKE_EXPORT CUresult cuInit(unsigned int) {
    ++control->num_init_calls;
    BEGIN_CALL(false);
    return control->init_result;
}

FAKE_EXPORT CUresult cuDriverGetVersion(int* version) {
    BEGIN_CALL(false);
    *version = control->driver_version;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuGetErrorName(CUresult result, const char** name) {
    *name = result == CUDA_ERROR_OUT_OF_MEMORY             ? "CUDA_ERROR_OUT_OF_MEMORY"
            : result == CUDA_ERROR_LAUNCH_FAILED           ? "CUDA_ERROR_LAUNCH_FAILED"
            : result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
                                                           : "CUDA_ERROR_FAKE";
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuGetErrorString(CUresult, const char** text) {
    *text = "as the test asked";
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetCount(int* count) {
    BEGIN_CALL(false);
    *count = control->num_devices;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    BEGIN_CALL(false);
    if (ordinal < 0 || ordinal >= control->num_devices) return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
    BEGIN_CALL(false);
    std::snprintf(name, static_cast<std::size_t>(size), "Fake GPU %d", device);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
    BEGIN_CALL(false);
    std::memset(uuid, 0x10 + device, sizeof *uuid);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice) {
    BEGIN_CALL(false);
    *bytes = control->total_bytes;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice) {
    BEGIN_CALL(false);
    switch (attribute) {
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
            *value = 1024;
            break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
            *value = 48 * 1024;
            break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
            *value = 227 * 1024;
            break;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
            *value = static_cast<int>(control->num_multiprocessors);
            break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
            *value = control->compute_capability / 10;
            break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
            *value = control->compute_capability % 10;
            break;
        case CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED:
            *value = control->has_virtual_memory;
            break;
        default:
            return misuse();
    }
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetPCIBusId(char* text, int size, CUdevice device) {
    BEGIN_CALL(false);
    std::snprintf(text, static_cast<std::size_t>(size), "0000:%02X:00.0", 0xA0 + device);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    BEGIN_CALL(false);
    ++control->num_retained;
    const CUdeviceptr fake_address = 0x1000 + static_cast<CUdeviceptr>(device);
    *context = static_cast<CUcontext>(pointer_of(fake_address));
    return CUDA_SUCCESS;
}

namespace {
CUresult release_primary_context() {
    const CUresult result = begin_call(false);
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    if (--control->num_retained < 0) return misuse();
    return result;
}
}  // namespace

FAKE_EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice) {
    return release_primary_context();
}

FAKE_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext) {
    BEGIN_CALL(false);
    ++context_depth;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext* context) {
    const CUresult result = begin_call(false);
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    if (context_depth == 0) return misuse();
    --context_depth;
    *context = nullptr;
    return result;
}

FAKE_EXPORT CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) {
    BEGIN_CALL();
    *free_bytes = control->total_bytes - control->device_bytes;
    *total_bytes = control->total_bytes;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes) {
    BEGIN_CALL();
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult result = take_device_bytes(bytes); result != CUDA_SUCCESS) return result;
    void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(memory, 0xA5, bytes);  // device memory is not zero either
    const std::lock_guard lock(books->mutex);
    books->allocations[address_of(memory)] = bytes;
    ++control->num_live_objects;
    *pointer = address_of(memory);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemFree_v2(CUdeviceptr pointer) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    const std::lock_guard lock(books->mutex);
    const auto found = books->allocations.find(pointer);
    if (found == books->allocations.end()) return misuse();
    control->device_bytes -= found->second;
    books->allocations.erase(found);
    --control->num_live_objects;
    std::free(pointer_of(pointer));
    return result;
}

FAKE_EXPORT CUresult cuMemHostAlloc(void** pointer, size_t bytes, unsigned int) {
    BEGIN_CALL();
    if (control->pinned_bytes + bytes > control->pinned_limit) return CUDA_ERROR_OUT_OF_MEMORY;
    void* memory = std::malloc(bytes);
    const std::lock_guard lock(books->mutex);
    books->pinned[memory] = bytes;
    control->pinned_bytes += bytes;
    ++control->num_allocations;
    ++control->num_live_objects;
    *pointer = memory;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemFreeHost(void* pointer) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    const std::lock_guard lock(books->mutex);
    const auto found = books->pinned.find(pointer);
    if (found == books->pinned.end()) return misuse();
    control->pinned_bytes -= found->second;
    books->pinned.erase(found);
    --control->num_live_objects;
    std::free(pointer);
    return result;
}

FAKE_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void* source, size_t bytes,
                                          CUstream stream) {
    BEGIN_CALL();
    if (!is_known(books->streams, stream) || !is_device_memory(target, bytes)) return misuse();
    std::memcpy(pointer_of(target), source, bytes);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* target, CUdeviceptr source, size_t bytes,
                                          CUstream stream) {
    BEGIN_CALL();
    if (!is_known(books->streams, stream) || !is_device_memory(source, bytes)) return misuse();
    std::memcpy(target, pointer_of(source), bytes);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes,
                                          CUstream stream) {
    BEGIN_CALL();
    if (!is_known(books->streams, stream) || !is_device_memory(target, bytes) ||
        !is_device_memory(source, bytes)) {
        return misuse();
    }
    ++control->num_copies_on_device;
    std::memmove(pointer_of(target), pointer_of(source), bytes);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes,
                                     CUstream stream) {
    BEGIN_CALL();
    if (!is_known(books->streams, stream) || !is_device_memory(target, bytes)) return misuse();
    std::memset(pointer_of(target), value, bytes);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuStreamCreate(CUstream* stream, unsigned int) {
    return create_object(books->streams, stream);
}
FAKE_EXPORT CUresult cuStreamDestroy_v2(CUstream stream) {
    return destroy_object(books->streams, stream);
}
FAKE_EXPORT CUresult cuStreamSynchronize(CUstream stream) {
    BEGIN_CALL();
    return is_known(books->streams, stream) ? CUDA_SUCCESS : misuse();
}
FAKE_EXPORT CUresult cuStreamQuery(CUstream stream) {
    BEGIN_CALL();
    return is_known(books->streams, stream) ? CUDA_SUCCESS : misuse();
}
FAKE_EXPORT CUresult cuEventCreate(CUevent* event, unsigned int) {
    return create_object(books->events, event);
}
FAKE_EXPORT CUresult cuEventDestroy_v2(CUevent event) {
    return destroy_object(books->events, event);
}
FAKE_EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) {
    BEGIN_CALL();
    return is_known(books->events, event) && is_known(books->streams, stream) ? CUDA_SUCCESS
                                                                              : misuse();
}

FAKE_EXPORT CUresult cuModuleLoadDataEx(CUmodule* module, const void* image,
                                        unsigned int num_options, CUjit_option* options,
                                        void** values) {
    BEGIN_CALL();
    auto* loaded = new Module{static_cast<const char*>(image)};
    int major = 0;
    int minor = 0;
    const std::size_t version_at = loaded->text.find(".version ");
    if (version_at != std::string::npos) {
        std::sscanf(loaded->text.c_str() + version_at, ".version %d.%d", &major, &minor);
    }
    const int version = major * 10 + minor;
    if (version == 0 || version > control->max_ptx_version) {
        for (unsigned int i = 0; i < num_options; ++i) {
            if (options[i] == CU_JIT_ERROR_LOG_BUFFER) {
                std::strcpy(static_cast<char*>(values[i]), "fake compiler: version too new");
            }
        }
        delete loaded;
        return version == 0 ? CUDA_ERROR_INVALID_PTX : CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    }
    control->loaded_ptx_version = version;
    const std::lock_guard lock(books->mutex);
    books->modules[loaded];
    ++control->num_live_objects;
    *module = reinterpret_cast<CUmodule>(loaded);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuModuleUnload(CUmodule module) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    auto* loaded = reinterpret_cast<Module*>(module);
    const std::lock_guard lock(books->mutex);
    const auto found = books->modules.find(loaded);
    if (found == books->modules.end()) return misuse();
    for (Function* function : found->second)
        delete function;
    books->modules.erase(found);
    --control->num_live_objects;
    delete loaded;
    return result;
}

FAKE_EXPORT CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    BEGIN_CALL();
    auto* loaded = reinterpret_cast<Module*>(module);
    const emulation::Kernel* kernel = find_kernel(name);
    if (kernel == nullptr ||
        loaded->text.find(std::string(".entry ") + name) == std::string::npos) {
        return CUDA_ERROR_NOT_FOUND;
    }
    const std::lock_guard lock(books->mutex);
    auto* made = new Function{kernel->body};
    books->modules[loaded].push_back(made);
    *function = reinterpret_cast<CUfunction>(made);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                                    unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                                    unsigned int block_z, unsigned int shared_bytes,
                                    CUstream stream, void** parameters, void**) {
    BEGIN_CALL();
    const auto* kernel = reinterpret_cast<const Function*>(function);
    if (!is_known(books->streams, stream)) return misuse();
    if (grid_x == 0 || grid_y == 0 || grid_y > 65535 || grid_z != 1 || block_x == 0 ||
        block_x % 32 != 0 || block_x > 1024 || block_y != 1 || block_z != 1 ||
        static_cast<int>(shared_bytes) > kernel->dynamic_shared_limit) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (control->refuses_launches != 0) return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    ++control->num_launches;
    const bool has_ended =
        emulation::run_grid(kernel->body, parameters[0], grid_x, grid_y, block_x, shared_bytes);
    return has_ended ? CUDA_SUCCESS : CUDA_ERROR_LAUNCH_TIMEOUT;
}

#if !defined(FAKE_CUDA_OLD)
FAKE_EXPORT CUresult cuTensorMapEncodeTiled(void* map, int type, uint32_t rank, CUdeviceptr address,
                                            const uint64_t* sizes, const uint64_t* strides,
                                            const uint32_t* box, const uint32_t* element_strides,
                                            int interleave, int swizzle, int, int fill) {
    BEGIN_CALL();
    using Map = emulation::FakeTensorMap;
    if (type != CU_TENSOR_MAP_DATA_TYPE_UINT8 || rank < 2 || rank > Map::kMostDimensions ||
        interleave != CU_TENSOR_MAP_INTERLEAVE_NONE || swizzle != CU_TENSOR_MAP_SWIZZLE_128B ||
        fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE || box[0] != 128) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    // What the driver refuses: alignments, and sizes out of range.
    if (reinterpret_cast<uintptr_t>(map) % 64 != 0 || address % 16 != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    Map made{reinterpret_cast<const uint8_t*>(address), rank, {}};
    for (uint32_t i = 0; i < rank; ++i) {
        const uint64_t stride = i == 0 ? 1 : strides[i - 1];
        if (element_strides[i] != 1 || box[i] == 0 || box[i] > 256 || sizes[i] == 0 ||
            sizes[i] > UINT64_C(1) << 32 || (i != 0 && stride % 16 != 0)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        made.dimensions[i] = {sizes[i], stride, box[i]};
    }
    std::memcpy(map, &made, sizeof made);
    return CUDA_SUCCESS;
}
#endif

#if !defined(FAKE_CUDA_LACKS_REQUIRED)
FAKE_EXPORT CUresult cuEventSynchronize(CUevent event) {
    BEGIN_CALL();
    return is_known(books->events, event) ? CUDA_SUCCESS : misuse();
}

FAKE_EXPORT CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
    BEGIN_CALL();
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value > 227 * 1024) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    reinterpret_cast<Function*>(function)->dynamic_shared_limit = value;
    return CUDA_SUCCESS;
}
#endif

#if !defined(FAKE_CUDA_OLD)
FAKE_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
    return release_primary_context();
}

FAKE_EXPORT CUresult cuMemGetAllocationGranularity(size_t* bytes, const CUmemAllocationProp*, int) {
    BEGIN_CALL();
    *bytes = kGranularity;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemAddressReserve(CUdeviceptr* pointer, size_t bytes, size_t, CUdeviceptr,
                                         unsigned long long) {
    BEGIN_CALL();
    if (bytes == 0 || bytes % kGranularity != 0) return CUDA_ERROR_INVALID_VALUE;
    void* range =
        mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
    const std::lock_guard lock(books->mutex);
    books->ranges[address_of(range)] = bytes;
    ++control->num_live_objects;
    *pointer = address_of(range);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemAddressFree(CUdeviceptr pointer, size_t bytes) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    const std::lock_guard lock(books->mutex);
    const auto found = books->ranges.find(pointer);
    if (found == books->ranges.end() || found->second != bytes) return misuse();
    books->ranges.erase(found);
    --control->num_live_objects;
    munmap(pointer_of(pointer), bytes);
    return result;
}

FAKE_EXPORT CUresult cuMemCreate(CUmemGenericAllocationHandle* handle, size_t bytes,
                                 const CUmemAllocationProp*, unsigned long long) {
    BEGIN_CALL();
    if (bytes == 0 || bytes % kGranularity != 0) return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult result = take_device_bytes(bytes); result != CUDA_SUCCESS) return result;
    const std::lock_guard lock(books->mutex);
    *handle = books->next_handle++;
    books->handles[*handle] = bytes;
    ++control->num_live_objects;
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    const std::lock_guard lock(books->mutex);
    const auto found = books->handles.find(handle);
    if (found == books->handles.end()) return misuse();
    control->device_bytes -= found->second;
    books->handles.erase(found);
    --control->num_live_objects;
    return result;
}

FAKE_EXPORT CUresult cuMemMap(CUdeviceptr pointer, size_t bytes, size_t,
                              CUmemGenericAllocationHandle handle, unsigned long long) {
    BEGIN_CALL();
    const std::lock_guard lock(books->mutex);
    if (books->handles.count(handle) == 0 || books->handles[handle] != bytes) return misuse();
    books->mappings[pointer] = {bytes, handle};
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemSetAccess(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc*,
                                    size_t) {
    BEGIN_CALL();
    const std::lock_guard lock(books->mutex);
    if (books->mappings.count(pointer) == 0) return misuse();
    mprotect(pointer_of(pointer), bytes, PROT_READ | PROT_WRITE);
    return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemUnmap(CUdeviceptr pointer, size_t bytes) {
    const CUresult result = begin_call();
    if (result == CUDA_ERROR_DEINITIALIZED) return result;
    const std::lock_guard lock(books->mutex);
    const auto found = books->mappings.find(pointer);
    if (found == books->mappings.end() || found->second.bytes != bytes) return misuse();
    books->mappings.erase(found);
    // Fresh and unreachable again, as an unmapped range is.
    mmap(pointer_of(pointer), bytes, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return result;
}
#endif
