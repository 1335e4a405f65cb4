# SPDX-License-Identifier: MIT
"""Runs the program and writes the small files that it is tried on."""
import array
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["SKEP_TEST_PROGRAM"]
DATA = pathlib.Path(os.environ["SKEP_TEST_DATA"])
BASE = DATA / "sift10k_base.u8bin"
QUERIES = DATA / "sift10k_query.u8bin"
TRUTH = DATA / "sift10k_gt_100x100.ibin"
TRUTH_DISTANCES = DATA / "sift10k_gtdist_100x100.fbin"

TYPECODES = {".fbin": "f", ".u8bin": "B", ".i8bin": "b", ".ibin": "i", ".fvecs": "f", ".bvecs": "B", ".ivecs": "i"}


def write_vectors(path, rows):
    """Rows of numbers as a file of the format that the extension names."""
    typecode = TYPECODES[path.suffix]
    dim = len(rows[0]) if rows else 1
    with open(path, "wb") as file:
        if path.suffix.endswith("bin"):
            file.write(struct.pack("<II", len(rows), dim))
        for row in rows:
            if path.suffix.endswith("vecs"):
                file.write(struct.pack("<i", dim))
            file.write(array.array(typecode, row).tobytes())
    return path


def read_bin(path):
    """The rows of a .fbin, .u8bin, .i8bin or .ibin file as lists."""
    blob = pathlib.Path(path).read_bytes()
    num_rows, dim = struct.unpack_from("<II", blob)
    values = array.array(TYPECODES[pathlib.Path(path).suffix])
    values.frombytes(blob[8:])
    assert len(values) == num_rows * dim
    return [values[row * dim:(row + 1) * dim].tolist() for row in range(num_rows)]


def random_rows(num_rows, dim, seed=1):
    generator = random.Random(seed)
    return [[generator.randint(0, 255) for _ in range(dim)] for _ in range(num_rows)]


class ProgramTest(unittest.TestCase):
    """A scratch folder, and the program with its exit code, stdout and stderr."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="skep-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_skep(self, *arguments, environment=None, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": 100, **options}
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.folder,
                              env={**os.environ, **(environment or {})}, check=False, **options)

    def succeed(self, *arguments, **options):
        """stdout of a run that ends well and says nothing on stderr."""
        done = self.run_skep(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def succeed_json(self, *arguments, **options):
        return json.loads(self.succeed(*arguments, "--json", **options))

    def refuse(self, exit_code, *arguments, **options):
        """The one line on stderr of a run that fails and prints nothing."""
        done = self.run_skep(*arguments, **options)
        self.assertEqual(done.returncode, exit_code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Askep( [a-z]+)?: [^\n]+\n\Z")
        return done.stderr

    def build(self, base=BASE, name="built.skep", *options):
        path = self.folder / name
        self.succeed("build", "--base", base, "--out", path, *options)
        return path
