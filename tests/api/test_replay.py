"""The recordings of the old system, replayed: every answer is the one that it gave, or the fix that they allow."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from console.config import Settings
from console.data.legacy.export import export_sqlite
from console.data.legacy.migration.migrate import migrate
from console.data.legacy.migration.verify import verify
from console.services import Services, build_services
from tests.support.data_files import DATA_FILES
from tests.support.legacy_replay import Scenario, read_recording, replay
from tests.support.legacy_servers import fake_models, serving

RECORDINGS = DATA_FILES / "legacy"


@pytest.fixture(scope="module")
def models() -> Iterator[str]:
    with fake_models() as address:
        yield address


@pytest.fixture
def settings(engine_endpoint: str, models: str, tmp_path: Path) -> Settings:
    """An empty store of the test's own; the origin is that of the recording's requests from a browser."""
    return Settings(
        dynamodb_endpoint=engine_endpoint,
        engine_kind="dynoxide",
        table_prefix=f"t{uuid4().hex[:12]}-",
        data_dir=tmp_path,
        openai_base_url=models,
        openai_api_key="dummy",
        cors_origins=("http://console.example",),
        log_level="WARNING",
    )


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    with build_services(settings) as built:
        yield built


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "sample.db"
    file.write_bytes(gzip.decompress((RECORDINGS / "legacy_sample.db.gz").read_bytes()))
    return file


def without_waiting(scenarios: list[Scenario]) -> list[Scenario]:
    """Without the scenarios that wait for the next second or ask a hundred times."""
    return [one for one in scenarios if not any("sleep" in step or "times" in step for step in one["steps"])]


def test_the_recording_replays_on_the_embedded_engine(settings: Settings) -> None:
    recording = without_waiting(read_recording(RECORDINGS / "contract_public.jsonl.gz"))
    with serving(settings) as url:
        assert replay(recording, url, loose=True, fixes=True) == ["passed 359 of 359"]


def test_the_recording_replays_on_the_old_schema(settings: Settings, tmp_path: Path) -> None:
    recording = without_waiting(read_recording(RECORDINGS / "contract_public.jsonl.gz"))
    old = settings.replace(database_type="sqlite", sqlite_path=tmp_path / "old.db")
    with serving(old) as url:
        assert replay(recording, url, loose=True, fixes=True) == ["passed 359 of 359"]


@pytest.mark.slow
def test_the_whole_recording_replays(settings: Settings) -> None:
    recording = read_recording(RECORDINGS / "contract_public.jsonl.gz")
    with serving(settings) as url:
        assert replay(recording, url, loose=True, fixes=True) == ["passed 450 of 450"]


def test_the_spelling_of_the_later_branch_replays_but_for_what_always_failed_there(settings: Settings) -> None:
    recording = read_recording(RECORDINGS / "contract_later_branch.jsonl.gz")
    with serving(settings.replace(legacy_field_names="camel")) as url:
        said = replay(recording, url, loose=True, fixes=True)
    assert said[-1] == "passed 47 of 52"
    assert all("eval-direct" in line for line in said[:-1])


@pytest.mark.maintenance  # it migrates and writes the way back
def test_the_sample_answers_as_it_did_after_migration_and_after_export(
    settings: Settings, services: Services, sample: Path, tmp_path: Path
) -> None:
    recording = read_recording(RECORDINGS / "legacy_sample_api.jsonl.gz")
    assert migrate(services, sample).failures == []
    compared = verify(services, sample)
    assert {table: one.wrong for table, one in compared.items()} == dict.fromkeys(compared, 0)
    assert all(one.digest_of_source == one.digest_of_store for one in compared.values())
    with serving(settings) as url:
        assert replay(recording, url, max_age=0) == ["passed 153 of 153"]
    export_sqlite(services, tmp_path / "back.db")
    with serving(settings.replace(database_type="sqlite", sqlite_path=tmp_path / "back.db")) as url:
        assert replay(recording, url, max_age=0) == ["passed 153 of 153"]
