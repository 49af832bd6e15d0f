"""Photos: uploads of both releases of ipywidgets, a stand-in for Colab's webcam, errors."""

import base64
import sys
import types
from datetime import UTC, datetime

import photographs
import pytest

from siamese_lib.inference.verifier import Verifier
from siamese_lib.notebook import photo_widgets
from siamese_lib.utils import machine

ASTRONAUT, WIDE, HILL = (
    photographs.encoded(photo, "JPEG")
    for photo in (photographs.astronaut(), photographs.composition(), photographs.landscape())
)


@pytest.fixture(scope="module")
def verifier():
    return Verifier.load(machine.project_root() / "models" / "lfwa_people.keras")


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr(photo_widgets, "display", figures.append)
    return figures


def upload(button, name, content):
    """Sets the value of the button as the installed ipywidgets does after an upload."""
    if isinstance(button.value, dict):  # release 7
        value = {name: {"metadata": {"name": name}, "content": content}}
    else:
        file = {
            "name": name,
            "type": "image/jpeg",
            "size": len(content),
            "content": memoryview(content),
        }
        value = ({**file, "last_modified": datetime.now(UTC)},)
    button.set_trait("value", value)


@pytest.mark.parametrize(
    "value, expected",
    [
        pytest.param({}, None, id="7, nothing"),
        pytest.param((), None, id="8, nothing"),
        pytest.param(
            {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"abc"}}, ("a.jpg", b"abc"), id="7"
        ),
        pytest.param(
            ({"name": "a.jpg", "content": memoryview(b"abc")},), ("a.jpg", b"abc"), id="8"
        ),
        pytest.param(
            {"a.jpg": {"content": b"abc"}, "b.jpg": {"content": b"de"}},
            ("b.jpg", b"de"),
            id="7, the newest",
        ),
    ],
)
def test_an_upload_is_read_from_either_release(value, expected):
    assert photo_widgets.uploaded(value) == expected


def test_the_second_upload_shows_both_faces_and_the_score(verifier, shown):
    buttons, _ = photo_widgets.photo_comparer(verifier).children
    first, second = buttons.children
    upload(first, "a.jpg", ASTRONAUT)
    assert shown == []
    upload(second, "b.jpg", WIDE)
    assert shown[-1].get_suptitle().startswith("same person: score ")
    assert [axes.get_title() for axes in shown[-1].axes[:2]] == ["a.jpg", "b.jpg"]


def test_a_photo_without_a_face_is_a_sentence_and_another_can_follow(verifier, shown, capsys):
    buttons, _ = photo_widgets.photo_comparer(verifier).children
    upload(buttons.children[0], "a.jpg", ASTRONAUT)
    upload(buttons.children[1], "hill.jpg", HILL)
    assert "hill.jpg: no face was found" in capsys.readouterr().out and shown == []
    upload(buttons.children[1], "b.jpg", WIDE)
    assert len(shown) == 1


def test_a_photo_from_the_webcam_replaces_the_first_upload(verifier, shown):
    buttons, _ = photo_widgets.photo_comparer(verifier, ASTRONAUT).children
    (only,) = buttons.children
    upload(only, "b.jpg", WIDE)
    assert [axes.get_title() for axes in shown[-1].axes[:2]] == ["webcam", "b.jpg"]


def test_the_static_view_names_the_largest_of_several_faces(verifier):
    two = photographs.encoded(photographs.two_people())
    figure = photo_widgets.compared_photos(verifier, [("a.jpg", ASTRONAUT), ("two.png", two)])
    assert figure.axes[1].get_title() == "two.png\nlargest of 2 faces"


@pytest.fixture
def colab(monkeypatch):
    """A stand-in for Colab's page; it returns or raises its `answer`."""
    output = types.ModuleType("google.colab.output")
    output.scripts = []

    def eval_js(script):
        output.scripts.append(script)
        if isinstance(output.answer, Exception):
            raise output.answer
        return output.answer

    output.eval_js = eval_js
    package = types.ModuleType("google.colab")
    package.output = output
    for name, module in (("google.colab", package), ("google.colab.output", output)):
        monkeypatch.setitem(sys.modules, name, module)
    return output


def test_the_webcam_gives_the_bytes_of_an_image(colab):
    colab.answer = "data:image/jpeg;base64," + base64.b64encode(ASTRONAUT).decode()
    assert photo_widgets.webcam_photo() == ASTRONAUT
    assert "getUserMedia" in colab.scripts[0] and "image/jpeg" in colab.scripts[0]


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("NotAllowedError: Permission denied"), None, "data:image/jpeg;base64,@@@"],
)
def test_a_denied_webcam_is_one_sentence(colab, answer):
    colab.answer = answer
    with pytest.raises(ValueError, match=r"The webcam gave no photo.*Received: "):
        photo_widgets.webcam_photo()


def test_there_is_no_webcam_outside_colab(monkeypatch):
    monkeypatch.setattr(machine, "in_colab", lambda: False)
    with pytest.raises(ValueError, match=r"on Colab alone.*Received: no Colab"):
        photo_widgets.webcam_photo()
