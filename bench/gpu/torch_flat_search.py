#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same searches by PyTorch's matmul and topk, host memory to host memory, for comparison.

    torch_flat_search.py [--rows N] [--dim D] [--k K] [--batches 1,10,...] [--json FILE]
"""
import argparse
import json
import time

import torch


def search(rows, norms, queries_host, k, tile):
    slots, distances = [], []
    for first in range(0, queries_host.shape[0], tile):
        queries = queries_host[first : first + tile].cuda(non_blocking=True)
        scores = torch.addmm(norms, queries, rows.T, beta=1, alpha=-2)
        values, indices = torch.topk(scores, k, dim=1, largest=False, sorted=True)
        slots.append(indices.cpu())
        distances.append(values.cpu())
    return torch.cat(slots), torch.cat(distances)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--batches", default="1,10,100,1000,10000")
    parser.add_argument("--json")
    args = parser.parse_args()
    torch.manual_seed(1)
    rows = torch.rand(args.rows, args.dim, device="cuda") * 2 - 1
    norms = (rows * rows).sum(1).unsqueeze(0)
    runs = []
    for precision in ("highest", "high"):  # fp32, tf32
        torch.set_float32_matmul_precision(precision)
        for batch in map(int, args.batches.split(",")):
            queries = (torch.rand(batch, args.dim) * 2 - 1).pin_memory()
            for _ in range(3):
                search(rows, norms, queries, args.k, 2000)
            torch.cuda.synchronize()
            times = []
            begin = time.perf_counter()
            while len(times) < 9 or (time.perf_counter() - begin < 0.7 and len(times) < 200):
                one = time.perf_counter()
                search(rows, norms, queries, args.k, 2000)
                times.append((time.perf_counter() - one) * 1e6)
            times.sort()
            p50 = times[len(times) // 2]
            mode = "fp32" if precision == "highest" else "tf32"
            print(f"torch {mode} {batch:8d} {p50:10.1f} us {batch / p50 * 1e6:12.0f} queries/s")
            runs.append({"mode": mode, "batch": batch, "p50_us": round(p50, 1), "qps": round(batch / p50 * 1e6)})
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"torch": torch.__version__, "runs": runs}, file)


if __name__ == "__main__":
    main()
