"""The report's pages as HTML that needs no network: notebooks with numbered figures and folded code, the front page, the checklist.

What the assignment demands, and the headings of the notebooks below which it is answered.
"""

import copy
import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from siamese_lib.data.summary import images_by_person
from siamese_lib.experiments.leaderboard import leaderboard_row
from siamese_lib.training.run import Run
from siamese_lib.utils.files import read_json
from siamese_lib.utils.machine import project_root

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Subject:
    """How the front page speaks of a dataset.

    Attributes:
        data: its name.
        board: the folder in `results/` whose committed runs stand beside the report's own.
        one, many: what is told apart.
        credit: whose images are shown.
    """

    data: str
    board: str = "lfwa"
    one: str = "person"
    many: str = "people"
    credit: str = ""


SUBJECTS = {
    "sample": Subject(
        "the sample faces", credit="Faces: The Database of Faces, AT&T Laboratories Cambridge."
    ),
    "lfwa": Subject("LFW-a"),
    "lfw-funneled": Subject("LFW-funneled"),
    "omniglot": Subject(
        "Omniglot",
        board="omniglot",
        one="character",
        many="characters",
        credit="Characters: Omniglot, Lake, Salakhutdinov and Tenenbaum (2015), under the MIT licence.",
    ),
}


@dataclass(frozen=True)
class Section:
    """A heading of the second level and the name by which links find it."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Page:
    """What other pages say of a notebook.

    Attributes:
        name: of its file, without suffix.
        title, abstract: its heading and the paragraph below, plain text.
        sections: its headings of the second level.
    """

    name: str
    title: str
    abstract: str
    sections: tuple[Section, ...]

    @classmethod
    def of(cls, notebook, name):
        """The page of a notebook of nbformat."""
        title, abstract = title_and_abstract(notebook)
        texts = re.findall(r"^## +(.+?) *$", "\n\n".join(_markdown(notebook)), re.MULTILINE)
        return cls(
            name,
            title,
            abstract,
            tuple(Section(_plain(text), anchor_of(_plain(text))) for text in texts),
        )


def _markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def _plain(text):
    """Markdown without its marks."""
    return re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", text)


def title_and_abstract(notebook):
    """The notebook's heading and the first paragraph below it, without Markdown's marks."""
    paragraphs = [
        part.strip()
        for part in _markdown(notebook)[0].split("\n\n")
        if part.strip() and not part.lstrip().startswith(("[!", "!"))
    ]
    abstract = paragraphs[1] if len(paragraphs) > 1 else ""
    return paragraphs[0].lstrip("# "), _plain(abstract).replace("\n", " ")


def anchor_of(heading):
    """The name of a heading in links: its words without its number, so that links live on when sections are numbered anew."""
    return "-".join(re.findall(r"\w+", _unnumbered(heading).lower()))


def _unnumbered(heading):
    return re.sub(r"^[\d.]+\s+(· )?", "", heading)


def notebook_page(notebook, page, pages):
    """One executed notebook as HTML, by nbconvert with the template `page`.

    Args:
        notebook: a notebook of nbformat; it is not changed.
        page: its `Page`.
        pages: all `Page`s of the report; links to other notebooks lead to text.
    """
    from nbconvert import HTMLExporter

    notebook = copy.deepcopy(notebook)
    _number_figures(notebook, page)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _with_links_to_pages(cell.source, {one.name for one in pages})
    exporter = HTMLExporter(
        template_name="page", extra_template_basedirs=[str(TEMPLATES)], exclude_anchor_links=True
    )
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    exporter.register_filter("with_anchors", with_anchors)
    resources = {
        "metadata": {"name": page.name},
        "report": {"title": page.title, "style": _style(), "pages": pages},
    }
    text, _ = exporter.from_notebook_node(notebook, resources=resources)
    return text


def _number_figures(notebook, page):
    """Writes into each image's metadata its number and anchor, and words where it came without any: those of its section."""
    section, place = _unnumbered(page.title), 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ +(.+?) *$", cell.source, re.MULTILINE)
            section = _unnumbered(_plain(headings[-1])) if headings else section
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                place += 1
                number = f"{int(page.name[:2])}.{place}"
                words = {
                    "alt": f"Image of the section {section}.",
                    "caption": section,
                } | output.metadata.get("image/png", {})
                output.metadata["image/png"] = words | {
                    "number": f"Figure {number}",
                    "anchor": f"figure-{number.replace('.', '-')}",
                }


def _with_links_to_pages(source, names):
    """A Markdown text whose links to notebooks lead to pages of this report, and whose badges from the network are plain links."""
    source = re.sub(r"\[!\[([^\]]*)\]\([^)]*\)\]\(([^)]*)\)", r"[\1](\2)", source)

    def page_link(match):
        words, name = match.groups()
        return f"[{words}]({name}.html)" if name in names else words

    return re.sub(r"\[([^\]]*)\]\((\w+)\.ipynb\)", page_link, source)


def with_anchors(text):
    """HTML whose headings have the names that `anchor_of` gives, each with a link to itself; wide tables scroll on a small screen."""

    def heading(match):
        level, words = match[1], match[2]
        anchor = anchor_of(html.unescape(re.sub(r"<[^>]+>", "", words)))
        link = f'<a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{anchor}">{words} {link}</h{level}>'

    text = re.sub(r"<h([1-6])[^>]*>(.*?)</h\1>", heading, text, flags=re.DOTALL)
    return text.replace("<table>", '<div class="scroll"><table class="words">').replace(
        "</table>", "</table></div>"
    )


def checklist_page(pages):
    """The page that says where each demand of the assignment is answered.

    Args:
        pages: the `Page`s of the report; a notebook that was left out gets no link.

    Raises:
        ValueError: if a notebook of the report has lost a heading that the checklist names.
    """
    sections = {
        page.name: {section.anchor: section.text for section in page.sections} for page in pages
    }
    items = []
    for demand, answer, places in CHECKLIST:
        links = []
        for name, heading in places:
            if name in sections and anchor_of(heading) not in sections[name]:
                raise ValueError(
                    f"The checklist names a heading that its notebook has not. Received: {heading!r} of {name}"
                )
            if name in sections:
                links.append(
                    {
                        "page": name,
                        "anchor": anchor_of(heading),
                        "text": sections[name][anchor_of(heading)],
                    }
                )
        items.append({"demand": demand, "answer": answer, "links": links})
    return _rendered("checklist.html.j2", title="Checklist", pages=pages, items=items)


def front_page(configs, dataset, runs_dir, pages):
    """`index.html`: what it is about, one table of results, the contents.

    Args:
        configs: the `ExperimentConfig`s of the report, that of the experiment first.
        dataset: their `FaceDataset`.
        runs_dir: where their runs lie.
        pages: the `Page`s of the report.
    """
    runs = [run for run in (Run.of(one, runs_dir) for one in configs) if run.done]
    subject = SUBJECTS[dataset.name]
    rows = [_row(leaderboard_row([run])) | {"experiment": _name(run.config)} for run in runs]
    groups = [
        {
            "words": f"This report: {subject.data}, {runs[0].metrics['test']['num_pairs']:,} test pairs",
            "rows": rows,
        }
    ]
    board = project_root() / "results" / subject.board / "leaderboard.json"
    if committed := read_json(board) if board.is_file() else []:
        groups.append(
            {
                "words": f"Committed runs on {SUBJECTS[subject.board].data}, mean over seeds",
                "rows": list(map(_row, committed)),
            }
        )
    return _rendered(
        "index.html.j2",
        title="One-shot face verification with Siamese networks",
        headline=_headline(
            *max(zip(runs, rows), key=lambda pair: pair[0].metrics["validation"]["auc"]), subject
        ),
        groups=groups,
        pages=pages,
        subject=subject,
        data_words=f"{subject.data}, {len(dataset.files):,} images of {len(images_by_person(dataset)):,} {subject.many}",
        date=runs[0].versions["date"][:10],
        versions=runs[0].versions,
    )


def _name(config):
    return config.experiment + (f", {config.variant}" if config.variant else "")


def _headline(run, row, subject):
    """What the report's best run achieves, in a sentence or two."""
    sentences = [
        f"On {run.metrics['test']['num_pairs']:,} pairs of new {subject.many} from {subject.data}, the experiment {row['experiment']} "
        f"decides {row['test']} rightly (95 % interval {row['interval']}), after {row['minutes']} of training on "
        f"{run.versions['machine']['num_cpus']} CPU cores."
    ]
    if row["oneshot"]:
        sentences.append(
            f"Of 20 {subject.many} of one group, each seen once, it finds the right one in {row['oneshot']} of the trials "
            f"({row['oneshot_interval']})."
        )
    return " ".join(sentences)


def _row(row):
    """A row of the leaderboard in words; oneshot is empty where no trials were within groups."""
    oneshot = row.get("oneshot", {}).get("test_400")
    return {
        "experiment": row["experiment"],
        "encoder": row["encoder"],
        "protocol": row["protocol"],
        "parameters": f"{row['num_parameters']:,}",
        "seeds": row["num_seeds"],
        "validation": f"{row['validation_accuracy_mean']:.1%}",
        "test": f"{row['test_accuracy_mean']:.1%}",
        "interval": _interval(row["test_accuracy_interval"]),
        "auc": f"{row['test_auc_mean']:.3f}",
        "minutes": f"{row['train_seconds_mean'] / 60:.1f} min",
        "oneshot": f"{oneshot['accuracy']:.1%}" if oneshot else "",
        "oneshot_interval": _interval(oneshot["accuracy_interval"]) if oneshot else "",
    }


def _interval(bounds):
    return "{:.1%} to {:.1%}".format(*bounds)


def _style():
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


def _rendered(template, **values):
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(template).render(style=_style(), **values)


DATA, TRAINING, SWEEPS, ERRORS = (
    "01_dataset_analysis",
    "02_training",
    "03_parameter_sweeps",
    "04_error_analysis",
)


class Demand(NamedTuple):
    """One demand of the assignment: what answers it in a sentence, and the headings below which the answer stands."""

    demand: str
    answer: str
    places: tuple[tuple[str, str], ...]


CHECKLIST = (
    Demand(
        "Data analysis: size",
        "Images, people and images per person.",
        ((DATA, "How much there is"), (DATA, "Images per person")),
    ),
    Demand(
        "Data analysis: counts in total and per class, for train and test",
        "One table: pairs in all, of the same and of different people, for training, validation and test; no person is in two of them.",
        ((DATA, "How much there is"), (DATA, "No person in two parts")),
    ),
    Demand(
        "Full experimental setup",
        "Every field of both experiments, and what was learnt from.",
        ((TRAINING, "The full setup"),),
    ),
    Demand(
        "Architecture: layers, dimensions, filters",
        "A table of layers with output shapes, filters, kernels, strides and parameters for each network; why each looks like this.",
        ((TRAINING, "The idea"), (TRAINING, "Architecture, layer by layer")),
    ),
    Demand(
        "Learning rate and optimiser",
        "Rows of the full setup, with schedule and weight decay; the learning rate was varied.",
        ((TRAINING, "The full setup"), (SWEEPS, "One figure an axis")),
    ),
    Demand(
        "Regularisation and batch normalisation",
        "Penalties, dropout and batch normalisation layer by layer; all of it beside what the sources say; augmentation.",
        (
            (TRAINING, "Architecture, layer by layer"),
            (TRAINING, "Initialisation, regularisation, and where the sources disagree"),
            (DATA, "What the network sees: crop and augmentation"),
        ),
    ),
    Demand(
        "Reasons for each choice and the trials behind it",
        "A table of decisions with their alternatives and what was tried; each component taken away alone.",
        ((TRAINING, "Decisions, and why"), (SWEEPS, "What each component brought, on LFW-a")),
    ),
    Demand(
        "Convergence times",
        "Seconds for preparing, an epoch, until the best epoch, all of the training.",
        ((TRAINING, "Times"),),
    ),
    Demand(
        "Final loss and accuracy on test and holdout set",
        "Training, validation (the holdout set) and test apart, with intervals.",
        ((TRAINING, "The result"), (TRAINING, "All experiments on LFW-a")),
    ),
    Demand(
        "Loss curves",
        "Loss, accuracy and AUC by epoch.",
        ((TRAINING, "Loss and accuracy by epoch"),),
    ),
    Demand(
        "Parameter experiments",
        "Learning rate, epochs and batch size alone, two of them together; the spread over seeds; what validation would choose.",
        (
            (SWEEPS, "One figure an axis"),
            (SWEEPS, "Two parameters at once"),
            (SWEEPS, "The spread from seed to seed"),
            (SWEEPS, "What validation would choose, and what was decided"),
        ),
    ),
    Demand(
        "Accurate and wrong examples with the reason",
        "The most confident decisions of each kind with the parts of the faces that decided them; what goes with errors over all pairs.",
        (
            (ERRORS, "The most confident decisions, and why"),
            (ERRORS, "What goes with errors"),
            (ERRORS, "What the background does"),
        ),
    ),
    Demand(
        "Anything else of interest",
        "Leaks of random splits; more data; thresholds for a purpose; whether two networks differ; who of N it is; what is not fair.",
        (
            (DATA, "Why the validation part is split by person"),
            (SWEEPS, "More people, more pairs: the learning curve"),
            (SWEEPS, "What a leaky split would have shown"),
            (ERRORS, "Operating points"),
            (ERRORS, "Is a score a probability?"),
            (ERRORS, "Do the two networks differ?"),
            (ERRORS, "One-shot classification"),
            (ERRORS, "Bias, consent, label noise"),
        ),
    ),
)
