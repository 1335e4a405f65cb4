# SPDX-License-Identifier: MIT
"""skep convert."""
from skep_program import BASE, QUERIES, TRUTH, TRUTH_DISTANCES, ProgramTest, random_rows, read_bin, write_vectors


class ConvertTest(ProgramTest):
    def travel(self, start, *extensions):
        """Converts from format to format, back to the first one, and expects the same bytes."""
        source = start
        for step, extension in enumerate([*extensions, start.suffix]):
            target = self.folder / f"step{step}{extension}"
            self.assertRegex(self.succeed("convert", source, target), r"rows, dim \d+, [a-z0-9]+\n\Z")
            source = target
        self.assertEqual(source.read_bytes(), start.read_bytes())

    def test_bytes_travel_through_every_format_that_holds_them(self):
        self.travel(QUERIES, ".bvecs", ".npy", ".fbin", ".fvecs", ".u8bin")

    def test_floats_travel(self):
        self.travel(TRUTH_DISTANCES, ".fvecs", ".npy")

    def test_row_numbers_travel(self):
        self.travel(TRUTH, ".ivecs", ".npy")

    def test_signed_bytes_travel(self):
        rows = [[value - 128 for value in row] for row in random_rows(10, 5)]
        self.travel(write_vectors(self.folder / "signed.i8bin", rows), ".fbin", ".npy")

    def test_summary_names_the_shape(self):
        self.assertEqual(self.succeed("convert", BASE, "base.fvecs"), "base.fvecs: 10000 rows, dim 128, f32\n")

    def test_dtype_rounds_to_the_nearest(self):
        source = write_vectors(self.folder / "in.fbin", [[1.5, 2.4], [254.6, 0.5]])
        self.succeed("convert", source, "out.u8bin", "--dtype", "u8")
        self.assertEqual(read_bin(self.folder / "out.u8bin"), [[2, 2], [255, 0]])
        self.assertEqual(self.succeed("convert", source, "half.npy", "--dtype", "f16"),
                         "half.npy: 2 rows, dim 2, f16\n")
        self.succeed("convert", "half.npy", "back.fbin")
        self.assertEqual(read_bin(self.folder / "back.fbin")[0], [1.5, 2.400390625])

    def test_component_that_does_not_fit_is_named_and_nothing_is_written(self):
        source = write_vectors(self.folder / "in.fbin", [[1, 2], [3, 256]])
        message = self.refuse(1, "convert", source, "out.u8bin")
        self.assertIn("256", message)
        self.assertIn("row 1", message)
        self.assertIn("component 1", message)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["in.fbin"])
