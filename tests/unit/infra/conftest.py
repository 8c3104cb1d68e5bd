import pytest

from tests.unit.infra.configuration import Configuration, parse, read_files


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    return parse(read_files())
