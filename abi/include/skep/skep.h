/* SPDX-License-Identifier: MIT */
/*
 * What applications and other languages call; exported by libskep. Usage order:
 *
 *     skep_runtime_create -> skep_collection_create or skep_collection_open
 *       -> skep_collection_add, _search, _remove, _save ...
 *     skep_collection_destroy, skep_runtime_destroy
 *
 * Handles. Opaque, created by one call and destroyed by another; destroying NULL is legal. A
 * collection keeps its runtime alive, so the order of destruction does not matter. Using a handle
 * while it is destroyed is an error of the caller.
 *
 * Threads. Every function may be called from any thread. Of one collection any number of calls may
 * run at once: reads (search, get, contains, count, keys, stats, save) run side by side and beside
 * one write; writes (add, upsert, remove, clear, reserve) queue behind one another; compact waits
 * for running reads and holds new ones back; clear waits for reads that began before it. A read
 * sees the collection as it was when the read began. A callback must not call the collection whose
 * call it watches.
 *
 * Failure. See status.h. Errors are also the only way in which the library speaks: it prints
 * nothing, installs no signal handler and ends no process.
 *
 * Memory. Input is copied before a call returns. Arrays for results are the caller's. Objects that
 * the library hands out (skep_byte_list, skep_range_result) belong to the caller until destroyed.
 */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include "skep/host_services.h"
#include "skep/status.h"
#include "skep/types.h"
#include "skep/version.h"

SKEP_EXTERN_C_BEGIN

typedef struct skep_runtime skep_runtime;           /* backends, devices, worker threads */
typedef struct skep_collection skep_collection;     /* rows, keys and payloads on one device */
typedef struct skep_cancel skep_cancel;             /* a switch that stops calls */
typedef struct skep_filter skep_filter;             /* which rows may be answers */
typedef struct skep_byte_list skep_byte_list;       /* an owned list of byte strings */
typedef struct skep_range_result skep_range_result; /* an owned answer of a range search */

/* --- versions and names --- */

/* "0.1.0". */
SKEP_API const char *skep_version(void);
/* The name of a status, "SKEP_DUPLICATE_KEY"; "SKEP_STATUS_?" for a number this version does not
 * know. Never NULL. */
SKEP_API const char *skep_status_name(skep_status status);
/* "l2", "f32", "flat" and back; NULL for an unknown number. */
SKEP_API const char *skep_metric_name(skep_metric metric);
SKEP_API const char *skep_dtype_name(skep_dtype dtype);
SKEP_API const char *skep_index_kind_name(skep_index_kind kind);
/* Also takes "euclidean" for l2 and "dot_product" for inner_product. */
SKEP_API skep_status skep_metric_from_name(const char *name, skep_metric *out, skep_error *error);
SKEP_API skep_status skep_dtype_from_name(const char *name, skep_dtype *out, skep_error *error);
SKEP_API skep_status skep_index_kind_from_name(const char *name, skep_index_kind *out,
                                               skep_error *error);
/*
 * The higher-is-better score of a distance: cosine 1 - d, inner product -d, l2 1 / (1 + sqrt(d)). A
 * missing answer's +infinity gives 0 in l2 and -infinity otherwise; an unknown metric gives NaN.
 */
SKEP_API float skep_similarity(skep_metric metric, float distance);

/* --- owned lists of byte strings --- */

SKEP_API uint64_t skep_byte_list_count(const skep_byte_list *list);
/* Item of the list, followed by a NUL that size does not count; NULL when index is not below count.
 * size may be NULL. */
SKEP_API const char *skep_byte_list_at(const skep_byte_list *list, uint64_t index, uint64_t *size);
SKEP_API void skep_byte_list_destroy(skep_byte_list *list);

/* --- control of long calls --- */

SKEP_API skep_status skep_cancel_create(skep_cancel **out, skep_error *error);
/* Makes every call that was given this switch return SKEP_CANCELLED soon. Async-signal-safe. */
SKEP_API void skep_cancel_trigger(skep_cancel *cancel);
/* Makes the switch usable again. */
SKEP_API void skep_cancel_reset(skep_cancel *cancel);
/* Calls still running with it may go on: they hold the switch themselves. */
SKEP_API void skep_cancel_destroy(skep_cancel *cancel);

/*
 * How a long call may be stopped and watched. A NULL pointer means: not at all. progress is called
 * from the calling thread or a worker, never from two at once, at most some fifty times a second;
 * what it returns other than 0 cancels the call. A stopped call changes nothing.
 */
typedef struct skep_call_options {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t timeout_ns; /* from now; 0: none */
    skep_cancel *cancel; /* NULL: none */
    int32_t (*progress)(void *user_data, uint64_t done, uint64_t total);
    void *user_data;
} skep_call_options;
#define SKEP_CALL_OPTIONS_INIT {(uint32_t)sizeof(skep_call_options), 0, 0, NULL, NULL, NULL}

/* --- runtime --- */

/* Receives log lines; may be called from any thread, several at once. The texts are borrowed. */
typedef void (*skep_log_fn)(void *user_data, int32_t level, const char *component,
                            uint64_t thread_id, const char *message);

/* What is about to be loaded, for skep_runtime_options.allow_load. */
typedef struct skep_load_attempt {
    uint32_t struct_size;
    uint32_t reserved;
    const char *backend_name;
    const char *manifest_path;
    const char *library_path;
} skep_load_attempt;
/* 1 loads, 0 refuses (SKEP_VETOED in the explain report). */
typedef int32_t (*skep_allow_load_fn)(void *user_data, const skep_load_attempt *attempt);

enum {
    SKEP_RUNTIME_IGNORE_ENVIRONMENT =
        1 << 0, /* neither SKEP_BACKEND_PATH nor SKEP_LOG nor any other variable counts */
    SKEP_RUNTIME_BUILTIN_ONLY = 1 << 1 /* look for no plugins at all */
};

/*
 * All fields may be zero. Backends are looked for in this order: the paths given here,
 * SKEP_BACKEND_PATH, the CPU backend inside libskep, the folder "skep/backends" beside libskep, the
 * install folder. Among backends of one name the first found wins and the others are reported.
 */
typedef struct skep_runtime_options {
    uint32_t struct_size;
    uint32_t flags;       /* SKEP_RUNTIME_ bits */
    uint32_t num_threads; /* workers for parallel work, the caller included; 0: one per usable
                             processor */
    int32_t log_level;    /* SKEP_LOG_ level for log; SKEP_LOG_OFF, unless SKEP_LOG is set, shows
                             nothing */
    const char *const *backend_paths; /* [num_backend_paths] folders of manifests, or manifests;
                                         absolute or relative */
    uint64_t num_backend_paths;
    skep_log_fn log; /* NULL: lines go to stderr, and only if SKEP_LOG asks for them */
    skep_allow_load_fn allow_load;
    void *user_data; /* for log and allow_load */
} skep_runtime_options;
#define SKEP_RUNTIME_OPTIONS_INIT \
    {(uint32_t)sizeof(skep_runtime_options), 0, 0, 0, NULL, 0, NULL, NULL, NULL}

/*
 * Reads manifests; opens no plugin, starts no driver. Costs under 5 ms. options may be NULL. Broken
 * manifests do not make it fail: they are in the explain report.
 */
SKEP_API skep_status skep_runtime_create(const skep_runtime_options *options, skep_runtime **out,
                                         skep_error *error);
SKEP_API void skep_runtime_destroy(skep_runtime *runtime);

/* One candidate backend: found, and what became of it so far. */
enum {
    SKEP_BACKEND_FOUND = 0,  /* its manifest is good; nothing was loaded yet */
    SKEP_BACKEND_LOADED = 1, /* open and asked for its devices */
    SKEP_BACKEND_REFUSED = 2 /* not usable: see reason */
};
typedef struct skep_backend_info {
    uint32_t struct_size;
    int32_t state;
    skep_status reason; /* why it was refused, or why it has no device; SKEP_OK otherwise */
    int32_t priority;   /* "auto" takes the highest that has a device */
    int32_t is_builtin;
    uint32_t num_devices; /* once loaded */
    char name[64];
    char version[32];
    char origin[32]; /* which place: "caller", "SKEP_BACKEND_PATH", "builtin", "beside libskep",
                        "install folder" */
    char message[512];
    char manifest_path[1024];
    char library_path[1024];
} skep_backend_info;

SKEP_API skep_status skep_runtime_num_backends(skep_runtime *runtime, uint64_t *out,
                                               skep_error *error);
SKEP_API skep_status skep_runtime_backend_at(skep_runtime *runtime, uint64_t index,
                                             skep_backend_info *out, skep_error *error);

/*
 * Everything that was decided so far: each place looked at, each candidate, its stage and reason,
 * and for each request for "auto" which device was taken and why the others were not. Format: a
 * list of one text.
 */
enum { SKEP_FORMAT_TEXT = 0, SKEP_FORMAT_JSON = 1 };
SKEP_API skep_status skep_runtime_explain(skep_runtime *runtime, int32_t format,
                                          skep_byte_list **out, skep_error *error);

/* Devices of all usable backends, best first. The first call loads plugins and may start drivers.
 */
SKEP_API skep_status skep_runtime_num_devices(skep_runtime *runtime, uint64_t *out,
                                              skep_error *error);
SKEP_API skep_status skep_runtime_device_at(skep_runtime *runtime, uint64_t index,
                                            skep_device_info *out, skep_error *error);
/*
 * The device of a name: "cpu", "cuda" (its first), "cuda:1", "auto" (the best). A name that is not
 * there fails; it never falls back. Free memory is read anew.
 */
SKEP_API skep_status skep_runtime_find_device(skep_runtime *runtime, const char *name,
                                              skep_device_info *out, skep_error *error);

/* --- collections --- */

typedef struct skep_collection_options {
    uint32_t struct_size;
    uint32_t dim; /* 1 to SKEP_MAX_DIM */
    skep_metric metric;
    skep_dtype dtype;
    skep_index_kind index;
    skep_key_kind key_kind;
    const char *device;       /* as in skep_runtime_find_device; NULL: "auto" */
    uint64_t reserve_rows;    /* a hint */
    uint32_t m;               /* hnsw; 0: 16 */
    uint32_t ef_construction; /* hnsw; 0: 200 */
    uint64_t seed;            /* hnsw */
} skep_collection_options;
#define SKEP_COLLECTION_OPTIONS_INIT \
    {(uint32_t)sizeof(skep_collection_options), 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0}

/* An empty collection on the device asked for. */
SKEP_API skep_status skep_collection_create(skep_runtime *runtime,
                                            const skep_collection_options *options,
                                            skep_collection **out, skep_error *error);
SKEP_API void skep_collection_destroy(skep_collection *collection);

/* What a collection is, fixed when it was made. */
typedef struct skep_collection_info {
    uint32_t struct_size;
    uint32_t dim;
    skep_metric metric;
    skep_dtype dtype;
    skep_index_kind index;
    skep_key_kind key_kind;
    uint32_t m;
    uint32_t ef_construction;
    uint64_t seed;
} skep_collection_info;
SKEP_API skep_status skep_collection_get_info(skep_collection *collection,
                                              skep_collection_info *out, skep_error *error);
/* The device that holds the rows; with "auto", the one that was chosen. Free memory is read anew.
 */
SKEP_API skep_status skep_collection_get_device(skep_collection *collection, skep_device_info *out,
                                                skep_error *error);

/*
 * Adds rows: all or none. rows: the collection's dtype, dim, host memory (or the device's own where
 * the device declares SKEP_CAPABILITY_DEVICE_MATRICES). keys: as many, of the collection's kind,
 * new to the collection and to each other (UINT64_MAX is no key: it marks a missing answer); NULL
 * numbers the rows on from the largest u64 key there ever was (from 0 at first) and is refused for
 * string keys. payloads: as many, or NULL for empty
 * ones. first_key: [out], may be NULL; the first row's key when keys is NULL. Memory: a copy of the
 * rows. Adding no rows is legal. An hnsw collection links rows into its graph after they can be
 * found: a stop that comes then still returns SKEP_OK, and searches scan what is not linked until
 * the next write or compaction links it (skep_collection_stats tells how many are).
 */
SKEP_API skep_status skep_collection_add(skep_collection *collection, const skep_matrix *rows,
                                         const skep_keys *keys, const skep_byte_list_view *payloads,
                                         const skep_call_options *call, uint64_t *first_key,
                                         skep_error *error);
/*
 * As add with keys, but a key that exists already gets the new row and payload in place of its old
 * ones, which no search that begins later sees. A key twice in one batch is refused.
 */
SKEP_API skep_status skep_collection_upsert(skep_collection *collection, const skep_matrix *rows,
                                            const skep_keys *keys,
                                            const skep_byte_list_view *payloads,
                                            const skep_call_options *call, skep_error *error);
/* Removes rows by key: all or, if one key is not there or given twice, none. Their keys are free
 * again. */
SKEP_API skep_status skep_collection_remove(skep_collection *collection, const skep_keys *keys,
                                            skep_error *error);
/*
 * Reads rows and payloads back, bit for bit. rows: the collection's dtype and dim, one row per key,
 * host memory; may be NULL. payloads: may be NULL. found: [count], may be NULL: then an unknown key
 * fails the call with SKEP_KEY_NOT_FOUND; otherwise it gives 0 there, a zero row and an empty
 * payload.
 */
SKEP_API skep_status skep_collection_get(skep_collection *collection, const skep_keys *keys,
                                         const skep_mutable_matrix *rows, skep_byte_list **payloads,
                                         uint8_t *found, skep_error *error);
/* found: [count], 1 where the key has a row. */
SKEP_API skep_status skep_collection_contains(skep_collection *collection, const skep_keys *keys,
                                              uint8_t *found, skep_error *error);
SKEP_API skep_status skep_collection_count(skep_collection *collection, uint64_t *out,
                                           skep_error *error);
/*
 * All keys in the order of their rows. u64 keys go to u64 [capacity]; string keys to a new list.
 * num_keys is how many there are; if it exceeds capacity, u64 is left as it was (ask with capacity
 * 0 first). Outputs not asked for are NULL.
 */
SKEP_API skep_status skep_collection_list_keys(skep_collection *collection, uint64_t *u64,
                                               uint64_t capacity, uint64_t *num_keys,
                                               skep_byte_list **strings, skep_error *error);
/* Removes everything; memory is kept for refilling. Numbering of rows without keys starts at 0
 * again. */
SKEP_API skep_status skep_collection_clear(skep_collection *collection, skep_error *error);
/* Makes room for num_rows rows in all. Adding up to there allocates row memory only where the
 * device finds that rows can be kept in fewer bytes, or that they no longer can. */
SKEP_API skep_status skep_collection_reserve(skep_collection *collection, uint64_t num_rows,
                                             skep_error *error);
/* Gives the memory of removed rows back. Order, keys and answers stay. Waits for running searches.
 */
SKEP_API skep_status skep_collection_compact(skep_collection *collection,
                                             const skep_call_options *call, skep_error *error);

/* --- search --- */

enum { SKEP_FILTER_ALLOW = 0, SKEP_FILTER_DENY = 1 };
/*
 * Limits searches to the rows of the given keys, or to all others. Keys that have no row are legal
 * and match nothing until they get one: the filter follows the collection. It keeps the collection
 * alive. Building costs O(count); the first search after a change of the collection costs that
 * again.
 */
SKEP_API skep_status skep_filter_create(skep_collection *collection, int32_t mode,
                                        const skep_keys *keys, skep_filter **out,
                                        skep_error *error);
SKEP_API void skep_filter_destroy(skep_filter *filter);

typedef struct skep_search_options {
    uint32_t struct_size;
    uint32_t ef_search;  /* hnsw; 0: chosen from k */
    uint64_t k;          /* 1 or more; for range search ignored */
    skep_filter *filter; /* NULL: every row */
    /* hnsw, in place of ef_search: the share of true neighbours wanted, above 0, at most 1, as
     * skep_collection_calibrate measures it. 0: not asked. Range searches are exact, and ignore it.
     */
    double recall;
} skep_search_options;
#define SKEP_SEARCH_OPTIONS_INIT {(uint32_t)sizeof(skep_search_options), 0, 10, NULL, 0.0}

/*
 * Where a search writes: dense arrays [num_queries, k] of the caller; any may be NULL. Answers of a
 * query ascend by distance; where there are fewer than k rows, the rest is key UINT64_MAX (an empty
 * string), distance +infinity.
 */
typedef struct skep_search_output {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t *keys; /* u64 collections; refused for string ones */
    skep_byte_list *
        *strings; /* string collections: where to put a new list of num_queries * k keys */
    float *distances;
    uint64_t *counts;          /* [num_queries] answers found */
    skep_byte_list **payloads; /* where to put a new list of num_queries * k payloads */
} skep_search_output;
#define SKEP_SEARCH_OUTPUT_INIT \
    {(uint32_t)sizeof(skep_search_output), 0, NULL, NULL, NULL, NULL, NULL}

/*
 * The k nearest rows of each query. queries: the collection's dtype or f32, its dim, finite; one
 * row is a single search. Exact on flat collections: the rows of a double-precision scan, ties in
 * the order of adding, the same bits for every batch size and thread count. Time O(num_queries *
 * count * dim). Thread-safe; does not block writers.
 */
SKEP_API skep_status skep_collection_search(skep_collection *collection, const skep_matrix *queries,
                                            const skep_search_options *options,
                                            const skep_search_output *output,
                                            const skep_call_options *call, skep_error *error);

/*
 * Finds the smallest ef_search, within some 3 %, that brings at least a share `recall` (above 0, at
 * most 1) of the k nearest rows of the queries, compared with exact search on the same device, and
 * remembers it: searches that ask for this k and recall take it. queries: as for search, at best
 * real ones; NULL: 500 points made from rows of the collection, which are found about as well as
 * queries are (docs/graph-search.md). ef_search: [out], may be NULL; 0 where every search is exact:
 * a flat collection, or one whose rows are not linked.
 *
 * A search that asks for a recall nobody has measured calibrates first, without queries, and so
 * does one that meets half as many rows again as were there when it was measured, or less than two
 * thirds of them. Measured without a filter: one widens the search as ef_search says. At most 64
 * are remembered, also in files; clear forgets them. Costs one exact search of the queries (of
 * points made from rows, two) and some ten approximate ones.
 */
SKEP_API skep_status skep_collection_calibrate(skep_collection *collection, uint64_t k,
                                               double recall, const skep_matrix *queries,
                                               const skep_call_options *call, uint32_t *ef_search,
                                               skep_error *error);

/* Every row whose distance is at most radius, nearest first. options may be NULL. */
SKEP_API skep_status skep_collection_range_search(skep_collection *collection,
                                                  const skep_matrix *queries, float radius,
                                                  const skep_search_options *options,
                                                  const skep_call_options *call,
                                                  skep_range_result **out, skep_error *error);
/* offsets [num_queries + 1]: answers of query q are at offsets[q] to offsets[q + 1]. Valid while
 * the result lives. */
typedef struct skep_range_view {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t num_queries;
    const uint64_t *offsets;
    const uint64_t *keys;          /* u64 collections, else NULL */
    const skep_byte_list *strings; /* string collections, else NULL; owned by the result */
    const float *distances;
} skep_range_view;
SKEP_API skep_status skep_range_result_view(const skep_range_result *result, skep_range_view *out,
                                            skep_error *error);
SKEP_API void skep_range_result_destroy(skep_range_result *result);

/* --- figures --- */

typedef struct skep_collection_stats {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t num_rows;          /* as count */
    uint64_t num_removed;       /* rows that compact would drop */
    uint64_t capacity_rows;     /* rows that fit without allocating */
    uint64_t row_bytes;         /* used on the device: rows and derived data */
    uint64_t reserved_bytes;    /* allocated on the device */
    uint64_t key_bytes;         /* host memory of keys and their table, estimated */
    uint64_t payload_bytes;     /* host memory of payloads */
    uint64_t num_searches;      /* queries answered so far */
    uint64_t num_exact_retries; /* queries whose first pass could not be certified and was redone */
    /* hnsw collections; 0 otherwise */
    uint64_t num_linked;           /* slots, removed rows included, that the graph finds; a search
                                      scans those added since */
    uint64_t num_links;            /* of all levels */
    uint64_t num_levels;           /* layers of the graph */
    uint64_t graph_bytes;          /* used on the device, beside row_bytes */
    uint64_t graph_reserved_bytes; /* allocated on the device, beside reserved_bytes */
} skep_collection_stats;
SKEP_API skep_status skep_collection_get_stats(skep_collection *collection,
                                               skep_collection_stats *out, skep_error *error);

/* --- files --- */

/*
 * Writes the collection as it is now to a .skep file: beside the target first, synced, then renamed
 * over it, so that at every moment the old or the new file is there whole. Removed rows are left
 * out. Searches and adds may go on.
 */
SKEP_API skep_status skep_collection_save(skep_collection *collection, const char *path,
                                          const skep_call_options *call, skep_error *error);

enum {
    SKEP_OPEN_MAP =
        1 << 0, /* use rows in place where the device can; the file must not change meanwhile */
    SKEP_OPEN_SKIP_CHECKSUMS =
        1 << 1 /* check structure only: for files of your own on storage that you trust */
};
typedef struct skep_open_options {
    uint32_t struct_size;
    uint32_t flags;     /* SKEP_OPEN_ bits */
    const char *device; /* NULL: "auto" */
} skep_open_options;
#define SKEP_OPEN_OPTIONS_INIT {(uint32_t)sizeof(skep_open_options), 0, NULL}

/* Opens a saved collection on any device. options may be NULL. Damaged files are refused, whatever
 * is in them. */
SKEP_API skep_status skep_collection_open(skep_runtime *runtime, const char *path,
                                          const skep_open_options *options,
                                          const skep_call_options *call, skep_collection **out,
                                          skep_error *error);
/*
 * Index files of hnswlib: rows of floats, labels and links, as its saveIndex writes them. They do
 * not tell what they were made for, so the caller does. metric: l2 for its L2 space,
 * inner_product, or cosine, whose rows are then of unit length. dtype: what the rows become here;
 * one that a type cannot hold exactly is refused.
 */
typedef struct skep_hnswlib_options {
    uint32_t struct_size;
    skep_metric metric;
    skep_dtype dtype;
    uint32_t reserved;
    const char *device; /* NULL: "auto" */
} skep_hnswlib_options;
#define SKEP_HNSWLIB_OPTIONS_INIT \
    {(uint32_t)sizeof(skep_hnswlib_options), SKEP_METRIC_L2, SKEP_DTYPE_F32, 0, NULL}

/* A new collection of index hnsw with the rows, labels and links of the file; labels become keys,
 * and elements marked as removed are. Damaged files are refused, whatever is in them. */
SKEP_API skep_status skep_collection_import_hnswlib(skep_runtime *runtime, const char *path,
                                                    const skep_hnswlib_options *options,
                                                    const skep_call_options *call,
                                                    skep_collection **out, skep_error *error);
/* Writes an hnsw collection with u64 keys for hnswlib: rows as floats, of unit length with metric
 * cosine; keys as labels; payloads and removed rows are left out. Links rows that are not yet. The
 * file appears whole or not at all. */
SKEP_API skep_status skep_collection_export_hnswlib(skep_collection *collection, const char *path,
                                                    const skep_call_options *call,
                                                    skep_error *error);

/* What is in a .skep file, as one JSON text; reads the header and the metadata only. */
SKEP_API skep_status skep_file_describe(const char *path, skep_byte_list **out, skep_error *error);

SKEP_EXTERN_C_END

#include "skep/evaluation.h"

#endif
