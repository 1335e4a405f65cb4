# SPDX-License-Identifier: MIT
"""Progress of long calls: a function, or a tqdm bar."""

from __future__ import annotations

from typing import Any, Callable


def as_callback(progress: Any) -> Callable[[int, int], object]:
    """A function of (done, total) for what was passed as progress=. If it answers False the call
    stops with CancelledError; an exception from it stops the call and comes out of it."""
    if hasattr(progress, "update") and hasattr(progress, "n"):

        def advance(done: int, total: int) -> None:
            progress.total = total or None
            progress.update(done - progress.n)

        return advance
    if callable(progress):
        return progress  # type: ignore[no-any-return]
    raise TypeError(
        f"progress is {progress!r}; wanted is a callable of (done, total) or a tqdm bar"
    )
