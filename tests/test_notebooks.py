"""The notebooks run from top to bottom, keep their outputs, and speak the reader's language."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WORDS_OF_STATISTICS = re.compile(
    r"\b(regression|logistic|odds|logit|p.?values?|q.?values?|significan\w+|hypothes\w+|bootstrap\w*"
    r"|variance|standard error|likelihood|bayes\w*|posterior|estimator|auc|roc|quantiles?"
    r"|confidence|censor\w+|multivariate|covariate\w*|coefficient\w*)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    pytest.importorskip("nbclient", reason="nbclient runs the notebooks")
    pytest.importorskip("ipykernel", reason="ipykernel runs the notebooks")
    spec = importlib.util.spec_from_file_location("run_notebooks", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return notebook


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def shown(cell: dict[str, Any]) -> list[str]:
    """Kind of each output, and its text where it is one."""
    kinds = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        kinds += [output.get("name", output["output_type"]), *sorted(data)]
    return kinds


def test_the_notebooks_are_in_the_order_in_which_they_are_read() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_quickstart",
        "02_your_own_export",
        "03_quarterly_review",
        "04_what_the_numbers_mean",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere_and_no_public_data_is_needed(path: Path) -> None:
    text = "\n".join("".join(cell["source"]) for cell in read(path)["cells"])
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (path.parent / link).exists(), link
    assert "shared" not in text


def test_the_guards_fire_in_the_export_and_the_leak_is_shown_for_what_it_is() -> None:
    notebook = read(FOLDER / "02_your_own_export.ipynb")
    shown = "".join(text for cell in code_cells(notebook) for text in _texts(cell))
    assert "certain" in shown
    assert "Motivo chiusura" in shown
    assert "Numero contratto" in shown
    assert "within 5 seconds" in shown  # the scanners
    assert "type=&quot;range&quot;" in shown  # the slider


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_table_is_shown_as_a_person_reads_it(path: Path) -> None:
    """No frame as pandas shows it: bare numbers, its index, an interval in columns of its own."""
    for cell in code_cells(read(path)):
        text = "".join(_texts(cell))
        assert 'class="dataframe"' not in text
        assert "ci_lower" not in text
        assert not re.search(r">-?\d+\.\d{5,}<", text)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")  # the kernel is another process; its client's are not ours
def test_a_notebook_runs_to_its_end_and_shows_what_it_showed(
    path: Path, runner: ModuleType
) -> None:
    again = runner.clean(runner.execute(path))  # an error in a cell is raised here
    kept = read(path)
    for new, old in zip(code_cells(again), code_cells(kept), strict=True):
        assert not any(kind in {"error", "stderr"} for kind in shown(new)), new["source"]
        assert shown(new) == shown(old), "run notebooks/run.py and look at the outputs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_executed_and_without_traces_of_a_machine(path: Path) -> None:
    notebook = read(path)
    numbers = [cell["execution_count"] for cell in code_cells(notebook)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    text = json.dumps([{**cell, "outputs": _texts(cell)} for cell in notebook["cells"]])
    assert not re.search(r"/(home|Users|root|work|tmp|opt|usr)/", text)
    assert not re.search(r"0x[0-9a-f]{6,}", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_needs_no_word_of_statistics_beyond_interval(path: Path) -> None:
    for cell in read(path)["cells"]:
        found = WORDS_OF_STATISTICS.search("".join(cell["source"]))
        assert found is None, f"{path.name}: {found[0] if found else ''}"


def _texts(cell: dict[str, Any]) -> list[str]:
    return [
        "".join(output.get("text", []))
        + "".join(
            "".join(output.get("data", {}).get(kind, [])) for kind in ("text/html", "text/plain")
        )
        for output in cell.get("outputs", [])
    ]
