"""The recordings of the old system, replayed: every answer is the one that it gave, or the fix that they allow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from console.config import Settings
from console.data.legacy.export import export_sqlite
from console.data.legacy.migration.migrate import migrate
from console.data.legacy.migration.verify import verify
from console.judging.fence import Fence
from console.services import Services, build_services
from tests.support.legacy_servers import fake_models, replay, serving

LOOSE = ("--loose-llm", "--allow-fixes", "--strict-order")
EXACT = ("--strict-order", "--max-age", "0")


@pytest.fixture(scope="module")
def models(shared: Path) -> Iterator[str]:
    with fake_models(shared) as address:
        yield address


@pytest.fixture(autouse=True)
def _one_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model server's answers hang on every letter of a prompt, so prompts are the same each time."""
    monkeypatch.setattr(Fence, "of", lambda _secret, _parts: Fence("10dbb1e72bb769e4"))


@pytest.fixture
def settings(engine_endpoint: str, models: str, tmp_path: Path) -> Settings:
    """An empty store of the test's own; the origin is that of the recording's requests from a browser."""
    return Settings(
        dynamodb_endpoint=engine_endpoint,
        engine_kind="dynoxide",
        table_prefix=f"t{uuid4().hex[:12]}-",
        data_dir=tmp_path,
        openai_base_url=f"{models}/v1",
        openai_api_key="dummy",
        cors_origins=("http://console.example",),
        log_level="WARNING",
    )


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    with build_services(settings) as built:
        yield built


@pytest.fixture
def sample(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(shared / "legacy" / "legacy_sample.db", tmp_path / "sample.db"))


def without_waiting(recording: Path, folder: Path) -> Path:
    """The recording without the scenarios that wait for the next second or ask a hundred times."""
    lines = recording.read_text(encoding="utf-8").splitlines()
    quick = [
        line for line in lines if not any("sleep" in step or "times" in step for step in json.loads(line)["steps"])
    ]
    short = folder / "quick.jsonl"
    short.write_text("\n".join(quick), encoding="utf-8")
    return short


def test_the_recording_replays_on_the_embedded_engine(
    shared: Path, settings: Settings, models: str, tmp_path: Path
) -> None:
    recording = without_waiting(shared / "legacy" / "contract_public.jsonl", tmp_path)
    with serving(settings) as url:
        assert replay(shared, recording, url, models, *LOOSE) == ["passed 359 of 359"]


def test_the_recording_replays_on_the_old_schema(shared: Path, settings: Settings, models: str, tmp_path: Path) -> None:
    recording = without_waiting(shared / "legacy" / "contract_public.jsonl", tmp_path)
    old = settings.replace(database_type="sqlite", sqlite_path=tmp_path / "old.db")
    with serving(old) as url:
        assert replay(shared, recording, url, models, *LOOSE) == ["passed 359 of 359"]


@pytest.mark.slow
def test_the_whole_recording_replays(shared: Path, settings: Settings, models: str) -> None:
    with serving(settings) as url:
        said = replay(shared, shared / "legacy" / "contract_public.jsonl", url, models, *LOOSE)
    assert said == ["passed 450 of 450"]


def test_the_spelling_of_the_later_branch_replays_but_for_what_always_failed_there(
    shared: Path, settings: Settings, models: str
) -> None:
    with serving(settings.replace(legacy_field_names="camel")) as url:
        said = replay(shared, shared / "legacy" / "contract_later_branch.jsonl", url, models, *LOOSE)
    assert said[-1] == "passed 47 of 52"
    assert all("eval-direct" in line for line in said[:-1])


def test_the_sample_answers_as_it_did_after_migration_and_after_export(
    shared: Path, settings: Settings, services: Services, models: str, sample: Path, tmp_path: Path
) -> None:
    recording = shared / "legacy" / "legacy_sample_api.jsonl"
    assert migrate(services, sample).failures == []
    compared = verify(services, sample)
    assert {table: one.wrong for table, one in compared.items()} == dict.fromkeys(compared, 0)
    assert all(one.digest_of_source == one.digest_of_store for one in compared.values())
    with serving(settings) as url:
        assert replay(shared, recording, url, models, *EXACT) == ["passed 153 of 153"]
    export_sqlite(services, tmp_path / "back.db")
    with serving(settings.replace(database_type="sqlite", sqlite_path=tmp_path / "back.db")) as url:
        assert replay(shared, recording, url, models, *EXACT) == ["passed 153 of 153"]
