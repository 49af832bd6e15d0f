"""The network as a page in the browser: two photos compared, a gallery searched.

It runs on this machine alone: on loopback, without a public link and without usage statistics. The
pictures stay in a folder of its own, which is removed when the program ends.
"""

import atexit
import base64
import functools
import html
import io
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import sample_as_folder
from siamese_lib.data.photos import AlignedFace, mtcnn_detector
from siamese_lib.evaluation.metrics import log_odds
from siamese_lib.evaluation.thresholds import threshold_at
from siamese_lib.inference.comparison import check_frame, decision, usable
from siamese_lib.inference.explain import occlusion_maps
from siamese_lib.inference.gallery import IMAGES_TOGETHER, cropped_face, read_file
from siamese_lib.inference.scorer import Scorer, load_verifier
from siamese_lib.plots import galleries
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import in_colab, project_root

MAX_UPLOAD = "20mb"  # of one file
MAX_GALLERY = 500  # pictures
NUM_SHOWN = 12  # of a gallery's faces
PRIVATE = {"api_visibility": "private"}  # of functions: no address for other programs
FOLDER = "siamese-app-"  # of the pictures; the number of the process follows
OWN_NAMES = {b"127.0.0.1", b"localhost", b""}  # without an Origin: no page of another site asks
SECONDS_KEPT = 1800  # of a picture; Gradio looks once in five minutes
EXAMPLES = {"one person": ("s1/1", "s1/6"), "two people": ("s1/1", "s20/1")}  # of the sample
ABOUT = """
**Where the pictures go.** From the browser to this program on the same machine, into a temporary
folder of its own; each is removed after half an hour, all of them when the program ends. Nothing
else is kept, and nothing is sent on. On Colab the machine is Google's.

**What the score is.** The network's probability that both faces belong to one person, as it was
calibrated on pairs of press photos (LFW). How often it errs on such photos of people whom it never
saw stands below each score; it errs more for people unlike those in them: most are light-skinned
men, adults, public figures of about 2003. Close relatives were never measured. For photos of
another kind choose a threshold on your own people: `calibrate`.

**What it must not be used for**

- to let somebody in, pay, vote, board or cross a border, or to keep somebody from it;
- to find out who a stranger is, or to follow people: on streets, at work, in schools, on the net;
- as evidence about anybody, to the police, a court or an employer;
- with pictures of people who did not agree, and of children;
- to guess origin, health, feelings or character: it has learnt nothing about these.

It is a course project on how such networks work, and on how often they are wrong.
"""


class Rates(NamedTuple):
    """Scored pairs of people whom the network has not seen, to which error rates refer.

    Attributes:
        scores, labels: `(num_pairs,)`.
    """

    scores: np.ndarray
    labels: np.ndarray

    def at(self, threshold: float) -> tuple[float, float]:
        """The false accept rate and the false reject rate at a threshold."""
        accepted, same = self.scores >= threshold, self.labels == 1
        return float(accepted[~same].mean()), float((~accepted)[same].mean())


class Compared(NamedTuple):
    """Two faces in comparison.

    Attributes:
        score: the probability that they belong to one person.
        images: what the network sees of them, `(height, width)` each.
        maps: the influence of each region of them on the score, in log-odds.
        notes: sentences on the choice of the faces.
    """

    score: float
    images: list[np.ndarray]
    maps: tuple[np.ndarray, np.ndarray]
    notes: list[str]


def start(model: Path | str | None = None, port: int | None = None) -> Any:
    """Starts the page; in a notebook it appears below the cell, on Colab too.

    Args:
        model: a file `NAME.keras` or an exported folder; by default `models/lfwa_people.keras`.
        port: on this machine; by default the first free one from 7860 on.

    Returns:
        The running `gradio.Blocks`: `local_url` is its address, `close()` stops it.

    Raises:
        FileNotFoundError, ValueError: if the model cannot be used for photos, or Gradio is missing.
    """
    verifier = load_verifier(model or project_root() / "models" / "lfwa_people.keras")
    check_frame(verifier, aligned=False)
    verifier.detector or mtcnn_detector()  # an error now, not at the first photo
    page = build(verifier, rates_of(verifier))
    from starlette.middleware import Middleware  # Gradio brings it

    # Colab's page reaches the server through a proxy with a name of its own.
    own = [] if in_colab() else [Middleware(OwnPageOnly)]
    try:
        page.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=False,  # in hosted notebooks Gradio's default is a public link
            max_file_size=MAX_UPLOAD,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            ssr_mode=False,
            app_kwargs={"middleware": own},
        )
    except OSError as error:
        raise ValueError(
            f"The port is in use; give another one, or none. Received: {port or error}"
        ) from error
    return page


class OwnPageOnly:
    """Refuses requests that other pages in the browser send to this server (ASGI middleware).

    The names of the server and of the page that asks must be those of this machine: otherwise any
    page could upload files here, and one whose name is made to point here could read the answers.
    """

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers 403 in place of the application."""
        headers = dict(scope.get("headers", ()))
        hosts = [headers.get(b"host", b""), headers.get(b"origin", b"").rpartition(b"//")[2]]
        names = {host.rpartition(b":")[0] or host for host in hosts}
        if scope["type"] in ("http", "websocket") and not names <= OWN_NAMES:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"This page is not for others."})
            return
        await self.app(scope, receive, send)


def rates_of(verifier: Scorer) -> Rates | None:
    """The validation scores of the network's run in `results/`, if that is there.

    None too for a threshold that was calibrated on a user's own people: the rates are not theirs.
    """
    settings = verifier.settings
    runs = project_root() / "results"
    name = f"{settings.get('experiment')}/seed_{settings.get('seed')}"
    found = [runs / each.name / name for each in runs.glob("*")] if runs.is_dir() else []
    run = next((Run(folder) for folder in found if Run(folder).done), None)
    if run is None or "calibration" in settings or "config" not in settings:
        return None
    trained = ExperimentConfig.from_dict(settings["config"])
    if trained.result_fields() != run.config.result_fields():
        return None  # another network of the same name
    table = run.scores("validation")
    return Rates(table["score"].to_numpy(), table["label"].to_numpy())


def compared(verifier: Scorer, paths: Sequence[str]) -> Compared:
    """Compares the largest faces of two pictures.

    Raises:
        ValueError: if one cannot be read or shows no face.
    """
    faces = [usable(face) for face in _faces(verifier, paths)]
    images = [cropped_face(verifier, face) for face in faces]
    stacked = np.stack(images)[..., np.newaxis]
    embeddings = verifier.embed(stacked)
    score = float(verifier.score(embeddings[:1], embeddings[1:])[0])
    notes = [face.note for face in faces if face.note]
    return Compared(score, images, occlusion_maps(verifier, *stacked), notes)


def _faces(verifier: Scorer, paths: Sequence[str]) -> list[AlignedFace | ValueError]:
    return verifier.find_faces([(read_file(path), Path(path).name) for path in paths])


def ranked(
    verifier: Scorer, probe: str, paths: Sequence[str]
) -> tuple[list[tuple[float, str, Any]], list[str]]:
    """The faces of a gallery, the most alike to a probe first.

    Unlike `rank_folder`, it keeps nothing on the disk.

    Returns:
        `(rows, skipped)`: score, name and aligned image of each, and a sentence for each picture
        that cannot be compared.

    Raises:
        ValueError: if the probe cannot be compared, or no picture of the gallery can.
    """
    if len(paths) > MAX_GALLERY:
        raise ValueError(
            f"A gallery here has at most {MAX_GALLERY} pictures; `find` on the command line takes "
            f"any number. Received: {len(paths)}"
        )
    (first,) = _faces(verifier, [probe])
    own = usable(first)
    found: list[AlignedFace | ValueError] = []
    for start in range(0, len(paths), IMAGES_TOGETHER):  # their photos are not held all at once
        found += _faces(verifier, paths[start : start + IMAGES_TOGETHER])
    faces = [face for face in found if not isinstance(face, ValueError)]
    skipped = [str(face) for face in found if isinstance(face, ValueError)]
    if not faces:
        raise ValueError(
            f"No picture of the gallery can be compared. Received: {len(paths)} files"
            f"{', the first: ' + skipped[0] if skipped else ''}"
        )
    images = [cropped_face(verifier, face) for face in (own, *faces)]
    embeddings = verifier.embed(np.stack(images)[..., np.newaxis])
    scores = verifier.score(np.repeat(embeddings[:1], len(faces), axis=0), embeddings[1:])
    rows = [(score, face.name, face.image) for score, face in zip(scores.tolist(), faces)]
    return sorted(rows, key=lambda row: -row[0]), skipped


def build(verifier: Scorer, rates: Rates | None) -> Any:
    """The page as a `gradio.Blocks`, not yet started.

    Raises:
        ValueError: if Gradio is not installed.
    """
    gr = _gradio()
    with gr.Blocks(
        title="One-shot face verification",
        analytics_enabled=False,
        delete_cache=(300, SECONDS_KEPT),
    ) as page:
        gr.Markdown("# Is this the same person?\n" + verifier.threshold_note.capitalize() + ".")
        with gr.Tab("Two photos"):
            _two_photos(gr, verifier, rates)
        with gr.Tab("Who is it?"):
            _gallery(gr, verifier)
        with gr.Tab("What it must not be used for"):
            gr.Markdown(ABOUT)
    return page


def _gradio() -> Any:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = _picture_folder()
    try:
        import gradio
    except ImportError as error:
        raise ValueError(
            "The page needs Gradio: pip install 'siamese_lib[app]', or pip install -e '.[app]' in "
            f"the project's folder. Received: {error}"
        ) from error
    return gradio


@functools.cache
def _picture_folder() -> str:
    """The folder of every picture; it is removed when this process ends.

    Gradio's own folder, which all its programs share, is emptied by nobody.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):  # by processes that were killed
        number = re.fullmatch(rf"{FOLDER}(\d+)-\w+", left.name)
        if number and not left.is_symlink() and not psutil.pid_exists(int(number[1])):
            shutil.rmtree(left, ignore_errors=True)  # that of another user stays
    folder = tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _photo_input(gr: Any, label: str) -> Any:
    photo = gr.Image(
        label=label,
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        webcam_options=gr.WebcamOptions(mirror=False),
        height=260,
    )
    # The file as it was uploaded: what is no picture gets this project's sentence. Of a derived
    # class, Gradio writes a stub beside this module (findings/gradio_component_subclass_...sh).
    photo.preprocess = lambda payload: payload.path if payload else None
    return photo


def _two_photos(gr: Any, verifier: Scorer, rates: Rates | None) -> None:
    result = gr.State(None)
    with gr.Row():
        photos = [_photo_input(gr, label) for label in ("First photo", "Second photo")]
    with gr.Row():
        compare = gr.Button("Compare", variant="primary")
        examples = [gr.Button(f"Example: {name}") for name in EXAMPLES]
    threshold = gr.Slider(
        0,
        1,
        round(verifier.settings["threshold"], 4),
        step=0.0001,
        label="Threshold: smallest score of one person",
    )
    rate = gr.Slider(
        0.1,
        50,
        100 * rates.at(verifier.settings["threshold"])[0] if rates else None,
        step=0.1,
        visible=rates is not None,
        label="Or: false accept rate in percent, on validation pairs of people it never saw",
    )
    words = gr.Markdown("Give two photos of faces.", elem_id="decision")
    figure = gr.HTML()

    def score(first, second, limit):
        try:
            if not (first and second):
                raise ValueError("Two photos are needed; give the other one too.")
            pair = compared(verifier, [first, second])
        except (ValueError, OSError) as error:  # their messages are sentences for the user
            return None, str(error), None
        return pair, sentence(pair, limit, rates), _influences(pair)

    inputs, outputs = [*photos, threshold], [result, words, figure]
    compare.click(score, inputs, outputs, **PRIVATE)
    for button, name in zip(examples, EXAMPLES):
        button.click(lambda name=name: example(name), None, photos, **PRIVATE).then(
            score, inputs, outputs, **PRIVATE
        )
    threshold.change(
        lambda pair, limit: sentence(pair, limit, rates) if pair else gr.skip(),
        [result, threshold],
        words,
        **PRIVATE,
    )
    if rates:
        # On release, not on every change: the threshold's slider follows this one, not the reverse.
        rate.release(
            lambda percent: threshold_at(*rates, max(percent / 100, 1 / sum(rates.labels == 0))),
            rate,
            threshold,
            **PRIVATE,
        )


def sentence(pair: Compared, threshold: float, rates: Rates | None) -> str:
    """The decision with its score, and what is known of errors at this threshold, as Markdown."""
    lines = [
        f"### {decision(pair.score, threshold).capitalize()}",
        f"Score {pair.score:.4f} (larger is more alike), threshold {threshold:.4f}.",
    ]
    if rates:
        accepted, rejected = rates.at(threshold)
        lines.append(
            f"At this threshold {accepted:.1%} of different pairs are accepted and {rejected:.1%} "
            f"of same pairs are rejected ({len(rates.scores):,} validation pairs)."
        )
    return "\n\n".join([*lines, *pair.notes])


def _influences(pair: Compared) -> str:
    """What each region adds to the score, as an image with its description, in HTML."""
    strongest = max(float(np.abs(pair.maps).max()), 1e-3)
    caption = f"score {pair.score:.4f}, log-odds {log_odds([pair.score])[0]:.2f}"
    title = "What the network sees, and what each region adds to the log-odds"
    figure = galleries.explained_pairs(
        [pair.images], [pair.maps], [caption], [False], title, strongest
    )
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    picture = base64.b64encode(content.getvalue()).decode()
    words = html.escape(figure.description)
    return f'<img alt="{words}" style="max-width: 100%" src="data:image/png;base64,{picture}">'


def example(name: str) -> list[str]:
    """The files of two sample faces, as PNG, which browsers show."""
    from PIL import Image

    files = []
    for face in EXAMPLES[name]:
        path = Path(_picture_folder()) / f"{face.replace('/', '_')}.png"
        Image.open(sample_as_folder() / f"{face}.pgm").save(path)
        files.append(str(path))
    return files


def _gallery(gr: Any, verifier: Scorer) -> None:
    with gr.Row():
        probe = _photo_input(gr, "Whom to look for")
        folder = gr.File(label="A folder of photos", file_count="directory", height=260)
    search = gr.Button("Who is it?", variant="primary")
    words = gr.Markdown("Give a photo and a folder.", elem_id="ranking")
    table = gr.Dataframe(headers=["rank", "picture", "score", "decision"], interactive=False)
    faces = gr.Gallery(label="The most alike faces", format="png", columns=6, height=300)

    def look(path, paths):
        try:
            if not (path and paths):
                raise ValueError("A photo and a folder are needed; give the other one too.")
            rows, skipped = ranked(verifier, path, paths)
        except (ValueError, OSError) as error:
            return str(error), None, None
        limit = verifier.settings["threshold"]
        cells = [
            [rank, name, f"{score:.4f}", decision(score, limit)]
            for rank, (score, name, _) in enumerate(rows, start=1)
        ]
        shown = [(image, f"{score:.4f} {name}") for score, name, image in rows[:NUM_SHOWN]]
        above = sum(score >= limit for score, _, _ in rows)
        found = f"{above} of {len(rows)} pictures score at least {limit:.4f}."
        return "\n\n".join([found, *(f"Skipped: {each}" for each in skipped)]), cells, shown

    search.click(look, [probe, folder], [words, table, faces], **PRIVATE)
