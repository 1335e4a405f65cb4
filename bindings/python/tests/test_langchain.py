# SPDX-License-Identifier: MIT
"""The vector store under LangChain's own suite for vector stores, and beside it."""

import pytest

pytest.importorskip("langchain_core")
pytest.importorskip("langchain_tests")

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

from skep.langchain import SkepVectorStore


class TestStandard(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self):
        yield SkepVectorStore(self.get_embeddings(), device="cpu")


class TestStandardOnAGraph(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self):
        yield SkepVectorStore(self.get_embeddings(), metric="l2", index="hnsw", device="cpu")


class Letters(Embeddings):
    """How often each letter is in a text: near texts are near."""

    def embed_query(self, text):
        return [float(text.count(chr(code))) for code in range(ord("a"), ord("z") + 1)]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


@pytest.fixture
def store():
    return SkepVectorStore.from_texts(
        ["hive", "skep", "beeswax", "honey"],
        Letters(),
        [
            {"kind": "house"},
            {"kind": "house"},
            {"kind": "stuff"},
            {"kind": "stuff", "is": [1, None]},
        ],
        ids=["1", "2", "3", "4"],
        device="cpu",
    )


def test_scores_are_similarities_best_first(store):
    found = store.similarity_search_with_score("honey", k=4)
    scores = [score for _, score in found]
    assert found[0][0].page_content == "honey" and scores[0] == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)
    relevant = store.similarity_search_with_relevance_scores("honey", k=4, score_threshold=0.9)
    assert [document.id for document, _ in relevant] == ["4"]


def test_metadata_comes_back_and_filters(store):
    (document,) = store.get_by_ids(["4"])
    assert document.metadata == {"kind": "stuff", "is": [1, None]}
    houses = store.similarity_search("honey", k=4, filter={"kind": "house"})
    assert {house.id for house in houses} == {"1", "2"}
    long = store.similarity_search("honey", k=4, filter=lambda d: len(d.page_content) > 4)
    assert [document.id for document in long] == ["4", "3"]
    assert store.similarity_search("honey", filter={"kind": None}) == []


def test_deleting_without_ids_empties_the_store(store):
    store.delete(["1", "1", "unknown"])
    assert len(store.collection) == 3
    store.delete()
    assert store.similarity_search("honey") == []


def test_an_id_twice_in_one_batch_keeps_the_last(store):
    store.add_texts(["first", "second"], ids=["9", "9"])
    assert store.get_by_ids(["9"]) == [Document(id="9", page_content="second")]


def test_marginal_relevance_spreads_answers(store):
    store.add_texts(["honeyy"], ids=["5"])
    near = {document.id for document in store.similarity_search("honey", k=2)}
    spread = {
        document.id
        for document in store.max_marginal_relevance_search("honey", k=2, lambda_mult=0.1)
    }
    assert near == {"4", "5"} and "4" in spread and "5" not in spread


def test_a_store_is_saved_and_loaded(store, tmp_path):
    store.save(tmp_path / "store.skep")
    loaded = SkepVectorStore.load(tmp_path / "store.skep", Letters(), device="cpu")
    assert loaded.similarity_search("skeps", k=2) == store.similarity_search("skeps", k=2)
    loaded.add_texts(["comb"])
    assert len(loaded.collection) == 5


def test_a_retriever_finds(store):
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 1})
    assert retriever.invoke("skep")[0].page_content == "skep"


def test_wrong_counts_are_refused(store):
    with pytest.raises(ValueError, match="2 metadatas for 1 texts"):
        store.add_texts(["a"], [{}, {}])
    with pytest.raises(ValueError, match="1 ids for 2 texts"):
        store.add_texts(["a", "b"], ids=["x"])
    empty = SkepVectorStore(DeterministicFakeEmbedding(size=3))
    with pytest.raises(ValueError, match="never had a document"):
        empty.save("nowhere.skep")
    assert empty.add_texts([]) == [] and empty.delete(["x"]) and empty.get_by_ids(["x"]) == []
