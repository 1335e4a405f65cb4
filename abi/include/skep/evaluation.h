/* SPDX-License-Identifier: MIT */
/*
 * Vector files, exact ground truth and recall: what it takes to judge a search. Part of skep.h;
 * exported by libskep.
 *
 * Formats, chosen by extension: .fvecs .bvecs .ivecs (each row: i32 dim, then components), .fbin
 * .u8bin .i8bin .ibin (u32 rows, u32 dim, then rows), .npy (version 1 to 3, C order, two
 * dimensions, little-endian f4 f2 i1 u1 i4).
 */
#ifndef SKEP_EVALUATION_H
#define SKEP_EVALUATION_H

#include "skep/skep.h"

SKEP_EXTERN_C_BEGIN

typedef struct skep_vectors skep_vectors; /* an opened vector file */

/* Maps the file; every length is checked against the file's size first. Rows are read when they are
 * touched. */
SKEP_API skep_status skep_vectors_open(const char *path, skep_vectors **out, skep_error *error);
/* The rows, in place; valid while the file is open. dtype is the file's. */
SKEP_API skep_status skep_vectors_view(const skep_vectors *vectors, skep_matrix *out,
                                       skep_error *error);
SKEP_API void skep_vectors_close(skep_vectors *vectors);
/*
 * Writes rows in the format of path's extension, beside it first and then renamed. Components are
 * converted when the format has another type; one that the type cannot hold exactly fails the call,
 * naming row and component.
 */
SKEP_API skep_status skep_vectors_write(const char *path, const skep_matrix *rows,
                                        const skep_call_options *call, skep_error *error);

/*
 * Rows as another element type, rounded to its nearest value, ties to even: f32 into f16, bf16, i8
 * or u8 to make a smaller collection, any of them into f32, which holds them all. out: host memory,
 * as many rows of the same dim. The first component that is not finite, or that rounds to none of
 * the type's finite values, fails the call and is named with its row; out is then untouched. Scalar
 * code on the calling thread, some 10 ns a component.
 */
SKEP_API skep_status skep_vectors_convert(const skep_matrix *rows, const skep_mutable_matrix *out,
                                          skep_error *error);

/*
 * The k nearest base rows of each query by a plain double-precision scan, ties by row number: the
 * definition that every search is measured against. Same dtypes as a collection takes. ids,
 * distances: [num_queries, k] of the caller, padded with SKEP_NO_ROW and +infinity. Time
 * O(num_queries * num_rows * dim), spread over the runtime's workers.
 */
#define SKEP_NO_ROW 4294967295u
SKEP_API skep_status skep_ground_truth(skep_runtime *runtime, const skep_matrix *base,
                                       const skep_matrix *queries, skep_metric metric, uint64_t k,
                                       uint32_t *ids, float *distances,
                                       const skep_call_options *call, skep_error *error);

/*
 * Share of the true k nearest that was found, averaged over queries. A found row is a hit when its
 * distance is not larger than the k-th true distance, so that ties count whichever of them was
 * found; a key found twice counts once. If the truth has fewer than k rows for a query, it counts
 * those; a query whose truth has none counts as 1.
 *     found_keys, found_distances  [num_queries, k]; +infinity marks a missing answer
 *     true_distances               [num_queries, truth_k], ascending, truth_k >= k
 */
SKEP_API skep_status skep_recall(uint64_t num_queries, uint64_t k, const uint64_t *found_keys,
                                 const float *found_distances, uint64_t truth_k,
                                 const float *true_distances, double *out, skep_error *error);

SKEP_EXTERN_C_END

#endif
