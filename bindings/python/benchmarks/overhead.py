#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Python costs on top of the C call: search time through the package and through a C program
on the same library, import time, and the size of a wheel.

    benchmarks/overhead.py [WHEEL]     with the package installed, and a C compiler as cc

Rounds of Python and C alternate. Reported are medians over rounds, and the median of the
differences within a round with its quartiles.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import skep

HERE = Path(__file__).resolve().parent
NUM_ROUNDS = 15
# name, rows, dim, batch, k, calls of a round
CASES = [
    ("one query, one row", 1, 8, 1, 10, 50_000),
    ("one query, 10 000 rows", 10_000, 128, 1, 10, 1_000),
    ("1 000 queries, one row", 1, 8, 1_000, 10, 500),
    ("1 000 queries, 10 000 rows", 10_000, 128, 1_000, 10, 20),
]


def build_reference(folder):
    """The C program, on the library that the package carries."""
    library = Path(skep.__file__).parent / "lib" / "libskep.so.0"
    program = folder / "search_loop"
    include = HERE.parents[2] / "abi" / "include"
    subprocess.run(
        ["cc", "-O2", "-std=gnu99", f"-I{include}", str(HERE / "search_loop.c"), "-o", str(program)]
        + [str(library), f"-Wl,-rpath,{library.parent}"],
        check=True,
    )
    return program


def c_round(program, rows, dim, batch, k, calls):
    """ns per call."""
    arguments = [str(number) for number in (rows, dim, batch, k, calls, 1)]
    done = subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True)
    return float(done.stdout)


def make_rows(rows, dim):
    """As search_loop.c makes them."""
    return (np.arange(rows * dim) % 251).astype(np.float32).reshape(rows, dim)


def measure(program, name, rows, dim, batch, k, calls):
    queries = make_rows(batch, dim)
    with skep.Collection(dim, metric="l2", device="cpu") as collection:
        collection.add(make_rows(rows, dim))
        collection.search(queries, k)

        def python_round():
            search = collection.search
            started = time.perf_counter_ns()
            for _ in range(calls):
                search(queries, k)
            return (time.perf_counter_ns() - started) / calls

        pairs = [
            (python_round(), c_round(program, rows, dim, batch, k, calls))
            for _ in range(NUM_ROUNDS)
        ]
    ours, theirs = (statistics.median(times) for times in zip(*pairs))
    low, middle, high = statistics.quantiles([a - b for a, b in pairs], n=4)
    print(
        f"{name:28} Python {ours / 1e3:10.2f} us   C {theirs / 1e3:10.2f} us   "
        f"difference {middle / 1e3:.2f} us ({low / 1e3:.2f} to {high / 1e3:.2f}), "
        f"{100 * middle / theirs:.2f} %"
    )


def import_milliseconds():
    program = (
        "import time, numpy; started = time.perf_counter(); import skep;"
        "print((time.perf_counter() - started) * 1e3)"
    )
    return statistics.median(
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
        )
        for _ in range(21)
    )


def main():
    print(f"skep {skep.__version__}, Python {sys.version.split()[0]}, numpy {np.__version__}")
    print(f"device {skep.Runtime().find_device('cpu').name}")
    with tempfile.TemporaryDirectory() as folder:
        program = build_reference(Path(folder))
        for case in CASES:
            measure(program, *case)
    print(f"import skep after numpy: {import_milliseconds():.1f} ms")
    for wheel in sys.argv[1:]:
        print(f"{Path(wheel).name}: {Path(wheel).stat().st_size} bytes")


if __name__ == "__main__":
    main()
