# SPDX-License-Identifier: MIT
"""The plain twin of every search here: all distances in double precision, sorted."""

import numpy as np


def distances_of(metric, queries, rows):
    """[num_queries, num_rows] in float64."""
    queries = np.asarray(queries, dtype=np.float64)
    rows = np.asarray(rows, dtype=np.float64)
    if metric == "l2":
        return ((queries[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2)
    dots = queries @ rows.T
    if metric == "inner_product":
        return -dots
    norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(rows, axis=1)[None, :]
    return 1 - np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)


def nearest(metric, queries, rows, k):
    """(row numbers, distances) [num_queries, k], equal distances by row number."""
    distances = distances_of(metric, queries, rows)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, axis=1)
