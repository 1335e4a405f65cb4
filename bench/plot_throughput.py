#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws queries per second over the number of queries in a call, from measured figures.

    bench/plot_throughput.py docs/figures/exact_search.json        # needs matplotlib

Writes the SVG files that the JSON names, beside it. One plot: {"file", "title", "series": [{"name", "batches", "qps"}]},
"batches" and "qps" of one length.
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "skep"  # the same figures give the same file
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib import pyplot  # noqa: E402


def draw(plot, note, target):
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for series in plot["series"]:
        if len(series["batches"]) != len(series["qps"]):
            raise SystemExit(f"{plot['file']}: {series['name']}: {len(series['batches'])} batches, {len(series['qps'])} figures")
        axes.plot(series["batches"], series["qps"], marker="o", markersize=4, label=series["name"])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("queries in a call")
    axes.set_ylabel(f"queries per second ({note})")
    axes.set_title(plot["title"], fontsize=10)
    axes.grid(True, which="major", linewidth=0.4)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})
    pyplot.close(figure)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    source = pathlib.Path(sys.argv[1])
    figures = json.loads(source.read_text())
    for plot in figures["plots"]:
        target = source.parent / plot["file"]
        draw(plot, f"k {figures['k']}, {figures['date']}", target)
        print(target)


if __name__ == "__main__":
    main()
