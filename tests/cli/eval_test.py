# SPDX-License-Identifier: MIT
"""skep eval."""
import os

from skep_program import (BASE, QUERIES, TRUTH, TRUTH_DISTANCES, ProgramTest, random_rows, read_bin, write_vectors)

FIELDS = ["device", "backend", "isa", "index", "metric", "dtype", "num_vectors", "dim", "k", "threads", "build_seconds",
          "open_seconds", "bytes_per_vector", "runs"]
RUN_FIELDS = ["batch", "recall", "qps", "p50_us", "p99_us"]


class EvalTest(ProgramTest):
    def evaluate(self, *arguments):
        return self.succeed_json("eval", *arguments, "--repeat", "2")

    def test_json_has_exactly_the_documented_fields(self):
        report = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth", TRUTH, "--truth-distances", TRUTH_DISTANCES,
                               "--batch", "1,100", "--threads", "2", "--device", "cpu")
        self.assertEqual(list(report), FIELDS)
        self.assertEqual([list(run) for run in report["runs"]], [RUN_FIELDS, RUN_FIELDS])
        expected = {"device": "cpu", "backend": "cpu", "index": "flat", "metric": "l2", "dtype": "u8",
                    "num_vectors": 10000, "dim": 128, "k": 10, "threads": 2}
        self.assertEqual({field: report[field] for field in expected}, expected)
        self.assertNotEqual(report["isa"], "")
        self.assertGreater(report["build_seconds"], 0)
        self.assertGreaterEqual(report["bytes_per_vector"], 128)
        self.assertLess(report["bytes_per_vector"], 1024)

    def test_figures_of_runs_hang_together(self):
        report = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES,
                               "--batch", "1,7,100")
        self.assertEqual([run["batch"] for run in report["runs"]], [1, 7, 100])
        for run in report["runs"]:
            self.assertEqual(run["recall"], 1)
            self.assertLessEqual(run["p50_us"], run["p99_us"])
            self.assertGreater(run["qps"], 0)

    def test_saved_collection_is_evaluated_like_a_base(self):
        report = self.evaluate(self.build(), "--queries", QUERIES, "--truth", TRUTH, "--truth-distances", TRUTH_DISTANCES)
        self.assertEqual([run["recall"] for run in report["runs"]], [1, 1, 1])
        self.assertEqual(report["build_seconds"], 0)
        self.assertGreater(report["open_seconds"], 0)
        self.assertEqual(report["num_vectors"], 10000)

    def test_truth_is_computed_when_not_given(self):
        for metric in ["l2", "inner_product", "cosine"]:
            with self.subTest(metric=metric):
                report = self.evaluate("--base", BASE, "--queries", QUERIES, "--metric", metric, "--num-queries", "20",
                                       "--batch", "20")
                self.assertEqual((report["metric"], report["runs"][0]["recall"]), (metric, 1))

    def test_truth_of_a_saved_collection_is_computed_from_its_rows(self):
        for extension in [".fbin", ".u8bin"]:
            with self.subTest(extension=extension):
                base = write_vectors(self.folder / f"base{extension}", random_rows(300, 11))
                queries = write_vectors(self.folder / f"query{extension}", random_rows(9, 11, seed=2))
                collection = self.build(base, "small.skep", "--metric", "cosine")
                report = self.evaluate(collection, "--queries", queries, "--batch", "4")
                self.assertEqual((report["metric"], report["runs"][0]["recall"]), ("cosine", 1))

    def test_every_element_type_is_exact(self):
        base = write_vectors(self.folder / "base.fbin", [[value / 2.1 for value in row] for row in random_rows(200, 9)])
        queries = write_vectors(self.folder / "q.fbin", [[value / 3 for value in row] for row in random_rows(8, 9)])
        for dtype in ["f32", "f16", "bf16", "i8", "u8"]:
            with self.subTest(dtype=dtype):
                report = self.evaluate("--base", base, "--queries", queries, "--dtype", dtype, "--batch", "8",
                                       "--device", "cpu")
                self.assertEqual((report["dtype"], report["runs"][0]["recall"]), (dtype, 1))

    def test_recall_falls_when_the_truth_is_nearer(self):
        truth = [[distance - 1 for distance in row[:9]] + row[9:] for row in read_bin(TRUTH_DISTANCES)]
        truth = [row if query % 4 else [distance / 2 for distance in row] for query, row in enumerate(truth)]
        path = write_vectors(self.folder / "nearer.fbin", truth)
        recall = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth-distances", path, "--batch", "10")
        self.assertGreater(recall["runs"][0]["recall"], 0.70)
        self.assertLess(recall["runs"][0]["recall"], 0.80)

    def test_num_queries_takes_the_first_ones(self):
        # A truth that is right for the first ten queries only.
        truth = [row if query < 10 else [0.0] * len(row) for query, row in enumerate(read_bin(TRUTH_DISTANCES))]
        path = write_vectors(self.folder / "ten.fbin", truth)
        arguments = ["--base", BASE, "--queries", QUERIES, "--truth-distances", path, "--batch", "3"]
        self.assertEqual(self.evaluate(*arguments, "--num-queries", "10")["runs"][0]["recall"], 1)
        self.assertAlmostEqual(self.evaluate(*arguments)["runs"][0]["recall"], 0.1)

    def test_shorter_truth_limits_the_queries(self):
        path = write_vectors(self.folder / "few.fbin", read_bin(TRUTH_DISTANCES)[:7])
        report = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth-distances", path, "--batch", "100")
        self.assertEqual(report["runs"][0]["recall"], 1)

    def test_k_is_honoured(self):
        report = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES, "--k", "100",
                               "--batch", "50")
        self.assertEqual((report["k"], report["runs"][0]["recall"]), (100, 1))

    def test_k_beyond_the_rows_still_finds_all(self):
        base = write_vectors(self.folder / "base.fbin", random_rows(5, 3))
        self.assertEqual(self.evaluate("--base", base, "--queries", base, "--k", "8")["runs"][0]["recall"], 1)

    def test_batch_may_exceed_the_queries(self):
        report = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES,
                               "--batch", "1000")
        self.assertEqual((report["runs"][0]["batch"], report["runs"][0]["recall"]), (1000, 1))

    def test_threads_default_to_the_usable_processors(self):
        report = self.evaluate("--base", BASE, "--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES)
        self.assertEqual(report["threads"], len(os.sched_getaffinity(0)))

    def test_table_shows_the_same_for_people(self):
        text = self.succeed("eval", "--base", BASE, "--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES,
                            "--batch", "10", "--repeat", "1", "--device", "cpu")
        self.assertRegex(text, r"\Adevice   cpu \(")
        self.assertIn("flat, l2, 10000 rows, dim 128, u8", text)
        self.assertRegex(text, r"BATCH +RECALL@10 +QPS +P50 US +P99 US\n +10 +1\.0000 +\d+ ")
