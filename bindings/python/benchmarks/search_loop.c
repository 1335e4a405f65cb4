/* SPDX-License-Identifier: MIT */
/*
 * The reference of overhead.py: the same search as Python makes, called in a loop from C.
 *     search_loop num_rows dim batch k num_calls num_rounds    prints ns per call, one line a round
 */
#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Rows as overhead.py makes them: component number modulo 251. */
static float* make_rows(uint64_t num_rows, uint32_t dim) {
    const uint64_t count = num_rows * dim;
    float* rows = malloc(count * sizeof(float));
    for (uint64_t at = 0; rows != NULL && at < count; ++at) {
        rows[at] = (float)(at % 251);
    }
    return rows;
}

static void check(skep_status status, const skep_error* error) {
    if (status == SKEP_OK) return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

int main(int argc, char** argv) {
    if (argc != 7) return 2;
    const uint64_t num_rows = strtoull(argv[1], NULL, 10);
    const uint32_t dim = (uint32_t)strtoul(argv[2], NULL, 10);
    const uint64_t batch = strtoull(argv[3], NULL, 10);
    const uint64_t k = strtoull(argv[4], NULL, 10);
    const int num_calls = atoi(argv[5]);
    const int num_rounds = atoi(argv[6]);

    skep_error error = SKEP_ERROR_INIT;
    skep_runtime* runtime = NULL;
    skep_collection* collection = NULL;
    skep_collection_options options = SKEP_COLLECTION_OPTIONS_INIT;
    options.dim = dim;
    options.metric = SKEP_METRIC_L2;
    options.device = "cpu";
    float* rows = make_rows(num_rows > batch ? num_rows : batch, dim);
    uint64_t* keys = malloc(batch * k * sizeof(uint64_t));
    float* distances = malloc(batch * k * sizeof(float));
    if (rows == NULL || keys == NULL || distances == NULL) return 1;
    const skep_matrix base = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows, num_rows, dim);
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows, batch, dim);
    check(skep_runtime_create(NULL, &runtime, &error), &error);
    check(skep_collection_create(runtime, &options, &collection, &error), &error);
    check(skep_collection_add(collection, &base, NULL, NULL, NULL, NULL, &error), &error);

    skep_search_options search = SKEP_SEARCH_OPTIONS_INIT;
    search.k = k;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.keys = keys;
    output.distances = distances;
    for (int round = 0; round < num_rounds; ++round) {
        const double start = now_ns();
        for (int call = 0; call < num_calls; ++call) {
            check(skep_collection_search(collection, &queries, &search, &output, NULL, &error),
                  &error);
        }
        printf("%.1f\n", (now_ns() - start) / num_calls);
        fflush(stdout);
    }
    skep_collection_destroy(collection);
    skep_runtime_destroy(runtime);
    free(rows);
    free(keys);
    free(distances);
    return 0;
}
