"""The documentation site has a place for every page, and no page names one that is not there."""

from __future__ import annotations

import re

import pytest

from tools import api_page, commands_page, site

PAGES = site.sources()


def test_every_page_stands_once_in_the_navigation():
    assert sorted(site.listed()) == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_only_pages_that_are_there(name):
    text = site.page(name, PAGES)

    named = set(re.findall(r"`(docs/[\w/.-]+\.md|[A-Z]+\.md)`", text.partition("```")[0])) - {
        f"docs/{name}",
        "README.md",
    }
    assert [each for each in named if not (site.ROOT / each).exists()] == []


def test_a_name_in_backticks_becomes_a_link_and_code_does_not(tmp_path):
    pages = {"a.md": tmp_path / "a.md", "models/b.md": tmp_path / "b.md"}
    pages["a.md"].write_text("# A\nsee `docs/models/b.md`\n```\n`docs/models/b.md`\n```\n")
    pages["models/b.md"].write_text("# B\nsee `docs/a.md`, `docs/models/b.md`\n")

    assert site.page("a.md", pages) == "# A\nsee [B](models/b.md)\n```\n`docs/models/b.md`\n```\n"
    assert site.page("models/b.md", pages) == "# B\nsee [A](../a.md), `docs/models/b.md`\n"


def test_a_link_that_leads_nowhere_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "ROOT", tmp_path)
    (tmp_path / "a.md").write_text("see [this](gone.md#there)")

    with pytest.raises(ValueError, match=r"`gone\.md#there` leads nowhere"):
        site.page("a.md", {"a.md": tmp_path / "a.md"})


@pytest.mark.parametrize("made", [api_page, commands_page], ids=["api", "commands"])
def test_a_generated_page_is_as_it_would_be_made(made):
    name = {api_page: "api.md", commands_page: "commands.md"}[made]

    assert (site.ROOT / "docs" / name).read_text(encoding="utf-8") == made.page()
