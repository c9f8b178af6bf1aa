"""Finds, without running anything, each sentence that a report can say and each noun that it can count."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

import bstinspect.writeup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE: Final = Path(bstinspect.writeup.__file__).parent
_SPEAKERS: Final = ("words", "self._words")
_Path: TypeAlias = tuple[ast.AST, ...]
"""A node behind all those around it, the module first."""


class Sayings(msgspec.Struct):
    """What the modules say; each sentence or noun with the places where it is said."""

    sentences: dict[str, list[str]] = {}
    nouns: dict[str, list[str]] = {}
    unknown: list[str] = []
    """Places where it cannot be told what is said."""


def find(package: Path = PACKAGE) -> Sayings:
    """Read all modules of a package."""
    found = Sayings()
    for path in sorted(package.rglob("*.py")):
        read(path.name, path.read_text("utf-8"), found)
    return found


def read(name: str, text: str, found: Sayings) -> None:
    """Read one module: calls of say, text and count, whose words may come from constants of the module."""
    module = ast.parse(text)
    constants = {
        each.target.id: each.value
        for each in module.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value
    }
    for around, call, method in _calls((module,)):
        said = call.args[1 if method == "count" else 0 :]
        texts = _texts(said[0], around, constants) if len(said) == 1 else set()
        place = f"{name}:{call.lineno}"
        if not texts:
            found.unknown.append(place)
        for each in texts:
            (found.nouns if method == "count" else found.sentences).setdefault(each, []).append(place)


def _calls(path: _Path) -> Iterator[tuple[_Path, ast.Call, str]]:
    for node in ast.iter_child_nodes(path[-1]):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("say", "text", "count")
            and ast.unparse(node.func.value) in _SPEAKERS
        ):
            yield path, node, node.func.attr
        yield from _calls((*path, node))


def _texts(value: ast.expr, around: _Path, constants: dict[str, ast.expr]) -> set[str]:
    """Return all texts that an expression can be; none where that cannot be told."""
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return _all((one, other), around, constants)
        case (
            ast.Subscript(value=ast.Name(id=name))
            | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get" | "items" | "values"))
        ):
            return _inside(name, constants)
        case ast.Name(id=name) if name in constants:
            return _inside(name, constants)
        case ast.Name(id=name):
            return _all(_bound(name, around), around, constants)
    return set()


def _all(values: Iterable[ast.expr], around: _Path, constants: dict[str, ast.expr]) -> set[str]:
    found = [_texts(each, around, constants) for each in values]
    return set().union(*found) if all(found) else set()


def _bound(name: str, around: _Path) -> list[ast.expr]:
    """Return what a name of a function is bound to: by the innermost loop, else by assignments."""
    for node in reversed(around):
        loops = [node] if isinstance(node, ast.For) else getattr(node, "generators", [])
        for loop in loops:
            if _binds(loop.target, name):
                return [loop.iter]
        if isinstance(node, ast.FunctionDef):
            inside = (each for each in ast.walk(node) if isinstance(each, ast.Assign))
            return [each.value for each in inside if any(_binds(target, name) for target in each.targets)]
    return []


def _binds(target: ast.expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(target))


def _inside(name: str, constants: dict[str, ast.expr]) -> set[str]:
    """Return a constant's texts: itself, the items of a tuple, the values of a dict (of pairs the first)."""
    values: list[ast.expr] = []
    match constants.get(name):
        case ast.Constant() as one:
            values = [one]
        case ast.Tuple(elts=items):
            values = items
        case ast.Dict(values=items):
            values = [each.elts[0] if isinstance(each, ast.Tuple) else each for each in items]
    texts = {each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return texts if len(values) == sum(isinstance(each, ast.Constant) for each in values) else set()
