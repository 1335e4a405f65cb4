# SPDX-License-Identifier: MIT
"""A vector store of LangChain on a Skep collection.

    from skep.langchain import SkepVectorStore

    store = SkepVectorStore.from_texts(["a hive", "a skep"], embedding)
    store.similarity_search("basket", k=1)
    store.save("store.skep")

Needs the package langchain-core.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Optional, Union

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from skep._collection import Collection, Filter
from skep._evaluation import similarity

DocumentFilter = Union[Mapping[str, Any], Callable[[Document], bool]]


class SkepVectorStore(VectorStore):
    """Documents and their embeddings in one collection with string keys, their ids. Text and
    metadata are the payload, as JSON.

    embedding: what makes vectors of texts. metric: "cosine", "l2" or "inner_product". options: all
    else that skep.Collection takes, as index="hnsw" or device="cuda". The collection is made with
    the first document, whose embedding tells its dim.

    A document whose id is there already replaces the old one. `filter` of a search is a dict of
    metadata that must be equal, or a function of the document; either reads every document once.
    """

    def __init__(self, embedding: Embeddings, *, metric: str = "cosine", **options: Any) -> None:
        self._embedding = embedding
        self._metric = metric
        self._options = options
        self._collection: Optional[Collection] = None
        self._making = threading.Lock()

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    @property
    def collection(self) -> Optional[Collection]:
        """The collection under the store; None before the first document."""
        return self._collection

    # --- documents ---

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: Optional[list[dict[str, Any]]] = None,
        *,
        ids: Optional[list[str]] = None,
        **options: Any,
    ) -> SkepVectorStore:
        store = cls(embedding, **options)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: Optional[list[dict[str, Any]]] = None,
        *,
        ids: Optional[list[str]] = None,
        **kwargs: Any,
    ) -> list[str]:
        """Adds or replaces documents, all or none, and returns their ids."""
        contents = list(texts)
        given = metadatas or [{} for _ in contents]
        wanted_ids: Sequence[Optional[str]] = ids or [None] * len(contents)
        for name, items in (("metadatas", given), ("ids", wanted_ids)):
            if len(items) != len(contents):
                raise ValueError(
                    f"{len(items)} {name} for {len(contents)} texts; wanted are as many"
                )
        made_ids = [wanted or str(uuid.uuid4()) for wanted in wanted_ids]
        if not contents:
            return []
        vectors = np.array(self._embedding.embed_documents(contents), dtype=np.float32)
        payloads = [
            json.dumps({"text": text, "metadata": metadata}).encode()
            for text, metadata in zip(contents, given)
        ]
        last = list({key: number for number, key in enumerate(made_ids)}.values())
        self._collection_of(vectors.shape[1]).upsert(
            np.ascontiguousarray(vectors[last]),
            [made_ids[number] for number in last],
            [payloads[number] for number in last],
        )
        return made_ids

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """As add_texts, by the documents' ids unless ids are given."""
        ids = kwargs.pop("ids", None) or [document.id for document in documents]
        return self.add_texts(
            [document.page_content for document in documents],
            [document.metadata for document in documents],
            ids=ids,
            **kwargs,
        )

    def delete(self, ids: Optional[list[str]] = None, **kwargs: Any) -> Optional[bool]:
        """Removes documents, those that are there; without ids all of them."""
        if self._collection is None:
            return True
        if ids is None:
            self._collection.clear()
            return True
        unique = list(dict.fromkeys(ids))
        is_here = self._collection.contains(unique)
        self._collection.remove([key for key, here in zip(unique, is_here) if here])
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of ids, without those that are not there."""
        if self._collection is None or not ids:
            return []
        _, payloads, found = self._collection.find(list(ids))
        return [_document(key, payload) for key, payload, here in zip(ids, payloads, found) if here]

    # --- searches ---

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[Document]:
        found = self._nearest(embedding, k, **kwargs)
        return [document for document, _ in found]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Documents with skep.similarity of their distances: higher is nearer."""
        return self._nearest(self._embedding.embed_query(query), k, **kwargs)

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return self.max_marginal_relevance_search_by_vector(
            self._embedding.embed_query(query), k, fetch_k, lambda_mult, **kwargs
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        **kwargs: Any,
    ) -> list[Document]:
        found = self.similarity_search_by_vector(embedding, fetch_k, **kwargs)
        if not found or self._collection is None:
            return []
        rows = self._collection.get([document.id for document in found])
        picked = maximal_marginal_relevance(
            np.array(embedding, dtype=np.float32), list(rows), lambda_mult, k
        )
        return [found[number] for number in picked]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda score: score  # scores are similarities already

    def _nearest(
        self,
        embedding: Sequence[float],
        k: int,
        *,
        filter: Optional[DocumentFilter] = None,
        ef_search: int = 0,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        if self._collection is None:
            return []
        rows: Optional[Filter] = None if filter is None else self._matching(filter)
        query = np.array(embedding, dtype=np.float32)
        hits = self._collection.search(query, k, filter=rows, ef_search=ef_search, payloads=True)
        assert hits.payloads is not None
        return [
            (_document(key, payload), similarity(self._metric, float(distance)))
            for key, distance, payload in zip(hits.keys, hits.distances, hits.payloads)
            if key is not None
        ]

    def _matching(self, wanted: DocumentFilter) -> Filter:
        assert self._collection is not None
        keys = self._collection.keys().tolist()
        documents = self.get_by_ids(keys)
        return self._collection.allow(
            [document.id for document in documents if _matches(document, wanted)]
        )

    # --- files ---

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes the store as one .skep file."""
        if self._collection is None:
            raise ValueError("save: the store never had a document; add one first")
        self._collection.save(path)

    @classmethod
    def load(
        cls, path: Union[str, os.PathLike[str]], embedding: Embeddings, *, device: str = "auto"
    ) -> SkepVectorStore:
        """A store that save wrote. embedding: the one that made its vectors."""
        collection = Collection.open(path, device=device)
        store = cls(embedding, metric=collection.metric, device=device)
        store._collection = collection
        return store

    def _collection_of(self, dim: int) -> Collection:
        with self._making:
            if self._collection is None:
                self._collection = Collection(
                    dim, metric=self._metric, keys="string", **self._options
                )
            return self._collection


def _document(key: str, payload: bytes) -> Document:
    content = json.loads(payload)
    return Document(id=key, page_content=content["text"], metadata=content["metadata"])


def _matches(document: Document, wanted: DocumentFilter) -> bool:
    if callable(wanted):
        return wanted(document)
    return all(document.metadata.get(name, _ABSENT) == value for name, value in wanted.items())


_ABSENT = object()
