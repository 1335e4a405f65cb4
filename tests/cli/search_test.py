# SPDX-License-Identifier: MIT
"""skep search."""
import math
import struct

from skep_program import (BASE, QUERIES, TRUTH, TRUTH_DISTANCES, ProgramTest, random_rows, read_bin, write_vectors)


def read_ivecs(path):
    blob, rows = path.read_bytes(), []
    while blob:
        dim = struct.unpack_from("<i", blob)[0]
        rows.append(list(struct.unpack_from(f"<{dim}i", blob, 4)))
        blob = blob[4 + 4 * dim:]
    return rows


class SearchTest(ProgramTest):
    def small(self):
        """Four rows on a line, saved as f32."""
        return self.build(write_vectors(self.folder / "line.fbin", [[0, 0], [1, 0], [3, 0], [7, 0]]), "line.skep")

    def test_prints_key_and_distance_nearest_first(self):
        queries = write_vectors(self.folder / "query.fbin", [[1, 0], [6, 0]])
        text = self.succeed("search", self.small(), "--queries", queries, "--k", "2")
        self.assertEqual(text, "query 0:  1 (0)  0 (1)\nquery 1:  3 (1)  2 (9)\n")

    def test_json_lists_keys_and_distances(self):
        queries = write_vectors(self.folder / "query.fbin", [[1, 0], [6, 0]])
        answer = self.succeed_json("search", self.small(), "--queries", queries, "--k", "2", "--device", "cpu")
        self.assertEqual(list(answer), ["device", "metric", "k", "num_queries", "seconds", "results"])
        self.assertEqual((answer["device"], answer["metric"], answer["k"], answer["num_queries"]), ("cpu", "l2", 2, 2))
        self.assertEqual(answer["results"], [{"keys": [1, 0], "distances": [0, 1]}, {"keys": [3, 2], "distances": [1, 9]}])

    def test_files_hold_the_exact_answers(self):
        line = self.succeed("search", self.build(), "--queries", QUERIES, "--k", "100", "--out", "ids.ibin",
                            "--distances", "distances.fbin")
        self.assertRegex(line, r"\A100 queries, k 100, on \S+ in [0-9.]+ s\n\Z")
        self.assertEqual(read_bin(self.folder / "distances.fbin"), read_bin(TRUTH_DISTANCES))
        # Ties go to the earlier row, in the search as in the truth.
        self.assertEqual(read_bin(self.folder / "ids.ibin"), read_bin(TRUTH))

    def test_ivecs_hold_the_same_ids_as_ibin(self):
        collection = self.build()
        for name in ["ids.ibin", "ids.ivecs"]:
            self.succeed("search", collection, "--queries", QUERIES, "--out", name)
        self.assertEqual(read_ivecs(self.folder / "ids.ivecs"), read_bin(self.folder / "ids.ibin"))

    def test_k_beyond_the_rows_is_padded_in_files_and_left_out_in_print(self):
        queries = write_vectors(self.folder / "query.fbin", [[0, 0]])
        collection = self.small()
        self.succeed("search", collection, "--queries", queries, "--k", "6", "--out", "ids.ibin", "--distances", "d.fbin")
        self.assertEqual(read_bin(self.folder / "ids.ibin"), [[0, 1, 2, 3, -1, -1]])
        self.assertEqual(read_bin(self.folder / "d.fbin"), [[0, 1, 9, 49, math.inf, math.inf]])
        self.assertEqual(self.succeed("search", collection, "--queries", queries, "--k", "6"),
                         "query 0:  0 (0)  1 (1)  2 (9)  3 (49)\n")

    def test_json_beside_files_holds_no_results(self):
        answer = self.succeed_json("search", self.build(), "--queries", QUERIES, "--out", "ids.ibin")
        self.assertNotIn("results", answer)
        self.assertEqual(answer["num_queries"], 100)

    def test_query_type_may_differ_from_the_collection(self):
        rows = random_rows(50, 9)
        questions = random_rows(5, 9, seed=2)
        answers = []
        for base in ["base.fbin", "base.u8bin"]:
            collection = self.build(write_vectors(self.folder / base, rows), base + ".skep")
            for query in ["query.fbin", "query.fvecs", "query.u8bin", "query.bvecs"]:
                queries = write_vectors(self.folder / query, questions)
                answers.append(self.succeed_json("search", collection, "--queries", queries)["results"])
            self.succeed("convert", self.folder / "query.fbin", self.folder / "query.npy", "--dtype", "f16")
            answers.append(self.succeed_json("search", collection, "--queries", "query.npy")["results"])
        self.assertEqual(len(answers), 10)
        self.assertTrue(all(answer == answers[0] for answer in answers))

    def test_signed_bytes_meet_floats_with_their_sign(self):
        collection = self.build(write_vectors(self.folder / "b.fbin", [[-100, 5], [100, 5]]), "b.skep")
        queries = write_vectors(self.folder / "q.i8bin", [[-100, 4]])
        self.assertEqual(self.succeed("search", collection, "--queries", queries, "--k", "1"), "query 0:  0 (1)\n")

    def test_empty_collection_gives_empty_answers(self):
        collection = self.build(write_vectors(self.folder / "e.fbin", []), "e.skep")
        queries = write_vectors(self.folder / "q.fbin", [[0]])
        self.assertEqual(self.succeed("search", collection, "--queries", queries), "query 0:\n")

    def test_threads_do_not_change_the_answer(self):
        collection = self.build()
        one = self.succeed("search", collection, "--queries", QUERIES, "--threads", "1")
        self.assertEqual(self.succeed("search", collection, "--queries", QUERIES, "--threads", "4"), one)
