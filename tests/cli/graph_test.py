# SPDX-License-Identifier: MIT
"""Collections of index hnsw on the command line."""
from skep_program import BASE, QUERIES, TRUTH_DISTANCES, ProgramTest


class GraphTest(ProgramTest):
    def test_ef_search_trades_recall_for_speed(self):
        report = self.succeed_json("eval", "--base", BASE, "--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES,
                                   "--index", "hnsw", "--m", "12", "--ef-construction", "100", "--seed", "7",
                                   "--ef-search", "10,100", "--batch", "1,100", "--repeat", "2", "--device", "cpu")
        self.assertEqual(report["index"], "hnsw")
        self.assertEqual([(run["ef_search"], run["batch"]) for run in report["runs"]],
                         [(10, 1), (10, 100), (100, 1), (100, 100)])
        low, high = report["runs"][0]["recall"], report["runs"][2]["recall"]
        self.assertGreater(low, 0.7)
        self.assertLess(low, 0.95)
        self.assertGreater(high, 0.98)
        self.assertEqual(report["runs"][1]["recall"], low)
        # Rows of 128 bytes, 24 links of 4 and what goes with them.
        self.assertGreater(report["bytes_per_vector"], 128 + 96)
        self.assertLess(report["bytes_per_vector"], 300)

    def test_recall_is_asked_for_instead(self):
        arguments = ["--queries", QUERIES, "--truth-distances", TRUTH_DISTANCES, "--batch", "100", "--repeat", "1"]
        collection = self.build(BASE, "graph.skep", "--index", "hnsw", "--recall", "0.98", "--k", "10")
        remembered = self.succeed_json("info", collection)["collection"]["calibrations"]
        self.assertEqual([(known["k"], known["recall_millionths"], known["num_rows"]) for known in remembered],
                         [(10, 980000, 10000)])
        run = self.succeed_json("eval", collection, *arguments, "--recall", "0.98")["runs"][0]
        self.assertEqual(run["ef_search"], remembered[0]["ef_search"])
        self.assertGreaterEqual(run["recall"], 0.96)  # of queries unlike the rows that were measured

        search = ["search", collection, "--queries", QUERIES]
        by_ef = self.succeed_json(*search, "--ef-search", str(run["ef_search"]))["results"]
        self.assertEqual(self.succeed_json(*search, "--recall", "0.98")["results"], by_ef)
        self.assertIn("--recall", self.refuse(2, *search, "--recall", "0.9", "--ef-search", "10"))
        self.assertIn("--recall", self.refuse(2, *search, "--recall", "1.5"))

    def test_saved_graph_is_searched(self):
        collection = self.build(BASE, "graph.skep", "--index", "hnsw", "--ef-construction", "100")
        flat = self.build(BASE, "flat.skep")
        arguments = ["--queries", QUERIES, "--k", "10"]
        exact = self.succeed_json("search", flat, *arguments)["results"]
        found = self.succeed_json("search", collection, *arguments, "--ef-search", "200")["results"]
        hits = sum(len(set(a["keys"]) & set(b["keys"])) for a, b in zip(exact, found))
        self.assertGreaterEqual(hits, 990)

    def test_graph_goes_through_hnswlib_and_back(self):
        collection = self.build(BASE, "graph.skep", "--index", "hnsw", "--ef-construction", "60")
        exported, back = self.folder / "graph.hnswlib", self.folder / "back.skep"
        self.succeed("convert", collection, exported)
        self.succeed("convert", exported, back, "--dtype", "u8")
        arguments = ["--queries", QUERIES, "--k", "5", "--ef-search", "40"]
        self.assertEqual(self.succeed_json("search", back, *arguments)["results"],
                         self.succeed_json("search", collection, *arguments)["results"])

    def test_shape_that_no_graph_has_is_refused(self):
        error = self.refuse(2, "build", "--base", BASE, "--out", self.folder / "a.skep", "--index", "hnsw", "--m", "513")
        self.assertIn("--m", error)
