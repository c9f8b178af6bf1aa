"""All checks, each one run of the program."""

from __future__ import annotations

from typing import Final

from bstinspect.grade.checks import contact, ends, kills, numbers, replies, stops
from bstinspect.grade.checks import input as bad_input
from bstinspect.grade.runs import Check

CONTACT: Final = Check("first contact", "replies", contact.contact)
CHECKS: Final = (
    Check("replies", "replies", replies.replies),
    Check("spelling", "replies", replies.spelling),
    Check("sums", "numbers", numbers.sums),
    Check("wide sums", "numbers", numbers.wide_sums),
    Check("ids", "numbers", numbers.ids),
    Check("wide ids", "numbers", numbers.wide_ids),
    Check("negative ids", "numbers", numbers.negative_ids),
    Check("a bad number", "input", bad_input.bad_number),
    Check("no numbers", "input", bad_input.no_numbers),
    Check("bad ids", "input", bad_input.bad_ids),
    Check("a bad command", "input", bad_input.bad_command),
    Check("too few numbers", "input", bad_input.too_few),
    Check("exit", "ends", ends.on_exit),
    Check("end of input", "ends", ends.at_end_of_input),
    Check("the controller killed", "ends", ends.controller_killed),
    Check("a leaf killed", "kills", kills.leaf),
    Check("an inner node killed", "kills", kills.inner),
    Check("the root killed", "kills", kills.root),
    Check("a leaf stopped", "stops", stops.leaf),
    Check("an inner node stopped", "stops", stops.inner),
    Check("the root stopped", "stops", stops.root),
)
