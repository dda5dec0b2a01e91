"""Who may open what: every address of the console, for strangers, for the wrong role, for another account."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from distribution.models import Decision, Register, Template, Trigger, Wave
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf

pytestmark = pytest.mark.usefixtures("clock")

NAMESPACES = ("distribution", "reports")


@dataclass(frozen=True)
class Address:
    """How an address answers: to whom it is open, and with which method it is asked."""

    path: str
    role: str = "manager"  # stranger, manager, supervisor, admin: the least that may ask
    method: str = "get"
    body: tuple[tuple[str, str], ...] = ()
    fine: int = 200
    names_object: bool = False  # the path names something of acme's


OLEG = f"/board/managers/{cast.OLEG}"
PICKED = (("managers", str(cast.OLEG)),)
ADDRESSES = {
    "distribution:home": Address("/", "stranger"),
    "distribution:preferences": Address(
        "/preferences", "stranger", "post", (("theme", "dark"),), 302
    ),
    "distribution:sync": Address("/sync"),
    "distribution:board": Address("/board"),
    "distribution:board_live": Address("/board/live"),
    "distribution:shift": Address(
        f"{OLEG}/shift", "supervisor", "post", (("action", "pause"),), 302, True
    ),
    "distribution:confirm_end": Address(f"{OLEG}/end", "supervisor", names_object=True),
    "distribution:status": Address(
        f"{OLEG}/participation", "supervisor", "post", (("status", "off"),), 302, True
    ),
    "distribution:absent": Address(f"{OLEG}/absent", "supervisor", "post", (), 302, True),
    "distribution:me": Address("/me"),
    "distribution:me_live": Address("/me/live"),
    "distribution:my_shift": Address("/me/shift", "manager", "post", (("action", "start"),), 302),
    "distribution:team": Address("/team", "supervisor"),
    "distribution:team_list": Address("/team/list", "supervisor"),
    "distribution:team_confirm": Address("/team/confirm", "admin", "post", (), 302),
    "distribution:licence_on": Address("/team/licence/on", "admin", "post", PICKED, 302, True),
    "distribution:licence_off": Address("/team/licence/off", "admin", "post", PICKED, 302, True),
    "distribution:supervisor_on": Address(
        "/team/supervisor/on", "admin", "post", PICKED, 302, True
    ),
    "distribution:supervisor_off": Address(
        "/team/supervisor/off", "admin", "post", PICKED, 302, True
    ),
    "distribution:team_status": Address(
        "/team/status", "supervisor", "post", (*PICKED, ("status", "off")), 302, True
    ),
    "distribution:team_limit": Address(
        "/team/limit", "supervisor", "post", (*PICKED, ("limit", "9")), 302, True
    ),
    "distribution:team_undo": Address("/team/undo/1", "supervisor", "post", (), 302),
    "distribution:newcomers_on": Address(
        "/team/groups/5/newcomers/on", "supervisor", "post", (), 302, True
    ),
    "distribution:newcomers_off": Address(
        "/team/groups/5/newcomers/off", "supervisor", "post", (), 302, True
    ),
    "distribution:member": Address(f"/team/managers/{cast.OLEG}", "supervisor", names_object=True),
    "distribution:member_status": Address(
        f"/team/managers/{cast.OLEG}/status", "supervisor", names_object=True
    ),
    "distribution:member_absent": Address(
        f"/team/managers/{cast.OLEG}/absent", "supervisor", "post", (), 302, True
    ),
    "distribution:my_participation": Address(
        "/me/participation", "manager", "post", (("status", "off"),), 302
    ),
    "distribution:my_weeks": Address("/me/weeks"),
    # the widget asks with its own token; a session is nobody there
    "distribution:widget_status": Address("/widget/v1/status", "stranger", fine=401),
    "distribution:settings": Address("/settings", "supervisor"),
    "distribution:preview": Address("/settings/preview", "supervisor", "post", (), 204),
    "distribution:registers": Address("/registers", "supervisor"),
    "distribution:register_new": Address("/registers/new", "supervisor"),
    "distribution:register": Address("/registers/{register}", "supervisor", names_object=True),
    "distribution:register_ledger": Address(
        "/registers/{register}/ledger", "supervisor", names_object=True
    ),
    "distribution:register_rename": Address(
        "/registers/{register}/rename", "supervisor", names_object=True
    ),
    "distribution:register_delete": Address(
        "/registers/{register}/delete", "supervisor", names_object=True
    ),
    "distribution:register_credit": Address(
        "/registers/{register}/credit", "supervisor", names_object=True
    ),
    "distribution:register_reset": Address(
        "/registers/{register}/reset", "supervisor", names_object=True
    ),
    "distribution:register_policy": Address(
        "/registers/{register}/policy", "supervisor", "post", (), 422, True
    ),
    "distribution:templates": Address("/templates", "supervisor"),
    "distribution:template_ways": Address("/templates/ways", "supervisor"),
    "distribution:template_new": Address("/templates/new", "supervisor"),
    "distribution:template_new_preview": Address("/templates/new/preview", "supervisor", "post"),
    "distribution:template": Address(
        "/templates/{template}", "supervisor", fine=302, names_object=True
    ),
    "distribution:template_preview": Address(
        "/templates/{template}/preview", "supervisor", "post", names_object=True
    ),
    "distribution:template_delete": Address(
        "/templates/{template}/delete", "supervisor", names_object=True
    ),
    "distribution:template_versions": Address(
        "/templates/{template}/versions", "supervisor", names_object=True
    ),
    "distribution:template_version": Address(
        "/templates/{template}/versions/1", "supervisor", fine=404, names_object=True
    ),
    **{
        f"distribution:{name}": Address(
            f"/templates/{{template}}/{path}", "supervisor", "post", (), 302, True
        )
        for name, path in (
            ("template_on", "on"),
            ("template_off", "off"),
            ("shadow_on", "shadow/on"),
            ("shadow_off", "shadow/off"),
            ("template_copy", "copy"),
            ("template_restore", "versions/1/restore"),
            ("template_undo", "undo/1"),
        )
    },
    "distribution:test_run": Address("/test-run", "supervisor"),
    "distribution:widget_test_run": Address("/widget/v1/test_run", "stranger", fine=401),
    "distribution:widget_templates": Address("/widget/v1/templates", "stranger", fine=401),
    # hooks have keys and tokens of their own: without one they are nobody's
    "distribution:pipeline_hook": Address("/hooks/kommo/pipeline", "stranger", "post", fine=404),
    "distribution:bot_call": Address("/hooks/kommo/bot", "stranger", "post", fine=404),
    "distribution:waves": Address("/waves", "supervisor"),
    "distribution:wave": Address("/waves/{wave}", "supervisor", names_object=True),
    "distribution:wave_undo": Address("/waves/{wave}/undo", "supervisor", names_object=True),
    "distribution:shadow_reports": Address("/shadow", "supervisor"),
    "distribution:shadow": Address("/shadow/{template}", "supervisor", names_object=True),
    "distribution:triggers": Address("/triggers", "supervisor"),
    "distribution:trigger_new": Address("/triggers/new", "supervisor"),
    "distribution:trigger": Address("/triggers/{trigger}", "supervisor", names_object=True),
    "distribution:trigger_up": Address(
        "/triggers/{trigger}/up", "supervisor", "post", (), 302, True
    ),
    "distribution:trigger_down": Address(
        "/triggers/{trigger}/down", "supervisor", "post", (), 302, True
    ),
    "distribution:trigger_delete": Address(
        "/triggers/{trigger}/delete", "supervisor", names_object=True
    ),
    "distribution:trigger_key": Address("/triggers/{trigger}/key", "supervisor", names_object=True),
    "distribution:template_triggers": Address(
        "/templates/{template}/triggers", "supervisor", names_object=True
    ),
    "distribution:template_conflicts": Address(
        "/templates/{template}/conflicts", "supervisor", names_object=True
    ),
    "reports:log": Address("/log"),
    "reports:first_touch": Address("/first-touch"),
    "reports:first_touch_file": Address("/first-touch.csv"),
    "reports:decision": Address("/log/{decision}", names_object=True),
}
GUARDED = [name for name, address in ADDRESSES.items() if address.role != "stranger"]


def ask(client: Client, name: str, world: cast.World) -> int:
    address = ADDRESSES[name]
    decision = Decision.objects.for_account(world.account).filter(chosen_id=cast.OLEG).first()
    register = Register.objects.for_account(world.account).exclude(own_of=None).first()
    template = Template.objects.for_account(world.account).first()
    path = address.path.format(
        decision=decision.pk if decision else 0,
        register=register.pk if register else 0,
        template=template.pk if template else 0,
        wave=_wave_of(world),
        trigger=_card_of(world),
    )
    return getattr(client, address.method)(path, dict(address.body)).status_code


def _wave_of(world: cast.World) -> int:
    values = {"kind": "redistribution", "user_id": cast.OLEG, "started_at": NOON}
    wave, _ = Wave.objects.get_or_create(id=77, account=world.account, defaults=values)
    return wave.pk


def _card_of(world: cast.World) -> int:
    """Return a trigger of the digital pipeline, made where there is none."""
    found = Trigger.objects.for_account(world.account).filter(kind="pipeline").first()
    if found is None:
        owner = policies.template(world.account, "Cards")
        found = policies.trigger(owner, "pipeline", key_digest=b"card")
    return found.pk


def routes() -> set[str]:
    found: set[str] = set()
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and entry.namespace in NAMESPACES:
            for route in entry.url_patterns:
                assert isinstance(route, URLPattern)
                found.add(f"{entry.namespace}:{route.name}")
    return found


def test_every_address_of_the_console_is_in_the_table() -> None:
    assert routes() == set(ADDRESSES)


@pytest.mark.parametrize("name", GUARDED)
def test_a_stranger_is_sent_to_sign_in(busy: cast.World, client_of: ClientOf, name: str) -> None:
    expected = 302 if ADDRESSES[name].method == "get" else 401
    assert ask(client_of(None), name, busy) == expected


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_admin_may_ask_everything(busy: cast.World, client_of: ClientOf, name: str) -> None:
    address = ADDRESSES[name]
    fine = 302 if name == "distribution:home" else address.fine
    assert ask(client_of(busy[cast.VERA]), name, busy) == fine


@pytest.mark.parametrize("name", GUARDED)
def test_a_manager_gets_403_where_a_supervisor_is_asked_for(
    busy: cast.World, client_of: ClientOf, name: str
) -> None:
    address = ADDRESSES[name]
    expected = 403 if address.role in ("supervisor", "admin") else address.fine
    assert ask(client_of(busy[cast.OLEG]), name, busy) == expected


@pytest.mark.parametrize("name", GUARDED)
def test_a_supervisor_gets_403_where_an_admin_is_asked_for(
    busy: cast.World, client_of: ClientOf, name: str
) -> None:
    address = ADDRESSES[name]
    expected = 403 if address.role == "admin" else address.fine
    assert ask(client_of(busy[cast.SONIA]), name, busy) == expected


@pytest.mark.parametrize("name", [n for n, address in ADDRESSES.items() if address.names_object])
def test_what_belongs_to_another_account_is_not_there(
    busy: cast.World, rival: cast.World, client_of: ClientOf, name: str
) -> None:
    assert ask(client_of(rival[cast.MALLORY]), name, busy) == 404


@pytest.mark.parametrize("path", ["/board", "/log", "/me", "/settings"])
def test_mallory_reads_nothing_of_acmes(
    busy: cast.World, rival: cast.World, client_of: ClientOf, path: str
) -> None:
    page = client_of(rival[cast.MALLORY]).get(path).content.decode()
    for word in ("Oleg", "Acme", "Hotel Bellevue", "Sales department", "34500109"):
        assert word not in page


def test_posts_need_the_csrf_token(busy: cast.World) -> None:
    from accounts.identity import SESSION_KEY

    client = Client(enforce_csrf_checks=True)
    session = client.session
    session[SESSION_KEY] = busy[cast.VERA].pk
    session.save()
    assert client.post("/me/shift", {"action": "start"}).status_code == 403
    assert client.post("/settings", {}).status_code == 403
