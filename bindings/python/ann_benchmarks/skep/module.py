# SPDX-License-Identifier: MIT
"""Skep's exact and graph search under the interface of ann-benchmarks."""

import numpy as np

import skep

from ..base.module import BaseANN

_METRICS = {"angular": "cosine", "euclidean": "l2"}


class _Skep(BaseANN):
    """One collection on the CPU; what subclasses set are its options and its beam."""

    def __init__(self, metric, **options):
        if metric not in _METRICS:
            raise NotImplementedError(f"metric {metric!r}; wanted is one of {sorted(_METRICS)}")
        self._options = dict(options, metric=_METRICS[metric], device="cpu")
        self._beam = 0
        self._collection = None

    def fit(self, X):
        rows = np.ascontiguousarray(X, dtype=np.float32)
        self._collection = skep.Collection(rows.shape[1], reserve=len(rows), **self._options)
        self._collection.add(rows)

    def query(self, v, n):
        query = np.ascontiguousarray(v, dtype=np.float32)
        return self._collection.search(query, n, ef_search=self._beam).keys

    def batch_query(self, X, n):
        queries = np.ascontiguousarray(X, dtype=np.float32)
        self.res = self._collection.search(queries, n, ef_search=self._beam).keys

    def get_additional(self):
        stats = self._collection.stats()
        return {"device_bytes": stats.reserved_bytes + stats.graph_reserved_bytes}

    def done(self):
        if self._collection is not None:
            self._collection.close()


class SkepExact(_Skep):
    def __init__(self, metric):
        super().__init__(metric)
        self.name = "skep-exact"


class SkepGraph(_Skep):
    def __init__(self, metric, method_param):
        links, beam = method_param["M"], method_param["efConstruction"]
        super().__init__(metric, index="hnsw", m=links, ef_construction=beam)
        self._built_name = f"skep-hnsw(M={links}, efConstruction={beam}"
        self.name = self._built_name + ")"

    def set_query_arguments(self, ef):
        self._beam = ef
        self.name = f"{self._built_name}, ef={ef})"
