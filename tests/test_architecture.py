"""The house of the design: every arrow points down, files and functions stay small."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import calibrate

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "calibrate"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "errors": 0,
    "config": 1,
    "display": 1,
    "stats": 1,
    "engines": 2,
    "datasets": 2,
    "history": 3,
    "criteria": 3,
    "observation": 4,
    "proposal": 4,
    "scorecard": 5,
    "candidates": 5,
    "evaluation": 5,
    "lift": 6,
    "control": 6,
    "fitting": 7,
    "thresholds": 7,
    "backtest": 8,
    "campaigns": 8,
    "monitoring": 8,
    "guards": 8,
    "readiness": 8,
    "registry": 9,
    "gate": 9,
    "changes": 9,
    "pipeline": 10,
    "plots": 10,
    "report": 11,
    "exports": 11,
    "writer": 12,
    "cli": 13,
    "__init__": 14,
    "__main__": 14,
}

FORBIDDEN_CALLS = {"print", "breakpoint", "eval", "exec", "plt.show", "dt.datetime.now"}
FORBIDDEN_CALLS |= {"datetime.now", "datetime.utcnow", "time.time", "pickle.load", "pickle.dump"}
FORBIDDEN_TEXT = re.compile(r"\buplift\b|/(?:home|tmp|opt)/|import pickle")


def dotted(path: Path) -> str:
    """``calibrate/history/__init__.py`` -> ``calibrate.history``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path) for path in MODULES}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of our own modules, wherever it stands: (line, dotted module)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == "calibrate":
                    yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            module = node.module or ""
            if module.split(".")[0] == "calibrate":
                for name in node.names:
                    deeper = f"{module}.{name.name}"
                    yield node.lineno, deeper if deeper in NAMES else module


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_every_import_points_down(path: Path) -> None:
    here = room(dotted(path))
    assert here in FLOORS, f"{here} has no floor; give it one in the design and here"
    wrong = []
    for line, module in imports(path):
        there = room(module)
        assert there in FLOORS, f"{path.name}:{line} imports the unknown module {module}"
        if there != here and FLOORS[there] >= FLOORS[here]:
            wrong.append(f"line {line}: {here} (floor {FLOORS[here]}) imports {module}")
    assert wrong == []


@pytest.mark.slow
def test_packages_are_acyclic_inside() -> None:
    arrows: dict[str, set[str]] = {
        dotted(path): {module for _, module in imports(path)} - {dotted(path)} for path in MODULES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail, module])
        if module not in done:
            for target in sorted(arrows.get(module, ())):
                visit(target, (*trail, module))
            done.add(module)

    for module in sorted(arrows):
        visit(module, ())


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = node.body
    if ast.get_docstring(node) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    long = [
        f"{node.name}: {body_lines(node)} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and body_lines(node) > 60
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_no_forbidden_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    assert [name for name in (ast.unparse(c.func) for c in calls) if name in FORBIDDEN_CALLS] == []
    assert FORBIDDEN_TEXT.findall(text) == []


def test_help_starts_without_the_heavy_libraries() -> None:
    heavy = ("pandas", "scipy", "sklearn", "pydantic", "duckdb", "matplotlib", "statsmodels")
    code = (
        "import sys\n"
        "from calibrate.__main__ import main\n"
        "status = main(['--help'])\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "sys.exit(f'{status} {loaded}' if status or loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "calibrate" in done.stdout


def test_importing_the_package_loads_nothing() -> None:
    code = (
        "import sys, calibrate\n"
        "loaded = [name for name in sys.modules if name.startswith('calibrate.')]\n"
        "sys.exit(str(loaded) if loaded or 'numpy' in sys.modules else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", calibrate.__all__)
def test_every_public_name_loads(name: str) -> None:
    value = getattr(calibrate, name)
    assert callable(value)
    assert value.__doc__


def test_the_public_names_are_what_type_checkers_see() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = [
        (str(node.module).removeprefix("calibrate."), name.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    rooms = [(room_, name) for room_, names in calibrate._ROOMS.items() for name in names]
    assert seen == rooms
    assert sorted(name for _, name in seen) == calibrate.__all__
    assert dir(calibrate) == calibrate.__all__


@pytest.mark.slow
def test_the_function_backtest_is_not_hidden_by_its_module() -> None:
    code = (
        "import calibrate.backtest as module, calibrate, types, sys\n"
        "sys.exit(0 if isinstance(calibrate.backtest, types.FunctionType) else 1)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lifts'"):
        _ = calibrate.lifts  # type: ignore[attr-defined]
