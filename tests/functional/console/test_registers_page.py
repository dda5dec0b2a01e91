"""The page "Registers": the list, one ledger in words, what is created, refused, credited, reset and set."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, InboxEvent, Manager
from distribution.labels.registers import RESET_WARNING, SHARES_TAKE_TIME
from distribution.models import Register, RegisterCredit, RegisterEntry, RegisterEpoch, Trigger
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock

pytestmark = pytest.mark.usefixtures("clock")

PART = {"HX-Request": "true"}
PLAIN = {"catch_up_percent": 0, "catch_up_leads": 3, "ramp": ""}


@pytest.fixture
def sonia(busy: cast.World, client_of: ClientOf) -> Client:
    return client_of(busy[cast.SONIA])


def own(world: cast.World) -> Register:
    """The register of the sales department's trigger."""
    trigger = Trigger.objects.for_account(world.account).get(group__kommo_id=0)
    register: Register = Register.objects.get(own_of=trigger)
    return register


def named(world: cast.World, name: str = "All sales") -> Register:
    register: Register = Register.objects.create(account=world.account, name=name)
    return register


def share(world: cast.World, register: Register) -> None:
    """Let the sales department's trigger use a register."""
    rows = Trigger.objects.for_account(world.account).filter(group__kommo_id=0)
    rows.update(register=register)


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def row(page: str, user_id: int) -> str:
    start = page.index(f'<tr id="place-{user_id}"')
    return page[start : page.index("</tr>", start)]


def events(world: cast.World) -> list[dict[str, Any]]:
    rows = InboxEvent.objects.for_account(world.account).filter(kind="register").order_by("pk")
    return [json.loads(bytes(one.body)) for one in rows]


def test_the_list_has_shared_registers_and_each_triggers_own(
    busy: cast.World, sonia: Client
) -> None:
    page = text_of(sonia, "/registers")
    assert "No shared register yet" in page
    assert page.count("Sales department") == 1
    assert "Service" in page
    share(busy, named(busy))
    page = text_of(sonia, "/registers")
    shared = page[page.index('id="named"') : page.index('id="own-title"')]
    assert "All sales" in shared
    assert "Sales department" in shared  # who uses it
    assert str(SHARES_TAKE_TIME) in page.replace("&#x27;", "'")


def test_before_anything_is_set_up_the_page_says_what_to_do(
    acme: cast.World, client_of: ClientOf
) -> None:
    page = text_of(client_of(acme[cast.SONIA]), "/registers")
    assert "No trigger yet" in page
    assert "Shift distribution" in page


def test_a_ledger_says_in_words_who_is_owed_what(busy: cast.World, sonia: Client) -> None:
    register = own(busy)
    RegisterEntry.objects.filter(register=register).delete()
    at = NOON - timedelta(minutes=5)
    for user_id, lag, count in (
        (cast.OLEG, 1_250_000, 3),
        (cast.ANA, -1_500_000, 6),
        (cast.LUCAS, 250_000, 4),
        (18, 0, 2),
    ):
        RegisterEntry.objects.create(
            account=busy.account,
            register=register,
            user_id=user_id,
            lag=lag,
            count=count,
            last_lead_at=at,
        )
    page = text_of(sonia, f"/registers/{register.pk}")
    assert "no bound: leads go by load" in page
    policies.change_simple(busy.account, strategy="even")
    page = text_of(sonia, f"/registers/{register.pk}")
    assert "is owed 1.25 leads" in row(page, cast.OLEG)
    assert "+1.25" in row(page, cast.OLEG)
    assert "is 1.50 leads ahead" in row(page, cast.ANA)
    assert "−1.50" in row(page, cast.ANA)
    assert "is owed 0.25 of a lead" in row(page, cast.LUCAS)
    assert "has had exactly the share" in row(page, 18)
    assert "no longer a member" in row(page, 18)  # of the other group: counted as a ghost
    assert "no part in a lead yet" in row(page, 16)  # Dewi is a member
    assert "25.0 %" in row(page, cast.OLEG)  # one of four
    assert "11:55" in row(page, cast.OLEG)
    assert 'id="largest">1.50<' in page
    assert 'id="bound">1.5<' in page  # four entries, the ghost included
    assert "1 of them has left" in page
    places = re.findall(r'id="place-(\d+)"', page)
    assert places[0] == str(cast.OLEG)
    assert places[-1] == str(cast.ANA)


@pytest.mark.feature("F115")
def test_a_register_is_created_renamed_and_deleted(busy: cast.World, sonia: Client) -> None:
    made = sonia.post("/registers/new", {"name": "  All   sales "})
    register = Register.objects.for_account(busy.account).get(own_of=None)
    assert made.headers["Location"] == f"/registers/{register.pk}"
    assert register.name == "All sales"
    assert "All sales" in text_of(sonia, "/registers")
    sonia.post(f"/registers/{register.pk}/rename", {"name": "Everything"})
    assert "Everything" in text_of(sonia, f"/registers/{register.pk}")
    gone = sonia.post(f"/registers/{register.pk}/delete")
    assert gone.headers["Location"] == "/registers"
    assert not Register.objects.filter(pk=register.pk).exists()
    actions = AuditEntry.objects.for_account(busy.account).order_by("pk")
    assert [(one.action, one.actor_id) for one in actions] == [
        ("register_created", cast.SONIA),
        ("register_renamed", cast.SONIA),
        ("register_deleted", cast.SONIA),
    ]


@pytest.mark.feature("F115")
def test_names_are_there_once_and_never_empty(busy: cast.World, sonia: Client) -> None:
    register = named(busy)
    named(busy, "Other")
    for path in ("new", f"{register.pk}/rename"):
        for name, said in (
            ("Other", "Another register has this name"),
            (" ", "Write a name of 1 to 64 characters"),
            ("x" * 65, "Write a name of 1 to 64 characters"),
        ):
            answer = sonia.post(f"/registers/{path}", {"name": name})
            assert answer.status_code == 422
            assert said in answer.content.decode()
    assert Register.objects.for_account(busy.account).filter(own_of=None).count() == 2
    assert not AuditEntry.objects.exists()


@pytest.mark.feature("F115")
def test_a_register_in_use_is_kept_and_says_by_whom(busy: cast.World, sonia: Client) -> None:
    register = named(busy)
    share(busy, register)
    answer = sonia.post(f"/registers/{register.pk}/delete", headers=PART)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#dialog"
    assert "Triggers use this register: Sales department" in answer.content.decode()
    assert Register.objects.filter(pk=register.pk).exists()


def test_a_triggers_own_register_is_neither_renamed_nor_deleted(
    busy: cast.World, sonia: Client
) -> None:
    register = own(busy)
    page = text_of(sonia, f"/registers/{register.pk}")
    assert "Rename" not in page
    for what in ("rename", "delete"):
        answer = sonia.post(f"/registers/{register.pk}/{what}", {"name": "Mine"})
        assert answer.status_code == 422
        assert "trigger’s own register" in answer.content.decode()


@pytest.mark.feature("B15")
@pytest.mark.parametrize(("what", "leads"), [("credit", 2), ("skip", -2)])
def test_a_credit_or_skip_waits_for_the_lane_with_author_and_reason(
    busy: cast.World, sonia: Client, what: str, leads: int
) -> None:
    register = own(busy)
    before = list(RegisterEntry.objects.order_by("pk").values_list("user_id", "lag"))
    form = {"manager": cast.ANA, "what": what, "leads": 2, "reason": " Wrong  number "}
    answer = sonia.post(f"/registers/{register.pk}/credit", form, headers=PART)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Noted for Ana Souza" in page
    assert ("credited 2 leads" if leads > 0 else "skips 2 leads") in page
    assert "Wrong number" in page
    assert "Sonia Marques" in page
    assert "counts in a moment" in page
    row_ = RegisterCredit.objects.get()
    assert (row_.user_id, row_.leads, row_.actor_id, row_.applied_at) == (
        cast.ANA,
        leads,
        cast.SONIA,
        None,
    )
    assert events(busy) == [{"register": register.pk, "what": "credit", "credit": row_.pk}]
    assert list(RegisterEntry.objects.order_by("pk").values_list("user_id", "lag")) == before
    assert AuditEntry.objects.get().after == {
        "register": register.pk,
        "manager": cast.ANA,
        "leads": leads,
        "reason": "Wrong number",
    }


@pytest.mark.feature("B15")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"leads": 51}, "from 1 to 50"),
        ({"leads": 0}, "from 1 to 50"),
        ({"leads": "1.5"}, "from 1 to 50"),
        ({"reason": "  "}, "why"),
        ({"manager": cast.MALLORY}, "Choose a manager from the list"),
        ({"manager": "x"}, "Choose a manager from the list"),
        ({"what": "gift"}, "valid choice"),
    ],
)
def test_what_is_no_credit_is_refused(
    busy: cast.World, sonia: Client, change: dict[str, Any], said: str
) -> None:
    form = {"manager": cast.ANA, "what": "credit", "leads": 2, "reason": "Spoilt", **change}
    answer = sonia.post(f"/registers/{own(busy).pk}/credit", form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not RegisterCredit.objects.exists()
    assert events(busy) == []


@pytest.mark.feature("B15")
def test_a_credit_needs_somebody_who_bears_it_and_lags_that_count(
    busy: cast.World, sonia: Client
) -> None:
    register = named(busy)
    share(busy, register)
    form = {"manager": cast.ANA, "what": "credit", "leads": 2, "reason": "Spoilt"}
    answer = sonia.post(f"/registers/{register.pk}/credit", form)
    assert "nobody to credit it against" in answer.content.decode()
    Register.objects.filter(pk=own(busy).pk).update(strict_totals=True)
    answer = sonia.post(f"/registers/{own(busy).pk}/credit", form)
    assert "only the number of leads counts" in answer.content.decode()
    assert not RegisterCredit.objects.exists()


@pytest.mark.feature("R12")
@pytest.mark.feature("F112")
def test_a_reset_warns_asks_why_and_leaves_the_rest_to_the_lane(
    busy: cast.World, sonia: Client
) -> None:
    register = own(busy)
    question = text_of(sonia, f"/registers/{register.pk}/reset")
    assert str(RESET_WARNING) in question
    assert "may wait for some time" in question
    refused = sonia.post(f"/registers/{register.pk}/reset", {"reason": ""})
    assert refused.status_code == 422
    assert events(busy) == []
    answer = sonia.post(f"/registers/{register.pk}/reset", {"reason": "New year"})
    assert answer.status_code == 302
    assert events(busy) == [
        {"register": register.pk, "what": "reset", "reason": "New year", "actor": cast.SONIA}
    ]
    assert Register.objects.get(pk=register.pk).epoch == 1


@pytest.mark.feature("R12")
def test_an_epoch_that_is_over_keeps_its_closing_table(busy: cast.World, sonia: Client) -> None:
    register = own(busy)
    RegisterEpoch.objects.create(
        account=busy.account,
        register=register,
        epoch=1,
        started_at=NOON - timedelta(days=9),
        ended_at=NOON - timedelta(hours=2),
        reason="New quarter",
        actor_id=None,
        entries=[
            [cast.ANA, -500_000, 7, (NOON - timedelta(hours=3)).isoformat()],
            [99, 500_000, 2, None],
        ],
    )
    page = text_of(sonia, f"/registers/{register.pk}")
    kept = page[page.index('id="epoch-1"') :]
    for word in (
        "New quarter",
        "the service",
        "Ana Souza",
        "−0.50",
        "User 99",
        "+0.50",
        "until 10:00",
    ):
        assert word in kept


@pytest.mark.feature("R13")
def test_strict_totals_need_a_pace_in_every_template_that_uses_the_register(
    busy: cast.World, sonia: Client
) -> None:
    register = own(busy)
    form = {**PLAIN, "strict_totals": "on"}
    refused = sonia.post(f"/registers/{register.pk}/policy", form, headers=PART)
    assert refused.status_code == 422
    assert "Set a pace limit first in: Shift distribution" in refused.content.decode()
    assert not Register.objects.get(pk=register.pk).strict_totals
    policies.change_simple(busy.account, limits={"pace_leads": 3, "pace_minutes": 60})
    saved = sonia.post(f"/registers/{register.pk}/policy", form, headers=PART)
    assert saved.status_code == 200
    assert Register.objects.get(pk=register.pk).strict_totals
    assert 'id="bound"><small>no bound: totals count' in text_of(sonia, f"/registers/{register.pk}")
    policies.change_simple(busy.account, limits={"pace_leads": None})
    page = text_of(sonia, f"/registers/{register.pk}")
    assert "Strictly equal totals do not count everywhere" in page


@pytest.mark.feature("B5")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"catch_up_percent": 101}, "from 0 to 100"),
        ({"catch_up_percent": ""}, "from 0 to 100"),
        ({"catch_up_leads": 0}, "from 1 to 50"),
        ({"catch_up_leads": 51}, "from 1 to 50"),
        ({"ramp": "0"}, "percents of 1 to 100"),
        ({"ramp": "50, 101"}, "percents of 1 to 100"),
        ({"ramp": "half"}, "percents of 1 to 100"),
        ({"ramp": ", ".join(["50"] * 27)}, "percents of 1 to 100"),
    ],
)
def test_a_policy_out_of_range_is_refused_beside_its_field(
    busy: cast.World, sonia: Client, change: dict[str, Any], said: str
) -> None:
    register = own(busy)
    answer = sonia.post(f"/registers/{register.pk}/policy", {**PLAIN, **change})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Register.objects.get(pk=register.pk).ramp == []
    assert not AuditEntry.objects.exists()


@pytest.mark.feature("B5")
def test_absence_and_newcomers_are_set_once_with_what_was_before(
    busy: cast.World, sonia: Client
) -> None:
    register, form = own(busy), {"catch_up_percent": 60, "catch_up_leads": 5, "ramp": "25% 50, 75"}
    for _ in range(2):
        answer = sonia.post(f"/registers/{register.pk}/policy", form)
        assert answer.status_code == 302
    register.refresh_from_db()
    assert (register.catch_up_percent, register.catch_up_leads) == (60, 5)
    assert register.ramp == [25, 50, 75]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before["ramp"]) == ("register_policy", [])
    page = text_of(sonia, f"/registers/{register.pk}")
    assert 'value="25, 50, 75"' in page
    assert "newcomer: " not in page  # everybody has been here for long
    RegisterEntry.objects.filter(register=register, user_id=cast.OLEG).update(
        joined_at=NOON - timedelta(days=8)
    )
    RegisterEntry.objects.filter(register=register, user_id=cast.ANA).delete()
    page = text_of(sonia, f"/registers/{register.pk}")
    assert "newcomer: 50 %" in row(page, cast.OLEG)  # in the second week
    assert "newcomer: 25 %" in row(page, cast.ANA)


@pytest.mark.feature("F109")
def test_the_page_says_that_shares_need_time(busy: cast.World, sonia: Client) -> None:
    assert "with every further lead they come closer" in text_of(
        sonia, f"/registers/{own(busy).pk}"
    )


def test_the_page_costs_the_same_for_many_as_for_few(
    busy: cast.World,
    sonia: Client,
    clock: MovableClock,
    django_assert_max_num_queries: Any,
) -> None:
    register = own(busy)
    for number in range(40):
        Manager.objects.create(account=busy.account, kommo_id=900 + number, name=f"Extra {number}")
        RegisterEntry.objects.create(
            account=busy.account, register=register, user_id=900 + number, lag=number - 20
        )
        policies.watch(policies.template(busy.account, f"T{number}"), [], register=register)
    with django_assert_max_num_queries(16):
        sonia.get(f"/registers/{register.pk}")
    with django_assert_max_num_queries(10):
        sonia.get("/registers")
