/* SPDX-License-Identifier: MIT */
/*
 * skep.h with its structs taken apart. Go may pass a pointer into its memory to C, but not a
 * pointer to memory that holds such a pointer; so the structs that hold them are put together on
 * this side.
 */
#ifndef SKEP_GO_SHIM_H
#define SKEP_GO_SHIM_H

#include <skep/skep.h>
#include <string.h>

typedef struct go_matrix {
    skep_dtype dtype;
    uint32_t dim;
    uint64_t num_rows;
    void* data;
} go_matrix;

typedef struct go_texts {
    uint64_t count;
    uint64_t* offsets; /* NULL: no list at all */
    char* bytes;
} go_texts;

typedef struct go_keys {
    skep_key_kind kind;
    uint64_t* u64;
    go_texts texts;
    uint64_t count;
    int32_t is_given;
} go_keys;

typedef struct go_call {
    uint64_t timeout_ns;
    skep_cancel* cancel;
    uintptr_t progress; /* a cgo.Handle; 0: none */
} go_call;

typedef struct go_search {
    uint64_t k;
    uint32_t ef_search;
    double recall;
    skep_filter* filter;
} go_search;

/* In Go, see call.go and callbacks.go. */
int32_t goSkepProgress(uintptr_t handle, uint64_t done, uint64_t total);
void goSkepLog(uintptr_t handle, int32_t level, char* component, char* message);
int32_t goSkepAllowLoad(uintptr_t handle, char* backend, char* manifest_path, char* library_path);

static inline int32_t go_progress(void* user_data, uint64_t done, uint64_t total) {
    return goSkepProgress((uintptr_t)user_data, done, total);
}

static inline const skep_call_options* go_call_options(go_call call, skep_call_options* plain) {
    const skep_call_options none = SKEP_CALL_OPTIONS_INIT;
    if (call.timeout_ns == 0 && call.cancel == NULL && call.progress == 0) return NULL;
    *plain = none;
    plain->timeout_ns = call.timeout_ns;
    plain->cancel = call.cancel;
    if (call.progress != 0) {
        plain->progress = go_progress;
        plain->user_data = (void*)call.progress;
    }
    return plain;
}

static inline skep_matrix go_plain_matrix(go_matrix rows) {
    const skep_matrix plain =
        SKEP_HOST_MATRIX(skep_matrix, rows.dtype, rows.data, rows.num_rows, rows.dim);
    return plain;
}

static inline skep_mutable_matrix go_plain_target(go_matrix rows) {
    const skep_mutable_matrix plain =
        SKEP_HOST_MATRIX(skep_mutable_matrix, rows.dtype, rows.data, rows.num_rows, rows.dim);
    return plain;
}

static inline skep_keys go_plain_keys(go_keys keys) {
    const skep_keys plain = {(uint32_t)sizeof(skep_keys), keys.kind,       keys.count, keys.u64,
                             keys.texts.offsets,          keys.texts.bytes};
    return plain;
}

static inline const skep_byte_list_view* go_plain_texts(go_texts texts,
                                                        skep_byte_list_view* plain) {
    const skep_byte_list_view whole = {(uint32_t)sizeof(skep_byte_list_view), 0, texts.count,
                                       texts.offsets, texts.bytes};
    if (texts.offsets == NULL) return NULL;
    *plain = whole;
    return plain;
}

static inline skep_search_options go_plain_search(go_search search) {
    skep_search_options plain = SKEP_SEARCH_OPTIONS_INIT;
    plain.k = search.k;
    plain.ef_search = search.ef_search;
    plain.recall = search.recall;
    plain.filter = search.filter;
    return plain;
}

static inline void go_log(void* user_data, int32_t level, const char* component, uint64_t thread_id,
                          const char* message) {
    (void)thread_id;
    goSkepLog((uintptr_t)user_data, level, (char*)component, (char*)message);
}

static inline int32_t go_allow_load(void* user_data, const skep_load_attempt* attempt) {
    return goSkepAllowLoad((uintptr_t)user_data, (char*)attempt->backend_name,
                           (char*)attempt->manifest_path, (char*)attempt->library_path);
}

/* paths: an array of C strings in C memory. */
static inline skep_status go_runtime_create(uint32_t flags, uint32_t num_threads, int32_t log_level,
                                            char** paths, uint64_t num_paths, uintptr_t callbacks,
                                            int32_t has_log, int32_t has_allow_load,
                                            skep_runtime** out, skep_error* error) {
    skep_runtime_options plain = SKEP_RUNTIME_OPTIONS_INIT;
    plain.flags = flags;
    plain.num_threads = num_threads;
    plain.log_level = log_level;
    plain.backend_paths = (const char* const*)paths;
    plain.num_backend_paths = num_paths;
    if (has_log) plain.log = go_log;
    if (has_allow_load) plain.allow_load = go_allow_load;
    plain.user_data = (void*)callbacks;
    return skep_runtime_create(&plain, out, error);
}

static inline skep_status go_collection_create(skep_runtime* runtime, uint32_t dim,
                                               skep_metric metric, skep_dtype dtype,
                                               skep_index_kind index, skep_key_kind key_kind,
                                               char* device, uint64_t reserve_rows, uint32_t m,
                                               uint32_t ef_construction, uint64_t seed,
                                               skep_collection** out, skep_error* error) {
    const skep_collection_options plain = {(uint32_t)sizeof(skep_collection_options),
                                           dim,
                                           metric,
                                           dtype,
                                           index,
                                           key_kind,
                                           device,
                                           reserve_rows,
                                           m,
                                           ef_construction,
                                           seed};
    return skep_collection_create(runtime, &plain, out, error);
}

static inline skep_status go_collection_open(skep_runtime* runtime, char* path, char* device,
                                             uint32_t flags, go_call call, skep_collection** out,
                                             skep_error* error) {
    skep_call_options control;
    const skep_open_options plain = {(uint32_t)sizeof(skep_open_options), flags, device};
    return skep_collection_open(runtime, path, &plain, go_call_options(call, &control), out, error);
}

static inline skep_status go_import_hnswlib(skep_runtime* runtime, char* path, skep_metric metric,
                                            skep_dtype dtype, char* device, go_call call,
                                            skep_collection** out, skep_error* error) {
    skep_call_options control;
    const skep_hnswlib_options plain = {(uint32_t)sizeof(skep_hnswlib_options), metric, dtype, 0,
                                        device};
    return skep_collection_import_hnswlib(runtime, path, &plain, go_call_options(call, &control),
                                          out, error);
}

static inline skep_status go_add(skep_collection* collection, go_matrix rows, go_keys keys,
                                 go_texts payloads, go_call call, uint64_t* first_key,
                                 skep_error* error) {
    skep_call_options control;
    skep_byte_list_view list;
    const skep_matrix matrix = go_plain_matrix(rows);
    const skep_keys key_list = go_plain_keys(keys);
    return skep_collection_add(collection, &matrix, keys.is_given ? &key_list : NULL,
                               go_plain_texts(payloads, &list), go_call_options(call, &control),
                               first_key, error);
}

static inline skep_status go_upsert(skep_collection* collection, go_matrix rows, go_keys keys,
                                    go_texts payloads, go_call call, skep_error* error) {
    skep_call_options control;
    skep_byte_list_view list;
    const skep_matrix matrix = go_plain_matrix(rows);
    const skep_keys key_list = go_plain_keys(keys);
    return skep_collection_upsert(collection, &matrix, &key_list, go_plain_texts(payloads, &list),
                                  go_call_options(call, &control), error);
}

static inline skep_status go_remove(skep_collection* collection, go_keys keys, skep_error* error) {
    const skep_keys key_list = go_plain_keys(keys);
    return skep_collection_remove(collection, &key_list, error);
}

static inline skep_status go_get(skep_collection* collection, go_keys keys, go_matrix rows,
                                 skep_byte_list** payloads, uint8_t* found, skep_error* error) {
    const skep_keys key_list = go_plain_keys(keys);
    const skep_mutable_matrix target = go_plain_target(rows);
    return skep_collection_get(collection, &key_list, &target, payloads, found, error);
}

static inline skep_status go_contains(skep_collection* collection, go_keys keys, uint8_t* found,
                                      skep_error* error) {
    const skep_keys key_list = go_plain_keys(keys);
    return skep_collection_contains(collection, &key_list, found, error);
}

static inline skep_status go_compact(skep_collection* collection, go_call call, skep_error* error) {
    skep_call_options control;
    return skep_collection_compact(collection, go_call_options(call, &control), error);
}

static inline skep_status go_save(skep_collection* collection, char* path, go_call call,
                                  skep_error* error) {
    skep_call_options control;
    return skep_collection_save(collection, path, go_call_options(call, &control), error);
}

static inline skep_status go_export_hnswlib(skep_collection* collection, char* path, go_call call,
                                            skep_error* error) {
    skep_call_options control;
    return skep_collection_export_hnswlib(collection, path, go_call_options(call, &control), error);
}

static inline skep_status go_filter_create(skep_collection* collection, int32_t mode, go_keys keys,
                                           skep_filter** out, skep_error* error) {
    const skep_keys key_list = go_plain_keys(keys);
    return skep_filter_create(collection, mode, &key_list, out, error);
}

/* keys or strings, as the collection has; payloads may be NULL. */
static inline skep_status go_collection_search(skep_collection* collection, go_matrix queries,
                                               go_search search, uint64_t* keys,
                                               skep_byte_list** strings, float* distances,
                                               uint64_t* counts, skep_byte_list** payloads,
                                               go_call call, skep_error* error) {
    skep_call_options control;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    const skep_matrix matrix = go_plain_matrix(queries);
    const skep_search_options options = go_plain_search(search);
    output.keys = keys;
    output.strings = strings;
    output.distances = distances;
    output.counts = counts;
    output.payloads = payloads;
    return skep_collection_search(collection, &matrix, &options, &output,
                                  go_call_options(call, &control), error);
}

/* queries.data NULL: none. */
static inline skep_status go_calibrate(skep_collection* collection, uint64_t k, double recall,
                                       go_matrix queries, go_call call, uint32_t* ef_search,
                                       skep_error* error) {
    skep_call_options control;
    const skep_matrix matrix = go_plain_matrix(queries);
    return skep_collection_calibrate(collection, k, recall, queries.data == NULL ? NULL : &matrix,
                                     go_call_options(call, &control), ef_search, error);
}

static inline skep_status go_range_search(skep_collection* collection, go_matrix queries,
                                          float radius, go_search search, go_call call,
                                          skep_range_result** out, skep_error* error) {
    skep_call_options control;
    const skep_matrix matrix = go_plain_matrix(queries);
    const skep_search_options options = go_plain_search(search);
    return skep_collection_range_search(collection, &matrix, radius, &options,
                                        go_call_options(call, &control), out, error);
}

static inline skep_status go_vectors_write(char* path, go_matrix rows, go_call call,
                                           skep_error* error) {
    skep_call_options control;
    const skep_matrix matrix = go_plain_matrix(rows);
    return skep_vectors_write(path, &matrix, go_call_options(call, &control), error);
}

static inline skep_status go_vectors_convert(go_matrix rows, go_matrix out, skep_error* error) {
    const skep_matrix matrix = go_plain_matrix(rows);
    const skep_mutable_matrix target = go_plain_target(out);
    return skep_vectors_convert(&matrix, &target, error);
}

static inline skep_status go_ground_truth(skep_runtime* runtime, go_matrix base, go_matrix queries,
                                          skep_metric metric, uint64_t k, uint32_t* ids,
                                          float* distances, go_call call, skep_error* error) {
    skep_call_options control;
    const skep_matrix base_rows = go_plain_matrix(base);
    const skep_matrix query_rows = go_plain_matrix(queries);
    return skep_ground_truth(runtime, &base_rows, &query_rows, metric, k, ids, distances,
                             go_call_options(call, &control), error);
}

/* Copies the rows of an opened file without gaps. */
static inline void go_copy_rows(const skep_matrix* rows, uint64_t row_bytes, void* out) {
    const uint64_t stride = rows->row_stride_bytes != 0 ? rows->row_stride_bytes : row_bytes;
    for (uint64_t row = 0; row < rows->num_rows; ++row) {
        memcpy((char*)out + row * row_bytes, (const char*)rows->data + row * stride, row_bytes);
    }
}

/* Sizes of all items, and their sum. */
static inline uint64_t go_list_sizes(const skep_byte_list* list, uint64_t* sizes) {
    uint64_t total = 0;
    const uint64_t count = skep_byte_list_count(list);
    for (uint64_t item = 0; item < count; ++item) {
        (void)skep_byte_list_at(list, item, &sizes[item]);
        total += sizes[item];
    }
    return total;
}

/* All items, one behind the other. */
static inline void go_list_copy(const skep_byte_list* list, char* out) {
    const uint64_t count = skep_byte_list_count(list);
    for (uint64_t item = 0; item < count; ++item) {
        uint64_t size = 0;
        const char* bytes = skep_byte_list_at(list, item, &size);
        memcpy(out, bytes, size);
        out += size;
    }
}

#endif
