"""The classifier that serves: the local model, or the bucket's champion, followed as it changes."""

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fer.errors import NotPermitted, Unavailable
from fer.vision.arrays import ExpressionScores, FaceChips
from fer.vision.classifier import Classifier, LiteRTClassifier, probe
from fer.vision.model_files import load_model_files, read_model_files
from fer.vision.priors import PriorChoice

if TYPE_CHECKING:
    from fer.storage.registry import Champion, ModelRegistry

LOGGER = logging.getLogger("fer.champion")

STORE_PATIENCE_S: Final = 6.0
"""The longest that a start waits for a store that hangs; a healthy one answers in well under a second."""


def open_classifier(
    models_dir: Path, *, model_uri: str | None, refresh_s: float, prior: PriorChoice = "default"
) -> Classifier:
    """Return the model in ``models_dir/expression``, or the champion in the store that ``model_uri`` names.

    With a store, it checks now and later at most every ``refresh_s`` seconds. Whatever is wrong with the
    store or the champion, the last good model keeps serving. Raises ``InvalidInput`` for a ``model_uri``
    that names no store, ``ImportError`` if its client is not installed, and as ``load_model_files`` does.
    """
    bundled = LiteRTClassifier(load_model_files(models_dir / "expression"), prior=prior)
    if model_uri is None:
        return bundled
    # Imported here so that serving the local model does not pay for the storage.
    from fer.storage.factory import open_store
    from fer.storage.registry import ModelRegistry

    def open_registry() -> ModelRegistry:
        return ModelRegistry(open_store(model_uri, patience_s=STORE_PATIENCE_S))

    with contextlib.suppress(Unavailable):  # a wrong address prevents the start, a store that is down does not
        open_registry()
    return ChampionClassifier(bundled, open_registry, refresh_s=refresh_s, prior=prior)


class ChampionClassifier:
    """A ``Classifier`` that answers with the champion of a registry, and with ``first`` until there is one.

    It checks once when it is created. From the first request on, a thread checks every ``refresh_s`` seconds, and no
    request waits for it. (Started then, the thread belongs to the process that answers, not to one that forks it.
    Where the CPU is available only while a request is answered, a check that has become due runs alongside the
    next request.) A champion is verified and tried out before it takes over; one that fails is not tried again
    until the pointer changes. ``open_registry`` is called for each check: a newly opened store has no connection
    that went stale over hours of idling or that belongs to a parent process.
    """

    def __init__(
        self,
        first: Classifier,
        open_registry: "Callable[[], ModelRegistry]",
        *,
        refresh_s: float,
        prior: PriorChoice = "default",
    ) -> None:
        self._serving = first
        self._prior: PriorChoice = prior
        self._open_registry = open_registry
        self._refresh_s = refresh_s
        self._lock = threading.Lock()
        self._following = False
        self._closed = threading.Event()
        self._settled_generation: int | None = None
        self._complaint = ""
        self.look()

    @property
    def model_version(self) -> str:
        return self.pinned().model_version

    def classify(self, face_chips: FaceChips) -> ExpressionScores:
        """Return float32 (N, 7) calibrated scores, in ``EXPRESSIONS`` order, for uint8 (N, 48, 48)."""
        return self.pinned().classify(face_chips)

    def pinned(self) -> Classifier:
        """Return the model that serves now."""
        if not self._following:
            self._start_following()
        return self._serving

    def look(self) -> None:
        """Follow the pointer once, now. Call it from one thread at a time. Never raises."""
        try:
            registry = self._open_registry()
            champion = registry.champion()
            if champion is None:
                self._complain("There is no champion in the bucket")
                return
            if champion.generation != self._settled_generation:
                self._follow(registry, champion)
            self._complaint = ""
        except NotPermitted as error:
            # The account of `predict` may not list, so the store refuses it a pointer that is not there: as good as
            # no champion, as long as none was ever read.
            if self._settled_generation is None:
                self._complain("There is no champion in the bucket, or it may not be read")
            else:
                self._complain("The champion cannot be read", error)
        except Exception as error:  # noqa: BLE001  whatever is wrong there, the current model keeps serving
            self._complain("The champion cannot be read", error)

    def close(self) -> None:
        """Stop checking; the current model keeps serving."""
        self._closed.set()

    def _start_following(self) -> None:
        with self._lock:
            if self._following:
                return
            self._following = True
        try:
            threading.Thread(target=self._keep_following, name="champion", daemon=True).start()
        except RuntimeError:  # no thread available: the next request tries again
            self._following = False

    def _keep_following(self) -> None:
        while not self._closed.wait(self._refresh_s):
            self.look()

    def _follow(self, registry: "ModelRegistry", champion: "Champion") -> None:
        fields = {"champion": champion.version, "model_version": self._serving.model_version}
        try:
            files = read_model_files(registry.fetch_served(champion).__getitem__)
            classifier = LiteRTClassifier(files, prior=self._prior)
            probe(classifier)
        except Unavailable:  # the champion itself may be fine: try it again at the next check
            raise
        except Exception as error:  # a broken model can raise anything, and nothing may escape
            self._settled_generation = champion.generation
            text = "The champion %s cannot serve; %s keeps serving: %s"
            LOGGER.error(text, *fields.values(), error, exc_info=error, extra={"fields": fields})
            return
        self._serving = classifier
        self._settled_generation = champion.generation
        LOGGER.info("The champion %s takes over from %s", *fields.values(), extra={"fields": fields})

    def _complain(self, what: str, error: Exception | None = None) -> None:
        """Log a message once, and again only after a different one."""
        complaint = what if error is None else f"{what}: {error}"
        if complaint != self._complaint:
            self._complaint = complaint
            version = self._serving.model_version
            level = logging.WARNING if error is None else logging.ERROR
            fields = {"model_version": version}
            LOGGER.log(level, "%s; %s keeps serving", complaint, version, exc_info=error, extra={"fields": fields})
