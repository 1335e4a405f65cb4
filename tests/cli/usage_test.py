# SPDX-License-Identifier: MIT
"""Arguments: help, and every way to get them wrong."""
import os

from skep_program import BASE, QUERIES, TRUTH, ProgramTest

COMMANDS = ["backends", "devices", "info", "build", "search", "eval", "convert"]


class UsageTest(ProgramTest):
    def test_help_lists_every_command(self):
        text = self.succeed("--help")
        for command in COMMANDS:
            self.assertIn(command, text)

    def test_each_command_has_help(self):
        for command in COMMANDS:
            self.assertIn("--help", self.succeed(command, "--help"))

    def test_version_is_the_library_version(self):
        self.assertRegex(self.succeed("--version"), r"\Askep \d+\.\d+\.\d+\n\Z")

    def test_no_command_is_wrong_usage(self):
        self.refuse(2)

    def test_unknown_command_is_wrong_usage(self):
        self.assertIn("frobnicate", self.refuse(2, "frobnicate"))

    def test_unknown_option_is_wrong_usage_of_its_command(self):
        message = self.refuse(2, "devices", "--frobnicate")
        self.assertTrue(message.startswith("skep devices: "), message)
        self.assertIn("--frobnicate", message)

    def test_required_arguments_are_required(self):
        for arguments, missing in [(["info"], "FILE"), (["build", "--out", "x.skep"], "--base"),
                                   (["build", "--base", BASE], "--out"), (["search", "--queries", QUERIES], "FILE"),
                                   (["search", "x.skep"], "--queries"), (["eval", "x.skep"], "--queries"),
                                   (["convert", BASE], "OUT")]:
            with self.subTest(arguments=arguments):
                message = self.refuse(2, *arguments)
                self.assertTrue(message.startswith(f"skep {arguments[0]}: "), message)
                self.assertIn(missing, message)

    def test_k_below_one_is_wrong_usage(self):
        for k in ["0", "-1", "ten", "4294967295"]:
            with self.subTest(k=k):
                self.assertIn("--k", self.refuse(2, "search", "x.skep", "--queries", QUERIES, "--k", k))

    def test_zero_threads_are_wrong_usage(self):
        self.assertIn("--threads", self.refuse(2, "build", "--base", BASE, "--out", "x.skep", "--threads", "0"))

    def test_malformed_batch_list_is_wrong_usage(self):
        for batches in ["0", "1,0", "one", "1;2", "-5"]:
            with self.subTest(batches=batches):
                self.assertIn("--batch", self.refuse(2, "eval", "--base", BASE, "--queries", QUERIES, "--batch", batches))

    def test_unknown_metric_is_wrong_usage(self):
        message = self.refuse(2, "build", "--base", BASE, "--out", "x.skep", "--metric", "manhattan")
        self.assertIn("manhattan", message)

    def test_unknown_index_is_wrong_usage(self):
        self.assertIn("tree", self.refuse(2, "build", "--base", BASE, "--out", "x.skep", "--index", "tree"))

    def test_eval_takes_either_a_file_or_a_base(self):
        self.refuse(2, "eval", "--queries", QUERIES)
        self.refuse(2, "eval", "x.skep", "--base", BASE, "--queries", QUERIES)

    def test_eval_refuses_a_metric_for_a_saved_collection(self):
        self.assertIn("--base", self.refuse(2, "eval", "x.skep", "--queries", QUERIES, "--metric", "l2"))

    def test_eval_refuses_truth_without_distances(self):
        self.assertIn("--truth-distances", self.refuse(2, "eval", "--base", BASE, "--queries", QUERIES, "--truth", TRUTH))

    def test_full_output_device_is_a_failure(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = self.run_skep("devices", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"skep devices: cannot write to stdout: {os.strerror(28)}\n")
