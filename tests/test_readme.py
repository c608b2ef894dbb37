"""What the README shows is what the commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import packs

README = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
EVENTS = [block for block in re.findall("```text\n(.*?)```", README, re.DOTALL) if re.match("[qse]_[0-9]", block)]


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("readme")
    assert packs.run("init", cwd=home).code == 0
    return packs.run("gen", "--config", "config.yaml", "--seed", "3", "--preview", "12", cwd=home).out


@pytest.mark.parametrize("block", EVENTS, ids=lambda block: block.split()[0])
def test_a_query_a_thread_and_a_mail_are_shown_as_generated(block: str, preview: str) -> None:
    assert block in preview


def test_one_of_each_channel_is_shown() -> None:
    assert sorted(block[0] for block in EVENTS) == ["e", "q", "s"]


@pytest.mark.parametrize("command", ["init", "gen", "validate", "list", "scenarios", "explain", "stats", "score"])
def test_every_command_has_an_example(command: str) -> None:
    assert f"$ datagap-synth {command}" in README


def test_the_problems_that_are_shown_are_printed_so() -> None:
    shown = re.findall("^(?:error|warning) DG.*$", README, re.MULTILINE)
    assert len(shown) == 3
    assert {*shown} <= {*packs.snapshot("cli_validate_formats").splitlines()}
