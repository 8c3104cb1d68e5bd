"""What Cloud Storage refuses is told apart from what it does not answer."""

from collections.abc import Generator

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from fer.errors import NotPermitted
from fer.storage.keys import CHAMPION_KEY
from fer.storage.stores.gcs import GcsObjectStore
from local.refusing_bucket import refusing_bucket


@pytest.fixture
def store() -> Generator[GcsObjectStore]:
    with refusing_bucket() as url:
        options = ClientOptions(api_endpoint=url)
        client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
        yield GcsObjectStore(client, "faces")


def test_a_refused_look_is_not_permitted_rather_than_unanswered(store: GcsObjectStore) -> None:
    with pytest.raises(NotPermitted) as refusal:
        store.stat(CHAMPION_KEY)
    assert refusal.value.status == 503
    with pytest.raises(NotPermitted):
        store.read(CHAMPION_KEY)
