"""The facts as JSON."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import msgspec

from bstinspect.findings.model import (
    Activity,
    AutopsyThread,
    CallCount,
    CommandFacts,
    DeathFacts,
    DescriptorLife,
    End,
    Environment,
    ErrorFacts,
    Evidence,
    ExcerptFacts,
    FileCount,
    Findings,
    Gap,
    Leak,
    MessageFacts,
    ProcessFacts,
    RequirementFacts,
    SeenCall,
    Slice,
    ThreadFacts,
    Witness,
)
from bstinspect.reports import facts
from bstinspect.reports.facts import Report, write_facts

DOCS: Final = Path(__file__).parents[2] / "docs"
SCHEMA: Final = DOCS / "report.schema.json"
CALL: Final = SeenCall(9_007_199_254_740_993, 10, 11, "close", "close(3) = 0", 7, 1)


def full() -> Findings:
    """Return findings with one of everything."""
    return Findings(
        environment=Environment(1e9, "x86_64", arguments=["bstrace", "session"], length=1 << 60),
        processes=[
            ProcessFacts(
                10, 20, threads=[ThreadFacts(11, 10, "ZMQbg/IO/0")], counts=[CallCount("close", 1)], status=9
            )
        ],
        commands=[CommandFacts("create 5 -1", 1, 2, 'Ok: "10"'), CommandFacts("pingall", 3)],
        messages=[MessageFacts("exec #1 to 5", "exec", 5, End(10, 3), End(20, 4, 5), CALL)],
        messages_omitted=3,
        deaths=[
            DeathFacts(
                10, 4, 9, threads=[AutopsyThread(10, "python", "poll()")], unreachable=[20],
                witnesses=[Witness(20, 5, "reset", CALL)],
            )
        ],
        descriptors=[DescriptorLife(10, 3, "tcp", opened=CALL)],
        descriptors_omitted=1,
        files=[FileCount(10, 2, 1)],
        errors=[ErrorFacts("openat", "ENOENT", 2, CALL, "loader")],
        leaks=[Leak("zombie", 10, "cat")],
        activity=[Activity(10, [Slice(0, 5, {"network": 3})])],
        requirements=[RequirementFacts("kill", {"ru": "завершение"}, "met", evidence=[Evidence("x")])],
        excerpts=[ExcerptFacts("exec", [CALL], {0: 3})],
        gaps=[Gap("lost", "in the middle", 3)],
        parents={5: None, 7: 5},
        lost_nodes=[7],
    )  # fmt: skip


def test_every_fact_comes_back() -> None:
    """Read strictly by the types, it is what was written, to the nanosecond."""
    data = write_facts(full())
    report = msgspec.json.decode(data, type=Report, strict=True)
    assert report.format == 1
    assert report.findings == full()
    for field in Findings.__struct_fields__:
        assert getattr(full(), field), f"the test knows nothing of {field}"


def test_how_it_looks() -> None:
    """The version comes first, lines are indented, texts are as they are, and times are whole numbers."""
    text = write_facts(full()).decode()
    assert text.startswith(
        '{\n  "format": 1,\n  "findings": {\n    "environment": {\n      "started": 1000000000.0,'
    )
    assert text.endswith("}\n")
    assert "завершение" in text
    whole = json.loads(text)["findings"]
    assert whole["commands"] == [
        {"line": "create 5 -1", "began": 1, "ended": 2, "reply": 'Ok: "10"'},
        {"line": "pingall", "began": 3},
    ]
    assert whole["messages"][0]["sent"]["when"] == 9_007_199_254_740_993
    assert whole["parents"] == {"5": None, "7": 5}


def test_hostile_texts() -> None:
    """Whatever was in a trace leaves valid JSON; what UTF-8 cannot hold is replaced."""
    found = full()
    found.commands = [CommandFacts('</script>\0"\\\u202e\ud800', 1, 2, "x" * 1_000_000)]
    found.processes[0].threads[0].main_calls = {"\udcff": 1}
    data = write_facts(found)
    whole = json.loads(data.decode("utf-8"))["findings"]
    assert whole["commands"][0]["line"] == '</script>\0"\\\u202e\ufffd'
    assert len(whole["commands"][0]["reply"]) == 1_000_000
    assert whole["processes"][0]["threads"][0]["main_calls"] == {"\ufffd": 1}
    assert msgspec.json.decode(data, type=Report).findings.messages == full().messages


def test_the_schema_is_the_documented_one() -> None:
    """docs/report.schema.json is what the command in docs/report-json.md writes."""
    text = io.StringIO()
    with redirect_stdout(text):
        facts.main()
    assert SCHEMA.read_text() == text.getvalue(), (
        "python -m bstinspect.reports.facts > docs/report.schema.json"
    )
    assert json.loads(text.getvalue()) == facts.schema()
    documented = (DOCS / "report-json.md").read_text()
    for field in Findings.__struct_fields__:
        assert f"| `{field}` |" in documented


def test_the_schema_knows_every_field() -> None:
    """Every object in the file is of a definition of the schema, with no field that it lacks."""
    schema = json.loads(SCHEMA.read_text())
    seen: set[str] = set()
    _walk(json.loads(write_facts(full())), schema, schema["$defs"], seen)
    assert seen == set(schema["$defs"])


def _walk(value: Any, kind: dict[str, Any], kinds: dict[str, Any], seen: set[str]) -> None:
    """Hold a value against its schema, as far as msgspec's schemas go."""
    for choice in kind.get("anyOf", ()):
        if (choice == {"type": "null"}) == (value is None):
            return _walk(value, choice, kinds, seen)
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        seen.add(name)
        return _walk(value, kinds[name], kinds, seen)
    if isinstance(value, dict):
        fields, more = kind.get("properties", {}), kind.get("additionalProperties")
        assert set(kind.get("required", ())) <= set(value)
        for key, each in value.items():
            assert key in fields or more, key
            _walk(each, fields.get(key, more), kinds, seen)
    elif isinstance(value, list):
        for each in value:
            _walk(each, kind["items"], kinds, seen)
    return None
