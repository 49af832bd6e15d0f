"""The page in front of the reports, and the references."""

import shutil

import pytest
from bs4 import BeautifulSoup
from links import broken_links

from siamese_lib.notebook.start_page import write_start_page
from siamese_lib.utils.files import parse_yaml, read_json
from siamese_lib.utils.machine import project_root

RESULTS = project_root() / "results"


@pytest.fixture
def folder(tmp_path):
    """A folder for reports beside the project's docs, with one report in it."""
    shutil.copytree(project_root() / "docs", tmp_path / "docs")
    (tmp_path / "report" / "lfwa").mkdir(parents=True)
    (tmp_path / "report" / "lfwa" / "index.html").write_text("<p>LFW-a</p>")
    return tmp_path / "report"


def test_it_states_the_best_network_and_links_the_reports_that_exist(folder):
    page = write_start_page(RESULTS, folder)
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    best = read_json(RESULTS / "lfwa" / "leaderboard.json")[0]
    assert f"{100 * best['test_accuracy_mean']:.1f} %" in soup.find("p").get_text()
    addresses = [link["href"] for link in soup.find_all("a")]
    assert "lfwa/index.html" in addresses and "sample/index.html" not in addresses
    assert broken_links(folder) == []
    assert len(soup.find_all("img")) == 2 and all(image["alt"] for image in soup.find_all("img"))


def test_every_reference_says_what_it_is_used_for(folder):
    write_start_page(RESULTS, folder)
    soup = BeautifulSoup((folder / "references.html").read_text(encoding="utf-8"), "html.parser")
    items = parse_yaml(project_root() / "notebooks" / "references.yaml")
    shown = {item["id"]: item.get_text() for item in soup.find_all("li")}
    assert len(shown) == len(items)
    for item in items:
        assert item["text"] in shown[item["key"]] and item["used_for"] in shown[item["key"]]
    assert [item["key"] for item in items] == sorted(item["key"] for item in items)
