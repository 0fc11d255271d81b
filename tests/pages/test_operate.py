"""Operations and users."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.admin.operations import Health, check_health, load_operations
from console.data.store import tables
from console.data.store.requests import Update
from console.errors import StoreUnavailable
from console.records import Artifact, Role, User
from console.services import Services
from tests.support.console_app import PASSWORD, app, new_case, new_judge, new_user, scored, table, texts
from tests.support.strict.conduct import Refuses
from tests.support.strict.proxy import StrictProxy


def operations(user: User) -> AppTest:
    return app(user).switch_page("console/pages/operations.py").run()


def users(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/users.py").run()


# --- operations --------------------------------------------------------------------------------------------


def test_the_state_is_one_line(console_services: Services, admin: User) -> None:
    said = texts(operations(admin))
    assert "The store answers" in said
    assert "every table is as it should be" in said


def test_every_table_and_index_is_listed(console_services: Services, admin: User) -> None:
    frames = [frame.value for frame in operations(admin).dataframe if "Kind" in frame.value.columns]
    names = [name.strip().removeprefix(console_services.store.prefix) for name in frames[0]["Name"]]
    assert {table.name for table in tables.TABLES} <= set(names)
    assert {tables.LABELLED_RUNS, tables.RUNS_BY_STATUS, tables.JUDGES_BY_CASE} <= set(names)


@pytest.mark.alters_tables
def test_a_missing_table_is_said(console_services: Services) -> None:
    console_services.store.client.delete_table(TableName=console_services.store.name(tables.THRESHOLDS))
    reports = load_operations(console_services).tables
    assert [report.problems for report in reports if report.name.endswith(tables.THRESHOLDS)] == [
        ["missing; `tables create` makes it"]
    ]


@pytest.mark.alters_tables
def test_a_table_without_an_index_is_said(console_services: Services) -> None:
    console_services.store.client.update_table(
        TableName=console_services.store.name(tables.RUNS),
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": tables.LABELLED_RUNS}}],
    )
    report = next(one for one in load_operations(console_services).tables if one.name.endswith(tables.RUNS))
    assert report.problems == ["the index LabelledRunsIndex is missing"]


def test_leases_are_those_that_hold(console_services: Services) -> None:
    artifacts = [Artifact(evaluation_target="A text.")]
    held = console_services.batches.create("Held", "judge-1", artifacts, by="ana")
    console_services.batches.create("Free", "judge-1", artifacts, by="ana")
    lapsed = console_services.batches.create("Lapsed", "judge-1", artifacts, by="ana")
    console_services.batches.claim(held.batch_id, "worker 1", 3_600)
    console_services.batches.claim(lapsed.batch_id, "worker 2", -1)
    assert [batch.name for batch in load_operations(console_services).leased] == ["Held"]


@pytest.mark.maintenance
def test_rollups_are_verified_and_rebuilt_on_request(console_services: Services, admin: User) -> None:
    case = new_case(console_services)
    scored(console_services, new_judge(console_services, case), case, 4.0)
    test = operations(admin)
    test.button(key="operations.verify").click().run()
    assert test.success[0].value == "Every rollup equals a recount of the runs."
    rollup = next(
        item for item in console_services.store.scan(tables.RUNS) if item[tables.PK]["S"].startswith("ROLLUP#")
    )
    key = rollup[tables.PK]["S"], rollup[tables.SK]["S"]
    console_services.store.write(Update(tables.RUNS, key, adds={"completed": 1}))
    test.button(key="operations.verify").click().run()
    assert "1 rollups differ" in test.warning[0].value
    test.button(key="operations.rebuild").click().run()
    assert "1 rollups were corrected" in test.success[0].value


@pytest.mark.maintenance  # what it asks for is refused
def test_a_role_that_may_not_scan_is_told_what_it_lacks(
    console_services: Services, admin: User, strict_proxy: StrictProxy
) -> None:
    said = (
        "User: arn:aws:sts::123456789012:assumed-role/console/i-1 is not authorized to perform: dynamodb:Scan on "
        "resource: arn:aws:dynamodb:eu-central-1:123456789012:table/EvaluationRuns because no identity-based policy"
    )
    strict_proxy.conduct(Refuses("AccessDeniedException", said, {"Scan"}, table="EvaluationRuns"))
    for button in ("operations.verify", "operations.rebuild"):
        test = operations(admin)
        test.button(key=button).click().run()
        assert "it lacks dynamodb:Scan on EvaluationRuns" in test.error[0].value
        assert "MaintenanceAccess" in test.error[0].value
        assert not test.exception


def test_a_store_that_does_not_answer_is_unhealthy(console_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise StoreUnavailable("The store did not answer.")

    monkeypatch.setattr(console_services.store.client, "get_item", silent)
    health = check_health(console_services)
    assert isinstance(health, Health)
    assert isinstance(health.error, StoreUnavailable)


# --- users -------------------------------------------------------------------------------------------------


def test_a_user_is_added_with_a_random_password_that_is_shown_once(console_services: Services, admin: User) -> None:
    test = users(admin)
    test.text_input(key="users.add.username").input("vera")
    test.text_input(key="users.add.name").input("Vera")
    test.selectbox(key="users.add.role").set_value(Role.EVALUATOR)
    test.button(key="users.add.save").click().run()
    vera = console_services.users.get("vera")
    assert (vera.name, vera.role, vera.created_by, vera.must_change_password) == ("Vera", Role.EVALUATOR, "ada", True)
    assert console_services.users.verify("vera", test.code[0].value) is not None
    test.button(key="users.issued.done").click().run()
    assert not test.code


def test_a_user_is_added_with_a_given_password(console_services: Services, admin: User) -> None:
    test = users(admin)
    test.text_input(key="users.add.username").input("vera")
    test.text_input(key="users.add.password").input(PASSWORD)
    test.button(key="users.add.save").click().run()
    assert console_services.users.verify("vera", PASSWORD) is not None


def test_a_taken_name_is_refused_and_nothing_typed_is_lost(console_services: Services, admin: User) -> None:
    test = users(admin)
    test.text_input(key="users.add.username").input("ADA")
    test.text_input(key="users.add.name").input("Another Ada")
    test.button(key="users.add.save").click().run()
    assert "already exists" in test.error[0].value
    assert test.text_input(key="users.add.name").value == "Another Ada"


def test_a_role_is_changed(console_services: Services, admin: User) -> None:
    new_user(console_services, "vera")
    test = users(admin, user="vera")
    test.selectbox(key="users.role.vera").set_value(Role.EVALUATOR).run()
    test.button(key="users.do.Change role").click().run()
    assert console_services.users.get("vera").role is Role.EVALUATOR


def test_a_password_is_reset(console_services: Services, admin: User) -> None:
    new_user(console_services, "vera")
    test = users(admin, user="vera")
    test.button(key="users.do.Reset password now").click().run()
    assert console_services.users.verify("vera", PASSWORD) is None
    assert console_services.users.verify("vera", test.code[0].value) is not None


def test_sessions_are_ended(console_services: Services, admin: User) -> None:
    before = new_user(console_services, "vera").sessions_valid_from
    users(admin, user="vera").button(key="users.do.End sessions now").click().run()
    assert console_services.users.get("vera").sessions_valid_from > before


def test_a_user_is_deleted(console_services: Services, admin: User) -> None:
    new_user(console_services, "vera")
    test = users(admin, user="vera")
    test.button(key="users.do.Delete this user").click().run()
    assert console_services.users.find("vera") is None
    assert list(table(test, "users.table")["User name"]) == ["ada"]


def test_nobody_changes_their_own_role(console_services: Services, admin: User) -> None:
    test = users(admin, user="ada")
    assert "This is you. Another admin can change your role" in texts(test)
    assert "users.role.ada" not in {box.key for box in test.selectbox}


def test_an_unknown_user_is_said_in_words(console_services: Services, admin: User) -> None:
    assert "There is no user nobody." in texts(users(admin, user="nobody"))
