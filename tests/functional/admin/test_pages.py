"""Every page of the operator's site opens, says no secret, and costs few queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin as registry
from django.contrib.auth.models import Permission, User
from django.core.paginator import Paginator
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.admin import told_by_body
from accounts.models import Account, InboxEvent
from distribution.models import Decision, Effect
from peresmenka.admin_base import OperatorAdmin, QuickPaginator
from shifts.models import PatternPreset
from tests.functional.admin.conftest import LEAD_NAME_OF_A_PERSON, PHONE, Filled
from tests.world import World

OUR_APPS = ("accounts", "shifts", "distribution", "reports")
TABLES = sorted(registry.site._registry, key=lambda model: model._meta.label)
OUR_TABLES = [model for model in TABLES if model._meta.app_label in OUR_APPS]
MOST_QUERIES = 16
WORDED_BY_OPERATORS = {PatternPreset}  # test_presets.py


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_table_of_ours_is_registered() -> None:
    from django.apps import apps

    ours = {model for name in OUR_APPS for model in apps.get_app_config(name).get_models()}
    assert ours == set(OUR_TABLES)
    assert all(isinstance(registry.site._registry[model], OperatorAdmin) for model in ours)
    labels = {model._meta.app_label for model in TABLES}
    assert labels >= {"django_celery_beat", "axes", "otp_totp", "auth", "admin"}


def test_every_list_and_every_row_opens_and_no_page_tells_a_secret(
    admin: Client, filled: Filled, secrets: dict[str, str]
) -> None:
    admin.post(  # so that Django's log has a row
        address(Account, "changelist"),
        {"action": "suspend", "_selected_action": [Account.objects.get().pk]},
    )
    empty = []
    for model in TABLES:
        pages = [address(model, "changelist")]
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            pages += [address(model, "change", row.pk), address(model, "history", row.pk)]
        elif model in OUR_TABLES:
            empty.append(model._meta.label)
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                answer = admin.get(page)
            assert answer.status_code == 200, page
            assert len(queries) <= MOST_QUERIES, (page, len(queries))
            text = answer.content.decode()
            told = [name for name, secret in secrets.items() if secret in text]
            assert told == [], page
    assert empty == []


def test_every_row_of_the_inbox_is_told_without_what_is_personal(
    admin: Client, filled: Filled
) -> None:
    for pk in InboxEvent.objects.values_list("pk", flat=True):
        text = admin.get(address(InboxEvent, "change", pk)).content.decode()
        assert LEAD_NAME_OF_A_PERSON not in text
        assert PHONE not in text
        assert "Vera" not in text
    text = admin.get(address(InboxEvent, "change", filled.letter_of_event.row_id)).content.decode()
    assert "leads[add][0][id] = 17" in text


def test_a_huge_body_is_shown_in_part() -> None:
    body = "&".join(f"leads[update][{n}][id]={n}" for n in range(40_000)).encode()
    lines = list(told_by_body(body, is_json=False))
    assert len(lines) == 201
    assert lines[-1] == f"… ({len(body)} B)"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"a" * 100_000, b"[" * 5000, b"[1, 2]", b"=&=;;%00"]
)
@pytest.mark.parametrize("is_json", [True, False])
def test_whatever_came_can_be_looked_at(body: bytes, is_json: bool) -> None:
    assert sum(len(line) for line in told_by_body(body, is_json=is_json)) < 4000


def test_a_read_only_table_refuses_every_write(admin: Client, filled: Filled) -> None:
    for model in set(OUR_TABLES) - WORDED_BY_OPERATORS:
        row = model._default_manager.order_by("-pk").first()
        before = model._default_manager.count()
        assert admin.post(address(model, "add"), {}).status_code == 403, model
        assert admin.post(address(model, "change", row.pk), {"name": "x"}).status_code == 403, model
        assert admin.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, (
            model
        )
        form = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        admin.post(address(model, "changelist"), form)
        assert model._default_manager.count() == before


@pytest.mark.parametrize(
    "word", ["acme", "ACME", "17", "acme 17", "99999999999999999999999", "%", "'", "²"]
)
def test_every_list_can_be_searched(admin: Client, filled: Filled, word: str) -> None:
    for model in OUR_TABLES:
        assert admin.get(address(model, "changelist"), {"q": word}).status_code == 200, model


def found(client: Client, model: type[models.Model], word: str) -> set[int]:
    answer = client.get(address(model, "changelist"), {"q": word})
    return {row.pk for row in answer.context["cl"].result_list}


def test_a_search_finds_by_host_kommo_id_and_lead(
    admin: Client, account: Account, world: World
) -> None:
    rival = world.open("rival.kommo.com", managers=1)
    decision = Decision.objects.order_by("pk").first()
    assert decision is not None
    of_lead = set(Decision.objects.filter(lead_id=decision.lead_id).values_list("pk", flat=True))
    assert found(admin, Decision, str(decision.lead_id)) == of_lead
    assert found(admin, Decision, "rival") == set()
    assert len(found(admin, Decision, "acme")) == Decision.objects.count()
    assert found(admin, Account, str(rival.kommo_id)) == {rival.pk}
    assert found(admin, Account, "rival.k") == {rival.pk}
    events = set(InboxEvent.objects.for_account(rival).values_list("pk", flat=True))
    assert found(admin, InboxEvent, str(rival.kommo_id)) == events


def test_open_rows_are_a_filter(admin: Client, account: Account, world: World) -> None:
    answer = admin.get(address(Effect, "changelist"), {"open": "yes"})
    assert list(answer.context["cl"].result_list) == []
    world.leads(1, run=False)
    world.post_hooks()
    answer = admin.get(address(InboxEvent, "changelist"), {"open": "yes"})
    assert {row.done_at for row in answer.context["cl"].result_list} == {None}


def test_the_list_of_accounts_tells_their_health_in_one_query(
    admin: Client, account: Account, filled: Filled, world: World
) -> None:
    world.open("rival.kommo.com", managers=1)
    world.leads(3, run=False)
    world.post_hooks()
    world.advance(7200, run=False)
    with CaptureQueriesContext(connection) as queries:
        answer = admin.get(address(Account, "changelist"))
    told = [one for one in queries if "accounts_credential" in one["sql"]]
    assert len(told) == 1
    rows = {row.host: row.health_read for row in answer.context["cl"].result_list}
    assert rows["acme.kommo.com"].open_events > 0
    assert rows["acme.kommo.com"].dead_letters == 2
    assert rows["rival.kommo.com"].open_events == 0
    assert rows["rival.kommo.com"].token_issued_at is not None
    assert "2\xa0hours" in answer.content.decode()


def test_more_rows_cost_no_more_queries(admin: Client, account: Account, world: World) -> None:
    def cost(model: type[models.Model]) -> int:
        with CaptureQueriesContext(connection) as queries:
            admin.get(address(model, "changelist"))
        return len(queries)

    before = [cost(model) for model in OUR_TABLES]
    world.leads(10)
    for number in range(3):
        world.open(f"more{number}.kommo.com", managers=2)
    assert [cost(model) for model in OUR_TABLES] == before


def test_no_list_counts_all_rows(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peresmenka.admin_base.MOST_COUNTED", 2)
    paginator: Paginator[Any] = QuickPaginator(Decision.objects.order_by("-pk"), 50)
    with CaptureQueriesContext(connection) as queries:
        assert paginator.count == 2
        assert paginator.is_capped  # type: ignore[attr-defined]
    assert len(queries) == 1
    assert "LIMIT 3" in queries[0]["sql"]


def test_the_page_of_a_decision_says_who_why_and_what_came_of_it(
    admin: Client, account: Account, world: World
) -> None:
    moved = Decision.objects.filter(kind="redistribution", chosen_id__isnull=False).first()
    dealt = Decision.objects.filter(kind="distribution", chosen_id__isnull=False).first()
    assert dealt is not None
    assert moved is not None
    text = admin.get(address(Decision, "change", dealt.pk)).content.decode()
    for manager in world.managers(account):
        assert manager.name in text
    assert "got the lead" in text
    assert "not on shift" in text
    assert "the result is the same" in text
    assert "What happened to the lead" in text
    assert "Moved from" in admin.get(address(Decision, "change", moved.pk)).content.decode()


def test_staff_see_what_they_may_see_and_operate_nothing(
    filled: Filled, account: Account, settings: Any
) -> None:
    settings.OPERATOR_SECOND_FACTOR = False
    reader = User.objects.create_user("ivan", password="x", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_account"))
    client = Client()
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(address(Account, "changelist"))
    assert page.status_code == 200
    assert 'value="suspend"' not in page.content.decode()
    form = {"action": "suspend", "_selected_action": [account.pk]}
    client.post(address(Account, "changelist"), form)
    account.refresh_from_db()
    assert account.state == Account.State.TRIAL
    assert client.get(address(InboxEvent, "changelist")).status_code == 403
    assert (
        client.get(address(Decision, "change", Decision.objects.latest("pk").pk)).status_code == 403
    )


def test_a_row_that_is_not_there_leads_back_to_the_list(admin: Client) -> None:
    for model in OUR_TABLES:
        assert admin.get(address(model, "change", 987654321)).status_code == 302, model


def test_nothing_in_a_page_is_run_by_the_browser(admin: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(name="<script>alert(1)</script>")
    for page in (address(Account, "changelist"), address(Account, "change", account.pk)):
        answer = admin.get(page)
        assert "<script>alert" not in answer.content.decode()
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
