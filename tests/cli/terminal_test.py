# SPDX-License-Identifier: MIT
"""Progress bars and Ctrl-C, on a real pseudo-terminal."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from skep_program import BASE, PROGRAM, QUERIES, ProgramTest

SECONDS_TO_APPEAR = 60


class TerminalTest(ProgramTest):
    def long_evaluation(self):
        """Arguments of a run whose ground truth takes many seconds, whatever the machine."""
        base = self.folder / "long.u8bin"
        rows = BASE.read_bytes()[8:]
        copies = 30
        base.write_bytes(struct.pack("<II", copies * 10000, 128) + rows * copies)
        queries = self.folder / "long_query.u8bin"
        rows = QUERIES.read_bytes()[8:]
        queries.write_bytes(struct.pack("<II", copies * 100, 128) + rows * copies)
        return ["eval", "--base", base, "--queries", queries, "--threads", "1"]

    def start(self, arguments, stderr, **options):
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=stderr,
                                   cwd=self.folder, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return process

    def start_on_terminal(self, arguments):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        process = self.start(arguments, slave, stdin=slave, preexec_fn=take_terminal)
        os.close(slave)
        return process, master

    @staticmethod
    def read_until(master, *texts):
        """What the terminal shows until it has shown these texts one after the other, or until its end."""
        shown = b""
        end = time.monotonic() + SECONDS_TO_APPEAR
        pattern = re.compile(b".*".join(map(re.escape, texts)), re.DOTALL)
        while not pattern.search(shown) and time.monotonic() < end:
            if not select.select([master], [], [], 1)[0]:
                continue
            try:
                shown += os.read(master, 4096)
            except OSError:  # the other side is closed
                break
        return shown

    def test_bar_appears_on_a_terminal(self):
        process, master = self.start_on_terminal(self.long_evaluation())
        title, scale = b"computing the exact truth\r\n", b"0%   10   20"
        shown = self.read_until(master, title, scale, b"**")
        process.kill()
        self.assertRegex(shown, title + scale + b"(?s:.*)" + re.escape(b"**"))

    def test_short_run_on_a_terminal_shows_no_bar(self):
        process, master = self.start_on_terminal(["devices"])
        self.assertEqual(self.read_until(master, b"%"), b"")
        self.assertEqual(process.wait(), 0)

    def test_long_run_shows_no_bar_without_a_terminal(self):
        process = self.start(self.long_evaluation(), subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        time.sleep(1.5)
        self.assertIsNone(process.poll(), "the run must still be going, or this test shows nothing")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stderr.read(), b"skep eval: interrupted\n")

    def test_ctrl_c_stops_a_long_call_with_130_and_one_line(self):
        process, master = self.start_on_terminal(self.long_evaluation())
        self.read_until(master, b"computing the exact truth", b"**")
        pressed = time.monotonic()
        os.write(master, b"\x03")
        shown = self.read_until(master, b"interrupted\r\n")
        self.assertEqual(process.wait(timeout=SECONDS_TO_APPEAR), 130)
        self.assertLess(time.monotonic() - pressed, 10)
        self.assertTrue(shown.endswith(b"\r\nskep eval: interrupted\r\n"), shown)
        self.assertEqual(process.stdout.read(), b"")

    def test_termination_stops_a_long_call_with_143(self):
        process = self.start(self.long_evaluation(), subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=SECONDS_TO_APPEAR), 143)
        self.assertEqual(process.stderr.read(), b"skep eval: interrupted\n")

    def test_interrupted_build_leaves_the_old_file(self):
        num_rows, dim = 400, 65536
        wide = self.folder / "wide.fbin"
        wide.write_bytes(struct.pack("<II", num_rows, dim) + bytes(4 * num_rows * dim))
        target = self.folder / "out.skep"
        target.write_bytes(b"old")
        process = self.start(["build", "--base", wide, "--out", target], subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=SECONDS_TO_APPEAR)
        # Too early for the handler, in time, or too late: the file is the old one or a whole new one.
        self.assertIn(code, [-signal.SIGINT, 130, 0])
        names = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(names, ["out.skep", "wide.fbin"])
        if code == 0:
            self.succeed("info", target)
        else:
            self.assertEqual(target.read_bytes(), b"old")
