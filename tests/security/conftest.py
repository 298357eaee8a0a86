"""One secured broker for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.topics import create
from tests.conftest import folder_for_servers
from tests.security.secured_kafka import SecuredKafka, secured_kafka


@pytest.fixture(scope="session")
def secured() -> Iterator[SecuredKafka]:
    with folder_for_servers() as folder, secured_kafka(folder) as one:
        yield one


@pytest.fixture
def with_topics(secured: SecuredKafka) -> SecuredKafka:
    """It has the ledger's topics, too."""
    create(secured.administrator)
    return secured
