"""The page of models and metrics."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.records import Role, User
from console.services import Services
from tests.support.console_app import app, new_case, new_judge, new_user, texts


def models_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/models.py").run()


def rows(test: AppTest, column: str) -> list[dict[str, object]]:
    """The table that has `column`, row by row."""
    return next(one.value for one in test.dataframe if column in one.value).to_dict("records")


def test_models_are_listed_by_provider_and_name_with_their_judges(console_services: Services, admin: User) -> None:
    catalog = console_services.catalog
    catalog.create_model("llama3.1:8b", "ollama", by="ana")
    catalog.create_model("Opus", "anthropic", by="ana", input_price=15.0, output_price=75.0)
    new_judge(console_services, new_case(console_services))
    found = [(row["Provider"], row["Model"], row["Judges"]) for row in rows(models_page(admin), "Provider")]
    assert found == [("anthropic", "Opus", 0), ("ollama", "llama3.1:8b", 0), ("openai", "gpt-4o", 1)]


def test_what_the_provider_can_do_for_a_judge_stands_beside_its_models(console_services: Services, admin: User) -> None:
    console_services.catalog.create_model("gpt-4o", "openai", by="ana")
    console_services.catalog.create_model("Opus", "anthropic", by="ana")
    found = {row["Model"]: row["Can"] for row in rows(models_page(admin), "Provider")}
    assert found == {"gpt-4o": "log-probabilities, several replies a call, JSON schema", "Opus": ""}


def test_metrics_are_listed_with_the_judges_that_use_them(console_services: Services, admin: User) -> None:
    new_judge(console_services, new_case(console_services), "Strict")
    found = {row["Metric"]: (row["Judges"], row["Used by"]) for row in rows(models_page(admin), "Metric")}
    assert found == {"geval": (1, "Strict"), "similarity": (0, "")}


def test_an_admin_adds_a_model(console_services: Services, admin: User) -> None:
    test = models_page(admin)
    test.text_input(key="models.new.name").input("gpt-5")
    test.selectbox(key="models.new.provider").set_value("openai")
    test.number_input(key="models.new.input").set_value(1.25)
    test.number_input(key="models.new.output").set_value(10.0)
    test.button(key="models.new.save").click().run()
    model = console_services.catalog.model_named("gpt-5")
    assert model
    assert (model.provider, model.input_price, model.output_price, model.created_by) == ("openai", 1.25, 10.0, "ada")
    assert test.text_input(key="models.new.name").value == ""
    assert [row["Model"] for row in rows(test, "Provider")] == ["gpt-5"]


def test_a_taken_name_is_refused_and_what_was_typed_is_kept(console_services: Services, admin: User) -> None:
    console_services.catalog.create_model("gpt-5", "openai", by="ana")
    test = models_page(admin)
    test.text_input(key="models.new.name").input("gpt-5")
    test.selectbox(key="models.new.provider").set_value("other")
    test.button(key="models.new.save").click().run()
    assert "already exists" in test.error[0].value
    assert test.text_input(key="models.new.name").value == "gpt-5"
    assert test.selectbox(key="models.new.provider").value == "other"


def test_a_model_needs_a_provider(console_services: Services, admin: User) -> None:
    test = models_page(admin)
    test.text_input(key="models.new.name").input("gpt-5")
    test.button(key="models.new.save").click().run()
    assert "Choose the provider" in test.error[0].value
    assert console_services.catalog.models() == []


def test_an_admin_changes_prices(console_services: Services, admin: User) -> None:
    model = console_services.catalog.create_model("gpt-5", "openai", by="ana", input_price=1.0, output_price=2.0)
    test = models_page(admin, model=model.model_id)
    key = f"models.{model.model_id}."
    test.number_input(key=f"{key}.input").set_value(1.5)
    test.button(key="models.prices.save").click().run()
    changed = console_services.catalog.model(model.model_id)
    assert (changed.input_price, changed.output_price, changed.last_updated_by) == (1.5, 2.0, "ada")
    assert "1.5" in str(rows(test, "Provider")[0]["Prompt"])


def test_one_price_alone_is_refused(console_services: Services, admin: User) -> None:
    model = console_services.catalog.create_model("gpt-5", "openai", by="ana")
    test = models_page(admin, model=model.model_id)
    test.number_input(key=f"models.{model.model_id}..input").set_value(1.5)
    test.button(key="models.prices.save").click().run()
    assert "both prices" in test.error[0].value
    assert test.number_input(key=f"models.{model.model_id}..input").value == 1.5


def test_an_admin_adds_a_metric_and_its_name_is_unique(console_services: Services, admin: User) -> None:
    test = models_page(admin)
    test.text_input(key="metrics.new.name").input("Fluency")
    test.button(key="metrics.new.save").click().run()
    assert [row["Metric"] for row in rows(test, "Metric")] == ["geval", "similarity", "fluency"]
    test.text_input(key="metrics.new.name").input("FLUENCY")
    test.button(key="metrics.new.save").click().run()
    assert "already exists" in test.error[0].value


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_others_see_the_catalog_but_no_forms(console_services: Services, role: Role) -> None:
    model = console_services.catalog.create_model("gpt-5", "openai", by="ana", input_price=1.0, output_price=2.0)
    test = models_page(new_user(console_services, role=role), model=model.model_id)
    assert "gpt" in texts(test)
    assert not test.text_input
    assert not test.number_input


def test_an_unknown_model_is_not_found_and_the_table_stays(console_services: Services, admin: User) -> None:
    console_services.catalog.create_model("gpt-5", "openai", by="ana")
    test = models_page(admin, model="nowhere")
    assert "There is no model nowhere" in texts(test)
    assert rows(test, "Provider")[0]["Model"] == "gpt-5"


def test_names_are_shown_letter_by_letter(console_services: Services, admin: User) -> None:
    beacon = "![x](https://example.com/beacon.png)"
    model = console_services.catalog.create_model(beacon, beacon, by="ana")
    test = models_page(admin, model=model.model_id)
    assert rows(test, "Provider")[0]["Model"] == beacon
    assert "![x](" not in texts(test)


def test_without_models_the_page_says_what_to_do(admin: User) -> None:
    assert "There are no models yet" in texts(models_page(admin))
