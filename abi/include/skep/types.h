/* SPDX-License-Identifier: MIT */
/*
 * Values and views that both ABIs share.
 *
 * Every struct starts with struct_size, set by whoever fills it. The reader copies min(its own
 * size, struct_size) bytes and treats the rest as zero, so old and new peers understand each other;
 * a size below the documented floor is refused. Structs only grow at the end. Fields called
 * reserved are zero, and that is checked. A view borrows: what it points to stays the caller's and
 * must not change before the call returns.
 */
#ifndef SKEP_TYPES_H
#define SKEP_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "skep/export.h"

SKEP_EXTERN_C_BEGIN

/* Limits of every collection, on every device. */
#define SKEP_MAX_DIM 65536u
#define SKEP_MAX_ROWS 4294967294u /* slots are u32 and the largest one means "none" */
#define SKEP_MAX_KEY_BYTES 256u   /* UTF-8 bytes of a string key */
#define SKEP_MIN_GRAPH_LINKS 2u   /* m of an hnsw index */
#define SKEP_MAX_GRAPH_LINKS 512u
#define SKEP_MAX_EF_CONSTRUCTION 65536u

/*
 * How two vectors are compared. Distances sort ascending in every metric; equal ones are ordered by
 * slot, that is, by the order in which rows were added.
 */
typedef int32_t skep_metric;
enum {
    SKEP_METRIC_COSINE = 0,       /* 1 - q.x / (|q| |x|); 1 if either is the zero vector */
    SKEP_METRIC_L2 = 1,           /* sum of squared differences: squared Euclidean, no root */
    SKEP_METRIC_INNER_PRODUCT = 2 /* -(q.x): the negated dot product, so that smaller is nearer */
};

/* Element type of a matrix. A zeroed options struct asks for f32. */
typedef int32_t skep_dtype;
enum {
    SKEP_DTYPE_F32 = 0,  /* IEEE binary32 */
    SKEP_DTYPE_F16 = 1,  /* IEEE binary16 */
    SKEP_DTYPE_BF16 = 2, /* upper half of a binary32 */
    SKEP_DTYPE_I8 = 3,
    SKEP_DTYPE_U8 = 4,
    SKEP_DTYPE_I32 = 5 /* row numbers in vector files; never stored in a collection */
};

/* How a collection finds neighbours. */
typedef int32_t skep_index_kind;
enum {
    SKEP_INDEX_FLAT = 0, /* exact: every row is considered */
    SKEP_INDEX_HNSW = 1  /* graph: hierarchical navigable small world */
};

/* What identifies a row to the application. One kind per collection. */
typedef int32_t skep_key_kind;
enum {
    SKEP_KEY_U64 = 0,
    SKEP_KEY_STRING = 1 /* UTF-8, 1 to SKEP_MAX_KEY_BYTES bytes */
};

/*
 * Which memory a pointer points into. The numbers are those of DLPack's DLDeviceType, so that a
 * tensor's device can be copied as it is. Zero is not a memory kind: a forgotten field is an error,
 * not host memory.
 */
typedef int32_t skep_memory_kind;
enum {
    SKEP_MEMORY_HOST = 1,
    SKEP_MEMORY_CUDA = 2,
    SKEP_MEMORY_CUDA_HOST = 3, /* pinned host memory: readable like SKEP_MEMORY_HOST */
    SKEP_MEMORY_OPENCL = 4,
    SKEP_MEMORY_VULKAN = 7,
    SKEP_MEMORY_METAL = 8,
    SKEP_MEMORY_ROCM = 10,
    SKEP_MEMORY_EXTENSION = 12, /* a backend's own kind, known by the device it belongs to */
    SKEP_MEMORY_CUDA_MANAGED = 13,
    SKEP_MEMORY_ONEAPI = 14
};

/*
 * A read-only row-major matrix [num_rows, dim]. row_stride_bytes 0 means rows without a gap;
 * otherwise it is at least one row long. data may be unaligned. data may be NULL only when num_rows
 * is 0.
 */
typedef struct skep_matrix {
    uint32_t struct_size;
    skep_dtype dtype;
    skep_memory_kind memory_kind;
    int32_t memory_device_id; /* ordinal within memory_kind; 0 for host memory */
    uint64_t num_rows;
    uint32_t dim;
    uint32_t reserved;
    uint64_t row_stride_bytes;
    const void *data;
} skep_matrix;

/* The same with elements that the callee writes. */
typedef struct skep_mutable_matrix {
    uint32_t struct_size;
    skep_dtype dtype;
    skep_memory_kind memory_kind;
    int32_t memory_device_id;
    uint64_t num_rows;
    uint32_t dim;
    uint32_t reserved;
    uint64_t row_stride_bytes;
    void *data;
} skep_mutable_matrix;

/* Initialiser of either matrix over dense rows in host memory. */
#define SKEP_HOST_MATRIX(type, dtype, pointer, num_rows, dim) \
    {(uint32_t)sizeof(type), (dtype), SKEP_MEMORY_HOST, 0, (num_rows), (dim), 0, 0, (pointer)}

/*
 * A read-only list of byte strings in host memory: item i is bytes[offsets[i]] to bytes[offsets[i +
 * 1]]. offsets has count + 1 entries that never fall; offsets[0] need not be 0. Both pointers may
 * be NULL when count is 0.
 */
typedef struct skep_byte_list_view {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t count;
    const uint64_t *offsets;
    const void *bytes;
} skep_byte_list_view;

/* A read-only list of keys of one kind. Only the fields of its kind are looked at. */
typedef struct skep_keys {
    uint32_t struct_size;
    skep_key_kind kind;
    uint64_t count;
    const uint64_t *u64;     /* [count], kind SKEP_KEY_U64 */
    const uint64_t *offsets; /* [count + 1], kind SKEP_KEY_STRING: see skep_byte_list_view */
    const void *bytes;       /* kind SKEP_KEY_STRING: UTF-8, no terminators */
} skep_keys;

#define SKEP_U64_KEYS(pointer, count) \
    {(uint32_t)sizeof(skep_keys), SKEP_KEY_U64, (count), (pointer), NULL, NULL}
#define SKEP_STRING_KEYS(offsets, bytes, count) \
    {(uint32_t)sizeof(skep_keys), SKEP_KEY_STRING, (count), NULL, (offsets), (bytes)}

/* What a device can do beyond the required operations. */
enum {
    SKEP_CAPABILITY_RANGE_SEARCH = 1 << 0,
    SKEP_CAPABILITY_GRAPH = 1 << 1,          /* build and search graphs */
    SKEP_CAPABILITY_GRAPH_TRANSFER = 1 << 2, /* import and export graphs */
    SKEP_CAPABILITY_DEVICE_MATRICES =
        1 << 3, /* queries, rows and answers may lie in the device's own memory */
    SKEP_CAPABILITY_ADOPT_ROWS = 1 << 4, /* rows of a mapped file can be used in place */
    SKEP_CAPABILITY_WARM_UP = 1 << 5,
    SKEP_CAPABILITY_MEMORY_STATS = 1 << 6,
    SKEP_CAPABILITY_CONCURRENT_SEARCH = 1
                                        << 7 /* searches of one store overlap instead of queueing */
};

#define SKEP_NUM_METRICS 3

/*
 * What there is to know about one device. Text is NUL-terminated UTF-8; an empty text or a zero
 * means "does not apply". free_memory_bytes is a reading of this moment; everything else stays the
 * same for the life of a runtime.
 */
typedef struct skep_device_info {
    uint32_t struct_size;
    int32_t ordinal; /* position among the devices of its backend */
    skep_memory_kind
        memory_kind; /* where its own matrices live; SKEP_MEMORY_HOST for a processor */
    int32_t memory_device_id;
    uint64_t capabilities;                       /* SKEP_CAPABILITY_ bits */
    uint32_t supported_dtypes[SKEP_NUM_METRICS]; /* by metric: bit 1 << dtype is set where the pair
                                                    works */
    uint32_t max_dim;                            /* at most SKEP_MAX_DIM */
    uint64_t max_k;                              /* largest k; UINT64_MAX: up to the row count */
    uint64_t max_batch; /* most queries of one call; UINT64_MAX: no limit of its own */
    uint64_t total_memory_bytes;
    uint64_t free_memory_bytes;
    uint32_t num_compute_units;     /* hardware threads or multiprocessors */
    uint32_t max_threads_per_block; /* GPUs */
    uint64_t max_shared_memory_per_block_bytes;
    char id[64];                 /* what to pass as device: "cpu", "cuda:0" */
    char backend[64];            /* "cpu", "cuda" */
    char name[128];              /* the product: "NVIDIA H200" */
    char isa[64];                /* code path in use: "avx512-vnni", "sm_90a" */
    char uuid[64];               /* "GPU-..." */
    char pci_bus_id[32];         /* "0000:1a:00.0" */
    char driver_version[64];     /* "580.159.03" */
    char compute_capability[16]; /* "9.0" */
} skep_device_info;

SKEP_EXTERN_C_END

#endif
