"""The page: two photos with their score, a gallery, what it must not be used for."""

import base64
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from siamese_lib.app.answers import Compared, Rates, compared, ranked
from siamese_lib.data.sample import sample_as_folder
from siamese_lib.evaluation.metrics import log_odds
from siamese_lib.evaluation.thresholds import threshold_at
from siamese_lib.inference.comparison import decision
from siamese_lib.inference.scorer import Scorer
from siamese_lib.plots import galleries
from siamese_lib.utils.text import percent

NUM_SHOWN = 12  # of a gallery's faces
PRIVATE = {"api_visibility": "private"}  # of functions: no address for other programs
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


def build(gr: Any, verifier: Scorer, rates: Rates | None, folder: Path) -> Any:
    """The page, not yet started.

    Args:
        gr: the module gradio.
        verifier: a network for photos.
        rates: as from `rates_of`.
        folder: for pictures of the page's own.

    Returns:
        A `gradio.Blocks`.
    """
    with gr.Blocks(
        title="One-shot face verification",
        analytics_enabled=False,
        delete_cache=(300, SECONDS_KEPT),
    ) as page:
        gr.Markdown("# Is this the same person?\n" + verifier.threshold_note.capitalize() + ".")
        with gr.Tab("Two photos"):
            _two_photos(gr, verifier, rates, folder)
        with gr.Tab("Who is it?"):
            _gallery(gr, verifier)
        with gr.Tab("What it must not be used for"):
            gr.Markdown(ABOUT)
    return page


def _photo_input(gr: Any, label: str) -> Any:
    photo = gr.Image(
        label=label,
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        webcam_options=gr.WebcamOptions(mirror=False),
        height=260,
    )
    # The file as it was uploaded: what is no picture gets this project's sentence. On the object,
    # since of a derived class Gradio writes a stub beside this module
    # (findings/gradio_component_subclass_writes_stub.sh).
    photo.preprocess = lambda payload: payload.path if payload else None
    return photo


def _two_photos(gr: Any, verifier: Scorer, rates: Rates | None, folder: Path) -> None:
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
        button.click(lambda name=name: example(name, folder), None, photos, **PRIVATE).then(
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
        accepted, rejected = map(percent, rates.at(threshold))
        lines.append(
            f"At this threshold {accepted} of different pairs are accepted and {rejected} "
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


def example(name: str, folder: Path) -> list[str]:
    """Writes two sample faces into a folder, as PNG, which browsers show; returns their paths."""
    files = []
    for face in EXAMPLES[name]:
        path = folder / f"{face.replace('/', '_')}.png"
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
