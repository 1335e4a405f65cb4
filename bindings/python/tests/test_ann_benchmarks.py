# SPDX-License-Identifier: MIT
"""The module for ann-benchmarks, driven as that project drives it. The project is on no registry,
so its base class and its reading of config.yml are stood in for here."""

import importlib.util
import itertools
import sys
import types

import numpy as np
import pytest

from conftest import REPOSITORY

yaml = pytest.importorskip("yaml")

FOLDER = REPOSITORY / "bindings" / "python" / "ann_benchmarks" / "skep"
PACKAGE = "ann_benchmarks.algorithms"


class BaseANN:
    def done(self):
        pass

    def batch_query(self, X, n):
        self.res = [self.query(q, n) for q in X]

    def get_batch_results(self):
        return self.res

    def get_additional(self):
        return {}

    def __str__(self):
        return self.name


@pytest.fixture
def module(monkeypatch):
    """module.py, imported from where it will lie in ann-benchmarks."""
    base = types.ModuleType(f"{PACKAGE}.base.module")
    base.BaseANN = BaseANN
    for name in ("ann_benchmarks", PACKAGE, f"{PACKAGE}.base", f"{PACKAGE}.skep"):
        package = types.ModuleType(name)
        package.__path__ = []
        monkeypatch.setitem(sys.modules, name, package)
    monkeypatch.setitem(sys.modules, base.__name__, base)
    spec = importlib.util.spec_from_file_location(f"{PACKAGE}.skep.module", FOLDER / "module.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def definitions(metric):
    """(name, constructor, arguments, lists of query arguments), one a choice of arguments."""
    for algorithm in yaml.safe_load((FOLDER / "config.yml").read_text())["float"]["any"]:
        assert algorithm["module"] == f"{PACKAGE}.skep"
        base = [
            metric if argument == "@metric" else argument for argument in algorithm["base_args"]
        ]
        for group in algorithm["run_groups"].values():
            choices = group.get("arg_groups", group.get("args"))
            query_choices = itertools.product(*group.get("query_args", []))
            yield (
                algorithm["name"],
                algorithm["constructor"],
                base + choices,
                [list(arguments) for arguments in query_choices],
            )


@pytest.mark.parametrize("metric", ["euclidean", "angular"])
def test_every_algorithm_of_the_configuration_finds(metric, module, sift):
    base, queries = (np.asarray(rows, dtype=np.float64) for rows in sift[:2])
    base, queries = base[:3000], queries[:20]
    if metric == "angular":
        unit = base / np.linalg.norm(base, axis=1, keepdims=True)
        distances = 1 - queries / np.linalg.norm(queries, axis=1, keepdims=True) @ unit.T
    else:
        distances = ((queries[:, None] - base[None]) ** 2).sum(axis=2)
    kth = np.sort(distances, axis=1)[:, 9:10] + 1e-6

    names = []
    for name, constructor, arguments, query_groups in definitions(metric):
        algorithm = getattr(module, constructor)(*arguments)
        algorithm.fit(base)
        recalls = []
        for query_arguments in query_groups or [[]]:
            if query_arguments:
                algorithm.set_query_arguments(*query_arguments)
            names.append(str(algorithm))
            found = np.array([algorithm.query(query, 10) for query in queries]).astype(int)
            algorithm.batch_query(queries, 10)
            np.testing.assert_array_equal(algorithm.get_batch_results(), found)
            recalls.append((np.take_along_axis(distances, found, axis=1) <= kth).mean())
        assert algorithm.get_additional()["device_bytes"] > 0
        algorithm.done()
        assert recalls[-1] >= (1.0 if name == "skep-exact" else 0.99), (name, recalls)
        assert recalls[-1] >= recalls[0]
    assert len(names) == len(set(names)) == 1 + 3 * 9


def test_an_unknown_metric_is_refused(module):
    with pytest.raises(NotImplementedError, match="hamming.*angular"):
        module.SkepExact("hamming")
