# SPDX-License-Identifier: MIT
"""Input that no command can use: exit code 1, one line on stderr, nothing on stdout, nothing changed."""
import math

from skep_program import (BASE, QUERIES, TRUTH, TRUTH_DISTANCES, ProgramTest, random_rows, read_bin, write_vectors)


class BadInputTest(ProgramTest):
    def refuse_build(self, base, *options):
        message = self.refuse(1, "build", "--base", base, "--out", "out.skep", *options)
        self.assertTrue(message.startswith("skep build: "), message)
        self.assertFalse((self.folder / "out.skep").exists())
        return message

    def refuse_search(self, collection, queries=QUERIES, *options):
        message = self.refuse(1, "search", collection, "--queries", queries, *options)
        self.assertTrue(message.startswith("skep search: "), message)
        return message

    def damaged(self, blob, name="damaged.skep"):
        path = self.folder / name
        path.write_bytes(blob)
        return path

    def test_missing_file_is_named(self):
        self.assertIn("nowhere.u8bin", self.refuse_build("nowhere.u8bin"))
        self.assertIn("nowhere.skep", self.refuse_search("nowhere.skep"))
        self.assertIn("nowhere.skep", self.refuse(1, "info", "nowhere.skep"))
        self.assertIn("nowhere.fbin", self.refuse(1, "convert", "nowhere.fbin", "out.fbin"))

    def test_unknown_extension_is_named(self):
        path = self.folder / "base.csv"
        path.write_text("1,2,3\n", encoding="ascii")
        self.assertIn("csv", self.refuse_build(path))
        self.assertIn("csv", self.refuse(1, "convert", QUERIES, "out.csv"))
        self.assertFalse((self.folder / "out.csv").exists())

    def test_truncated_vectors_are_refused(self):
        whole = QUERIES.read_bytes()
        for size in [0, 1, 7, 8, len(whole) - 1]:
            with self.subTest(size=size):
                self.refuse_build(self.damaged(whole[:size], "short.u8bin"))

    def test_folder_instead_of_a_file_is_refused(self):
        (self.folder / "folder.u8bin").mkdir()
        self.refuse_build("folder.u8bin")
        self.refuse_search(self.folder)

    def test_row_numbers_are_no_rows(self):
        self.assertIn("i32", self.refuse_build(TRUTH))

    def test_nan_is_named_by_row_and_component(self):
        rows = [[1.0, 2.0, 3.0], [4.0, math.nan, 6.0]]
        message = self.refuse_build(write_vectors(self.folder / "nan.fbin", rows))
        self.assertIn("row 1", message)
        self.assertIn("component 1", message)

    def test_nan_in_a_query_is_refused(self):
        collection = self.build(write_vectors(self.folder / "base.fbin", [[1, 2]]))
        queries = write_vectors(self.folder / "query.fbin", [[0, 0], [math.inf, 0]])
        self.assertEqual(self.refuse_search(collection, queries),
                         "skep search: query 1 component 0 is +infinity; components must be finite\n")

    def test_unknown_device_is_named(self):
        self.assertIn("abacus", self.refuse_build(BASE, "--device", "abacus"))
        self.assertIn("abacus", self.refuse_search(self.build(), QUERIES, "--device", "abacus"))

    def test_device_that_is_not_there_is_named(self):
        self.assertIn("cpu:7", self.refuse_build(BASE, "--device", "cpu:7"))

    def test_queries_of_another_dim_are_refused_with_both_numbers(self):
        queries = write_vectors(self.folder / "query.u8bin", random_rows(3, 127))
        for message in [self.refuse_search(self.build(), queries),
                        self.refuse(1, "eval", "--base", BASE, "--queries", queries)]:
            self.assertIn("127", message)
            self.assertIn("128", message)

    def test_unwritable_output_is_refused(self):
        for target in ["no/such/folder/out.skep", "/proc/out.skep"]:
            with self.subTest(target=target):
                self.assertIn(target, self.refuse(1, "build", "--base", BASE, "--out", target))
        self.assertIn("no/such", self.refuse(1, "convert", QUERIES, "no/such/out.fbin"))
        self.assertIn("no/such", self.refuse_search(self.build(), QUERIES, "--out", "no/such/out.ibin"))

    def test_folder_as_output_is_refused_and_stays(self):
        (self.folder / "taken.skep").mkdir()
        self.refuse(1, "build", "--base", BASE, "--out", "taken.skep")
        self.assertTrue((self.folder / "taken.skep").is_dir())
        self.assertEqual(len(list(self.folder.iterdir())), 1)

    def test_damaged_collections_are_refused(self):
        whole = self.build().read_bytes()
        middle = len(whole) // 2
        for name, blob in [("empty", b""), ("head", whole[:64]), ("short", whole[:-1]), ("text", b"hello\n" * 1000),
                           ("flipped", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:])]:
            with self.subTest(name=name):
                self.refuse_search(self.damaged(blob))

    def test_info_refuses_what_is_no_collection(self):
        self.assertTrue(self.refuse(1, "info", BASE).startswith("skep info: "))

    def test_truth_of_another_base_is_refused(self):
        small = write_vectors(self.folder / "small.u8bin", read_bin(BASE)[:1000])
        message = self.refuse(1, "eval", "--base", small, "--queries", QUERIES, "--truth", TRUTH, "--truth-distances",
                              TRUTH_DISTANCES)
        self.assertIn("1000 rows", message)

    def test_truth_files_must_have_one_shape(self):
        short = write_vectors(self.folder / "short.ibin", read_bin(TRUTH)[:-1])
        message = self.refuse(1, "eval", "--base", BASE, "--queries", QUERIES, "--truth", short, "--truth-distances",
                              TRUTH_DISTANCES)
        self.assertIn("99 x 100", message)

    def test_truth_files_must_not_be_swapped(self):
        message = self.refuse(1, "eval", "--base", BASE, "--queries", QUERIES, "--truth", TRUTH_DISTANCES,
                              "--truth-distances", TRUTH)
        self.assertIn("expected f32", message)

    def test_truth_with_fewer_neighbours_than_k_is_refused(self):
        message = self.refuse(1, "eval", "--base", BASE, "--queries", QUERIES, "--k", "101", "--truth-distances",
                              TRUTH_DISTANCES)
        self.assertIn("k 101", message)

    def test_more_queries_than_there_are_is_refused(self):
        self.assertIn("100 queries", self.refuse(1, "eval", "--base", BASE, "--queries", QUERIES, "--num-queries", "101"))

    def test_more_queries_than_the_truth_covers_is_refused(self):
        few = write_vectors(self.folder / "few.fbin", read_bin(TRUTH_DISTANCES)[:5])
        message = self.refuse(1, "eval", "--base", BASE, "--queries", QUERIES, "--truth-distances", few, "--num-queries",
                              "6")
        self.assertIn("5 queries", message)

    def test_no_queries_at_all_is_refused(self):
        none = write_vectors(self.folder / "none.u8bin", [])
        self.assertIn("0 queries", self.refuse(1, "eval", "--base", BASE, "--queries", none))
