# SPDX-License-Identifier: MIT
"""The types that are declared are the ones that are there."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
FOLDER = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("mypy"))


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=FOLDER, capture_output=True, text=True
    )


def test_a_strictly_typed_program(cache):
    done = run("mypy", "--strict", "--cache-dir", cache, "typed_sample.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrongly_typed_program_is_found(cache, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import skep\nskep.Collection('many').search([1.0], k='all')\n")
    done = run("mypy", "--strict", "--cache-dir", cache, str(wrong))
    assert done.stdout.count("[arg-type]") == 2, done.stdout


def test_stubs_are_those_of_the_extension():
    done = run("mypy.stubtest", "skep._native")
    assert done.returncode == 0, done.stdout + done.stderr
