// SPDX-License-Identifier: MIT
#include "doubles/memory_backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <set>
#include <utility>

#include "skep/common/distance.hpp"
#include "skep/common/element_type.hpp"
#include "skep/common/error_bridge.hpp"

namespace {

std::mutex shared_mutex;  // guards everything in this block
skep_device_info device_info_answer{};
std::uint64_t calls_until_failure = 0;
std::string failing_operation;
skep_status failure_status = SKEP_DEVICE_FAILED;
bool failure_happened = false;
bool is_recording = false;
std::vector<std::string> recorded_calls;
std::vector<std::string> recorded_violations;

std::atomic<std::int64_t> live_objects{0};

struct CountedObject {
    CountedObject() { ++live_objects; }
    ~CountedObject() { --live_objects; }
    CountedObject(const CountedObject&) = delete;
    CountedObject& operator=(const CountedObject&) = delete;
};

void note_violation(const std::string& text) {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    recorded_violations.push_back(text);
}

void note_call(const char* operation) {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    if (is_recording) recorded_calls.emplace_back(operation);
}

// Every operation that can fail begins here.
skep_status begin_call(const char* operation, skep_error* error) {
    note_call(operation);
    const std::lock_guard<std::mutex> lock(shared_mutex);
    if (calls_until_failure == 0) return SKEP_OK;
    if (!failing_operation.empty() && failing_operation != operation) return SKEP_OK;
    if (--calls_until_failure != 0) return SKEP_OK;
    failure_happened = true;
    skep::write_error(error, failure_status, SKEP_LAYER_BACKEND, 7,
                      fmt::format("{}: failure asked for", operation).c_str());
    return failure_status;
}

double component_at(skep_dtype dtype, const std::byte* row, std::size_t position) {
    switch (dtype) {
        case SKEP_DTYPE_F32: {
            float value = 0;
            std::memcpy(&value, row + position * sizeof value, sizeof value);
            return static_cast<double>(value);
        }
        case SKEP_DTYPE_F16:
        case SKEP_DTYPE_BF16: {
            std::uint16_t bits = 0;
            std::memcpy(&bits, row + position * sizeof bits, sizeof bits);
            const float value =
                dtype == SKEP_DTYPE_F16 ? skep::f16_to_f32(bits) : skep::bf16_to_f32(bits);
            return static_cast<double>(value);
        }
        case SKEP_DTYPE_I8:
            return static_cast<double>(static_cast<std::int8_t>(row[position]));
        default:
            return static_cast<double>(static_cast<std::uint8_t>(row[position]));
    }
}

std::vector<double> widen(skep_dtype dtype, const void* row, std::uint32_t dim) {
    std::vector<double> values(dim);
    for (std::uint32_t position = 0; position < dim; ++position) {
        values[position] = component_at(dtype, static_cast<const std::byte*>(row), position);
    }
    return values;
}

const std::byte* row_of(const skep_matrix& matrix, std::uint64_t row) {
    const std::uint64_t stride = matrix.row_stride_bytes != 0
                                     ? matrix.row_stride_bytes
                                     : matrix.dim * skep::element_bytes(matrix.dtype);
    return static_cast<const std::byte*>(matrix.data) + row * stride;
}

// The bits of a row, never moved once there.
using Row = std::shared_ptr<const std::vector<std::byte>>;

}  // namespace

struct skep_backend : CountedObject {};
struct skep_device : CountedObject {};

struct skep_mask : CountedObject {
    const skep_store* store = nullptr;
    std::uint64_t compaction = 0;  // of the store, when the mask was made
    std::set<std::uint32_t> erased;
};

struct skep_store : CountedObject {
    skep_store_options options{};
    skep_release release{};
    std::atomic<std::uint64_t> compaction{0};
    std::atomic<int> running_reads{0};
    std::atomic<int> running_writes{0};
    mutable std::mutex mutex;  // guards rows and capacity
    std::vector<Row> rows;
    std::uint64_t capacity = 0;

    std::vector<Row> rows_below(std::uint64_t num_slots) const {
        const std::lock_guard<std::mutex> lock(mutex);
        if (num_slots > rows.size()) {
            note_violation(fmt::format("a read names {} of {} slots", num_slots, rows.size()));
            num_slots = rows.size();
        }
        return {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(num_slots)};
    }
    [[nodiscard]] std::uint64_t row_bytes() const {
        return options.dim * skep::element_bytes(options.dtype);
    }
};

namespace {

class ReadCall {
  public:
    ReadCall(skep_store& store, const char* operation) : store_(store) {
        if (store_.running_reads++ < 0) {
            note_violation(fmt::format("{} beside a call that excludes reads", operation));
        }
    }
    ~ReadCall() { --store_.running_reads; }
    ReadCall(const ReadCall&) = delete;
    ReadCall& operator=(const ReadCall&) = delete;

  private:
    skep_store& store_;
};

class WriteCall {
  public:
    WriteCall(skep_store& store, const char* operation) : store_(store) {
        if (store_.running_writes++ != 0) {
            note_violation(fmt::format("{} beside another write", operation));
        }
    }
    ~WriteCall() { --store_.running_writes; }
    WriteCall(const WriteCall&) = delete;
    WriteCall& operator=(const WriteCall&) = delete;

  private:
    skep_store& store_;
};

constexpr int kExclusive = -1000000;

// Nothing else may run on the store.
class ExclusiveCall {
  public:
    ExclusiveCall(skep_store& store, const char* operation)
        : store_(store), write_(store, operation) {
        const int reads = store_.running_reads.fetch_add(kExclusive);
        if (reads != 0) note_violation(fmt::format("{} beside {} reads", operation, reads));
    }
    ~ExclusiveCall() { store_.running_reads.fetch_sub(kExclusive); }
    ExclusiveCall(const ExclusiveCall&) = delete;
    ExclusiveCall& operator=(const ExclusiveCall&) = delete;

  private:
    skep_store& store_;
    WriteCall write_;
};

bool is_allowed(const skep_bitmap* allowed, std::uint64_t slot) {
    if (allowed == nullptr) return true;
    if (slot >= allowed->num_bits) return false;
    return (allowed->words[slot / 64] >> (slot % 64) & 1U) != 0;
}

struct Candidate {
    double distance;
    std::uint32_t slot;
    bool operator<(const Candidate& other) const {
        return std::pair(distance, slot) < std::pair(other.distance, other.slot);
    }
};

// Every row that may be an answer, nearest first.
std::vector<Candidate> scan(skep_store& store, const skep_matrix& queries, std::uint64_t query,
                            const std::vector<Row>& rows, const skep_mask* mask,
                            const skep_bitmap* allowed) {
    if (mask != nullptr && (mask->store != &store || mask->compaction != store.compaction.load())) {
        note_violation("a mask of another store or of before a compaction");
    }
    const std::vector<double> asked = widen(queries.dtype, row_of(queries, query), queries.dim);
    std::vector<Candidate> candidates;
    for (std::uint32_t slot = 0; slot < rows.size(); ++slot) {
        if (mask != nullptr && mask->erased.count(slot) != 0) continue;
        if (!is_allowed(allowed, slot)) continue;
        const std::vector<double> row =
            widen(store.options.dtype, rows[slot]->data(), store.options.dim);
        candidates.push_back(
            {skep::distance(store.options.metric, asked.data(), row.data(), row.size()), slot});
    }
    std::sort(candidates.begin(), candidates.end());
    return candidates;
}

void check_queries(const skep_store& store, const skep_matrix& queries) {
    if (queries.dim != store.options.dim) note_violation("queries of another dim");
    if (queries.dtype != store.options.dtype && queries.dtype != SKEP_DTYPE_F32) {
        note_violation("queries of a type that no store takes");
    }
}

// --- the operations ---

skep_status create(const skep_host_services*, skep_backend** out, skep_error* error) {
    const skep_status status = begin_call("create", error);
    if (status == SKEP_OK) *out = new skep_backend();
    return status;
}
void destroy(skep_backend* backend) {
    delete backend;
}
skep_status probe(skep_backend*, skep_error* error) {
    return begin_call("probe", error);
}
skep_status device_count(skep_backend*, std::uint32_t* out, skep_error* error) {
    const skep_status status = begin_call("device_count", error);
    if (status == SKEP_OK) *out = 1;
    return status;
}
skep_status device_info(skep_backend*, std::uint32_t, skep_device_info* out, skep_error* error) {
    const skep_status status = begin_call("device_info", error);
    if (status != SKEP_OK) return status;
    const std::lock_guard<std::mutex> lock(shared_mutex);
    skep::write_struct(out, device_info_answer);
    return SKEP_OK;
}
skep_status device_open(skep_backend*, std::uint32_t, skep_device** out, skep_error* error) {
    const skep_status status = begin_call("device_open", error);
    if (status == SKEP_OK) *out = new skep_device();
    return status;
}
void device_close(skep_device* device) {
    delete device;
}

skep_status store_create(skep_device*, const skep_store_options* options, skep_store** out,
                         skep_error* error) {
    const skep_status status = begin_call("store_create", error);
    if (status != SKEP_OK) return status;
    auto store = std::make_unique<skep_store>();
    store->options = *options;
    store->capacity = options->reserve_slots;
    *out = store.release();
    return SKEP_OK;
}
void store_destroy(skep_store* store) {
    if (store == nullptr) return;
    if (store->running_reads != 0 || store->running_writes != 0) {
        note_violation("destroy beside another call");
    }
    const skep_release release = store->release;
    delete store;
    if (release.release != nullptr) release.release(release.context);
}
skep_status store_reserve(skep_store* store, std::uint64_t num_slots, skep_error* error) {
    const WriteCall running(*store, "reserve");
    const skep_status status = begin_call("reserve", error);
    if (status != SKEP_OK) return status;
    const std::lock_guard<std::mutex> lock(store->mutex);
    store->capacity = std::max(store->capacity, num_slots);
    return SKEP_OK;
}
skep_status store_append(skep_store* store, const skep_matrix* rows, const skep_call* call,
                         skep_error* error) {
    const WriteCall running(*store, "append");
    const skep_status status = begin_call("append", error);
    if (status != SKEP_OK) return status;
    if (rows->dim != store->options.dim || rows->dtype != store->options.dtype) {
        note_violation("rows of another shape");
    }
    std::vector<Row> added;
    for (std::uint64_t row = 0; row < rows->num_rows; ++row) {
        if (call != nullptr) {
            const skep_status polled = call->poll(call->context, row, rows->num_rows);
            if (polled != SKEP_OK) {
                skep::write_error(error, polled, SKEP_LAYER_BACKEND, 0, "append: stopped");
                return polled;
            }
        }
        const std::byte* const bytes = row_of(*rows, row);
        if (skep::first_not_finite(rows->dtype, bytes, rows->dim) != rows->dim &&
            rows->memory_kind == SKEP_MEMORY_HOST) {
            note_violation("a component that is not finite");
        }
        added.push_back(
            std::make_shared<std::vector<std::byte>>(bytes, bytes + store->row_bytes()));
    }
    const std::lock_guard<std::mutex> lock(store->mutex);
    store->rows.insert(store->rows.end(), added.begin(), added.end());
    store->capacity = std::max<std::uint64_t>(store->capacity, store->rows.size());
    return SKEP_OK;
}
void store_truncate(skep_store* store, std::uint64_t num_slots) {
    note_call("truncate");
    const WriteCall running(*store, "truncate");
    const std::lock_guard<std::mutex> lock(store->mutex);
    if (num_slots > store->rows.size()) note_violation("truncate to more than there is");
    store->rows.resize(std::min<std::uint64_t>(num_slots, store->rows.size()));
}
skep_status store_read(skep_store* store, std::uint64_t first_slot, const std::uint32_t* slots,
                       const skep_mutable_matrix* out, const skep_call*, skep_error* error) {
    const ReadCall running(*store, "read");
    const skep_status status = begin_call("read", error);
    if (status != SKEP_OK) return status;
    const std::uint64_t stride =
        out->row_stride_bytes != 0 ? out->row_stride_bytes : store->row_bytes();
    const std::lock_guard<std::mutex> lock(store->mutex);
    for (std::uint64_t row = 0; row < out->num_rows; ++row) {
        const std::uint64_t slot = slots == nullptr ? first_slot + row : slots[row];
        if (slot >= store->rows.size()) {
            note_violation(fmt::format("read of slot {} of {}", slot, store->rows.size()));
            continue;
        }
        std::memcpy(static_cast<std::byte*>(out->data) + row * stride, store->rows[slot]->data(),
                    store->row_bytes());
    }
    return SKEP_OK;
}
skep_status mask_create(skep_store* store, const skep_mask* parent, std::uint64_t num_slots,
                        const std::uint32_t* slots, std::uint64_t num_erased, skep_mask** out,
                        skep_error* error) {
    const ReadCall running(*store, "mask_create");
    const skep_status status = begin_call("mask_create", error);
    if (status != SKEP_OK) return status;
    auto mask = std::make_unique<skep_mask>();
    mask->store = store;
    mask->compaction = store->compaction;
    if (parent != nullptr) mask->erased = parent->erased;
    for (std::uint64_t position = 0; position < num_erased; ++position) {
        if (slots[position] >= num_slots) note_violation("mask of a slot out of bounds");
        if (!mask->erased.insert(slots[position]).second) note_violation("slot erased twice");
    }
    *out = mask.release();
    return SKEP_OK;
}
void mask_destroy(skep_mask* mask) {
    delete mask;
}
skep_status store_compact(skep_store* store, std::uint64_t num_slots, const skep_mask* mask,
                          const skep_call* call, skep_error* error) {
    const ExclusiveCall running(*store, "compact");
    const skep_status status = begin_call("compact", error);
    if (status != SKEP_OK) return status;
    if (call != nullptr) {
        const skep_status polled = call->poll(call->context, 0, num_slots);
        if (polled != SKEP_OK) return polled;
    }
    if (num_slots != store->rows.size()) note_violation("compact of not all slots");
    std::vector<Row> kept;
    for (std::uint32_t slot = 0; slot < num_slots; ++slot) {
        if (mask == nullptr || mask->erased.count(slot) == 0) kept.push_back(store->rows[slot]);
    }
    store->rows = std::move(kept);
    store->capacity = store->rows.size();
    ++store->compaction;
    return SKEP_OK;
}
skep_status store_stats(skep_store* store, skep_store_stats* out, skep_error* error) {
    const skep_status status = begin_call("stats", error);
    if (status != SKEP_OK) return status;
    const std::lock_guard<std::mutex> lock(store->mutex);
    skep_store_stats stats{};
    stats.num_slots = store->rows.size();
    stats.capacity_slots = store->capacity;
    stats.used_bytes = store->rows.size() * store->row_bytes();
    stats.reserved_bytes = store->capacity * store->row_bytes();
    stats.num_buffers = 1;
    skep::write_struct(out, stats);
    return SKEP_OK;
}
skep_status store_search(skep_store* store, const skep_matrix* queries,
                         const skep_search_request* request, const skep_search_answer* answer,
                         const skep_call* call, skep_error* error) {
    const ReadCall running(*store, "search");
    const skep_status status = begin_call("search", error);
    if (status != SKEP_OK) return status;
    check_queries(*store, *queries);
    if (request->first_slot != 0) note_violation("first_slot on a device without graphs");
    const std::vector<Row> rows = store->rows_below(request->num_slots);
    std::vector<std::uint32_t> slots;
    std::vector<float> distances;
    for (std::uint64_t query = 0; query < queries->num_rows; ++query) {
        if (call != nullptr) {
            const skep_status polled = call->poll(call->context, query, queries->num_rows);
            if (polled != SKEP_OK) {
                skep::write_error(error, polled, SKEP_LAYER_BACKEND, 0, "search: stopped");
                return polled;
            }
        }
        const std::vector<Candidate> found =
            scan(*store, *queries, query, rows, request->mask, request->allowed);
        for (std::uint64_t rank = 0; rank < request->k; ++rank) {
            const bool is_there = rank < found.size();
            slots.push_back(is_there ? found[rank].slot : SKEP_NO_SLOT);
            distances.push_back(is_there ? static_cast<float>(found[rank].distance)
                                         : std::numeric_limits<float>::infinity());
        }
    }
    std::copy(slots.begin(), slots.end(), answer->slots);
    std::copy(distances.begin(), distances.end(), answer->distances);
    return SKEP_OK;
}
skep_status range_search(skep_store* store, const skep_matrix* queries,
                         const skep_range_request* request, const skep_range_sink* sink,
                         const skep_call*, skep_error* error) {
    const ReadCall running(*store, "range_search");
    skep_status status = begin_call("range_search", error);
    if (status != SKEP_OK) return status;
    check_queries(*store, *queries);
    const std::vector<Row> rows = store->rows_below(request->num_slots);
    for (std::uint64_t query = 0; query < queries->num_rows; ++query) {
        std::vector<Candidate> found =
            scan(*store, *queries, query, rows, request->mask, request->allowed);
        // Farthest first, one by one: the host must not rely on an order.
        std::reverse(found.begin(), found.end());
        for (const Candidate& candidate : found) {
            const auto distance = static_cast<float>(candidate.distance);
            if (distance > request->radius) continue;
            status = sink->emit(sink->context, query, 1, &candidate.slot, &distance);
            if (status != SKEP_OK) return status;
        }
    }
    return SKEP_OK;
}
skep_status store_adopt(skep_device*, const skep_store_options* options, const skep_matrix* rows,
                        const skep_release* release, const skep_call*, skep_store** out,
                        skep_error* error) {
    const skep_status status = begin_call("adopt", error);
    if (status != SKEP_OK) return status;
    auto store = std::make_unique<skep_store>();
    store->options = *options;
    for (std::uint64_t row = 0; row < rows->num_rows; ++row) {
        const std::byte* const bytes = row_of(*rows, row);
        store->rows.push_back(
            std::make_shared<std::vector<std::byte>>(bytes, bytes + store->row_bytes()));
    }
    store->capacity = store->rows.size();
    store->release = *release;
    *out = store.release();
    return SKEP_OK;
}

// Memory that runs out is a status by the time it reaches the host.
template <auto Operation>
struct Guarded;
template <typename... Arguments, skep_status (*Operation)(Arguments...)>
struct Guarded<Operation> {
    static skep_status call(Arguments... arguments) {
        try {
            return Operation(arguments...);
        } catch (const std::bad_alloc&) {
            return SKEP_OUT_OF_HOST_MEMORY;
        }
    }
};
template <auto Operation>
constexpr auto guarded = &Guarded<Operation>::call;

skep_backend_operations make_operations() {
    skep_backend_operations table{};
    table.struct_size = sizeof table;
    table.create = guarded<create>;
    table.destroy = destroy;
    table.probe = guarded<probe>;
    table.device_count = guarded<device_count>;
    table.device_info = guarded<device_info>;
    table.device_open = guarded<device_open>;
    table.device_close = device_close;
    table.store_create = guarded<store_create>;
    table.store_destroy = store_destroy;
    table.store_reserve = guarded<store_reserve>;
    table.store_append = guarded<store_append>;
    table.store_truncate = store_truncate;
    table.store_read = guarded<store_read>;
    table.mask_create = guarded<mask_create>;
    table.mask_destroy = mask_destroy;
    table.store_compact = guarded<store_compact>;
    table.store_stats = guarded<store_stats>;
    table.store_search = guarded<store_search>;
    table.opt_store_range_search = guarded<range_search>;
    table.opt_store_adopt = guarded<store_adopt>;
    return table;
}

// The double needs nothing of the host.
// The backend asks for none; the core shares work of its own with the workers: this thread.
const skep_host_services kSerialServices = [] {
    skep_host_services services{};
    services.struct_size = sizeof services;
    services.num_workers = [](void*) -> std::uint32_t { return 1; };
    services.parallel_for = [](void*, std::uint64_t num_tasks, skep_task_fn task, void* context) {
        for (std::uint64_t id = 0; id < num_tasks; ++id)
            task(context, id, 0);
    };
    return services;
}();

}  // namespace

namespace skep::testing {

void MemoryBackend::reset() {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    device_info_answer = {};
    device_info_answer.struct_size = sizeof device_info_answer;
    device_info_answer.memory_kind = SKEP_MEMORY_HOST;
    device_info_answer.capabilities = SKEP_CAPABILITY_RANGE_SEARCH | SKEP_CAPABILITY_ADOPT_ROWS |
                                      SKEP_CAPABILITY_CONCURRENT_SEARCH;
    for (std::uint32_t& dtypes : device_info_answer.supported_dtypes)
        dtypes = 0x1F;
    device_info_answer.max_dim = SKEP_MAX_DIM;
    device_info_answer.max_k = UINT64_MAX;
    device_info_answer.max_batch = UINT64_MAX;
    copy_text(device_info_answer.id, "memory", 6);
    calls_until_failure = 0;
    failing_operation.clear();
    failure_happened = false;
    is_recording = false;
    recorded_calls.clear();
    recorded_violations.clear();
}

void MemoryBackend::fail_call(std::uint64_t n, skep_status status) {
    fail_operation("", n, status);
}

void MemoryBackend::fail_operation(const std::string& name, std::uint64_t n, skep_status status) {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    calls_until_failure = n;
    failing_operation = name;
    failure_status = status;
    failure_happened = false;
}

bool MemoryBackend::has_failed() {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    return failure_happened;
}

skep_device_info& MemoryBackend::info() {
    return device_info_answer;
}

void MemoryBackend::record_calls(bool is_on) {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    is_recording = is_on;
    recorded_calls.clear();
}

std::vector<std::string> MemoryBackend::calls() {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    return recorded_calls;
}

std::int64_t MemoryBackend::num_live_objects() {
    return live_objects;
}

std::vector<std::string> MemoryBackend::violations() {
    const std::lock_guard<std::mutex> lock(shared_mutex);
    return recorded_violations;
}

const skep_backend_operations& MemoryBackend::operations() {
    static const skep_backend_operations table = make_operations();
    return table;
}

std::shared_ptr<Device> MemoryBackend::open_device() {
    auto backend = Backend::create("memory", operations(), kSerialServices, nullptr).value();
    const skep_device_info info = backend->device_info(0).value();
    return Device::open(std::move(backend), info).value();
}

}  // namespace skep::testing
