"""The kernel's families of generic netlink."""

from __future__ import annotations

from bstinspect.linux.genetlink import families


def test_families() -> None:
    """The one that tells of the others is always there, and has always this number."""
    assert families()[16] == "nlctrl"
