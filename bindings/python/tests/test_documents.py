# SPDX-License-Identifier: MIT
"""What the README and the example show, run as it stands."""

import re
import runpy

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "bindings" / "python"


def test_every_example_of_the_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (PACKAGE / "README.md").read_text(), re.S | re.M)
    assert len(blocks) == 3
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)


def test_the_example_of_the_package_itself():
    import skep

    indented = re.findall(r"(?:^    .*\n|^\n)+", skep.__doc__, re.M)
    code = "\n".join(line[4:] for line in max(indented, key=len).splitlines())
    names = {}
    exec(compile(code, "__init__.py", "exec"), names)
    assert names["keys"].shape == (5, 10)


@pytest.mark.parametrize(
    "example", sorted(path.name for path in (PACKAGE / "examples").glob("*.py"))
)
def test_examples_on_real_data(example, capsys):
    names = runpy.run_path(str(PACKAGE / "examples" / example))
    printed = capsys.readouterr().out
    assert "recall 1.000" in printed and "answers are the same: True" in printed
    assert names["recalls"][10] <= names["recalls"][160] and names["recalls"][160] > 0.98
