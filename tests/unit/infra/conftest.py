import pytest

from tests.unit.infra.rules.configuration import Configuration, parse, read_files


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    return parse(read_files())
