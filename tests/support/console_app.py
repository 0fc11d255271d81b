"""The console as a test sees it: something to show, somebody to sign in, and the app run by AppTest."""

from __future__ import annotations

import atexit
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest, app_test

from console.data.users import passwords
from console.records import Case, Judge, Role, Run, Snapshot, Threshold, User, utcnow
from console.services import Services
from tests.support.tier import artifact, results

atexit.register(app_test.TMP_DIR.cleanup)  # AppTest leaves it to the interpreter, which warns

APP = Path(__file__).resolve().parents[2] / "app.py"
CONSOLE = APP.parent / "console"
PASSWORD = "correct horse battery"
_HASH = passwords.hash_password(PASSWORD, 4)


def new_user(services: Services, username: str = "ana", role: Role = Role.VIEWER, **fields: Any) -> User:
    """A user with `PASSWORD`, whose hash is cheap to compare."""
    return services.users.add_hashed(username, username.title(), role, _HASH, by="system", **fields)


def app(user: User | None = None, /, **query_params: str) -> AppTest:
    """The console at its first page, signed in as `user`, not yet run."""
    test = AppTest.from_file(APP, default_timeout=30)
    test.query_params.update(query_params)
    if user:
        now = utcnow()
        test.session_state["auth.session"] = {
            "username": user.username,
            "issued_at": now.timestamp(),
            "exp_date": (now + timedelta(hours=1)).timestamp(),
        }
    return test


def page(name: str, user: User | None, /, **query_params: str) -> AppTest:
    """The console at the page of this name, run once; no other page was drawn before it."""
    return app(user, **query_params).switch_page(f"console/pages/{name}.py").run()


def runs_page(user: User, /, **query_params: str) -> AppTest:
    """The page of runs, run."""
    return page("runs", user, **query_params)


def new_case(services: Services, name: str = "Summaries", threshold: float = 0.5) -> Case:
    """A case on the scale 1..5."""
    return services.cases.create(
        name=name,
        task_introduction="You will be given a summary.",
        evaluation_criteria="Does the summary keep to the facts?",
        threshold=Threshold(score=threshold),
        by="ana",
    )


def new_judge(services: Services, case: Case, name: str = "Strict", model: str = "gpt-4o") -> Judge:
    """A judge of the metric `geval`."""
    metric = services.catalog.metric_named("geval")
    known = services.catalog.model_named(model) or services.catalog.create_model(model, "openai", by="ana")
    return services.judges.create(name=name, case=case, metric=metric, model=known, parameters={}, by="ana")


def scored(services: Services, judge: Judge, case: Case, score: float, text: str = "A summary.", **found: Any) -> Run:
    """A run finished just now with this score of 1..5."""
    run = services.runs.create(Snapshot.of(judge, case), artifact(text, metadata={"source": "test"}), by="ana")
    return services.runs.complete(run, results(score, **found), threshold=case.threshold.score)


def failed(services: Services, judge: Judge, case: Case, message: str) -> Run:
    """A run that ended just now without a score."""
    run = services.runs.create(Snapshot.of(judge, case), artifact(), by="ana")
    return services.runs.fail(run, message)


_TILE = re.compile(r'<dt>([^<]*)<.*?<dd class="tile-value">([^<]*)</dd>')


def metrics(test: AppTest) -> dict[str, str]:
    """The headline numbers by their label."""
    found = {metric.label: metric.value for metric in test.metric}
    for block in test.get("html"):
        found |= {unescape(name): unescape(value) for name, value in _TILE.findall(block.proto.body)}
    return found


def texts(test: AppTest) -> str:
    """Everything that the page says in words."""
    parts = [*test.title, *test.header, *test.markdown, *test.caption, *test.text, *test.error, *test.warning]
    return "\n".join(str(part.value) for part in parts)


def facts(test: AppTest) -> dict[str, list[str]]:
    """What the lists of facts say, by name: the value, and what it is now where that column is shown."""
    found: dict[str, list[str]] = {}
    for element in test.get("html"):
        for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", element.proto.body, re.DOTALL):
            name, *values = re.findall(r"<th[^>]*>(.*?)</th>|<bdi>(.*?)</bdi>", row, re.DOTALL)
            found[unescape(name[0])] = [unescape(value[1]) for value in values]
    return found


def table(test: AppTest, key: str) -> pd.DataFrame:
    """The first table whose key begins with `key`."""
    return next(frame.value for frame in test.dataframe if str(frame.key).startswith(key))
