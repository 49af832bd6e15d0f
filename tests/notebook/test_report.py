"""The report: what is removed from an executed notebook, and the pages made of it."""

import base64
import copy
import io
import os
import time
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from bs4 import BeautifulSoup
from links import broken_links
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.notebook import publishing, report
from siamese_lib.notebook.pages import (
    Page,
    anchor_of,
    checklist_page,
    front_page,
    notebook_page,
    with_mathml,
)
from siamese_lib.plots import decisions, galleries
from siamese_lib.training.run import Run
from siamese_lib.utils import machine
from siamese_lib.utils.files import parse_yaml

CHECKLIST = parse_yaml(machine.project_root() / "notebooks" / "checklist.yaml")


def png(image):
    """A Pillow image as a notebook stores it."""
    content = io.BytesIO()
    image.save(content, format="png")
    return base64.b64encode(content.getvalue()).decode()


IMAGE = new_output(
    "display_data",
    data={"image/png": png(Image.new("RGB", (4, 3), "navy")), "text/plain": "<Figure>"},
)
WIDGET = new_output(
    "display_data",
    data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "VBox()"},
)


def cell(source, outputs, *tags):
    made = new_code_cell(source, outputs=outputs)
    made.metadata["tags"] = list(tags)
    return made


@pytest.fixture
def notebook():
    text = new_output(
        "stream",
        name="stdout",
        text="read from /home/someone/data/lfwa/lfw2 and /home/someone/data/lfwa\n",
    )
    cells = [
        cell("gallery", [IMAGE], "faces"),
        cell("roc", [IMAGE, WIDGET]),
        cell("root = '/home/someone/data/lfwa'", [text]),
    ]
    made = new_notebook(cells=cells)
    made.metadata["widgets"] = {"state": {}}
    made.metadata["papermill"] = {"input_path": "/home/someone/x.ipynb"}
    made.cells[0].metadata["papermill"] = {"duration": 1.0}
    return made


def test_faces_that_may_not_be_shown_are_removed_and_other_images_stay(notebook):
    publishing.strip_private(notebook, faces_may_be_shown=False, private=[])
    assert [output.output_type for output in notebook.cells[0].outputs] == ["stream"]
    assert "may not be published" in notebook.cells[0].outputs[0].text
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[1].outputs)
    nbformat.validate(notebook)


def test_hidden_faces_are_told_once(notebook):
    notebook.cells.append(cell("another gallery", [IMAGE], "faces"))
    publishing.strip_private(notebook, faces_may_be_shown=False, private=[])
    assert len(notebook.cells[0].outputs) == 1 and notebook.cells[-1].outputs == []


def test_a_figure_that_the_notebook_left_out_is_not_reported_as_hidden(notebook):
    notebook.cells[0].outputs = []
    publishing.strip_private(notebook, faces_may_be_shown=False, private=[])
    assert notebook.cells[0].outputs == []


def test_faces_that_may_be_shown_stay(notebook):
    publishing.strip_private(notebook, faces_may_be_shown=True, private=[])
    assert "image/png" in notebook.cells[0].outputs[0].data


def test_paths_of_this_machine_and_widget_states_are_cut(notebook):
    root = str(machine.project_root())
    notebook.cells.append(
        new_code_cell(f"open('{root}/experiments/sample.yaml'); runs = '{root}/results/lfwa'")
    )
    publishing.strip_private(
        notebook,
        faces_may_be_shown=True,
        private=["", "/home/someone/data/lfwa", f"{root}/results/lfwa", root],
    )
    text = nbformat.writes(notebook)
    assert "someone" not in text and root not in text and "widget-view" not in text
    assert "widgets" not in notebook.metadata
    assert (
        "from lfwa/lfw2 and lfwa" in text
        and "runs = 'results/lfwa'" in text
        and "experiments/sample.yaml" in text
    )
    nbformat.validate(notebook)


def test_lines_of_one_stream_are_joined(notebook):
    lines = [
        new_output("stream", name=name, text=text)
        for name, text in (("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c\n"))
    ]
    notebook.cells[0].outputs = lines
    publishing.strip_private(notebook, faces_may_be_shown=True, private=[])
    assert [output.text for output in notebook.cells[0].outputs] == ["a\nb\n", "c\n"]


@pytest.mark.parametrize("parameters", [{"num_epoch": 3}, {"num_epochs": -1}])
def test_an_unusable_parameter_is_an_error_before_anything_runs(parameters, tmp_path):
    with pytest.raises(ValueError, match="Received: "):
        report.build_report(
            "experiments/sample.yaml",
            runs_dir=tmp_path,
            output=tmp_path / "report",
            parameters=parameters,
        )


def test_an_experiment_without_a_sweep_to_train_has_no_notebook_3(tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("dataset: lfwa\n")
    own = {"train_sweep": True}
    assert report.SWEEP_NOTEBOOK not in notebooks_for(tmp_path / "own.yaml", **own)
    assert "left out" in capsys.readouterr().out
    # The committed sweeps can always be shown.
    assert report.SWEEP_NOTEBOOK in notebooks_for(tmp_path / "own.yaml")
    reference = report.project_root() / "experiments" / "sample_reference.yaml"
    assert report.SWEEP_NOTEBOOK in notebooks_for(reference, **own)


def notebooks_for(path, **values):
    return report._notebooks_for(path, ExperimentConfig.from_yaml(path), values)


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("dataset: sample", True),
        ("dataset: folder\nalign: true", True),
        ("dataset: folder", False),  # pictures that no network for aligned faces can take
        ("dataset: lfwa", False),
    ],
)
def test_own_pictures_are_shown_where_they_are_aligned(tmp_path, text, is_shown):
    (tmp_path / "own.yaml").write_text(f"{text}\n")
    assert (report.OWN_NOTEBOOK in notebooks_for(tmp_path / "own.yaml")) == is_shown


def test_the_title_and_the_abstract_are_plain_text():
    first = nbformat.v4.new_markdown_cell(
        "# 2 · Training\n\nA **network** of `code`\nand [a link](x.html).\n\n[![badge](x)](y)"
    )
    page = Page.of(new_notebook(cells=[first]), "02_training")
    assert (page.title, page.abstract) == ("2 · Training", "A network of code and a link.")


def assert_a_failure_keeps_the_old_report(lfw_folder, tmp_path, monkeypatch):
    (tmp_path / "tiny.yaml").write_text("dataset: lfwa\nencoder: compact\nimage_size: [40, 36]\n")

    def fail(name, target, values):
        raise RuntimeError(f"The notebook {name} failed")

    monkeypatch.setattr(report, "execute", fail)
    with pytest.raises(RuntimeError, match=r"The notebook 0[123]_\w+ failed"):
        report.build_report(
            tmp_path / "tiny.yaml", lfw_folder, tmp_path / "runs", tmp_path / "report"
        )
    assert (tmp_path / "report" / "index.html").read_text() == "the old one"


def test_a_failed_report_leaves_the_old_one_unchanged(lfw_folder, tmp_path, monkeypatch):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("the old one")
    assert_a_failure_keeps_the_old_report(lfw_folder, tmp_path, monkeypatch)


def test_a_kill_between_the_two_renames_loses_no_report(lfw_folder, tmp_path, monkeypatch):
    (tmp_path / ".report.old").mkdir()
    (tmp_path / ".report.old" / "index.html").write_text("the old one")
    (tmp_path / ".report-2.work").mkdir()  # of another report
    assert_a_failure_keeps_the_old_report(lfw_folder, tmp_path, monkeypatch)
    assert (tmp_path / ".report-2.work").is_dir()


def opened(text):
    return BeautifulSoup(text, "html.parser")


@pytest.fixture(scope="module")
def sources():
    return {name: nbformat.read(report._source(name), as_version=4) for name in report.NOTEBOOKS}


@pytest.fixture(scope="module")
def pages(sources):
    return [Page.of(notebook, name) for name, notebook in sources.items()]


@pytest.fixture(scope="module")
def written(tmp_path_factory, sources, pages):
    """The pages of the project's notebooks without outputs, with the front page of one run."""
    folder = tmp_path_factory.mktemp("report")
    for page in pages:
        (folder / f"{page.name}.ipynb").write_text(
            nbformat.writes(sources[page.name]), encoding="utf-8"
        )
        (folder / f"{page.name}.html").write_text(
            notebook_page(sources[page.name], page, pages), encoding="utf-8"
        )
    (folder / "checklist.html").write_text(checklist_page(pages), encoding="utf-8")
    results = report.project_root() / "results" / "lfwa"
    config = Run(results / "lfwa_quick" / "seed_0").config
    front = front_page([config], load_dataset("sample"), results, pages)
    (folder / "index.html").write_text(front, encoding="utf-8")
    return folder


@pytest.fixture
def page_of_figures():
    """The page of a notebook with three images; the last has no text, the others need escapes."""
    words = {"image/png": {"alt": 'The "ROC" & more <b>.', "caption": "ROC of two"}}
    figure = new_output(
        "display_data", data={"image/png": "aGVsbG8=", "text/plain": "<Figure>"}, metadata=words
    )
    cells = [
        new_markdown_cell(
            "# 2 · Title\n\nAbstract, [next](03_parameter_sweeps.ipynb), [gone](09_gone.ipynb)."
        ),
        new_code_cell("draw(both)", outputs=[figure, copy.deepcopy(figure)]),
        new_markdown_cell(
            "## 2.1 Curves\n\n[![Open](https://elsewhere.org/badge.svg)](https://elsewhere.org/x)"
        ),
        new_code_cell(
            "plain()", outputs=[IMAGE, new_output("stream", name="stderr", text="a warning")]
        ),
    ]
    notebook = new_notebook(cells=cells)
    pages = [Page.of(notebook, name) for name in ("02_training", "03_parameter_sweeps")]
    return opened(notebook_page(notebook, pages[0], pages))


def test_figures_have_numbers_captions_and_alternative_texts(page_of_figures):
    figures = page_of_figures.select("figure")
    assert [figure.figcaption.get_text() for figure in figures] == [
        "Figure 2.1. ROC of two",
        "Figure 2.2. ROC of two",
        "Figure 2.3. Curves",
    ]
    assert [figure["id"] for figure in figures] == ["figure-2-1", "figure-2-2", "figure-2-3"]
    texts = [image["alt"] for image in page_of_figures.select("img")]
    assert texts == ['The "ROC" & more <b>.'] * 2 + ["Image of the section Curves."]


def test_code_is_folded_and_reachable(page_of_figures):
    folded = page_of_figures.select("details.code")
    assert [details.summary.get_text() for details in folded] == ["Code", "Code", "Messages"]
    assert "draw(both)" in folded[0].get_text()
    assert not any(details.has_attr("open") for details in folded)
    visible = page_of_figures.select(".output, .text")
    assert "draw(both)" not in "".join(element.get_text() for element in visible)


def test_links_to_notebooks_lead_to_pages_and_badges_are_links(page_of_figures):
    text = page_of_figures.select("main")[0]
    assert [link["href"] for link in text.select("p a")] == [
        "03_parameter_sweeps.html",
        "https://elsewhere.org/x",
    ]
    assert "gone" in text.get_text()


def test_the_page_does_not_change_the_notebook(notebook):
    notebook.cells.insert(0, new_markdown_cell("# 1 · Title\n\n[next](02_training.ipynb)"))
    notebook.metadata.pop("widgets")
    before = nbformat.writes(notebook)
    page = Page.of(notebook, "01_dataset_analysis")
    notebook_page(notebook, page, [page])
    assert nbformat.writes(notebook) == before


def test_code_that_shows_nothing_is_folded_together_with_the_code_behind_it():
    shows = new_output("stream", name="stdout", text="shown")
    made = new_notebook(
        cells=[
            new_markdown_cell("# 1 · Title\n\nAbstract."),
            new_code_cell("first = 1"),
            new_code_cell("second = 2"),
            new_code_cell("print('shown')", outputs=[shows]),
            new_code_cell("last = 3"),
        ]
    )
    page = Page.of(made, "01_dataset_analysis")
    folded = opened(notebook_page(made, page, [page])).select("details.code")
    texts = [each.get_text() for each in folded]
    assert len(texts) == 2 and all(line in texts[0] for line in ("first", "second", "shown"))
    assert "last" in texts[1] and made.cells[1].source == "first = 1"


def test_a_page_of_lfw_has_no_image_of_a_face(notebook):
    notebook.cells.insert(0, new_markdown_cell("# 1 · Title\n\nAbstract."))
    publishing.strip_private(notebook, faces_may_be_shown=False, private=[])
    page = Page.of(notebook, "01_dataset_analysis")
    text = opened(notebook_page(notebook, page, [page]))
    assert len(text.select("img")) == 1 and "may not be published" in text.get_text()


def test_every_link_of_every_page_has_a_target(written):
    assert broken_links(written) == []
    checklist = opened((written / "checklist.html").read_text(encoding="utf-8"))
    links = [link["href"] for link in checklist.select("table a")]
    assert len(links) >= len(CHECKLIST) and all("#" in link for link in links)


def test_broken_links_are_found(written, tmp_path):
    (tmp_path / "index.html").write_text(
        '<a href="#here">a</a><p id="here"></p><a href="#gone">b</a><a href="gone.html#x">c</a>'
    )
    assert broken_links(tmp_path) == ["index.html: #gone", "index.html: gone.html#x"]


def test_every_demand_has_an_answer_and_a_section(written):
    rows = opened((written / "checklist.html").read_text(encoding="utf-8")).select("tbody tr")
    assert len(rows) == len(CHECKLIST) and all(
        row.select("a") and len(row.select("td")[1].get_text()) > 10 for row in rows
    )
    demands = " ".join(row.select("td")[0].get_text().lower() for row in rows)
    words = (
        "size, per class, setup, layers, dimensions, filters, learning rate, optimiser, "
        "regularisation, batch normalisation, reasons, trials, convergence times, "
        "final loss and accuracy, loss curves, parameter experiments, wrong examples, anything else"
    )
    for word in words.split(", "):
        assert word in demands


def test_a_heading_that_is_missing_for_the_checklist_is_named(sources, pages):
    lost = Page.of(
        new_notebook(cells=[new_markdown_cell("# 4 · Errors\n\nAbstract.")]), "04_error_analysis"
    )
    with pytest.raises(
        ValueError, match="Received: 'The most confident decisions, and why' of 04_error_analysis"
    ):
        checklist_page([*pages[:3], lost])


def test_a_notebook_that_was_left_out_gets_no_links(pages):
    checklist = opened(
        checklist_page([page for page in pages if page.name != report.SWEEP_NOTEBOOK])
    )
    assert not any(report.SWEEP_NOTEBOOK in link["href"] for link in checklist.select("a"))
    # A demand that nothing here answers is no row without a link.
    assert all(row.select("a") for row in checklist.select("tbody tr"))


def test_pages_need_nothing_from_the_network_and_fit_a_phone(written):
    for path in written.glob("*.html"):
        page = opened(path.read_text(encoding="utf-8"))
        assert not page.select("script, link, iframe, img:not([src^='data:'])"), path.name
        style = "".join(element.string for element in page.select("style"))
        assert "@import" not in style and "url(" not in style and "@media print" in style
        assert page.select("meta[name=viewport]") and page.html["lang"] == "en"
        ids = [element["id"] for element in page.select("[id]")]
        assert len(ids) == len(set(ids))


def test_the_front_page_has_its_runs_the_committed_results_and_the_contents(written):
    page = opened((written / "index.html").read_text(encoding="utf-8"))
    own, committed = page.select("table.results tbody")
    run = Run(report.project_root() / "results" / "lfwa" / "lfwa_quick" / "seed_0")
    accuracy = f"{100 * run.metrics['test']['accuracy']:.1f} %"
    assert accuracy in own.get_text() and "lfwa_reference" in committed.get_text()
    assert f"lfwa_quick decides {accuracy} correctly" in " ".join(page.get_text().split())
    contents = page.select("ol.contents > li")
    assert len(contents) == len(report.NOTEBOOKS) + 1 and all(
        len(item.get_text()) > 40 for item in contents
    )


def test_an_anchor_is_a_heading_without_its_number():
    assert (
        anchor_of("2.10 Decisions, and why")
        == anchor_of("2.11 Decisions, and why")
        == "decisions-and-why"
    )
    assert anchor_of("2 · The network") == "the-network"
    assert anchor_of("One-shot classification") == "one-shot-classification"


def test_a_published_image_looks_as_it_was_drawn_and_takes_less_space():
    images = np.random.default_rng(0).integers(0, 256, (6, 40, 36, 1)).astype(np.uint8)
    images = np.repeat(np.repeat(images, 4, axis=1), 4, axis=2)  # as smooth as photographs are
    data, metadata = galleries.faces(images, list("abcdef"), "Faces")._repr_mimebundle_()
    output = new_output("display_data", data=dict(data), metadata=metadata)
    made = new_notebook(cells=[cell("gallery", [output])])
    publishing.strip_private(made, faces_may_be_shown=True, private=[])
    nbformat.validate(made)
    (published,) = made.cells[0].outputs
    assert "image/png" not in published.data
    assert published.metadata["image/jpeg"]["caption"] == "Faces"
    drawn, content = (
        base64.b64decode(text) for text in (data["image/png"], published.data["image/jpeg"])
    )
    assert len(content) < 0.9 * len(drawn)
    before, after = (
        np.asarray(Image.open(io.BytesIO(each)).convert("RGB"), dtype=float)
        for each in (drawn, content)
    )
    assert before.shape == after.shape and np.abs(before - after).mean() < 3


def test_curves_are_drawn_as_svg_and_the_same_figure_is_the_same_text():
    def bundle():
        return decisions.det_curves({"one": np.linspace(0.01, 0.5, 20)[np.newaxis][[0, 0]]}, "DET")

    (data, metadata), (again, _) = (bundle()._repr_mimebundle_() for _ in range(2))
    assert set(data) == {"image/svg+xml", "text/plain"} and data["image/svg+xml"].endswith(
        "</svg>\n"
    )
    assert data["image/svg+xml"] == again["image/svg+xml"]
    made = new_notebook(
        cells=[
            new_markdown_cell("# 3 · Title\n\nAbstract."),
            cell("curve", [new_output("display_data", data=data, metadata=metadata)]),
        ]
    )
    page = Page.of(made, "03_any")
    soup = BeautifulSoup(notebook_page(made, page, [page]), "html.parser")
    picture = soup.find("figure").find("img")
    assert picture["src"].startswith("data:image/svg+xml;base64,") and "DET" in picture["alt"]
    assert "Figure 3.1" in soup.find("figcaption").get_text()


def test_a_kernel_that_dies_is_told_with_notebook_cell_and_copy(tmp_path, monkeypatch):
    sources = ("x = 1", "print(x)", "import os; os._exit(1)", "print(2)")
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, tmp_path / "02_dies.ipynb")
    monkeypatch.setattr(report, "_source", lambda name: tmp_path / f"{name}.ipynb")
    message = r"02_dies failed.*memory ran out.*Cell 3 of 4 was running.*copy\.ipynb"
    with pytest.raises(RuntimeError, match=message):
        report.execute("02_dies", tmp_path / "copy.ipynb", {})
    assert (tmp_path / "copy.ipynb").is_file()


def sources_of(folder, monkeypatch, **sources):
    """Notebooks of one cell each in the place of the project's."""
    for name, source in sources.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "py"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    monkeypatch.setattr(report, "_source", lambda name: folder / f"{name}.ipynb")
    copies = {name: folder / f"copy_{name}.ipynb" for name in sources}
    return copies, {name: {} for name in sources}


def test_notebooks_run_side_by_side_and_one_waits_for_what_it_needs(tmp_path, monkeypatch):
    clock = f"import time; open({str(tmp_path / 'log')!r}, 'a').write"
    copies, values = sources_of(
        tmp_path,
        monkeypatch,
        **{
            "01_dataset_analysis": f"{clock}('1')",
            "02_training": f"{clock}('2'); time.sleep(3); {clock}('b')",
            "03_parameter_sweeps": f"{clock}('3'); time.sleep(3)",
            "04_error_analysis": f"{clock}('4')",
        },
    )
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = Path.cwd()
    report._execute_all(copies, values)
    log = (tmp_path / "log").read_text()
    assert set(log[:2]) == {"2", "3"} and sorted(log) == sorted("1234b")
    assert log.index("4") > log.index("b")
    assert all(path.is_file() for path in copies.values())
    assert Path.cwd() == before and "SIAMESE_HEADLESS" not in os.environ


def test_where_a_notebook_fails_the_others_are_ended(tmp_path, monkeypatch):
    copies, values = sources_of(
        tmp_path,
        monkeypatch,
        **{
            "01_dataset_analysis": f"open({str(tmp_path / 'log')!r}, 'a')",
            "02_training": "raise ValueError('no data')",
            "03_parameter_sweeps": "import time; time.sleep(600)",
        },
    )
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    started, before = time.monotonic(), set(psutil.Process().children())
    with pytest.raises(RuntimeError, match="02_training failed: ValueError: no data"):
        report._execute_all(copies, values)
    assert time.monotonic() - started < 60
    assert set(psutil.Process().children()) <= before


@pytest.mark.parametrize("kind", ["file", "folder with other files", "folder in a folder"])
def test_a_report_never_replaces_what_is_no_report(tmp_path, kind):
    output = tmp_path / "mine"
    if kind == "file":
        output.write_text("thesis")
    else:
        (output / ("index" if kind == "folder in a folder" else "")).mkdir(parents=True)
        (output / "thesis.txt").write_text("thesis")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=r"Received: .*mine"):
        report.build_report(machine.project_root() / "experiments/sample.yaml", output=output)
    assert sorted(tmp_path.rglob("*")) == before


def test_formulas_are_drawn_by_the_browser_itself():
    text = with_mathml("Of $a_k$ and $b$:\n\n$$p = \\frac{1}{2}$$\n\nIt costs 5 $ or 6 $ a day.")
    assert text.count("<math") == 3 and text.count('display="block"') == 1
    assert "<mfrac>" in text and "5 $ or 6 $ a day" in text
    soup = BeautifulSoup(text, "html.parser")
    assert soup.find("math").get_text() == "ak"
