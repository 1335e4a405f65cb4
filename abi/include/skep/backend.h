/* SPDX-License-Identifier: MIT */
/*
 * What a backend plugin implements: one exported function and the table of operations that it hands
 * over.
 *
 * The core owns meaning: keys, payloads, validation, which rows are alive, files. A backend owns
 * speed: it keeps rows in its memory in its own layout and answers searches over slots. A slot is
 * the dense u32 number of a row, given out in the order of appending, starting at 0. A backend
 * never sees a key, a payload or a file.
 *
 * Order of calls:
 *     skep_backend_entry            once per runtime, after the library is opened
 *     create                        once per runtime; nothing that a later fork would break
 *     probe, device_count           on request: probe is cheap, device_count may start the driver
 *     device_open                   before the first store on a device
 *     store_create ... store_destroy, mask_create ... mask_destroy
 *     device_close, destroy         children before parents
 *
 * Threads. Calls on different objects may overlap. On one store the host keeps these rules
 * (docs/abi.md, HOST-5):
 *
 * - read calls, any number at once, also beside one write call: store_read, store_search,
 *   store_stats, mask_create, opt_store_range_search, opt_graph_search, opt_graph_stats,
 *   opt_graph_export, opt_graph_compact, opt_graph_destroy of a graph that nobody else uses;
 * - write calls, one at a time, beside any number of read calls: store_append, store_truncate,
 *   store_reserve, opt_graph_create, opt_graph_reserve, opt_graph_link, opt_graph_import;
 * - alone, nothing else running on this store: store_compact, opt_graph_clear, store_destroy.
 *
 * Read calls never answer with slots at or above the num_slots in their request, and write calls
 * never touch rows below what a running read may see (append goes behind, truncate only takes slots
 * that no running read was told of and no graph links). So rows are immutable while they can be
 * seen, and no lock is needed between them. Links do change while they are read: a graph search
 * sees each of them as it was or as it becomes.
 *
 * Failure. Every operation that can fail returns a skep_status and fills the error if one is given.
 * A failed call changes nothing and writes no output. No exception, signal, exit or output crosses
 * this boundary.
 */
#ifndef SKEP_BACKEND_H
#define SKEP_BACKEND_H

#include "skep/host_services.h"
#include "skep/status.h"
#include "skep/types.h"
#include "skep/version.h"

SKEP_EXTERN_C_BEGIN

/* Objects of a backend. The host only passes these pointers back. */
typedef struct skep_backend skep_backend; /* one per runtime */
typedef struct skep_device skep_device;   /* an opened device of it */
typedef struct skep_store skep_store;     /* rows of one shape on one device */
typedef struct skep_mask skep_mask;       /* which slots of a store are erased, frozen */
typedef struct skep_graph skep_graph;     /* a neighbour graph over the rows of a store */

/* "No row": fills answers where fewer than k rows exist, with a distance of +infinity. */
#define SKEP_NO_SLOT 4294967295u

/* The shape of a store; fixed for its life. */
typedef struct skep_store_options {
    uint32_t struct_size;
    skep_metric metric;
    skep_dtype dtype;
    uint32_t dim;           /* 1 to SKEP_MAX_DIM */
    uint64_t reserve_slots; /* rows expected; a hint, 0 when unknown */
} skep_store_options;

/* A bitmap over slots, in host memory: bit s & 63 of words[s >> 6] stands for slot s. Slots past
 * num_bits count as 0. */
typedef struct skep_bitmap {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t num_bits;
    const uint64_t *words;
} skep_bitmap;

/*
 * What a search looks at. It sees slots from first_slot to num_slots - 1 that mask does not erase
 * and, if allowed is given, whose bit is set there. The host keeps mask and bitmap alive until the
 * call returns.
 */
typedef struct skep_search_request {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t num_slots;         /* at most the slots appended so far */
    const skep_mask *mask;      /* NULL: nothing is erased */
    const skep_bitmap *allowed; /* NULL: every row may be an answer */
    uint64_t k;                 /* 1 to the device's max_k; may exceed num_slots */
    uint32_t
        ef_search; /* graph searches: length of the candidate list; 0 lets the backend choose */
    uint32_t reserved2;
    uint64_t first_slot; /* other than 0 only where the device has SKEP_CAPABILITY_GRAPH, and never
                            in graph searches */
} skep_search_request;

/*
 * Where answers go: two dense arrays [num_queries, k] of the caller, both required, in the memory
 * that is named. Each query's answers ascend by distance as computed in double precision, equal
 * distances by slot; the floats are those doubles rounded. Missing ones are SKEP_NO_SLOT at
 * +infinity, last.
 */
typedef struct skep_search_answer {
    uint32_t struct_size;
    skep_memory_kind memory_kind;
    int32_t memory_device_id;
    uint32_t reserved;
    uint32_t *slots;
    float *distances;
} skep_search_answer;

/*
 * Takes answers of a range search, any number of times per query, in any order. May be called from
 * several threads at once, but for one query from one thread at a time. Returns SKEP_OK, or a
 * status to give up with.
 */
typedef struct skep_range_sink {
    uint32_t struct_size;
    uint32_t reserved;
    void *context;
    skep_status (*emit)(void *context, uint64_t query, uint64_t count, const uint32_t *slots,
                        const float *distances);
} skep_range_sink;

typedef struct skep_range_request {
    uint32_t struct_size;
    float radius; /* a row belongs to the answer when its distance, rounded to float, is at most
                     this */
    uint64_t num_slots;
    const skep_mask *mask;
    const skep_bitmap *allowed;
} skep_range_request;

/* Memory of one store, as the backend counts it. Used bytes hold rows and their derived data;
 * reserved ones may be free. */
typedef struct skep_store_stats {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t num_slots;
    uint64_t capacity_slots;
    uint64_t used_bytes;
    uint64_t reserved_bytes;
    uint64_t num_buffers;
    uint64_t num_exact_retries; /* queries whose first pass could not be certified and was redone */
} skep_store_stats;

/* The shape of a graph; fixed for its life. */
typedef struct skep_graph_options {
    uint32_t struct_size;
    uint32_t m; /* links per node on upper levels, 2 or more; the base layer has 2 m */
    uint32_t ef_construction; /* length of the candidate list while linking; at least 1 */
    uint32_t reserved;
    uint64_t seed; /* same seed, rows and calls: same graph */
} skep_graph_options;

/* Figures of one graph. Counts of links are exact when nothing is being linked. */
typedef struct skep_graph_stats {
    uint32_t struct_size;
    uint32_t max_level;      /* 0: the base layer alone */
    uint64_t num_linked;     /* slots below this are in the graph */
    uint64_t num_links;      /* of all levels */
    uint64_t used_bytes;     /* of linked slots */
    uint64_t reserved_bytes; /* allocated; scratch memory not counted */
} skep_graph_stats;

/*
 * A graph as bytes that every device reads alike. Base layer: u32 [num_slots, degree], degree being
 * 2 m; short lists are padded with SKEP_NO_SLOT. levels[s] is the highest level of slot s. Links of
 * levels 1 and up follow slot by slot, level by level, m entries each, padded likewise, so that
 * num_upper_links is m times the sum of all levels. A slot linked to on a level has that level; no
 * list names its own slot. entry_slot has the highest level of all.
 */
typedef struct skep_graph_image {
    uint32_t struct_size;
    uint32_t degree;
    uint32_t m;
    uint32_t max_level;
    uint32_t entry_slot; /* SKEP_NO_SLOT when the graph is empty */
    uint32_t reserved;
    uint64_t num_slots;
    uint64_t num_upper_links;
    uint32_t *base;        /* [num_slots, degree] */
    uint8_t *levels;       /* [num_slots] */
    uint32_t *upper_links; /* [num_upper_links] */
} skep_graph_image;

/* Hands adopted memory back; called once, after the store that uses it is destroyed or has
 * compacted. */
typedef struct skep_release {
    void *context;
    void (*release)(void *context);
} skep_release;

/*
 * The operation table. Static data of the plugin; valid while the library is loaded. Operations are
 * required unless their name starts with opt_; an absent optional one is NULL, and the capability
 * that stands for it is not set. error is last everywhere and may be NULL. [out] handles are
 * written only on SKEP_OK and owned by the host until passed to the destroy function, which accepts
 * NULL and cannot fail.
 */
typedef struct skep_backend_operations {
    uint32_t struct_size;
    uint32_t reserved;

    /* --- the backend --- */

    /* Cheap: no device is touched, no driver initialised, no thread started. */
    skep_status (*create)(const skep_host_services *host, skep_backend **out, skep_error *error);
    void (*destroy)(skep_backend *backend);

    /*
     * Whether it makes sense to ask for devices: SKEP_OK, or SKEP_DEVICE_NOT_AVAILABLE with the
     * reason. Must not initialise a driver, so that the process may still fork.
     */
    skep_status (*probe)(skep_backend *backend, skep_error *error);

    /* Devices there are now; may initialise the driver. None: SKEP_DEVICE_NOT_AVAILABLE with the
     * reason. */
    skep_status (*device_count)(skep_backend *backend, uint32_t *out, skep_error *error);
    /* Fills out->struct_size bytes at most. Does not open the device. What takes its time to find
     * out, the memory that is free, may be left 0 where opt_device_memory is offered. */
    skep_status (*device_info)(skep_backend *backend, uint32_t ordinal, skep_device_info *out,
                               skep_error *error);
    skep_status (*device_open)(skep_backend *backend, uint32_t ordinal, skep_device **out,
                               skep_error *error);
    void (*device_close)(skep_device *device);

    /* --- rows --- */

    skep_status (*store_create)(skep_device *device, const skep_store_options *options,
                                skep_store **out, skep_error *error);
    void (*store_destroy)(skep_store *store);

    /* Makes room for num_slots rows in all. Appending up to there allocates only where the rows
     * make the backend keep rows otherwise. */
    skep_status (*store_reserve)(skep_store *store, uint64_t num_slots, skep_error *error);
    /*
     * Copies rows behind the last slot. rows: the store's dtype and dim, host memory or, with
     * SKEP_CAPABILITY_DEVICE_MATRICES, the device's own; components are finite (the host has
     * checked). On failure, a stop included, the store holds what it held.
     */
    skep_status (*store_append)(skep_store *store, const skep_matrix *rows, const skep_call *call,
                                skep_error *error);
    /*
     * Forgets the slots from num_slots on; their memory is kept for rows to come. No running read
     * was told of them, and masks that reach beyond num_slots are only destroyed from now on.
     * Cannot fail.
     */
    void (*store_truncate)(skep_store *store, uint64_t num_slots);
    /*
     * Copies rows out, bit for bit as they were appended. Row i of out is slot slots[i], or
     * first_slot + i when slots is NULL. out: the store's dtype and dim, host memory.
     */
    skep_status (*store_read)(skep_store *store, uint64_t first_slot, const uint32_t *slots,
                              const skep_mutable_matrix *out, const skep_call *call,
                              skep_error *error);
    /*
     * A new frozen mask: what parent erases (NULL: nothing) and, besides, the given slots, each
     * below num_slots. parent stays valid and unchanged. Cost: at most one bit per slot.
     */
    skep_status (*mask_create)(skep_store *store, const skep_mask *parent, uint64_t num_slots,
                               const uint32_t *slots, uint64_t num_erased, skep_mask **out,
                               skep_error *error);
    void (*mask_destroy)(skep_mask *mask);
    /*
     * Drops erased rows among the first num_slots (all there are) and gives their memory back. The
     * others keep their order: a row's new slot is the number of rows kept before it. Masks made
     * before may afterwards only be destroyed. A stop is honoured only before the first row moves.
     */
    skep_status (*store_compact)(skep_store *store, uint64_t num_slots, const skep_mask *mask,
                                 const skep_call *call, skep_error *error);
    skep_status (*store_stats)(skep_store *store, skep_store_stats *out, skep_error *error);
    /*
     * The k nearest rows of each query: exactly those of a double-precision scan, ties by slot,
     * whatever the batch size, thread count and ISA. queries: the store's dtype or f32, the store's
     * dim, finite. An empty store gives answers that are all missing.
     */
    skep_status (*store_search)(skep_store *store, const skep_matrix *queries,
                                const skep_search_request *request,
                                const skep_search_answer *answer, const skep_call *call,
                                skep_error *error);

    /* --- optional --- */

    /* SKEP_CAPABILITY_RANGE_SEARCH: every row within a radius. */
    skep_status (*opt_store_range_search)(skep_store *store, const skep_matrix *queries,
                                          const skep_range_request *request,
                                          const skep_range_sink *sink, const skep_call *call,
                                          skep_error *error);
    /*
     * SKEP_CAPABILITY_ADOPT_ROWS: a store whose first rows are the caller's memory, used in place
     * until released. release is taken over only on success.
     */
    skep_status (*opt_store_adopt)(skep_device *device, const skep_store_options *options,
                                   const skep_matrix *rows, const skep_release *release,
                                   const skep_call *call, skep_store **out, skep_error *error);
    /* SKEP_CAPABILITY_WARM_UP: everything a first search of this shape would load or compile, now.
     */
    skep_status (*opt_device_warm_up)(skep_device *device, const skep_store_options *options,
                                      const skep_call *call, skep_error *error);
    /* SKEP_CAPABILITY_MEMORY_STATS: free and total bytes at this moment; does not open the device.
     * 0 free bytes: not to be known before it is open. */
    skep_status (*opt_device_memory)(skep_backend *backend, uint32_t ordinal,
                                     uint64_t *out_free_bytes, uint64_t *out_total_bytes,
                                     skep_error *error);

    /*
     * SKEP_CAPABILITY_GRAPH: all of the following. A graph belongs to its store and is destroyed
     * before it. It links the slots below num_linked of its figures; new ones are empty.
     */
    skep_status (*opt_graph_create)(skep_store *store, const skep_graph_options *options,
                                    skep_graph **out, skep_error *error);
    void (*opt_graph_destroy)(skep_graph *graph);
    /* Makes room for the links of num_slots slots in all, so that linking up to there needs scratch
     * memory only. */
    skep_status (*opt_graph_reserve)(skep_graph *graph, uint64_t num_slots, skep_error *error);
    /*
     * Links the slots that are not yet, in order, until num_slots are; a smaller number changes
     * nothing. Rows that a mask erases are linked as any other. The exception to "a failed call
     * changes nothing": on failure, a stop included, slots may have been linked, and the graph is
     * as good as one that was asked for those alone.
     */
    skep_status (*opt_graph_link)(skep_graph *graph, uint64_t num_slots, const skep_call *call,
                                  skep_error *error);
    /* Forgets all links; memory is kept for those to come. Cannot fail. */
    void (*opt_graph_clear)(skep_graph *graph);
    /*
     * A new graph that links the rows which mask keeps among the linked ones below num_slots, under
     * the slots that store_compact with this mask would give them. The one passed in stays what it
     * is and may be searched meanwhile. The new one is for export at once, for everything else when
     * the store has been compacted.
     */
    skep_status (*opt_graph_compact)(skep_graph *graph, uint64_t num_slots, const skep_mask *mask,
                                     const skep_call *call, skep_graph **out, skep_error *error);
    /*
     * As store_search, approximately: answers are linked slots below num_slots, their distances and
     * order those of store_search. Finds k of them where there are so many. Larger ef_search finds
     * more of the true ones and takes longer.
     */
    skep_status (*opt_graph_search)(skep_graph *graph, const skep_matrix *queries,
                                    const skep_search_request *request,
                                    const skep_search_answer *answer, const skep_call *call,
                                    skep_error *error);
    skep_status (*opt_graph_stats)(skep_graph *graph, skep_graph_stats *out, skep_error *error);
    /*
     * SKEP_CAPABILITY_GRAPH_TRANSFER. Export fills the arrays with the graph of the slots below
     * image->num_slots, at most those linked; links to others are left out. With NULL arrays it
     * fills in the sizes alone. Beside opt_graph_link it may miss links that are being written.
     * Import replaces an empty graph, for slots that the store has; it checks every statement of
     * skep_graph_image before it accepts the image.
     */
    skep_status (*opt_graph_export)(skep_graph *graph, skep_graph_image *image, skep_error *error);
    skep_status (*opt_graph_import)(skep_graph *graph, const skep_graph_image *image,
                                    skep_error *error);

    /*
     * A table of further functions by name and version, for what this table does not foresee. NULL:
     * not offered, which is no error and changes nothing.
     */
    const void *(*opt_extension)(skep_backend *backend, const char *name, uint32_t version);
} skep_backend_operations;

/* What the host offers when it opens a backend. */
typedef struct skep_backend_request {
    uint32_t struct_size;
    uint32_t min_abi_version; /* range that the host speaks */
    uint32_t max_abi_version;
    uint32_t reserved;
} skep_backend_request;

/* What the backend answers. The range is filled also on refusal, so that the host can name both in
 * its message. */
typedef struct skep_backend_answer {
    uint32_t struct_size;
    uint32_t min_abi_version; /* range that the backend speaks */
    uint32_t max_abi_version;
    uint32_t abi_version; /* picked: the highest in both ranges */
    const skep_backend_operations *operations;
    char name[64];    /* as in the manifest */
    char version[32]; /* the backend's own version, for people */
} skep_backend_answer;

/*
 * The exported symbol. Picks a version, or returns SKEP_ABI_MISMATCH with its own range filled in.
 * Called from one thread; must not start threads, open devices or allocate.
 */
typedef skep_status (*skep_backend_entry_fn)(const skep_backend_request *request,
                                             skep_backend_answer *answer, skep_error *error);
#define SKEP_BACKEND_ENTRY_SYMBOL "skep_backend_entry"

/* Defined by each backend, declared here so that the compiler checks it; never called by name from
 * outside. */
SKEP_BACKEND_EXPORT skep_status skep_backend_entry(const skep_backend_request *request,
                                                   skep_backend_answer *answer, skep_error *error);

SKEP_EXTERN_C_END

#endif
