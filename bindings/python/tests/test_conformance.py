# SPDX-License-Identifier: MIT
"""The table of calls and answers that every language's package must give."""

import json
import os

import pytest

import skep  # noqa: F401  the package under test
from conformance_runner import Runner, lacking
from conftest import REPOSITORY

FOLDER = REPOSITORY / "bindings" / "conformance" / "cases"
DEVICE = os.environ.get("SKEP_CONFORMANCE_DEVICE", "cpu")


def cases():
    for path in sorted(FOLDER.glob("*.json")):
        table = json.loads(path.read_text(encoding="utf-8"))
        for case in table["cases"]:
            yield pytest.param(case, id=f"{table['topic']}: {case['name']}")


@pytest.mark.parametrize("case", list(cases()))
def test_case(case, tmp_path):
    if reason := lacking(case, DEVICE):
        pytest.skip(reason)
    runner = Runner(tmp_path, DEVICE)
    try:
        runner.run(case)
    finally:
        runner.close()
