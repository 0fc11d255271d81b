"""Judging as one object: the metrics, the providers and the embedder behind them."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable

from console.config import Settings
from console.errors import JudgingError, UnsupportedMetric
from console.judging.geval import GEval
from console.judging.kept import KeptStore
from console.judging.providers import local
from console.judging.providers.metering import Meter, Metered
from console.judging.providers.port import CAPABILITIES, Address, Capabilities, Provider, Providers, reached
from console.judging.similarity import similarity
from console.judging.windows import Embedder
from console.records import Artifact, Results, Snapshot

GEVAL, SIMILARITY = "geval", "similarity"


class Judging:
    """Evaluates artifacts under snapshots. Safe to share between threads.

    Args:
        providers: where models are asked.
        embedder: makes the embedder of the metric `similarity`, when it is first needed.
        store: where evaluation steps are kept; None keeps them in memory.
        modes: where it is kept how judges are scored; None keeps it in memory.
        secret: gives what the delimiters of prompts are derived from.
    """

    def __init__(
        self,
        providers: Providers,
        embedder: Callable[[], Embedder],
        store: KeptStore | None = None,
        *,
        modes: KeptStore | None = None,
        secret: Callable[[], bytes] = lambda: secrets.token_bytes(32),
    ) -> None:
        self.providers = providers
        self._embedder = embedder
        self._store = store
        self._secret = functools.cache(secret)
        self._geval = GEval(store, modes=modes, secret=self._secret)

    def for_draft(self, *, keep_steps: bool) -> Judging:
        """The same for one draft: how it is scored is decided for it alone, and is not kept.

        Args:
            keep_steps: the case is there, and steps that are written for it are kept.
        """
        return Judging(self.providers, self._embedder, self._store if keep_steps else None, secret=self._secret)

    def check(self, metric: str) -> None:
        """Raises UnsupportedMetric when no judge works by this metric."""
        if metric not in (GEVAL, SIMILARITY):
            raise UnsupportedMetric(metric)

    def evaluate(self, snapshot: Snapshot, artifact: Artifact, meter: Meter | None = None) -> Results:
        """What the judge of a snapshot finds. The cost is left to whoever knows the prices.

        Args:
            meter: counts the calls of the model, also when this raises.

        Raises:
            UnsupportedMetric: the metric is neither `geval` nor `similarity`.
            JudgingError: no score was obtained.
        """
        self.check(snapshot.metric.type)
        if not artifact.evaluation_target:
            raise JudgingError(f"actual_output is required for {snapshot.case_name} evaluation\nGive it a text.")
        if snapshot.metric.type == SIMILARITY:
            return similarity(snapshot, artifact, self._embedder())
        provider = Metered(self.providers.get(snapshot.llm.type), meter or Meter())
        return self._geval.evaluate(snapshot, artifact, provider)

    def preview(self, snapshot: Snapshot, artifact: Artifact, steps: str) -> str:
        """The prompt that would be sent now for an artifact; asks nobody. Raises JudgingError at wrong parameters."""
        able = CAPABILITIES.get(snapshot.llm.type, CAPABILITIES["other"])
        return self._geval.preview(snapshot, artifact, able, steps)

    def steps(self, snapshot: Snapshot) -> str:
        """The evaluation steps of a snapshot: pinned, kept, or written now by its model. Raises JudgingError."""
        return self._geval.steps(snapshot, self.providers.get(snapshot.llm.type))

    def known_steps(self, snapshot: Snapshot) -> str | None:
        """The evaluation steps of a snapshot as far as they are there. Raises JudgingError at wrong parameters."""
        return self._geval.known_steps(snapshot) if snapshot.metric.type == GEVAL else None

    def mode(self, snapshot: Snapshot) -> str | None:
        """How the judge of a snapshot is scored, as far as that is decided. Raises JudgingError."""
        return self._geval.mode(snapshot) if snapshot.metric.type == GEVAL else None


def providers(settings: Settings) -> Providers:
    """The providers that the settings reach, each connected when it is first asked."""

    def make(name: str) -> Provider:
        from console.judging.providers.openai_api import OpenAiProvider  # noqa: PLC0415 - the SDK takes a second to import

        def at(where: Address, able: Capabilities) -> Provider:
            return OpenAiProvider(name, where, able, timeout=settings.judge_timeout_seconds)

        if name == local.NAME:
            server = local.LocalServer(local.model_file(settings.local_model_path))
            return local.LocalProvider(server, lambda where: at(where, CAPABILITIES[name]))
        return at(*reached(name, settings))

    return Providers(make)
