# SPDX-License-Identifier: MIT
"""Exact and graph search over real image descriptors, cell by cell.

The marks `# %%` make cells of it in Jupyter, VS Code and Spyder; it also runs as it is.
"""

# %% [markdown]
# ## The data
# Ten thousand SIFT descriptors, a hundred queries and their true neighbours lie in `data/`.

# %%
import tempfile
import time
from pathlib import Path

import skep

data = Path(__file__).resolve().parents[3] / "data"
base = skep.read_vectors(data / "sift10k_base.u8bin")
queries = skep.read_vectors(data / "sift10k_query.u8bin")
true_distances = skep.read_vectors(data / "sift10k_gtdist_100x100.fbin")
print(f"{len(base)} rows, {len(queries)} queries of {base.shape[1]} components, {base.dtype}")

# %% [markdown]
# ## Exact search
# The rows stay bytes; nothing is converted on the way in.

# %%
exact = skep.Collection(128, metric="l2", dtype="u8")
exact.add(base)
started = time.perf_counter()
hits = exact.search(queries, k=10)
print(f"exact on {exact.device.id}: {(time.perf_counter() - started) * 1e3:.1f} ms for all queries")
print(f"recall {skep.recall(hits, true_distances):.3f}; nearest of query 0: {hits.keys[0][:3]}")

# %% [markdown]
# ## Graph search
# `ef_search` trades time for recall.

# %%
graph = skep.Collection(128, metric="l2", dtype="u8", index="hnsw", device="cpu")
graph.add(base)
recalls = {}
for beam in (10, 40, 160):
    started = time.perf_counter()
    found = graph.search(queries, k=10, ef_search=beam)
    recalls[beam] = skep.recall(found, true_distances)
    milliseconds = (time.perf_counter() - started) * 1e3
    print(f"beam {beam:3}: {milliseconds:5.1f} ms, recall {recalls[beam]:.3f}")

# %% [markdown]
# ## Only some rows
# Filters go by key.

# %%
first_half = exact.allow(range(5000))
print(f"nearest of the first 5000: {exact.search(queries[0], k=3, filter=first_half).keys}")

# %% [markdown]
# ## On disk and back

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "sift.skep"
    graph.save(path)
    print(f"{path.stat().st_size / 1e6:.1f} MB")
    with skep.Collection.open(path, device="cpu") as again:
        same = (
            again.search(queries, k=10, ef_search=40).keys
            == graph.search(queries, k=10, ef_search=40).keys
        ).all()
        print(f"answers are the same: {same}")
