"""Notebook 04 in a real browser: JupyterLab, headless Chromium, a run of all cells, the slider.

It needs playwright and Chromium (Debian: `apt-get install chromium`). Screenshots are kept in the
folder SIAMESE_SCREENSHOTS, if it is set.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import ipywidgets
import nbformat
import pytest
import yaml

from siamese_lib.config import ExperimentConfig
from siamese_lib.training import fit

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the browser test needs playwright: pip install playwright"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.notebook,
    pytest.mark.skipif(
        CHROMIUM is None, reason="the browser test needs Chromium: apt-get install chromium"
    ),
    pytest.mark.skipif(
        ipywidgets.__version__ < "8",
        reason="JupyterLab 4 shows no widgets of ipywidgets 7; Colab does",
    ),
    pytest.mark.skipif(
        sys.platform == "win32", reason="the browser test ends its server as POSIX does"
    ),
]

PROJECT = Path(__file__).parents[2]
NOTEBOOK = "04_error_analysis"
PATIENCE = 300  # seconds for any step: a slow or busy machine is no failure
TINY = {
    "dataset": "sample",
    "validation_fraction": 0.3,
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "num_epochs": 1,
}
SWITCHES = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]
SWITCHES += ["--disable-sync", "--disable-dev-shm-usage"]  # containers have little shared memory
# JupyterLab asks no questions, and the page contains every cell, also those out of sight.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/notebook-extension/tracker": {
        "windowingMode": "none",
        "autoStartDefaultKernel": True,
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with notebook 04, two tiny experiments on the sample, and their finished runs."""
    folder = tmp_path_factory.mktemp("browser")
    for name, values in {
        "tiny": TINY | {"compare_with": "other"},
        "other": TINY | {"base_filters": 24},
    }.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
        fit.train(
            ExperimentConfig.from_yaml(folder / f"{name}.yaml"), "", folder / "runs", verbose=0
        )
    notebook = nbformat.read(PROJECT / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4)
    (parameters,) = (
        cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])
    )
    parameters.source += (
        f"\nexperiment, runs_dir = {str(folder / 'tiny.yaml')!r}, {str(folder / 'runs')!r}"
    )
    (folder / "notebooks").mkdir()
    nbformat.write(notebook, folder / "notebooks" / f"{NOTEBOOK}.ipynb")
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """JupyterLab on a free port of loopback; yields the notebook's address with the token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name, content in LAB_SETTINGS.items():
        path = folder / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    token = secrets.token_hex(16)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
    ]
    command += [
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None",
        "--allow-root",
    ]
    own = {
        f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "RUNTIME", "DATA")
    }
    own |= {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    own |= {"PYTHONPATH": str(PROJECT), "IPYTHONDIR": str(folder / "ipython")}
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(
            command,
            env=os.environ | own,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        wait_for_server(
            f"http://127.0.0.1:{port}/api/status?token={token}", server, folder / "server.log"
        )
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks/{NOTEBOOK}.ipynb?token={token}"
    finally:
        end(server)


def wait_for_server(status, server, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(status, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def end(server):
    """Ends JupyterLab, which ends its kernels, and what is left of its process group."""
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(30)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(30)


@pytest.fixture(scope="module")
def page():
    """A page of Chromium without requests to other machines."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES, *root])
        page = browser.new_page(viewport={"width": 1400, "height": 1400})
        page.set_default_timeout(PATIENCE * 1000)
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        yield page
        browser.close()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory):
    kept = Path(os.environ.get("SIAMESE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    kept.mkdir(parents=True, exist_ok=True)
    return kept


@pytest.fixture(scope="module")
def slider(page, address, screenshots):
    """The box with the slider "Threshold", after a run of all cells."""
    page.goto(address)
    # Without a kernel, "Run All Cells" would be answered with a question. The status bar shows
    # "Idle" as soon as there is one.
    idle = page.get_by_text(re.compile(r"\| Idle$")).first
    idle.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    box = page.locator(".widget-vbox").filter(has=page.get_by_text("Threshold", exact=True)).last
    box.wait_for()
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    sync_api.expect(last.locator(".jp-InputPrompt")).to_have_text(
        re.compile(r"\[\d+\]:"), timeout=PATIENCE * 1000
    )
    idle.wait_for()
    page.screenshot(path=screenshots / "after_all_cells.png")
    box.scroll_into_view_if_needed()
    return box


def shown(box):
    """The visible text and the pixels of each image."""
    images = box.locator("img")
    return box.locator(".widget-html").first.inner_text(), [
        images.nth(index).screenshot() for index in range(images.count())
    ]


def wait_until_redrawn(page, box, words):
    """Waits until the text has changed to the slider's value and all images are loaded."""
    sync_api.expect(box.locator(".widget-html").first).not_to_have_text(
        words, use_inner_text=True, timeout=PATIENCE * 1000
    )
    redrawn = """box => {
        const value = box.querySelector('.widget-readout').textContent.trim();
        const text = box.querySelector('.widget-html').textContent;
        const images = [...box.querySelectorAll('img')];
        return text.includes('Threshold ' + value + ':')
            && images.every(image => image.complete && image.naturalWidth > 0);
    }"""
    page.wait_for_function(redrawn, arg=box.element_handle())


def test_all_cells_run_without_an_error(page, slider):
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert re.search(
        r"Threshold \d+\.\d+: accuracy \d+\.\d%", slider.locator(".widget-html").first.inner_text()
    )


def test_the_keyboard_moves_the_threshold_and_numbers_and_images_change(page, slider, screenshots):
    handle = slider.locator(".noUi-handle")
    seen = {}
    for key in ("Home", "End", "ArrowLeft"):
        before = slider.locator(".widget-html").first.inner_text()
        handle.focus()
        handle.press(key)
        wait_until_redrawn(page, slider, before)
        seen[key] = shown(slider)
        slider.screenshot(path=screenshots / f"after_{key}.png")
    (low, low_images), (high, high_images), (step, step_images) = seen.values()
    assert threshold_in(low) < threshold_in(step) < threshold_in(high) and outcomes_in(
        low
    ) != outcomes_in(high)
    assert low_images and all(
        low != high for low, high in zip(low_images, high_images, strict=True)
    )
    assert step_images[0] != high_images[0]


def test_dragging_the_handle_shows_numbers_and_image_on_the_way(page, slider, screenshots):
    words, images = shown(slider)
    # The screenshots may have scrolled the slider out of sight.
    handle = slider.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    track, box = slider.locator(".noUi-target").bounding_box(), handle.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(track["x"] + 0.1 * track["width"], y, steps=8)
    # The mouse button is still down, so this change happens while dragging.
    wait_until_redrawn(page, slider, words)
    on_the_way = slider.locator(".widget-html").first.inner_text()
    page.mouse.move(track["x"] + 0.8 * track["width"], y, steps=8)
    page.mouse.up()
    wait_until_redrawn(page, slider, on_the_way)
    new_words, new_images = shown(slider)
    slider.screenshot(path=screenshots / "after_dragging.png")
    assert threshold_in(new_words) > threshold_in(on_the_way) and outcomes_in(
        on_the_way
    ) != outcomes_in(new_words)
    assert new_words != words and new_images[0] != images[0]


def threshold_in(words):
    return float(re.search(r"Threshold (\d+\.\d+)", words)[1])


def outcomes_in(words):
    """The counts of the confusion matrix, as texts."""
    return re.findall(r"(\d+) \(", words)
