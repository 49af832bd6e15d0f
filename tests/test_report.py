"""What is taken out of an executed notebook before it is published, and the front page."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from siamese_lib import environment, report

PICTURE = new_output("display_data", data={"image/png": "aGVsbG8=", "text/plain": "<Figure>"})
WIDGET = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "VBox()"})


def cell(source, outputs, *tags):
    made = new_code_cell(source, outputs=outputs)
    made.metadata["tags"] = list(tags)
    return made


@pytest.fixture
def notebook():
    text = new_output("stream", name="stdout", text="read from /home/someone/data/lfwa/lfw2 and /home/someone/data/lfwa\n")
    cells = [cell("gallery", [PICTURE], "faces"), cell("roc", [PICTURE, WIDGET]), cell("root = '/home/someone/data/lfwa'", [text])]
    made = new_notebook(cells=cells)
    made.metadata["widgets"] = {"state": {}}
    made.metadata["papermill"] = {"input_path": "/home/someone/x.ipynb"}
    made.cells[0].metadata["papermill"] = {"duration": 1.0}
    return made


def test_faces_that_may_not_be_shown_are_taken_out_and_other_pictures_stay(notebook):
    report.cleaned(notebook, faces_may_be_shown=False, private=[])
    assert [output.output_type for output in notebook.cells[0].outputs] == ["stream"]
    assert "may not be published" in notebook.cells[0].outputs[0].text
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[1].outputs)
    nbformat.validate(notebook)


def test_faces_that_may_be_shown_stay(notebook):
    report.cleaned(notebook, faces_may_be_shown=True, private=[])
    assert "image/png" in notebook.cells[0].outputs[0].data


def test_paths_of_this_machine_and_widget_states_are_cut(notebook):
    root = str(environment.project_root())
    notebook.cells.append(new_code_cell(f"open('{root}/experiments/sample.yaml'); runs = '{root}/results/lfwa'"))
    report.cleaned(notebook, faces_may_be_shown=True, private=["", "/home/someone/data/lfwa", f"{root}/results/lfwa", root])
    text = nbformat.writes(notebook)
    assert "someone" not in text and root not in text and "widget-view" not in text
    assert "widgets" not in notebook.metadata
    assert "from lfwa/lfw2 and lfwa" in text and "runs = 'results/lfwa'" in text and "experiments/sample.yaml" in text
    nbformat.validate(notebook)


def test_lines_of_one_stream_are_joined(notebook):
    lines = [new_output("stream", name=name, text=text) for name, text in (("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c\n"))]
    notebook.cells[0].outputs = lines
    report.cleaned(notebook, faces_may_be_shown=True, private=[])
    assert [output.text for output in notebook.cells[0].outputs] == ["a\nb\n", "c\n"]


@pytest.mark.parametrize("parameters", [{"num_epoch": 3}, {"num_epochs": -1}])
def test_a_parameter_that_cannot_be_used_is_refused_before_anything_runs(parameters, tmp_path):
    with pytest.raises(ValueError, match="Received: "):
        report.build_report("experiments/sample.yaml", runs_dir=tmp_path, output=tmp_path / "report", parameters=parameters)


def test_an_experiment_without_a_sweep_goes_without_notebook_3(tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("dataset: sample\n")
    assert report.SWEEP_NOTEBOOK not in report._notebooks_for(tmp_path / "own.yaml")
    assert "left out" in capsys.readouterr().out
    assert report.SWEEP_NOTEBOOK in report._notebooks_for(report.project_root() / "experiments" / "sample_reference.yaml")


def test_the_title_and_the_abstract_are_plain_text():
    first = nbformat.v4.new_markdown_cell("# 2 · Training\n\nA **network** of `code`\nand [a link](x.html).\n\n[![badge](x)](y)")
    assert report._title_and_abstract(new_notebook(cells=[first])) == ("2 · Training", "A network of code and a link.")


def test_a_report_that_fails_leaves_the_old_one_alone(lfw_folder, tmp_path, monkeypatch):
    (tmp_path / "tiny.yaml").write_text("dataset: lfwa\nencoder: compact\nimage_size: [40, 36]\n")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("the old one")

    def fail(name, target, values):
        raise RuntimeError(f"The notebook {name} failed")

    monkeypatch.setattr(report, "execute", fail)
    with pytest.raises(RuntimeError, match="01_dataset_analysis failed"):
        report.build_report(tmp_path / "tiny.yaml", lfw_folder, tmp_path / "runs", tmp_path / "report")
    assert (tmp_path / "report" / "index.html").read_text() == "the old one"
