"""--json: every line is one of the documented objects, and says all that the record did."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

import msgspec
import pytest

from bstinspect import records
from bstinspect.reports import jsonlines
from bstinspect.reports.jsonlines import AnyLine, JsonLines

from .programs import EXEC_BY_THREAD, OLD_CALL, STOPPED_CHILD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .conftest import Done, Trace

SCHEMA = Path(__file__).parents[2] / "docs" / "trace.schema.json"
L = TypeVar("L", bound=jsonlines.Line)
KINDS: tuple[type[jsonlines.Line], ...] = get_args(AnyLine)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
SCRIPT = """
cat /nowhere
printf '\\377\\0%0100d' 1 > out
trap : USR1
kill -USR1 $$
$1
sh -c 'kill -KILL $$'
exit 5
"""


def strictly(done: Done) -> list[AnyLine]:
    """Read the lines back; none may have a field that is not documented, or of another type."""
    found = []
    for line in done.lines:
        raw = json.loads(line)
        kind = next(each for each in KINDS if each.__struct_config__.tag == raw["type"])
        fields = {"type", *(field.name for field in msgspec.structs.fields(kind))}
        assert set(raw) <= fields, raw
        found.append(msgspec.json.decode(line, type=AnyLine, strict=True))
        again = json.loads(msgspec.json.encode(found[-1]))
        assert again == json.loads(line)
    return found


def those(lines: Iterable[AnyLine], kind: type[L]) -> list[L]:
    """Return the lines of one type."""
    return [line for line in lines if isinstance(line, kind)]


@pytest.fixture
def story(trace: Trace, program: Callable[..., str], tmp_path: Path) -> list[AnyLine]:
    """Trace a shell that does a little of everything."""
    stopped = program(STOPPED_CHILD, "-static")
    done = trace("-f", "--json", "sh", "-c", SCRIPT, "sh", stopped, cwd=tmp_path, env=ENVIRONMENT)
    assert done.status == 5
    return strictly(done)


def test_a_whole_story(story: list[AnyLine]) -> None:
    """Calls, signals, stops, children and ends are all there, each in its object."""
    assert isinstance(story[0], jsonlines.Start)
    assert story[0].version == records.FORMAT_VERSION
    spawned = those(story, jsonlines.Spawned)
    attached = those(story, jsonlines.Attached)
    assert {each.child for each in spawned} == {each.tid for each in attached if each.followed}
    shell = attached[0]
    assert not shell.followed
    ends = {each.tid: each for each in those(story, jsonlines.Exited)}
    assert set(ends) == {each.tid for each in attached}
    assert (ends[shell.tid].status, ends[shell.tid].signal) == (5, "")
    assert {(each.status, each.signal) for each in ends.values()} >= {(None, "SIGKILL"), (1, ""), (3, "")}
    signals = those(story, jsonlines.Signal)
    assert {"SIGUSR1", "SIGCHLD", "SIGCONT"} <= {each.signal for each in signals}
    usr1 = next(each for each in signals if each.signal == "SIGUSR1")
    assert usr1.info.startswith("{si_signo=SIGUSR1, si_code=SI_USER, si_pid=")
    assert those(story, jsonlines.Stopped)[0].signal == "SIGSTOP"
    assert those(story, jsonlines.Continued)[0].tid == those(story, jsonlines.Stopped)[0].tid
    assert all(each.former_tid == each.tid for each in those(story, jsonlines.Executed))


def test_calls(story: list[AnyLine]) -> None:
    """Decoded and raw; with the error, the time it took, and what its descriptors are."""
    calls = those(story, jsonlines.Syscall)
    opened = next(each for each in calls if '"/nowhere"' in each.arguments)
    assert (opened.name, opened.result, opened.errno) == ("openat", -2, "ENOENT")
    assert opened.arguments == ["AT_FDCWD", '"/nowhere"', "O_RDONLY"]
    assert len(opened.raw) == 6
    assert int(opened.raw[0], 16) & 0xFFFFFFFF == (1 << 32) - 100
    assert opened.duration_ns
    written = next(each for each in calls if each.name == "write" and each.result == 102)
    assert written.arguments[1] == '"\\377\\000' + "0" * 99 + '1"'  # not cut
    assert (written.raw[2], written.result_text) == ("0x66", "102")
    assert written.descriptors[0].fd == 1
    assert written.descriptors[0].target.endswith("/out")
    never = [each for each in calls if each.unfinished]
    assert {each.name for each in never} >= {"exit_group", "kill"}
    assert all(each.result is None and not each.errno for each in never)
    begun = [float(each.time) for each in calls if each.tid == calls[0].tid]
    assert begun == sorted(begun)
    assert all(len(each.time.partition(".")[2]) == 9 for each in story)


def test_strings_are_cut_where_s_says(trace: Trace) -> None:
    """-s is minded; without it 4096 bytes are shown."""
    code = "printf %05000d 1"
    long = those(strictly(trace("--json", "-e", "trace=write", "sh", "-c", code)), jsonlines.Syscall)
    assert max(len(each.arguments[1]) for each in long) == 4096 + 5
    short = those(strictly(trace("--json", "-s3", "-e", "trace=write", "sh", "-c", code)), jsonlines.Syscall)
    assert short[0].arguments[1] == '"000"...'


def test_an_execve_of_a_thread_and_an_old_call(trace: Trace, program: Callable[..., str]) -> None:
    """The thread's tid is gone after it; the 32-bit call says that it is one."""
    done = strictly(trace("-f", "--json", program(EXEC_BY_THREAD)))
    executed = those(done, jsonlines.Executed)[-1]
    assert executed.former_tid != executed.tid == executed.pid
    last = [each for each in those(done, jsonlines.Syscall) if each.name == "execve"][-1]
    assert last.result == 0
    done = strictly(trace("--json", program(OLD_CALL, "-static")))
    old = [each for each in those(done, jsonlines.Syscall) if each.arch]
    assert [(each.number, each.arch) for each in old] == [(20, 0x40000003)]


def test_records_made_by_hand() -> None:
    """What no trace is sure to have: stacks, losses, and bytes that are no UTF-8."""
    lines: list[str] = []
    writer = JsonLines(lambda _tid, text: lines.append(text))
    writer.feed(
        [
            records.CaptureStart(1, 2, 10**18 + 1, "x86_64"),
            records.Stack(2, 7, 7, (b"/lib/\xff(x+0x1) [0x2]",)),
            records.Lost(3, 9, "disk full"),
            records.Detached(4, 7, 7),
            records.SyscallEntry(
                5, 7, 7, 3, (9, 0, 0, 0, 0, 0), descriptors=(records.OpenFile(9, b"/\xfe", "char 1:3"),)
            ),
        ]
    )
    writer.finish()
    assert [line.count("\n") for line in lines] == [1] * 5
    start, stack, lost, detached, call = (msgspec.json.decode(line, type=AnyLine) for line in lines)
    assert start == jsonlines.Start("1000000000.000000001", "x86_64", 2)
    assert isinstance(stack, jsonlines.Stack)
    assert stack.frames == ["/lib/\\xff(x+0x1) [0x2]"]
    assert lost == jsonlines.Lost("1000000000.000000003", 9, "disk full")
    assert detached == jsonlines.Detached("1000000000.000000004", 7, 7)
    assert isinstance(call, jsonlines.Syscall)
    assert (call.name, call.unfinished) == ("close", True)
    assert call.descriptors == [jsonlines.Descriptor(9, "/\\xfe", "char 1:3")]


def test_the_schema_is_the_documented_one() -> None:
    """docs/trace.schema.json is what the command in docs/trace-json.md writes."""
    text = io.StringIO()
    with redirect_stdout(text):
        jsonlines.main()
    assert SCHEMA.read_text() == text.getvalue()
    assert json.loads(text.getvalue()) == jsonlines.schema()
    documented = (SCHEMA.parent / "trace-json.md").read_text()
    for kind in KINDS:
        assert f"`{kind.__struct_config__.tag}`" in documented
    for field in msgspec.structs.fields(jsonlines.Syscall):
        assert field.name in ("tid", "pid", "time") or f"`{field.name}`" in documented
