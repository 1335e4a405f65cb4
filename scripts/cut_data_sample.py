#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts the data sample of this project out of a larger set and computes its exact ground truth.

    scripts/cut_data_sample.py sift100k_base.u8bin sift_query_10k.u8bin data

Needs nothing but Python's standard library; takes about ten seconds. Distances are integers, so that the truth is exact;
rows at the same distance are ordered by their number. Running it again gives the same bytes.
"""
import argparse
import array
import heapq
import operator
import os
import struct
import sys


def read_head(path, num_rows):
    """The first num_rows rows of a .u8bin file: (dim, list of bytes)."""
    with open(path, "rb") as file:
        total, dim = struct.unpack("<2I", file.read(8))
        if total < num_rows:
            sys.exit(f"{path}: holds {total} rows; {num_rows} are needed")
        rows = [file.read(dim) for _ in range(num_rows)]
    if len(rows[-1]) != dim:
        sys.exit(f"{path}: shorter than its header says")
    return dim, rows


def write_matrix(path, num_rows, dim, content):
    with open(path, "wb") as file:
        file.write(struct.pack("<2I", num_rows, dim))
        file.write(content)


def little_endian(values):
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def nearest(query, base, norms, k):
    """The k smallest (squared distance, row) pairs, ascending."""
    query_norm = sum(map(operator.mul, query, query))
    distances = (query_norm + norm - 2 * sum(map(operator.mul, query, row)) for row, norm in zip(base, norms))
    return heapq.nsmallest(k, ((distance, row) for row, distance in enumerate(distances)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="a .u8bin file to take the first rows of")
    parser.add_argument("queries", help="a .u8bin file to take the first queries of")
    parser.add_argument("out", help="folder to write to")
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--num-queries", type=int, default=100)
    parser.add_argument("--k", type=int, default=100)
    args = parser.parse_args()

    dim, base = read_head(args.base, args.rows)
    query_dim, queries = read_head(args.queries, args.num_queries)
    if dim != query_dim:
        sys.exit(f"dimensions differ: base {dim}, queries {query_dim}")
    if dim * 255 * 255 >= 1 << 24:
        sys.exit(f"dim {dim}: squared distances could exceed 2^24, which a float does not hold exactly")

    norms = [sum(map(operator.mul, row, row)) for row in base]
    ids = array.array("i")
    distances = array.array("f")
    for query in queries:
        for distance, row in nearest(query, base, norms, args.k):
            ids.append(row)
            distances.append(distance)

    os.makedirs(args.out, exist_ok=True)
    truth = f"{args.num_queries}x{args.k}"
    write_matrix(os.path.join(args.out, "sift10k_base.u8bin"), args.rows, dim, b"".join(base))
    write_matrix(os.path.join(args.out, "sift10k_query.u8bin"), args.num_queries, dim, b"".join(queries))
    write_matrix(os.path.join(args.out, f"sift10k_gt_{truth}.ibin"), args.num_queries, args.k, little_endian(ids))
    write_matrix(os.path.join(args.out, f"sift10k_gtdist_{truth}.fbin"), args.num_queries, args.k,
                 little_endian(distances))


if __name__ == "__main__":
    main()
