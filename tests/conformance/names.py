"""Names for values that differ from run to run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Names:
    """Names in order of first appearance, or one name for all."""

    letter: str
    one: bool = False
    names: dict[str, str] = field(default_factory=dict)

    def __call__(self, value: str) -> str:
        """Return the value's name, the same each time."""
        name = self.letter if self.one else f"{self.letter}{len(self.names) + 1}"
        return self.names.setdefault(value, name)

    def if_known(self, value: str) -> str:
        """Return the value's name, or the value where it never had one."""
        return self.names.get(value, value)
