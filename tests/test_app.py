"""The page in the browser answers as the command line does, says what is wrong with a picture, and
leaves no picture behind.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import photographs
import pytest

from siamese_lib import app
from siamese_lib.__main__ import main
from siamese_lib.app import page as page_module, server
from siamese_lib.data.sample import sample_as_folder
from siamese_lib.inference.exporters import export
from siamese_lib.inference.scorer import load_verifier
from siamese_lib.utils.machine import project_root

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PATIENCE = 120_000  # milliseconds for any step: a slow or busy machine is no failure
READY = re.compile(r"(http://127\.0\.0\.1:\d+)/ ")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An exported network: a page of it starts in two seconds."""
    folder = tmp_path_factory.mktemp("app") / "people"
    export(project_root() / "models" / "lfwa_people.keras", "onnx", folder)
    return folder


@pytest.fixture(scope="module")
def verifier(model):
    return load_verifier(model)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    photographs.astronaut().save(folder / "astronaut.png")
    photographs.composition().save(folder / "wide.jpg", quality=90)
    photographs.landscape().save(folder / "hill.jpg")
    photographs.two_people().save(folder / "two.png")
    return folder


def answer(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_two_photos_have_the_score_of_the_command_line(verifier, model, photos, capsys):
    names = [photos / "astronaut.png", photos / "two.png"]
    pair = app.compared(verifier, list(map(str, names)))
    text = answer(capsys, "verify", *names, "--model", model)
    assert f"score {pair.score:.4f}" in text and pair.notes[0] in text
    assert [side.shape for side in pair.maps] == [verifier.image_size] * 2
    assert f"Score {pair.score:.4f}" in page_module.sentence(pair, 0.5, None)


def test_the_examples_are_decided_correctly(verifier):
    threshold = verifier.settings["threshold"]
    for name, faces in page_module.EXAMPLES.items():
        paths = [str(sample_as_folder() / f"{face}.pgm") for face in faces]
        assert (app.compared(verifier, paths).score >= threshold) == (name == "one person")
        assert (faces[0].split("/")[0] == faces[1].split("/")[0]) == (name == "one person")


def test_a_gallery_is_ranked_as_by_find_and_leaves_no_embeddings(
    verifier, model, photos, capsys, empty_cache
):
    paths = [str(path) for path in sorted(photos.iterdir()) if path.name != "astronaut.png"]
    rows, skipped = app.ranked(verifier, str(photos / "astronaut.png"), paths)
    assert not (empty_cache / "embeddings").exists()
    text = answer(capsys, "find", photos / "astronaut.png", photos, "--model", model)
    expected = re.findall(r"^ *\d+ +(\S+) +([\d.]+) ", text, re.MULTILINE)
    assert [(name, f"{score:.4f}") for score, name, _ in rows] == expected
    assert len(skipped) == 1 and "hill.jpg: no face was found" in skipped[0]


def test_too_large_a_gallery_is_refused(verifier, photos):
    with pytest.raises(ValueError, match=r"at most 500 pictures.*Received: 501"):
        app.ranked(verifier, str(photos / "hill.jpg"), [str(photos / "two.png")] * 501)


def test_rates_are_those_of_validation_pairs(verifier):
    rates = app.rates_of(verifier)
    accepted, rejected = rates.at(0.7)
    different, same = rates.scores[rates.labels == 0], rates.scores[rates.labels == 1]
    assert accepted == pytest.approx(np.mean(different >= 0.7))
    assert rejected == pytest.approx(np.mean(same < 0.7))
    other = verifier.settings["config"] | {"margin": 0.3}
    assert app.rates_of(verifier.with_settings(verifier.settings | {"config": other})) is None
    calibrated = verifier.with_settings(verifier.settings | {"calibration": {}})
    assert app.rates_of(calibrated) is None  # for own people, LFW's rates say nothing


def test_without_gradio_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ValueError, match=r"needs Gradio: pip install .*\[app\]"):
        server._gradio()


def test_a_network_of_another_frame_has_no_page(capsys):
    model = project_root() / "models" / "omniglot_compact_held_out.keras"
    assert main(["app", "--model", str(model)]) == 2
    error = capsys.readouterr().err
    assert "Received: a network trained on omniglot" in error and error.count("\n") == 1


def test_a_wrong_port_is_one_sentence(capsys):
    assert main(["app", "--port", "70000"]) == 2
    assert "--port takes a number from 1 to 65535. Received: 70000" in capsys.readouterr().err


def test_in_a_cell_of_colab_the_page_goes_through_colabs_own_proxy(model, monkeypatch):
    gradio = pytest.importorskip("gradio")
    for name in ("colab_check", "ipython_check", "is_hosted_notebook"):
        monkeypatch.setattr(gradio.utils, name, lambda: True)
    running = app.start(model)
    try:
        assert running.share is False and running.share_url is None
        assert "google.colab.kernel.proxyPort" in running.artifact.data
        assert str(running.server_port) in running.artifact.data
    finally:
        running.close()


def test_a_network_without_a_detector_has_no_page(model, tmp_path, capsys):
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    description = json.loads((folder / "verifier.json").read_text())
    for name in ("proposal", "refinement", "output"):
        description["files"].pop(description["networks"].pop(name))
    (folder / "verifier.json").write_text(json.dumps(description))
    assert main(["app", "--model", str(folder)]) == 2
    assert "has no face detector" in capsys.readouterr().err


def test_a_port_in_use_is_one_sentence(model, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["app", "--model", str(model), "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert f"give another one, or none. Received: {port}" in error and error.count("\n") == 1


def test_other_pages_of_the_browser_are_refused(page):
    address, _ = page
    port = address.rpartition(":")[2]

    def status(**headers):
        request = urllib.request.Request(f"{address}/config", headers=headers)
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            return error.code

    assert status() == 200 and status(Host=f"localhost:{port}") == 200
    assert status(Origin=address) == 200
    assert status(Host="elsewhere.example") == 403
    assert status(Origin="https://elsewhere.example") == 403
    assert status(Origin="null") == 403  # a page from a file, or in a sandbox


def _with_ctrl_c():
    """Run in the new process: Ctrl-C ends it, as from a terminal. Tests that a shell runs in the
    background ignore Ctrl-C, and a new process would inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def page(model, tmp_path):
    """The address of a running page, and its process, whose temporary files lie in `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "siamese_lib", "app", "--model", str(model)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        preexec_fn=_with_ctrl_c if os.name == "posix" else None,
    )
    yield READY.match(process.stdout.readline())[1], process
    process.kill()
    process.wait()
    process.stdout.close()


def folders(tmp_path):
    return list(tmp_path.glob(f"{server.FOLDER}*"))


@pytest.mark.skipif(sys.platform == "win32", reason="ends the page as POSIX does")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_page_that_is_ended_removes_its_folder(page, tmp_path, how):
    assert len(folders(tmp_path)) == 1
    page[1].send_signal(how)
    page[1].wait(60)
    assert folders(tmp_path) == []


def test_the_folder_of_a_killed_page_is_removed_by_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr(server.tempfile, "gettempdir", lambda: str(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )
    left, own = (tmp_path / f"{server.FOLDER}{pid}-x" for pid in (int(ended.stdout), os.getpid()))
    foreign = tmp_path / f"{server.FOLDER}notes"
    for folder in (left, own, foreign):
        folder.mkdir()
    server._picture_folder.__wrapped__()
    assert not left.exists() and own.exists() and foreign.exists()


@pytest.mark.notebook
@pytest.mark.skipif(
    CHROMIUM is None, reason="the browser test needs Chromium: apt-get install chromium"
)
def test_the_page_in_a_browser(page, model, photos, tmp_path, capsys):
    sync_api = pytest.importorskip("playwright.sync_api")
    address, _ = page
    hosts = set()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        tab.goto(address)

        def upload(number, path):
            tab.locator("input[type=file]").nth(number).wait_for(state="attached")
            with tab.expect_response(re.compile("/upload")):
                tab.locator("input[type=file]").nth(number).set_input_files(path)

        def words(pattern, where="#decision"):
            tab.locator(where, has_text=re.compile(pattern)).wait_for()
            return tab.locator(where).inner_text()

        tab.get_by_role("button", name="Compare").click()
        assert words("Two photos are needed")
        upload(0, photos / "astronaut.png")
        upload(1, photos / "wide.jpg")
        tab.get_by_role("button", name="Compare").click()
        score = re.search(r"Score ([\d.]+)", words("Score"))[1]
        command = ["verify", photos / "astronaut.png", photos / "wide.jpg", "--model", model]
        assert f"score {score}" in answer(capsys, *command)
        tab.locator("img[alt*='log-odds']").wait_for()  # what raised and lowered it, described

        tab.get_by_role("button", name="Example: two people").click()
        assert "Different people" in words("Different people")
        slider = tab.get_by_label(re.compile("number input for Threshold"))
        slider.fill("0.001")
        slider.press("Enter")
        assert "Same person" in words("threshold 0.0010")

        tab.get_by_role("tab", name="Who is it?").click()
        tab.get_by_role("button", name="Who is it?").click()
        assert words("A photo and a folder are needed", "#ranking")
        browser.close()
    assert hosts == {address.removeprefix("http://")}  # nothing is sent anywhere else
    (folder,) = folders(tmp_path)
    assert any(path.name == "astronaut.png" for path in folder.rglob("*"))
    assert folder.stat().st_mode & 0o077 == 0  # for this user alone


@pytest.mark.notebook
@pytest.mark.skipif(
    CHROMIUM is None, reason="the browser test needs Chromium: apt-get install chromium"
)
def test_a_picture_without_a_face_says_so(page, photos, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(page[0])
        for number in (0, 1):
            tab.locator("input[type=file]").nth(number).wait_for(state="attached")
            with tab.expect_response(re.compile("/upload")):
                tab.locator("input[type=file]").nth(number).set_input_files(photos / "hill.jpg")
        tab.get_by_role("button", name="Compare").click()
        tab.locator("#decision", has_text="hill.jpg: no face was found").wait_for()
        tab.reload()  # then what is no picture at all, under a picture's name
        for number in (0, 1):
            tab.locator("input[type=file]").nth(number).wait_for(state="attached")
            with tab.expect_response(re.compile("/upload")):
                tab.locator("input[type=file]").nth(number).set_input_files(broken)
        tab.get_by_role("button", name="Compare").click()
        tab.locator("#decision", has_text="cannot be read as an image").wait_for()
        browser.close()
