"""The house's rules that a tool can count: sizes, names, docstrings, what pure packages may not touch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("schemas", "services", "streams", "deploy")
PURE = (
    "schemas",
    "services/dispatch",
    "services/surge",
    "services/whatif",
    "services/assist",
    "services/capacity",
)

FUNCTION_LINES = 40
MODULE_LINES = 300
BANNED_WORDS = frozenset({"util", "utils", "helper", "helpers", "manager", "misc"})
BANNED_NAMES = frozenset({"data", "process"})
IMPURE = frozenset(
    {"asyncio", "os", "time", "subprocess", "socket", "threading", "multiprocessing", "secrets", "uuid"}
    | {"faust", "aiokafka", "redis", "aiortc", "httpx", "fastapi", "uvicorn", "structlog", "typer"}
)
ENTRY_POINTS = frozenset({"streams"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: str) -> list[Path]:
    """Every module under these folders, generated and foreign code apart."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )


@cache
def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def at(path: Path, node: ast.AST | None = None) -> str:
    """Where something stands, as an editor opens it."""
    line = getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT)}:{line}"


def imports_of(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Each import of a module with the full name of what it imports."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module or ""


def public_definitions(tree: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes, and the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node)


def words_of(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def names_in(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every name that a module gives: functions, classes, parameters, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id


def test_functions_stay_under_forty_lines() -> None:
    """A function is read at one look: under 40 lines, docstring and all."""
    long = [
        f"{at(path, node)} {node.name}: {lines} lines"
        for path in modules(*CODE)
        for node in ast.walk(parsed(path))
        if isinstance(node, Function)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) >= FUNCTION_LINES
    ]
    assert not long, "split these:\n" + "\n".join(long)


def test_modules_stay_under_three_hundred_lines() -> None:
    """A module has one subject: under 300 lines."""
    long = [
        f"{at(path)} {lines} lines"
        for path in modules(*CODE)
        if (lines := len(path.read_text().splitlines())) >= MODULE_LINES
    ]
    assert not long, "split these:\n" + "\n".join(long)


def test_pure_packages_reach_no_clock_no_environment_and_no_wire() -> None:
    """What decides reads its state, its policy and the event: nothing waits or connects."""
    found = [
        f"{at(path, node)} imports {name}"
        for path in modules(*PURE)
        for node, name in imports_of(path)
        if name.split(".")[0] in IMPURE
    ]
    assert not found, "\n".join(found)


def test_pure_packages_do_not_ask_what_time_it_is() -> None:
    """Time is an event: no datetime.now, no today, under whatever name datetime was imported."""
    found = [
        f"{at(path, node)} asks {ast.unparse(node.func)}"
        for path in modules(*PURE)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today", "monotonic", "perf_counter"}
    ]
    assert not found, "\n".join(found)


def test_nothing_imports_the_streams_but_the_command_line() -> None:
    """`streams` is the shell: only the composition root knows it."""
    found = [
        f"{at(path, node)} imports {name}"
        for path in modules("schemas", "services", "deploy")
        if "cli" not in path.relative_to(ROOT).parts
        for node, name in imports_of(path)
        if name.split(".")[0] in ENTRY_POINTS
    ]
    assert not found, "\n".join(found)


def test_names_are_the_fields_own() -> None:
    """No utils, helpers, managers; nothing is just `data` or `process`."""
    found = [
        f"{at(path, node)} {name}"
        for path in modules(*CODE)
        for node, name in [(None, path.stem), (None, path.parent.name), *names_in(parsed(path))]
        if name in BANNED_NAMES or words_of(name) & BANNED_WORDS
    ]
    assert not found, "say what it is in the field's words:\n" + "\n".join(found)


def test_everything_public_says_what_it_is_for() -> None:
    """Every module, public class, function and method has a docstring of its intent."""
    found = [f"{at(path)} the module" for path in modules(*CODE) if not ast.get_docstring(parsed(path))]
    found += [
        f"{at(path, node)} {node.name}"
        for path in modules(*CODE)
        for node in public_definitions(parsed(path))
        if not ast.get_docstring(node) and not _only_restates(node)
    ]
    assert not found, "\n".join(found)


def _only_restates(node: Function | ast.ClassDef) -> bool:
    """An overload, an override or a setter is documented where it is declared."""
    return any(
        ast.unparse(decorator).split(".")[-1] in {"overload", "override", "setter"}
        for decorator in node.decorator_list
    )


def test_every_test_states_its_rule() -> None:
    """A test's docstring is the rule that it keeps."""
    found = [
        f"{at(path, node)} {node.name}"
        for path in modules("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, Function) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SessionManager", {"session", "manager"}),
        ("http_utils", {"http", "utils"}),
        ("H3Cell", {"h", "cell"}),
    ],
)
def test_a_name_is_split_into_its_words(name: str, words: set[str]) -> None:
    """The check of names sees through snake_case and CamelCase."""
    assert words_of(name) == words
