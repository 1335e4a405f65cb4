/* SPDX-License-Identifier: MIT */
/*
 * The whole main job in C99, on real vectors: devices, build, save, open, search, recall, then
 * changes by key and what bad input gets. Says what failed and ends with 1 there.
 *
 *     c99_main_job DATA_FOLDER SCRATCH_FILE
 */
#include <skep/skep.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { K = 10, TRUTH_K = 100, DIM = 128, NUM_ROWS = 10000, NUM_QUERIES = 100, PATH_BYTES = 4096 };

static skep_error error = SKEP_ERROR_INIT;

static void fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void must(const char* step, skep_status status) {
    if (status != SKEP_OK) fail("%s: %s: %s", step, skep_status_name(status), error.message);
}

static void must_be(const char* step, skep_status expected, skep_status status) {
    if (status != expected) {
        fail("%s: got %s, expected %s", step, skep_status_name(status), skep_status_name(expected));
    }
    if (error.code != expected || error.message[0] == '\0') {
        fail("%s: the error says %s \"%s\"", step, skep_status_name(error.code), error.message);
    }
}

static void check(const char* claim, int holds) {
    if (!holds) fail("does not hold: %s", claim);
}

/* A file of the data folder; the caller closes it. */
static skep_vectors* open_vectors(const char* folder, const char* name, skep_matrix* view) {
    char path[PATH_BYTES];
    skep_vectors* vectors = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    must(name, skep_vectors_open(path, &vectors, &error));
    memset(view, 0, sizeof *view);
    view->struct_size = sizeof *view;
    must(name, skep_vectors_view(vectors, view, &error));
    return vectors;
}

static void list_devices(skep_runtime* runtime) {
    uint64_t count = 0;
    must("num_devices", skep_runtime_num_devices(runtime, &count, &error));
    check("there is a device", count > 0);
    for (uint64_t index = 0; index < count; ++index) {
        skep_device_info info = {.struct_size = sizeof info};
        must("device_at", skep_runtime_device_at(runtime, index, &info, &error));
        printf("device %s: %s (%s)\n", info.id, info.name, info.isa);
    }
}

static skep_collection* build(skep_runtime* runtime, const skep_matrix* base) {
    skep_collection* collection = NULL;
    skep_collection_options options = SKEP_COLLECTION_OPTIONS_INIT;
    options.dim = base->dim;
    options.dtype = base->dtype;
    options.metric = SKEP_METRIC_L2;
    options.device = "cpu";
    must("create", skep_collection_create(runtime, &options, &collection, &error));
    uint64_t first_key = 99;
    must("add", skep_collection_add(collection, base, NULL, NULL, NULL, &first_key, &error));
    check("rows are numbered from 0", first_key == 0);
    return collection;
}

static uint64_t count_rows(skep_collection* collection) {
    uint64_t count = 0;
    must("count", skep_collection_count(collection, &count, &error));
    return count;
}

/* Searches and compares with the truth that lies beside the data. */
static void check_answers(skep_collection* collection, const char* folder) {
    static uint64_t keys[NUM_QUERIES * K];
    static float distances[NUM_QUERIES * K];
    skep_matrix queries;
    skep_matrix truth;
    skep_vectors* query_file = open_vectors(folder, "sift10k_query.u8bin", &queries);
    skep_vectors* truth_file = open_vectors(folder, "sift10k_gtdist_100x100.fbin", &truth);
    check("the data has its documented shape",
          queries.num_rows == NUM_QUERIES && queries.dim == DIM && truth.dim == TRUTH_K);

    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = K;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.keys = keys;
    output.distances = distances;
    must("search", skep_collection_search(collection, &queries, &options, &output, NULL, &error));
    double recall = 0.0;
    must("recall", skep_recall(NUM_QUERIES, K, keys, distances, TRUTH_K, (const float*)truth.data,
                               &recall, &error));
    printf("recall@%d %.4f over %d queries\n", K, recall, NUM_QUERIES);
    check("an exact search finds everything", recall == 1.0);

    uint64_t single[K];
    skep_matrix last = queries;
    last.num_rows = 1;
    last.data = (const uint8_t*)queries.data + (NUM_QUERIES - 1) * DIM;
    output.keys = single;
    output.distances = NULL;
    must("single search",
         skep_collection_search(collection, &last, &options, &output, NULL, &error));
    check("a query alone is answered as in its batch",
          memcmp(single, keys + (NUM_QUERIES - 1) * K, sizeof single) == 0);
    skep_vectors_close(truth_file);
    skep_vectors_close(query_file);
}

/* Removes a row, finds its key free, puts it back with a payload, reads it. */
static void change_by_key(skep_collection* collection, const skep_matrix* base) {
    const uint64_t key = 4711;
    const skep_keys keys = SKEP_U64_KEYS(&key, 1);
    skep_matrix row = *base;
    row.num_rows = 1;
    row.data = (const uint8_t*)base->data + key * DIM;

    must("remove", skep_collection_remove(collection, &keys, &error));
    check("one row is gone", count_rows(collection) == NUM_ROWS - 1);
    must_be("second remove", SKEP_KEY_NOT_FOUND, skep_collection_remove(collection, &keys, &error));

    const uint64_t offsets[] = {0, 5};
    const skep_byte_list_view payload = {sizeof payload, 0, 1, offsets, "queen"};
    must("add again", skep_collection_add(collection, &row, &keys, &payload, NULL, NULL, &error));
    must_be("add twice", SKEP_DUPLICATE_KEY,
            skep_collection_add(collection, &row, &keys, NULL, NULL, NULL, &error));

    uint8_t components[DIM];
    const skep_mutable_matrix out =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_U8, components, 1, DIM);
    skep_byte_list* payloads = NULL;
    must("get", skep_collection_get(collection, &keys, &out, &payloads, NULL, &error));
    check("rows come back bit for bit", memcmp(components, row.data, DIM) == 0);
    check("payloads come back", strcmp(skep_byte_list_at(payloads, 0, NULL), "queen") == 0);
    skep_byte_list_destroy(payloads);
    check("all rows are there again", count_rows(collection) == NUM_ROWS);
}

static void try_bad_input(skep_runtime* runtime, skep_collection* collection,
                          const skep_matrix* base) {
    skep_device_info info = {.struct_size = sizeof info};
    must_be("unknown device", SKEP_UNKNOWN_DEVICE,
            skep_runtime_find_device(runtime, "abacus", &info, &error));

    skep_matrix narrow = *base;
    narrow.dim = DIM - 1;
    narrow.num_rows = 1;
    must_be("narrow row", SKEP_DIMENSION_MISMATCH,
            skep_collection_add(collection, &narrow, NULL, NULL, NULL, NULL, &error));

    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = 0;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    must_be("k 0", SKEP_INVALID_K,
            skep_collection_search(collection, base, &options, &output, NULL, &error));

    skep_collection* none = NULL;
    must_be("missing file", SKEP_FILE_NOT_FOUND,
            skep_collection_open(runtime, "no/such/file.skep", NULL, NULL, &none, &error));
    check("a failed open gives no handle", none == NULL);
    check("nothing has changed", count_rows(collection) == NUM_ROWS);
}

int main(int argc, char** argv) {
    if (argc != 3) fail("usage: c99_main_job DATA_FOLDER SCRATCH_FILE");
    skep_runtime* runtime = NULL;
    must("runtime", skep_runtime_create(NULL, &runtime, &error));
    list_devices(runtime);

    skep_matrix base;
    skep_vectors* base_file = open_vectors(argv[1], "sift10k_base.u8bin", &base);
    check("the base has its documented shape", base.num_rows == NUM_ROWS && base.dim == DIM);
    skep_collection* built = build(runtime, &base);
    check_answers(built, argv[1]);
    must("save", skep_collection_save(built, argv[2], NULL, &error));
    skep_collection_destroy(built);

    skep_collection* opened = NULL;
    must("open", skep_collection_open(runtime, argv[2], NULL, NULL, &opened, &error));
    check("all rows were saved", count_rows(opened) == NUM_ROWS);
    check_answers(opened, argv[1]);
    change_by_key(opened, &base);
    check_answers(opened, argv[1]);
    try_bad_input(runtime, opened, &base);

    /* A collection keeps its runtime alive. */
    skep_runtime_destroy(runtime);
    check_answers(opened, argv[1]);
    skep_collection_destroy(opened);
    skep_vectors_close(base_file);
    remove(argv[2]);
    return 0;
}
