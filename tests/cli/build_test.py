# SPDX-License-Identifier: MIT
"""skep build and skep info."""
from skep_program import BASE, ProgramTest, random_rows, write_vectors


class BuildTest(ProgramTest):
    def test_summary_names_file_shape_and_device(self):
        line = self.succeed("build", "--base", BASE, "--out", "sift.skep", "--device", "cpu")
        self.assertRegex(line, r"\Asift\.skep: 10000 rows, dim 128, u8, l2, flat; built on cpu in "
                               r"[0-9.]+ s, saved in [0-9.]+ s\n\Z")
        self.assertGreater((self.folder / "sift.skep").stat().st_size, 10000 * 128)

    def test_info_json_tells_what_was_built(self):
        info = self.succeed_json("info", self.build(BASE, "sift.skep", "--metric", "cosine"))
        text = str(info)
        for part in ["cosine", "u8", "flat", "128", "10000"]:
            self.assertIn(part, text)

    def test_info_table_tells_the_same(self):
        path = self.build(BASE, "sift.skep", "--metric", "inner_product")
        lines = self.succeed("info", path).splitlines()
        self.assertEqual(lines[0].split(), ["FIELD", "VALUE"])
        values = [line.split()[-1] for line in lines[1:]]
        for value in ["inner_product", "u8", "flat", "128", "10000"]:
            self.assertIn(value, values)
        self.assertTrue(all("{" not in line for line in lines), lines)
        self.assertTrue(any("name rows" in line and "bytes 1280000" in line for line in lines), lines)

    def test_dtype_is_the_one_of_the_file(self):
        rows = random_rows(20, 7)
        for extension, dtype in [(".fbin", "f32"), (".fvecs", "f32"), (".u8bin", "u8"), (".bvecs", "u8")]:
            with self.subTest(extension=extension):
                base = write_vectors(self.folder / f"base{extension}", rows)
                self.assertIn(f"20 rows, dim 7, {dtype},", self.succeed("build", "--base", base, "--out", "out.skep"))

    def test_dtype_rounds_and_names_what_is_out_of_range(self):
        base = write_vectors(self.folder / "base.fbin", [[0.1, 0.5], [100.4, -3.2]])
        for dtype in ["f32", "f16", "bf16", "i8"]:
            with self.subTest(dtype=dtype):
                line = self.succeed("build", "--base", base, "--out", "out.skep", "--dtype", dtype)
                self.assertIn(f"2 rows, dim 2, {dtype},", line)
        message = self.refuse(1, "build", "--base", base, "--out", "no.skep", "--dtype", "u8")
        for part in ["row 1", "component 1", "-3.2", "0 to 255"]:
            self.assertIn(part, message)
        self.assertFalse((self.folder / "no.skep").exists())
        self.assertIn("f8", self.refuse(2, "build", "--base", base, "--out", "no.skep", "--dtype", "f8"))

    def test_target_is_replaced_and_nothing_is_left_beside_it(self):
        target = self.folder / "sift.skep"
        target.write_bytes(b"old")
        self.build(BASE, "sift.skep")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["sift.skep"])
        self.assertGreater(target.stat().st_size, 3)

    def test_same_input_gives_the_same_answers_with_any_number_of_threads(self):
        one = self.build(BASE, "one.skep", "--threads", "1")
        three = self.build(BASE, "three.skep", "--threads", "3")
        self.assertEqual(one.read_bytes()[-10000 * 128:], three.read_bytes()[-10000 * 128:])

    def test_base_without_rows_gives_an_empty_collection(self):
        base = write_vectors(self.folder / "empty.fbin", [])
        self.assertIn("0 rows", self.succeed("build", "--base", base, "--out", "empty.skep"))
