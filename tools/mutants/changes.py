"""The changes that make mutants: found in a file's syntax tree, made in its text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SENDS: Final = frozenset({
    "_answer", "_send", "_pass_up", "_forward", "send", "sock_sendall", "signal", "pidfd_send_signal",
    "set_result", "_settle", "move", "_on_notice", "_on_late", "_on_child", "_on_malformed", "write_out",
})  # fmt: skip
"""Calls that tell somebody something."""
_CLEANUPS: Final = frozenset({
    "close", "remove", "pop", "unlink", "kill", "discard", "clear", "cancel", "remove_reader", "rmtree",
    "rmdir", "term", "destroy", "wait", "closerange", "reap", "forget", "_vacate", "_finish", "skip", "fail",
    "end_of_controller", "begin_child", "_put_down",
})  # fmt: skip
"""Calls that undo something, or let it go."""
_TIMES: Final = ("LIMIT", "DEADLINE", "WINDOW", "BATCH", "YOUNG")
_TIME_ARGUMENTS: Final = frozenset({"limit", "patience", "deadline", "step", "due", "accept_by"})
_OPPOSITES: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip
_SWITCHES: Final = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
"""Comparisons whose opposite is their negation."""
_LARGEST: Final = 4096
"""An off-by-one in a larger number is nothing."""


class Change(NamedTuple):
    """A piece of a file's text, and what comes in its place."""

    line: int
    column: int
    end_line: int
    end_column: int
    function: str
    what: str
    text: str


def changes_of(source: str) -> Iterator[Change]:
    """Yield every change of a file."""
    yield from _walk(ast.parse(source), "module", None)


def _walk(node: ast.AST, function: str, parent: ast.AST | None) -> Iterator[Change]:
    """Yield the changes at a node and below it; annotations, documentation and decorators stay."""
    if _is_never_run(node):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        function = node.name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _early_return(node)
    elif isinstance(node, ast.ExceptHandler) and not isinstance(node.body[0], ast.Raise):
        yield _change(node.body[0], function, "unhandled error", "raise")
    elif isinstance(node, ast.expr | ast.stmt):
        found = _of_expression(node, parent) if isinstance(node, ast.expr) else _of_statement(node, function)
        yield from (_change(node, function, what, text) for what, text in found)
    left_out = () if isinstance(node, ast.Call) else ("annotation", "returns", "decorator_list", "keywords")
    for name, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST) and name not in left_out:
                yield from _walk(each, function, node)


def _change(node: ast.expr | ast.stmt, function: str, what: str, text: str) -> Change:
    assert node.end_lineno is not None  # noqa: S101 - it was parsed
    assert node.end_col_offset is not None  # noqa: S101 - it was parsed
    place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    return Change(*place, function, what, text)


def _of_expression(node: ast.expr, parent: ast.AST | None) -> Iterator[tuple[str, str]]:
    """Yield what an expression may become."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        was, becomes = _OPPOSITES[type(node.ops[0])]
        yield (
            f"{was} to {becomes}",
            f"({ast.unparse(node.left)} {becomes} {ast.unparse(node.comparators[0])})",
        )
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        what = "and to or" if isinstance(node.op, ast.And) else "or to and"
        yield what, f"({ast.unparse(ast.BoolOp(other, node.values))})"
    elif isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool):
            yield f"{value} to {not value}", str(not value)
        elif isinstance(value, int) and value <= _LARGEST:
            yield f"{value} to {value + 1}", f"({value + 1})"
    elif isinstance(node, ast.Call):
        yield from _of_call(node, parent)
    if _is_condition(node, parent):
        yield from _of_condition(node)
    if isinstance(parent, ast.Call | ast.keyword) and _is_time(node):
        text = ast.unparse(node)
        yield "deadline halved", f"type({text})({text} / 2)"
        yield "deadline times ten", f"({text} * 10)"
        yield "deadline zero", "0"


def _of_call(node: ast.Call, parent: ast.AST | None) -> Iterator[tuple[str, str]]:
    """Yield a call whose answer is used in other words: a time without end, a send that only seems one."""
    if ast.unparse(node.func) == "asyncio.timeout":
        yield "dropped deadline", "asyncio.timeout(None)"
    if _called(node) in _SENDS and not isinstance(parent, ast.Expr | ast.Await):
        text = ast.unparse(node)
        yield "dropped send", "True"
        yield "doubled send", f"[{text}, {text}][0]"


def _is_condition(node: ast.expr, parent: ast.AST | None) -> bool:
    if isinstance(parent, ast.If | ast.While | ast.IfExp):
        return node is parent.test
    return isinstance(parent, ast.comprehension) and node in parent.ifs


def _of_condition(node: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "negated condition", f"({ast.unparse(node.operand)})"
    elif not (isinstance(node, ast.Compare) and isinstance(node.ops[0], _SWITCHES)) and not isinstance(
        node, ast.Constant | ast.NamedExpr
    ):
        yield "negated condition", f"(not ({ast.unparse(node)}))"


def _of_statement(node: ast.stmt, function: str) -> Iterator[tuple[str, str]]:
    """Yield a statement without effect, a send twice, and other limits."""
    if isinstance(node, ast.AnnAssign):
        yield from _of_limit(node)
    elif function in ("module", "__init__"):
        return
    elif isinstance(node, ast.Delete):
        yield "lost clean-up", "pass"
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if all(isinstance(each, ast.Attribute | ast.Subscript) for each in targets):
            yield "lost assignment", "pass"
    elif isinstance(node, ast.Expr) and (name := _called(node.value)):
        if name in _SENDS:
            text = ast.unparse(node)
            yield "dropped send", "pass"
            yield "doubled send", f"{text}; {text}"
        else:
            yield ("lost clean-up" if name in _CLEANUPS else "lost call"), "pass"


def _of_limit(node: ast.AnnAssign) -> Iterator[tuple[str, str]]:
    """Yield other values of a named limit."""
    name, value = ast.unparse(node.target), node.value
    if isinstance(value, ast.Constant) and any(word in name for word in _TIMES):
        text = ast.unparse(value)
        yield f"{name} halved", f"{name} = type({text})({text} / 2)"
        yield f"{name} times ten", f"{name} = {text} * 10"
        yield f"{name} zero", f"{name} = 0"


def _is_time(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in _TIME_ARGUMENTS or ast.unparse(node) == "self._deadline()"


def _called(node: ast.expr) -> str:
    """Return the name of the function or method that an expression calls; empty for no call."""
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)


def _early_return(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Change]:
    """Yield a function of no value that does nothing."""
    if node.name == "__init__" or not (isinstance(node.returns, ast.Constant) and node.returns.value is None):
        return
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if body:
        yield _change(body[0], node.name, "early return", "return")


def _is_never_run(node: ast.AST) -> bool:
    """Tell whether nothing of a node is run when a worker loads the module and plays it."""
    if isinstance(node, ast.JoinedStr):
        return True  # where its parts are is not known before Python 3.12
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
