"""Links between the pages of a report."""

import re
from pathlib import Path

from bs4 import BeautifulSoup


def broken_links(folder: Path) -> list[str]:
    """The links in a report's pages that lead to no page, or to no element of it."""
    pages = {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in folder.glob("*.html")
    }
    anchors = {
        name: {element["id"] for element in page.select("[id]")} for name, page in pages.items()
    }
    broken = []
    for name, page in pages.items():
        for link in page.select("a[href]"):
            target, _, anchor = link["href"].partition("#")
            target = target or name
            if re.match("https?:", link["href"]):
                continue
            if not (folder / target).is_file() or (anchor and anchor not in anchors[target]):
                broken.append(f"{name}: {link['href']}")
    return broken
