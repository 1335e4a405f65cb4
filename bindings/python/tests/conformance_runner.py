# SPDX-License-Identifier: MIT
"""The calls of bindings/conformance made through this package: one method per call, answers in the
form that the table's README gives."""

import json
import struct
from pathlib import Path

import numpy as np

import skep

_CAPABILITIES = {"range_search": 1 << 0, "graph": 1 << 1, "graph_transfer": 1 << 2}
_KEY_KINDS = {"u64": "u64", "string": "string"}
MISSING_KEY = 2**64 - 1


def lacking(case, device):
    """Which of a case's requirements this language or device has not; "" if none."""
    for word in case.get("requires", []):
        if word == "raw_key_bytes":
            return "str keys are always UTF-8"
        if (
            word in _CAPABILITIES
            and not skep.Runtime().find_device(device).capabilities & _CAPABILITIES[word]
        ):
            return f"the device {device} has no {word}"
    return ""


def number_of(value):
    return (
        {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}[value] if isinstance(value, str) else value
    )


def text_of(value):
    """Text of the table as bytes."""
    if isinstance(value, str):
        return value.encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    return value["repeat"].encode() * value["times"]


def rows_of(rows, dtype, dim):
    """A list of lists as an array [len(rows), dim] of an element type."""
    shape = (len(rows), len(rows[0]) if rows else dim)
    values = [[number_of(value) for value in row] for row in rows]
    plain = {"f32": "f4", "f16": "f2", "i8": "i1", "u8": "u1", "i32": "i4"}
    if dtype in plain:
        return np.array(values, dtype=plain[dtype]).reshape(shape)
    wide = np.array(values, dtype=np.float32).reshape(shape)
    return (wide.view(np.uint32) >> 16).astype(np.uint16)  # bf16 holds all of the table's values


class Runner:
    """Runs one case; raises AssertionError with the step that did otherwise than the table says."""

    def __init__(self, folder, device):
        self.folder = Path(folder)
        self.device = device
        self.objects = {}

    def close(self):
        for made in self.objects.values():
            made.close()

    def run(self, case):
        for number, step in enumerate(case["steps"]):
            where = f"step {number}, {json.dumps(step)[:200]}"
            wanted_error = step.get("error")
            try:
                answer = getattr(self, "call_" + step["call"])(step)
            except skep.SkepError as error:
                assert wanted_error, f"{where}: {error.name}: {error}"
                assert error.name == wanted_error["status"], f"{where}: {error.name}: {error}"
                for text in wanted_error.get("message", []):
                    assert text in str(error), f"{where}: no {text!r} in {error}"
                continue
            assert not wanted_error, f"{where}: gave {answer}"
            for field, wanted in step.get("expect", {}).items():
                given = self._field(answer, field)
                assert self._is_same(field, given, wanted), f"{where}: {field} is {given}"

    # --- making ---

    def call_create(self, step):
        options = {
            name: step[name]
            for name in ("metric", "dtype", "index", "m", "ef_construction", "seed")
            if name in step
        }
        options.setdefault("metric", "l2")
        self._make(
            step,
            skep.Collection(
                step["dim"],
                keys=_KEY_KINDS[step.get("key_kind", "u64")],
                device=step.get("device", self.device),
                reserve=step.get("reserve_rows", 0),
                **options,
            ),
        )

    def call_open(self, step):
        options = {name: step[name] for name in ("map", "skip_checksums") if name in step}
        device = step.get("device", self.device)
        self._make(step, skep.Collection.open(self._path(step), device=device, **options))

    def call_import_hnswlib(self, step):
        self._make(
            step,
            skep.Collection.import_hnswlib(
                self._path(step), metric=step["metric"], dtype=step["dtype"], device=self.device
            ),
        )

    def call_make_filter(self, step):
        collection = self._collection(step)
        make = {"allow": collection.allow, "deny": collection.deny}[step["mode"]]
        self._make(step, make(self._keys(collection, step["keys"])), "filter")

    def call_close(self, step):
        self.objects[step["what"]].close()

    # --- rows ---

    def call_add(self, step):
        collection = self._collection(step)
        keys, payloads = self._keys(collection, step.get("keys")), self._payloads(step)
        made = collection.add(self._rows(step, "rows"), keys, payloads, **self._control(step))
        return {"first_key": int(made[0]) if len(made) and "keys" not in step else None}

    def call_upsert(self, step):
        collection = self._collection(step)
        keys = self._keys(collection, step["keys"])
        collection.upsert(
            self._rows(step, "rows"), keys, self._payloads(step), **self._control(step)
        )

    def call_remove(self, step):
        collection = self._collection(step)
        collection.remove(self._keys(collection, step["keys"]))

    def call_contains(self, step):
        collection = self._collection(step)
        return {"found": collection.contains(self._keys(collection, step["keys"])).tolist()}

    def call_get(self, step):
        collection = self._collection(step)
        keys = self._keys(collection, step["keys"])
        if step.get("allow_missing"):
            rows, payloads, found = collection.find(keys)
            return {
                "rows": self._plain_rows(collection, rows),
                "payloads": payloads,
                "found": found.tolist(),
            }
        rows = collection.get(keys)
        return {
            "rows": self._plain_rows(collection, rows),
            "payloads": collection.get_payloads(keys),
        }

    def call_count(self, step):
        return {"count": len(self._collection(step))}

    def call_keys(self, step):
        return {"keys": self._collection(step).keys().tolist()}

    def call_stats(self, step):
        return vars(self._collection(step).stats())

    def call_info(self, step):
        info = self._collection(step).info()
        return {**info, "key_kind": info["keys"]}

    def call_device(self, step):
        return vars(self._collection(step).device)

    def call_clear(self, step):
        self._collection(step).clear()

    def call_compact(self, step):
        self._collection(step).compact(**self._control(step))

    def call_reserve(self, step):
        self._collection(step).reserve(step["num_rows"])

    # --- searching ---

    def call_search(self, step):
        collection = self._collection(step)
        hits = collection.search(
            self._rows(step, "queries"),
            step["k"],
            ef_search=step.get("ef_search", 0),
            filter=self.objects[step["filter"]] if "filter" in step else None,
            payloads=True,
            **self._control(step),
        )
        return found_only(hits, collection.key_kind)

    def call_range_search(self, step):
        collection = self._collection(step)
        offsets, keys, distances = collection.range_search(
            self._rows(step, "queries"),
            number_of(step["radius"]),
            filter=self.objects[step["filter"]] if "filter" in step else None,
            **self._control(step),
        )
        parts = [slice(int(begin), int(end)) for begin, end in zip(offsets, offsets[1:])]
        return {
            "keys": [keys[part].tolist() for part in parts],
            "distances": [distances[part].tolist() for part in parts],
        }

    # --- files and evaluation ---

    def call_save(self, step):
        self._collection(step).save(self._path(step), **self._control(step))

    def call_export_hnswlib(self, step):
        self._collection(step).export_hnswlib(self._path(step), **self._control(step))

    def call_describe(self, step):
        return skep.describe_file(self._path(step))

    def call_write_vectors(self, step):
        rows = rows_of(step["rows"], step.get("dtype", "f32"), 0)
        skep.write_vectors(self._path(step), rows)

    def call_read_vectors(self, step):
        rows = skep.read_vectors(self._path(step))
        names = {"float32": "f32", "float16": "f16", "int8": "i8", "uint8": "u8", "int32": "i32"}
        return {"rows": rows.tolist(), "dtype": names[rows.dtype.name]}

    def call_convert(self, step):
        rows = rows_of(step["rows"], step["from"], 0)
        converted = skep.convert(rows, step["to"], source=step["from"])
        if step["to"] == "bf16":
            converted = skep.convert(converted, "f32", source="bf16")
        return {"rows": converted.tolist()}

    def call_ground_truth(self, step):
        dtype = step.get("dtype", "f32")
        base = rows_of(step["base"], dtype, 0)
        queries = rows_of(step["queries"], dtype, base.shape[1])
        rows, distances = skep.ground_truth(base, queries, step["k"], metric=step["metric"])
        is_found = np.isfinite(distances)
        return {
            "ids": [row[found].tolist() for row, found in zip(rows, is_found)],
            "distances": [row[found].tolist() for row, found in zip(distances, is_found)],
        }

    def call_recall(self, step):
        def table(name, dtype):
            return np.array(
                [[number_of(value) for value in row] for row in step[name]], dtype=dtype
            )

        keys = np.array([[int(key) for key in row] for row in step["keys"]], dtype=np.uint64)
        found = (keys, table("distances", np.float32))
        return {"recall": skep.recall(found, table("true_distances", np.float32))}

    def call_similarity(self, step):
        return {"similarity": skep.similarity(step["metric"], number_of(step["distance"]))}

    # --- names ---

    def call_find_device(self, step):
        return vars(skep.Runtime().find_device(step["name"]))

    def call_metric_from_name(self, step):
        with skep.Collection(1, metric=step["name"], device="cpu") as collection:
            return {"name": collection.metric}

    def call_dtype_from_name(self, step):
        from skep import _native

        names = ["f32", "f16", "bf16", "i8", "u8", "i32"]
        return {"name": names[_native.dtype_number(step["name"])]}

    def call_index_kind_from_name(self, step):
        with skep.Collection(1, index=step["name"], device="cpu") as collection:
            return {"name": collection.index}

    def call_status_name(self, step):
        from skep import _native

        return {"name": _native.status_name(step["number"])}

    # --- the runner's own ---

    def call_write_file(self, step):
        self._path(step).write_bytes(text_of(step["text"]))

    def call_cut_file(self, step):
        path = self._path(step)
        path.write_bytes(path.read_bytes()[: -step["bytes_from_end"]])

    def call_flip_byte(self, step):
        path = self._path(step)
        contents = bytearray(path.read_bytes())
        contents[-step["bytes_from_end"]] ^= 0xFF
        path.write_bytes(contents)

    # --- arguments and answers ---

    def _make(self, step, made, default="collection"):
        name = step.get("as", default)
        if name in self.objects:
            self.objects[name].close()
        self.objects[name] = made

    def _collection(self, step):
        return self.objects[step.get("on", "collection")]

    def _path(self, step):
        return self.folder / step["file"]

    def _rows(self, step, field):
        collection = self._collection(step)
        if collection.closed:
            return np.zeros((1, 1), np.float32)
        return rows_of(step[field], step.get("dtype", collection.dtype), collection.dim)

    def _keys(self, collection, keys):
        if keys is None:
            return None
        if all(isinstance(key, (str, dict)) for key in keys) and not self._are_numbers(
            collection, keys
        ):
            return [text_of(key).decode() for key in keys]
        return [int(key) for key in keys] if keys else []

    def _are_numbers(self, collection, keys):
        return collection.key_kind == "u64" and all(
            isinstance(key, str) and key.isdecimal() for key in keys
        )

    def _payloads(self, step):
        return [text_of(payload) for payload in step["payloads"]] if "payloads" in step else None

    def _control(self, step):
        control = step.get("control")
        if control == "cancelled":
            switch = skep.Cancel()
            switch.trigger()
            return {"cancel": switch}
        if control == "progress":
            return {"progress": lambda done, total: False}
        return {"timeout": 1e-9} if control == "expired" else {}

    def _plain_rows(self, collection, rows):
        if collection.dtype == "bf16":
            rows = skep.convert(rows, "f32", source="bf16")
        return rows.tolist()

    def _field(self, answer, path):
        value = answer
        for name in path.split("."):
            value = value[name]
        return value

    def _is_same(self, field, given, wanted):
        if isinstance(wanted, list):
            return (
                isinstance(given, (list, tuple))
                and len(given) == len(wanted)
                and all(self._is_same(field, *pair) for pair in zip(given, wanted))
            )
        if field in ("distances", "similarity"):
            return as_float32(given) == as_float32(number_of(wanted))
        if field == "payloads":
            return given == text_of(wanted)
        if field in ("keys", "first_key"):
            if isinstance(given, str):
                return given.encode() == text_of(wanted)
            return given == int(wanted)
        return given == wanted


def found_only(hits, key_kind):
    """Answers of each query without the missing ones, which must come last and be marked."""
    answer = {"keys": [], "distances": [], "payloads": []}
    for keys, distances, payloads in zip(hits.keys, hits.distances, hits.payloads):
        missing = None if key_kind == "string" else MISSING_KEY
        count = sum(key != missing for key in keys.tolist())
        assert all(key == missing for key in keys[count:].tolist())
        assert np.isposinf(distances[count:]).all()
        assert all(payload == b"" for payload in payloads[count:])
        answer["keys"].append(keys[:count].tolist())
        answer["distances"].append(distances[:count].tolist())
        answer["payloads"].append(payloads[:count].tolist())
    return answer


def as_float32(number):
    """The bits of a number as a float, so that -0.0 differs from 0.0."""
    return struct.pack("<f", np.float32(number))
