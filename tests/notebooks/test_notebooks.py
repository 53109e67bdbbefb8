"""Each notebook runs from a clean start and says what its text says it does; it is committed without outputs."""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from html import unescape
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: the ninth compiles all of vectorbt first, 50 s
RUN = [path if path.name[:2] != "09" else pytest.param(path, marks=pytest.mark.proof) for path in NOTEBOOKS]

#: by number and cell: what the output of the cell holds, so that the text beside it is true
SAYS = {
    "01": {"the-verdict": r"(?sm)Profit: not proved.*Price: .*(?:^[a-e] (?:holds|fails).*){5}"},
    "02": {"02-05": r"'before the season': 0"},
    "03": {"03-09": r"interval contains the expected edge", "03-11": r"the mean CLV is \d"},
    "04": {"04-04": r"days until a change is noticed", "04-06": r"a regime that knows the future"},
    "05": {
        "floors": r"'uniform': 1\.0986",
        "methods": r"lowest log loss inside the window: none",
        "table": r"(?s)the market itself.*dixon_coles.*adds nothing.*market_blend.*adds nothing",
        "clv": r"the mean CLV is −",
    },
    "06": {
        "import": r"(?s)3,060 kept \+ 0 quarantined.*1,530 matches, 9,180 prices",
        "leakage": r"No leak found",
        "one-of-all": r"of 24 configurations",
        "refused": r"a feature looks ahead in lately_wrong\.gap, .* expected None without the results settled later",
    },
    "07": {
        "refused": r"\d of 15 gates are closed",
        "look": r"Good: \d+ entries",
        "kill": r"(?s)the kill switch is set.*the kill switch ends",
        "causes": r"(?s)identical.*486.*unknown.* 0 ",
        "side-by-side": r"97 bets, profit 685\.00 on paper and 685\.00 in the backtest",
        "bands-table": r"too early to tell",
    },
    "08": {
        "compare": r"strategy\.method +┆ multiplicative ┆ power",
        "pairs": r"the 90% interval −.* contains zero",
        "tried": r"of 30 configurations",
        "trials-count": r"'configurations of this sweep': 30",
    },
    "09": {
        "cents": r"at 225 instants: 0\.00 cents; at the end: 0\.00 cents",
        "kelly": r"┆ 0\.0 +│",
    },
}
#: what fixes the colour of text or paper: one theme could not be read
FIXED = re.compile(
    r"(?:color|background(?:-color)?)\s*[:=]\s*[\"']?\s*(?:#[0-9a-f]{3,8}|white|black|rgb)", re.IGNORECASE
)

# the notebook client warns when it is imported and when its kernel exits
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook with their source as one text."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return [cell | {"source": "".join(cell["source"])} for cell in document["cells"]]


def python_of(source: str) -> str:
    """A cell as Python: without its magics; a cell that is a file or a script is none."""
    return "" if source.startswith("%%") else re.sub(r"(?m)^%.*$", "", source)


def text_of(cell: Any) -> str:
    """What a cell says, without the tags of its tables and figures; terminal colours are left out."""
    said = "".join(output.get("text", "") for output in cell.outputs)
    for data in (output["data"] for output in cell.outputs if "data" in output):
        said += data.get("text/plain", "") + unescape(re.sub(r"<[^>]+>", " ", data.get("text/html", "")))
    return re.sub(r"\x1b\[[0-9;]*m", "", said)


def test_notebooks_are_numbered() -> None:
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{number:02d}_" for number in range(1, len(NOTEBOOKS) + 1)]
    assert len(NOTEBOOKS) >= 9


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stripped_and_defines_nothing_that_something_else_could_use(path: Path) -> None:
    found = cells(path)
    assert len({cell["id"] for cell in found}) == len(found), "two cells of one id"
    for cell in found:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, "committed with outputs"
            tree = ast.parse(python_of(cell["source"]))
            assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(tree))


def test_every_notebook_is_in_the_index() -> None:
    index = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    assert not [path.name for path in NOTEBOOKS if f"`{path.name}`" not in index]
    assert "(docs/notebooks.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_rule_of_a_notebook_is_that_of_the_examples() -> None:
    """The same text is compiled once for both."""
    written = [cell["source"] for cell in cells(NOTEBOOKS[5]) if cell["id"] == "write-rule"]
    rule = (ROOT / "examples" / "staking_rules" / "root_kelly.py").read_text(encoding="utf-8")
    assert [text.partition("\n")[2] + "\n" for text in written] == [rule]


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.stem)
def test_a_notebook_runs_and_says_what_it_should(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbformat = pytest.importorskip("nbformat")
        client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    folders = {"BEA_HOME": "", "IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "runtime", "XDG_CONFIG_HOME": "config"}
    for name, folder in (folders | {"TMPDIR": ""}).items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")  # `bea`, as in an activated environment
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    said = {cell.id: text_of(cell) for cell in code}
    assert not re.search(r"Warning|Traceback", "".join(said.values()))
    shown = [output["data"] for output in outputs if "data" in output]
    assert sum("text/html" in data or "application/vnd.plotly.v1+json" in data for data in shown) >= 3
    assert not [data for data in shown if not is_readable(data)], "colours of one theme only"
    wrong = {
        name: said[name] for name, found in SAYS.get(path.name[:2], {}).items() if not re.search(found, said[name])
    }
    assert not wrong


def is_readable(data: dict[str, Any]) -> bool:
    """Whether an output can be read on a light and on a dark page: it fixes no colour of text or paper."""
    plot = data.get("application/vnd.plotly.v1+json")
    if plot is not None:
        layout = plot["layout"]
        return {layout["paper_bgcolor"], layout["plot_bgcolor"]} == {"rgba(0,0,0,0)"} and "font" in layout
    html = data.get("text/html", "")
    return "image/png" not in data and ("light-dark(" in html or not FIXED.search(html))


def test_colours_of_one_theme_are_found() -> None:
    assert not is_readable({"text/html": '<p style="color: #000">dark on dark</p>'})
    assert not is_readable({"text/html": "<table bgcolor='white'>"} | {"image/png": ""})
    assert is_readable({"text/html": "<table><tr><td>plain</td></tr></table>"})
