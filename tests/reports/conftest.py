"""What the tests of the formats share: a document that holds every block and every kind of drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .sample import sample_document

if TYPE_CHECKING:
    from bstinspect.writeup.document import Document


@pytest.fixture(params=["en", "ru"])
def sample(request: pytest.FixtureRequest) -> Document:
    """Return the sample document, in each of the two languages."""
    return sample_document(request.param)
