"""The report's pages as HTML without any file from the network: notebooks, front page, checklist.

Figures of notebooks get numbers and captions, their code is folded. The assignment's demands and
the headings of notebooks that answer them are in `notebooks/checklist.yaml`.
"""

import base64
import copy
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from latex2mathml.converter import convert
from nbconvert import HTMLExporter

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.summary import images_by_person
from siamese_lib.experiments.leaderboard import RECOMMENDED, leaderboard_row, results_table
from siamese_lib.training.run import Run
from siamese_lib.utils.files import parse_yaml, read_json
from siamese_lib.utils.machine import project_root

TEMPLATES = Path(__file__).parent / "templates"
NOT_ON_FRONT = [
    "learns from",
    "encoder",
    "parameters",
    "at 0.5",
    "20 drawn trial sets",
    "interval (20)",
]
IMAGE_TYPES = ("image/svg+xml", "image/png", "image/jpeg")  # of an output; the first is shown


@dataclass(frozen=True)
class Page:
    """What other pages need of a notebook.

    Attributes:
        name: of its file, without suffix.
        title, abstract: its heading and the paragraph below, plain text.
        sections: its headings of the second level by their anchors.
    """

    name: str
    title: str
    abstract: str
    sections: dict[str, str]

    @classmethod
    def of(cls, notebook: Any, name: str) -> "Page":
        """The page of a notebook of nbformat."""
        texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        paragraphs = [text for text in texts[0].split("\n\n") if text.strip()]
        # A paragraph that starts with a badge or an image is no text.
        title, *others = [text.strip() for text in paragraphs if not re.match(r"\s*\[?!", text)]
        headings = re.findall(r"^## +(.+?) *$", "\n\n".join(texts), re.MULTILINE)
        return cls(
            name,
            title.lstrip("# "),
            _plain(others[0]).replace("\n", " ") if others else "",
            {anchor_of(heading): heading for heading in map(_plain, headings)},
        )


def _plain(text):
    """Markdown without its marks."""
    return re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", text)


def anchor_of(heading: str) -> str:
    """A heading's name in links: its words without its number, so that renumbering keeps links."""
    return "-".join(re.findall(r"\w+", _unnumbered(heading).lower()))


def _unnumbered(heading):
    return re.sub(r"^[\d.]+\s+(· )?", "", heading)


def notebook_page(notebook: Any, page: Page, pages: Sequence[Page], start: str = "") -> str:
    """One executed notebook as HTML, by nbconvert with the template `page`.

    Args:
        notebook: a notebook of nbformat; it is not changed.
        page: its `Page`.
        pages: all pages of the report; links to other notebooks become plain text.
        start: the address of the page in front of all reports, if there is one.
    """
    notebook = copy.deepcopy(notebook)
    notebook.cells = _joined(notebook.cells)
    _number_figures(notebook, page)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
            cell.source = _with_links_to_pages(cell.source, {page.name for page in pages})
    exporter = HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(TEMPLATES)],
        extra_template_paths=[str(TEMPLATES)],
        filters={"with_anchors": with_anchors, "in_base64": in_base64},
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    resources = {"metadata": {"name": page.name}, "page": page, "pages": pages, "start": start}
    text, _ = exporter.from_notebook_node(notebook, resources=resources)
    return text


def _joined(cells: Sequence[Any]) -> list[Any]:
    """The cells, with code that shows nothing in one cell with the code behind it."""
    joined: list[Any] = []
    for cell in cells:
        if cell.cell_type == "code" and joined and _is_silent(joined[-1]):
            cell.source = f"{joined.pop().source}\n\n{cell.source}"
        joined.append(cell)
    return joined


def _is_silent(cell):
    return cell.cell_type == "code" and not cell.outputs and bool(cell.source.strip())


def _number_figures(notebook, page):
    """Writes a number and an anchor into each image's metadata.

    An image without alternative text and caption gets the heading of its section as both.
    """
    section, count = _unnumbered(page.title), 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ +(.+?) *$", cell.source, re.MULTILINE)
            section = _unnumbered(_plain(headings[-1])) if headings else section
        for output in cell.get("outputs", []):
            if mime_type := next(filter(output.get("data", {}).__contains__, IMAGE_TYPES), None):
                count += 1
                number = f"{int(page.name[:2])}.{count}"
                output.metadata[mime_type] = {
                    "alt": f"Image of the section {section}.",
                    "caption": section,
                    **output.metadata.get(mime_type, {}),
                    "number": f"Figure {number}",
                    "anchor": f"figure-{number.replace('.', '-')}",
                }


def _with_links_to_pages(source, names):
    """Markdown with links to pages in place of notebooks, and plain links in place of badges."""
    source = re.sub(r"\[!\[([^\]]*)\]\([^)]*\)\]\(([^)]*)\)", r"[\1](\2)", source)

    def page_link(match):
        words, name = match.groups()
        return f"[{words}]({name}.html)" if name in names else words

    return re.sub(r"\[([^\]]*)\]\((\w+)\.ipynb\)", page_link, source)


def in_base64(text: str) -> str:
    """A text as base64, for the address of an image."""
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def with_mathml(source: str) -> str:
    """Markdown with its formulas, between one or two dollar signs, as MathML.

    Browsers draw MathML by themselves; the usual script for formulas comes from the network.
    """

    def display(match):
        return convert(match[1].strip(), display="block")

    source = re.sub(r"\$\$(.+?)\$\$", display, source, flags=re.DOTALL)
    return re.sub(r"\$(\S[^$\n]*?)\$", lambda match: convert(match[1]), source)


def with_anchors(text: str) -> str:
    """HTML with an anchor at each heading and a link to it, and with wide tables that scroll."""

    def heading(match):
        level, words = match.groups()
        anchor = anchor_of(html.unescape(re.sub(r"<[^>]+>", "", words)))
        link = f'<a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{anchor}">{words} {link}</h{level}>'

    text = re.sub(r"<h([1-6])[^>]*>(.*?)</h\1>", heading, text, flags=re.DOTALL)
    text = text.replace("<table>", '<div class="scroll"><table class="words">')
    return text.replace("</table>", "</table></div>")


def checklist_page(pages: Sequence[Page], start: str = "") -> str:
    """The page with the assignment's demands, their answers, and links to the sections.

    Args:
        pages: the report's pages; demands that none of them answers are left out.
        start: as in `notebook_page`.

    Raises:
        ValueError: if the checklist names a heading that its notebook does not have.
    """
    sections = {page.name: page.sections for page in pages}
    items = parse_yaml(project_root() / "notebooks" / "checklist.yaml")
    for item in items:
        item["links"] = []
        for name, heading in item["sections"]:
            anchor = anchor_of(heading)
            if anchor in sections.get(name, {}):
                item["links"].append((f"{name}.html#{anchor}", sections[name][anchor]))
            elif name in sections:
                raise ValueError(
                    "The checklist names a heading that its notebook does not have. "
                    f"Received: {heading!r} of {name}"
                )
    items = [item for item in items if item["links"]]
    values = {"title": "Checklist", "pages": pages, "items": items, "start": start}
    return rendered("checklist.html.j2", **values)


def front_page(
    configs: Sequence[ExperimentConfig],
    dataset: FaceDataset,
    runs_dir: Path | str,
    pages: Sequence[Page],
    start: str = "",
) -> str:
    """`index.html`: the question, the main result, one table of results, the contents.

    Args:
        configs: the experiments of the report.
        dataset: their dataset.
        runs_dir: the folder with their runs.
        pages: the report's pages.
        start: as in `notebook_page`.
    """
    runs = [run for run in (Run.of(config, runs_dir) for config in configs) if run.done]
    rows = [
        leaderboard_row([run])
        | {"experiment": ", ".join(filter(None, [run.config.experiment, run.config.variant]))}
        for run in runs
    ]
    board = project_root() / "results" / dataset.about.results / "leaderboard.json"
    committed = read_json(board) if board.is_file() else []
    # The others are in the notebooks.
    committed = [row for row in committed if row["experiment"] in RECOMMENDED]
    best = max(range(len(runs)), key=lambda index: runs[index].metrics["validation"]["auc"])
    return rendered(
        "index.html.j2",
        title=dataset.about.headline,
        about=dataset.about,
        num_images=len(dataset.files),
        num_people=len(images_by_person(dataset)),
        # These columns are a matter of notebooks 2 and 5; without them the table fits the page.
        table=results_table([*rows, *committed]).drop(columns=NOT_ON_FRONT, errors="ignore"),
        num_own=len(runs),
        row=rows[best],
        metrics=runs[best].metrics,
        versions=runs[best].versions,
        pages=pages,
        start=start,
    )


def rendered(template: str, **values: Any) -> str:
    """A template of the report with these values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(template).render(values)
