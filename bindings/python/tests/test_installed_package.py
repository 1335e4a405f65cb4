# SPDX-License-Identifier: MIT
"""What was installed: a wheel with libraries, manifests, types and the version of the headers."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import skep
from conftest import REPOSITORY

FOLDER = Path(skep.__file__).parent


def test_the_version_is_that_of_the_headers():
    header = (REPOSITORY / "abi" / "include" / "skep" / "version.h").read_text()
    parts = [
        re.search(rf"SKEP_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH")
    ]
    assert skep.__version__ == metadata.version("skep") == ".".join(parts)


def test_one_wheel_serves_every_python_from_3_9():
    tags = re.findall(r"^Tag: (.*)$", metadata.distribution("skep").read_text("WHEEL"), re.M)
    assert len(tags) == 1 and tags[0].startswith("cp39-abi3-")
    assert (FOLDER / "_native.abi3.so").exists()


def test_libraries_manifests_and_types_are_carried():
    carried = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*")}
    backends = "lib/skep/backends"
    assert {"py.typed", "_native.pyi", "lib/libskep.so.0"} <= carried
    assert {f"{backends}/cpu.json", f"{backends}/skep_backend_cpu.so"} <= carried
    for manifest in (FOLDER / backends).glob("*.json"):
        assert manifest.with_name(f"skep_backend_{manifest.stem}.so").exists()
    found = {(backend.name, Path(backend.manifest_path).parent) for backend in skep.backends()}
    assert any(folder == FOLDER / backends for _, folder in found), "the wheel's own backends"


def test_importing_takes_no_time_and_starts_nothing():
    program = (
        "import time, numpy, threading, sys; started = time.process_time(); import skep;"
        "print((time.process_time() - started) * 1e3, threading.active_count(),"
        " 'langchain_core' in sys.modules, 'faiss' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
        for _ in range(5)
    ]
    assert all(run.stderr == "" for run in runs)
    fields = [run.stdout.split() for run in runs]
    assert min(float(milliseconds) for milliseconds, *_ in fields) < 60
    assert fields[0][1:] == ["1", "False", "False"]
