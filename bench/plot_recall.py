#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws queries per second over recall@10 from what bench/index/hnsw_vs_hnswlib printed.

    bench/plot_recall.py docs/figures/graph_search.json        # needs matplotlib

Writes an SVG file of the same name. Bars reach from the slowest to the fastest repetition.
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "skep"  # the same figures give the same file
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib import pyplot  # noqa: E402


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    source = pathlib.Path(sys.argv[1])
    measured = json.loads(source.read_text())
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for name in [key for key, value in measured.items() if isinstance(value, dict)]:
        curve = measured[name]["curve"]
        qps = [point["qps"] for point in curve]
        spread = [[point["qps"] - point["min"] for point in curve], [point["max"] - point["qps"] for point in curve]]
        axes.errorbar([point["recall"] for point in curve], qps, yerr=spread, marker="o", markersize=4, linewidth=1.2,
                      elinewidth=0.5, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("recall@10")
    axes.set_ylabel("queries per second, one thread")
    axes.set_title(f"{measured['rows']:,} x {measured['dim']} SIFT, m {measured['m']}, "
                   f"ef_construction {measured['ef_construction']}, {measured['isa']}", fontsize=10)
    axes.grid(True, which="major", linewidth=0.4)
    axes.legend(fontsize=8)
    figure.tight_layout()
    target = source.with_suffix(".svg")
    figure.savefig(target, metadata={"Date": None})
    print(target)


if __name__ == "__main__":
    main()
