# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROMISED = {
    "help", "setup", "demo", "test", "test-domain", "matrix", "lint", "types", "bench", "package",
    "deploy", "run", "screenshots", "clean",
}  # fmt: skip

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@needs_make
@pytest.mark.parametrize("goal", [[], ["help"]], ids=["by default", "asked for"])
def test_help_has_a_sentence_for_every_target(root, goal):
    said = subprocess.run(
        ["make", "--no-print-directory", *goal],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sentences = dict(line.split(maxsplit=1) for line in said.splitlines())
    assert set(sentences) == PROMISED


def test_every_phony_target_has_a_rule(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert phony == PROMISED
    assert phony <= set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


@needs_make
@pytest.mark.parametrize("target", sorted(PROMISED))
def test_every_script_a_target_calls_is_there(root, target):
    said = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
    ).stdout
    called = set(re.findall(r"scripts/[a-z_]+\.(?:py|sh)", said))
    assert [name for name in sorted(called) if not (root / name).is_file()] == []


@needs_make
def test_file_names_with_spaces_and_quotes_reach_the_demo_whole(root, tmp_path):
    """The command `make demo` would run, with a stand-in that prints what it is given."""
    awkward = "July's extract £.csv"
    said = subprocess.run(
        ["make", "--no-print-directory", "--old-file=.venv/.ready", "demo",
         "PYTHON=printf '%s\\n'", f"SOURCE={awkward}", f"OUT={tmp_path}"],
        cwd=root, capture_output=True, text=True, check=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
    ).stdout.splitlines()  # fmt: skip
    assert said[-5:] == ["scripts/demo.py", "--out", str(tmp_path), "--source", awkward]


@needs_bash
def test_ci_makes_everything_that_must_hold(root, tmp_path):
    stand_in = tmp_path / "make"
    stand_in.write_text('#!/bin/sh\nfor goal; do :; done\necho "made $goal"\n', encoding="utf-8")
    stand_in.chmod(0o755)
    said = subprocess.run(
        ["bash", str(root / ".ci" / "run")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    ).stdout
    made = re.findall(r"^made (.+)$", said, re.MULTILINE)
    assert made == ["test", "lint", "types", "demo", "package"]


@needs_bash
def test_ci_fails_with_the_first_that_fails(root, tmp_path):
    stand_in = tmp_path / "make"
    stand_in.write_text("#!/bin/sh\necho made\nexit 3\n", encoding="utf-8")
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["bash", str(root / ".ci" / "run")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode != 0
    assert done.stdout.count("made\n") == 1


@needs_bash
def test_setup_without_apt_says_in_one_sentence_what_to_install(root, tmp_path):
    """The shell script sees only the few programs it needs, no apt and no Python with QGIS."""
    copy = tmp_path / "checkout"
    shutil.copytree(root / "scripts", copy / "scripts")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "cat", "sha256sum", "env"):
        (programs / name).symlink_to(Path(shutil.which(name)))
    done = subprocess.run(
        [shutil.which("bash"), str(copy / "scripts" / "setup.sh")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(programs)},
    )
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    assert "please install" in sentence
    assert sentence.count(". ") == 0
