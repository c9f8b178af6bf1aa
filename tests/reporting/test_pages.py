"""The report on paper: a main part that somebody reads, appendices behind it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from bstinspect.findings.reading import find
from bstinspect.findings.requirements import ASSIGNMENT, read_requirements
from bstinspect.findings.survey import Survey
from bstinspect.reports.drawing import PRINT
from bstinspect.reports.html import write_html
from bstinspect.writeup.compose import Particulars, compose
from bstinspect.writeup.language import Language

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.model import Findings

MOST_PAGES = 8


@pytest.fixture(scope="module")
def findings(demonstration: Path) -> Findings:
    """Return the facts of the demonstration."""
    survey = Survey(find(demonstration), read_requirements(ASSIGNMENT), io.BytesIO(), [])
    return survey.run(lambda _position: None)


def test_the_main_part_has_eight_pages(findings: Findings) -> None:
    """The assignment's demonstration: the first appendix begins on the ninth page at the latest."""
    try:
        import weasyprint
    except OSError:
        pytest.skip("no Pango: on Debian, apt install libpango-1.0-0 libpangoft2-1.0-0")
    document = compose("lab", findings, Particulars(), Language("en"))
    page = weasyprint.HTML(string=write_html(document, PRINT), media_type="print").render()
    begins = next(
        number for number, each in enumerate(page.pages) if document.appendices[0].anchor in each.anchors
    )
    assert begins <= MOST_PAGES
    assert len(page.pages) > begins


def test_the_facts_of_the_demonstration(findings: Findings) -> None:
    """Who died, who noticed, what was cut off; every requirement is met; nothing is missing."""
    (death,) = findings.deaths
    assert (death.node, death.unreachable, death.answered) == (5, [3, 5, 7], "Ok: 3;5;7")
    nodes = findings.nodes_before_death()
    ends = {each.pid for each in death.witnesses if each.how == "end-of-connection"}
    assert nodes[10].pid in ends  # the children too, unless they are removed before they come to it
    assert ends <= {nodes[10].pid, nodes[3].pid, nodes[7].pid}
    assert {each.pid for each in death.witnesses if each.how == "wait"} == {nodes[10].pid}
    assert {each.status for each in findings.requirements} == {"met"}
    assert not findings.gaps
    assert [each.topic for each in findings.excerpts] == ["create", "exec", "death"]


@pytest.mark.parametrize("template", ["lab", "mai"])
@pytest.mark.parametrize("code", ["en", "ru"])
def test_the_order_of_the_templates(findings: Findings, template: str, code: str) -> None:
    """Each template has its order, in both languages, and all of the sections."""
    language = Language("ru" if code == "ru" else "en")
    document = compose(template, findings, Particulars(code=(("a.c", "int a;"),)), language)
    anchors = [each.anchor for each in document.sections]
    inside = [inner.anchor for each in document.sections for inner in each.inside]
    if template == "lab":
        assert anchors == [
            "environment", "requirements", "trees", "sequences", "calls", "excerpts", "lives", "latencies",
            "deaths", "problems", "conclusion",
        ]  # fmt: skip
        assert document.appendices[-1].anchor == "code"
    else:
        assert anchors == ["task", "about", "method", "code", "strace", "demonstration", "conclusion"]
        assert inside == [
            "requirements", "environment", "trees", "sequences", "calls", "excerpts", "lives", "problems",
            "latencies", "deaths",
        ]  # fmt: skip
        assert document.formal
