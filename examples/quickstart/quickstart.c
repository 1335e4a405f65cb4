/* SPDX-License-Identifier: MIT */
/* Three rows and one question: which two are nearest, and which device found them? */
#include <skep/skep.h>
#include <stdio.h>

static int search(skep_runtime* runtime, skep_collection** collection, skep_error* error) {
    const float rows[] = {0, 0, 1, 1, 5, 5};
    const float query[] = {1, 0.5F};
    const skep_matrix base = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows, 3, 2);
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, query, 1, 2);
    skep_collection_options options = SKEP_COLLECTION_OPTIONS_INIT;
    options.dim = 2;
    options.metric = SKEP_METRIC_L2;
    if (skep_collection_create(runtime, &options, collection, error)) return 1;
    if (skep_collection_add(*collection, &base, NULL, NULL, NULL, NULL, error)) return 1;

    uint64_t keys[2];
    float distances[2];
    skep_search_options nearest = SKEP_SEARCH_OPTIONS_INIT;
    nearest.k = 2;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.keys = keys;
    output.distances = distances;
    if (skep_collection_search(*collection, &queries, &nearest, &output, NULL, error)) return 1;

    skep_device_info device = {.struct_size = sizeof device};
    if (skep_collection_get_device(*collection, &device, error)) return 1;
    for (int rank = 0; rank < 2; ++rank)
        printf("%s: row %d at distance %g\n", device.id, (int)keys[rank], distances[rank]);
    return 0;
}

int main(void) {
    skep_error error = SKEP_ERROR_INIT;
    skep_runtime* runtime = NULL;
    skep_collection* collection = NULL;
    int status =
        skep_runtime_create(NULL, &runtime, &error) || search(runtime, &collection, &error);
    if (status != 0) fprintf(stderr, "%s\n", error.message);
    skep_collection_destroy(collection);
    skep_runtime_destroy(runtime);
    return status;
}
