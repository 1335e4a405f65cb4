/* SPDX-License-Identifier: MIT */
/*
 * A backend with one device and no skills, from which each fixture makes its own defect. Every
 * load and every call appends a line to the file that FAKE_BACKEND_TRACE names, so that a test
 * sees what really ran.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include <skep/backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void fake_trace(const char* event) {
    const char* path = getenv("FAKE_BACKEND_TRACE");
    FILE* file = path == NULL ? NULL : fopen(path, "a");
    if (file == NULL) return;
    fprintf(file, "%s\n", event);
    fclose(file);
}

__attribute__((constructor)) static void fake_loaded(void) {
    fake_trace("loaded");
}

static inline skep_status fake_fail(skep_error* error, skep_status status, const char* message) {
    if (error != NULL && error->struct_size >= sizeof *error) {
        error->code = status;
        error->layer = SKEP_LAYER_BACKEND;
        error->native_code = 7;
        snprintf(error->message, sizeof error->message, "%s", message);
    }
    return status;
}

static int fake_handle; /* all that any handle of it points to */

static inline skep_status fake_create(const skep_host_services* host, skep_backend** out,
                                      skep_error* error) {
    (void)host;
    (void)error;
    fake_trace("create");
    *out = (skep_backend*)&fake_handle;
    return SKEP_OK;
}
static inline void fake_destroy(skep_backend* backend) {
    (void)backend;
    fake_trace("destroy");
}
static inline skep_status fake_probe(skep_backend* backend, skep_error* error) {
    (void)backend;
    (void)error;
    fake_trace("probe");
    return SKEP_OK;
}
static inline skep_status fake_device_count(skep_backend* backend, uint32_t* out,
                                            skep_error* error) {
    (void)backend;
    (void)error;
    fake_trace("device_count");
    *out = 1;
    return SKEP_OK;
}
static inline skep_status fake_device_info(skep_backend* backend, uint32_t ordinal,
                                           skep_device_info* out, skep_error* error) {
    int metric;
    (void)backend;
    (void)error;
    fake_trace("device_info");
    out->ordinal = (int32_t)ordinal;
    out->memory_kind = SKEP_MEMORY_EXTENSION;
    for (metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        out->supported_dtypes[metric] = 1u << SKEP_DTYPE_F32;
    }
    out->max_dim = 1024;
    out->max_k = UINT64_MAX;
    out->max_batch = UINT64_MAX;
    out->total_memory_bytes = 1000;
    out->free_memory_bytes = 500;
    snprintf(out->name, sizeof out->name, "Fake device");
    snprintf(out->isa, sizeof out->isa, "none");
    return SKEP_OK;
}
static inline skep_status fake_device_open(skep_backend* backend, uint32_t ordinal,
                                           skep_device** out, skep_error* error) {
    (void)backend;
    (void)ordinal;
    (void)error;
    fake_trace("device_open");
    *out = (skep_device*)&fake_handle;
    return SKEP_OK;
}
static inline void fake_device_close(skep_device* device) {
    (void)device;
    fake_trace("device_close");
}

#define FAKE_REFUSAL "the fake backend keeps no rows"
static inline skep_status fake_store_create(skep_device* device, const skep_store_options* options,
                                            skep_store** out, skep_error* error) {
    (void)device;
    (void)options;
    (void)out;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline void fake_store_destroy(skep_store* store) {
    (void)store;
}
static inline skep_status fake_store_reserve(skep_store* store, uint64_t num_slots,
                                             skep_error* error) {
    (void)store;
    (void)num_slots;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline skep_status fake_store_append(skep_store* store, const skep_matrix* rows,
                                            const skep_call* call, skep_error* error) {
    (void)store;
    (void)rows;
    (void)call;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline void fake_store_truncate(skep_store* store, uint64_t num_slots) {
    (void)store;
    (void)num_slots;
}
static inline skep_status fake_store_read(skep_store* store, uint64_t first_slot,
                                          const uint32_t* slots, const skep_mutable_matrix* out,
                                          const skep_call* call, skep_error* error) {
    (void)store;
    (void)first_slot;
    (void)slots;
    (void)out;
    (void)call;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline skep_status fake_mask_create(skep_store* store, const skep_mask* parent,
                                           uint64_t num_slots, const uint32_t* slots,
                                           uint64_t num_erased, skep_mask** out,
                                           skep_error* error) {
    (void)store;
    (void)parent;
    (void)num_slots;
    (void)slots;
    (void)num_erased;
    (void)out;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline void fake_mask_destroy(skep_mask* mask) {
    (void)mask;
}
static inline skep_status fake_store_compact(skep_store* store, uint64_t num_slots,
                                             const skep_mask* mask, const skep_call* call,
                                             skep_error* error) {
    (void)store;
    (void)num_slots;
    (void)mask;
    (void)call;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline skep_status fake_store_stats(skep_store* store, skep_store_stats* out,
                                           skep_error* error) {
    (void)store;
    (void)out;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}
static inline skep_status fake_store_search(skep_store* store, const skep_matrix* queries,
                                            const skep_search_request* request,
                                            const skep_search_answer* answer, const skep_call* call,
                                            skep_error* error) {
    (void)store;
    (void)queries;
    (void)request;
    (void)answer;
    (void)call;
    return fake_fail(error, SKEP_UNSUPPORTED, FAKE_REFUSAL);
}

/* The table without a defect: every required operation, no optional one. */
static inline skep_backend_operations fake_operations(void) {
    skep_backend_operations operations;
    memset(&operations, 0, sizeof operations);
    operations.struct_size = (uint32_t)sizeof operations;
    operations.create = fake_create;
    operations.destroy = fake_destroy;
    operations.probe = fake_probe;
    operations.device_count = fake_device_count;
    operations.device_info = fake_device_info;
    operations.device_open = fake_device_open;
    operations.device_close = fake_device_close;
    operations.store_create = fake_store_create;
    operations.store_destroy = fake_store_destroy;
    operations.store_reserve = fake_store_reserve;
    operations.store_append = fake_store_append;
    operations.store_truncate = fake_store_truncate;
    operations.store_read = fake_store_read;
    operations.mask_create = fake_mask_create;
    operations.mask_destroy = fake_mask_destroy;
    operations.store_compact = fake_store_compact;
    operations.store_stats = fake_store_stats;
    operations.store_search = fake_store_search;
    return operations;
}

/* The answer of a backend that speaks min to max; picks as PLUGIN-2 says. */
static inline skep_status fake_answer(const skep_backend_request* request,
                                      skep_backend_answer* answer, skep_error* error,
                                      const char* name, uint32_t min, uint32_t max,
                                      const skep_backend_operations* operations) {
    const uint32_t version = request->max_abi_version < max ? request->max_abi_version : max;
    fake_trace("entry");
    answer->min_abi_version = min;
    answer->max_abi_version = max;
    if (version < min || version < request->min_abi_version) {
        return fake_fail(error, SKEP_ABI_MISMATCH, "no common version");
    }
    answer->abi_version = version;
    answer->operations = operations;
    snprintf(answer->name, sizeof answer->name, "%s", name);
    snprintf(answer->version, sizeof answer->version, "1.2.3");
    return SKEP_OK;
}

#endif
