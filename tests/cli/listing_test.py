# SPDX-License-Identifier: MIT
"""skep backends and skep devices."""
import json

from skep_program import BASE, ProgramTest

DEVICE_FIELDS = {"id", "backend", "name", "isa", "ordinal", "total_memory_bytes", "free_memory_bytes", "num_compute_units",
                 "max_threads_per_block", "max_shared_memory_per_block_bytes", "max_dim", "max_k", "max_batch", "uuid",
                 "pci_bus_id", "driver_version", "compute_capability", "capabilities", "supported"}
BACKEND_FIELDS = {"name", "version", "state", "reason", "message", "priority", "builtin", "num_devices", "origin",
                  "manifest_path", "library_path"}


class ListingTest(ProgramTest):
    def cpu(self, environment=None):
        devices = self.succeed_json("devices", environment=environment)["devices"]
        return next(device for device in devices if device["id"] == "cpu")

    def test_devices_table_has_the_cpu(self):
        lines = self.succeed("devices").splitlines()
        self.assertEqual(lines[0].split()[:3], ["ID", "NAME", "ISA"])
        self.assertTrue(any(line.startswith("cpu ") for line in lines[1:]), lines)

    def test_devices_json_describes_the_cpu(self):
        cpu = self.cpu()
        self.assertEqual(set(cpu), DEVICE_FIELDS)
        self.assertEqual(cpu["backend"], "cpu")
        self.assertNotEqual(cpu["isa"], "")
        self.assertGreaterEqual(cpu["num_compute_units"], 1)
        self.assertGreater(cpu["total_memory_bytes"], 0)
        self.assertLessEqual(cpu["free_memory_bytes"], cpu["total_memory_bytes"])
        self.assertEqual(set(cpu["supported"]), {"l2", "inner_product", "cosine"})
        self.assertLessEqual({"f32", "u8"}, set(cpu["supported"]["l2"]))

    def test_forced_isa_shows_in_the_device(self):
        self.assertEqual(self.cpu({"SKEP_CPU_ISA": "scalar"})["isa"], "scalar")

    def test_unknown_forced_isa_is_not_ignored(self):
        message = self.refuse(1, "build", "--base", BASE, "--out", "x.skep", "--device", "cpu",
                              environment={"SKEP_CPU_ISA": "mmx"})
        self.assertIn("mmx", message)

    def test_backends_table_has_the_builtin_cpu(self):
        lines = self.succeed("backends").splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "VERSION", "STATE", "PRIORITY", "ORIGIN", "NOTE"])
        self.assertTrue(any(line.startswith("cpu ") and "builtin" in line for line in lines[1:]), lines)

    def test_backends_json_has_every_field(self):
        backends = self.succeed_json("backends")["backends"]
        for backend in backends:
            self.assertEqual(set(backend), BACKEND_FIELDS)
        self.assertEqual([backend["builtin"] for backend in backends if backend["name"] == "cpu"][0], True)

    def test_explain_tells_which_device_auto_takes(self):
        report = self.succeed("backends", "--explain")
        self.assertIn("cpu", report)
        self.assertIn("auto", report)

    def test_explain_json_is_one_value(self):
        self.assertIsInstance(self.succeed_json("backends", "--explain"), dict)

    def test_broken_manifest_is_listed_with_its_place(self):
        manifest = self.folder / "broken.json"
        manifest.write_text('{\n  "name": broken\n}\n', encoding="ascii")
        manifest.chmod(0o644)
        backends = self.succeed_json("backends", environment={"SKEP_BACKEND_PATH": str(self.folder)})["backends"]
        broken = [backend for backend in backends if backend["manifest_path"] == str(manifest)]
        self.assertEqual(len(broken), 1, backends)
        self.assertEqual((broken[0]["state"], broken[0]["reason"]), ("refused", "SKEP_MANIFEST_INVALID"))
        self.assertIn("2", broken[0]["message"])

    def test_log_goes_to_stderr_when_asked_for(self):
        done = self.run_skep("devices", "--json", environment={"SKEP_LOG": "debug"})
        self.assertEqual(done.returncode, 0)
        self.assertNotEqual(done.stderr, "")
        json.loads(done.stdout)
