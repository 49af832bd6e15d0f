"""What answers in the page itself, in a real browser without a kernel and without a network."""

import shutil

import numpy as np
import pandas as pd
import pytest

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face
from siamese_lib.evaluation.metrics import confusion
from siamese_lib.notebook.page_widgets import guess_in_page, threshold_in_page

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the browser test needs playwright: pip install playwright"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the browser test needs Chromium: apt-get install chromium"
)
FACES = [Face(f"P{number}", 1) for number in range(12)]
SCORES = pd.DataFrame(
    {
        "left": [str(face) for face in FACES],
        "right": [str(FACES[number - 1]) for number in range(12)],
        "label": [1, 0] * 6,
        "score": np.linspace(0.05, 0.95, 12),
    }
)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert not [url for url in asked if url.startswith("http")]
    page.close()


def counts(page):
    return [
        [int(page.text_content(f'[data-cell="{label}-{decision}"]')) for decision in (0, 1)]
        for label in (0, 1)
    ]


def test_the_slider_starts_at_the_runs_threshold_and_moves_the_counts(page):
    threshold = 0.6
    page.set_content(threshold_in_page(SCORES, threshold).data)
    assert counts(page) == confusion(SCORES["score"], SCORES["label"], threshold).tolist()
    assert page.text_content("output") == "60.0 %"
    assert "of 12 pairs are decided correctly" in page.text_content('[data-cell="all"]')
    page.locator("input").fill("0")  # accepts everybody
    assert counts(page) == [[0, 6], [0, 6]]
    assert "6 of 12 pairs are decided correctly: 50.0 %" in page.text_content('[data-cell="all"]')
    assert page.text_content('[data-cell="0-2"]') == "100.0 %"


def test_a_guess_shows_the_truth_and_counts_for_the_reader(page):
    images = np.random.default_rng(0).integers(0, 256, (12, 40, 36, 1)).astype(np.uint8)
    page.set_content(guess_in_page(SCORES, 0.5, FaceCache(images, FACES), count=4).data)
    figures = page.locator("figure")
    assert figures.count() == 4 and figures.locator("span:visible").count() == 0
    labels = [figures.nth(index).get_attribute("data-label") for index in range(4)]
    assert sorted(labels) == ["0", "0", "1", "1"]
    figures.nth(0).locator(f'button[value="{labels[0]}"]').click()
    wrong = "0" if labels[1] == "1" else "1"
    figures.nth(1).locator(f'button[value="{wrong}"]').click()
    assert figures.locator("span:visible").count() == 2
    assert page.text_content("[data-tally]").startswith("After 2 of 4: you 1, the network ")
    assert figures.nth(0).locator("button").first.is_disabled()
