"""Which pages may connect."""

import pytest

from streaming.origins import is_allowed

HOST = "app.example:8080"


@pytest.mark.parametrize(
    ("origin", "allowed_origins", "expected"),
    [
        pytest.param(None, (), True, id="no browser"),
        pytest.param("http://app.example:8080", (), True, id="same host"),
        pytest.param("https://APP.example:8080", (), True, id="same host behind a proxy that ends TLS"),
        pytest.param("http://app.example", (), False, id="other port"),
        pytest.param("http://app.example:8080.evil.example", (), False, id="host as a prefix"),
        pytest.param("http://evil.example/app.example:8080", (), False, id="host in the path"),
        pytest.param("http://x@app.example:8080", (), False, id="user in front of the host"),
        pytest.param("https://other.example", (), False, id="other page"),
        pytest.param("https://other.example", ("https://other.example",), True, id="listed"),
        pytest.param("http://other.example", ("https://other.example",), False, id="listed with another scheme"),
        pytest.param("https://other.example", ("*",), True, id="any"),
        pytest.param("null", ("https://other.example",), False, id="sandboxed page"),
        pytest.param("", (), False, id="empty"),
        pytest.param("http://[", (), False, id="no address"),
    ],
)
def test_origins(origin: str | None, allowed_origins: tuple[str, ...], *, expected: bool) -> None:
    assert is_allowed(origin, host=HOST, allowed_origins=allowed_origins) is expected


def test_without_a_host_no_page_is_the_same_one() -> None:
    assert not is_allowed("", host="", allowed_origins=())
