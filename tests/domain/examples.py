"""Examples of every rule, as data: what it allows or makes happen, and what it refuses."""

from __future__ import annotations

from tests.domain.example import Example
from tests.domain.examples_of_page import PAGE
from tests.domain.examples_of_readings import READINGS
from tests.domain.examples_of_siblings import SIBLINGS

EXAMPLES: dict[str, tuple[Example, ...]] = {**PAGE, **READINGS, **SIBLINGS}
