"""New accounts from a short description: the demo team, its pipelines and fields."""

from dataclasses import dataclass
from functools import partial

from sandbox import incoming, triggers
from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.model import LOST, UNSORTED, WON, CustomField, Pipeline, Stage, User
from sandbox.names import team_name

DEMO_ID, DEMO_HOST = 31_000_001, "acme.kommo.com"
USERS_APART = 10_000  # ids between the first users of two accounts
STAGES = (("New request", "#99ccff"), ("Qualification", "#ffff99"), ("Negotiation", "#ffcc66"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account is to hold. `managers` come after an admin and a supervisor."""

    host: str = DEMO_HOST
    id: int | None = None
    name: str = ""
    managers: int = 6
    zone: str = "Europe/Madrid"
    language: str = "en"
    calls_per_second: int = 7
    pipelines: tuple[str, ...] = ("Sales", "Support")
    groups: tuple[str, ...] = ("Sales", "Service")


def open_account(crm: Crm, plan: Plan) -> Account:
    """Create an account: Vera (admin), Sonia (supervisor), managers over groups, two pipelines.

    Raises ValueError when the host or the id is taken.
    """
    number = crm.next_id("account", DEMO_ID) if plan.id is None else plan.id
    if plan.host.lower() in crm.hosts or number in crm.accounts:
        raise ValueError(f"the account {plan.host} or its id {number} exists already")
    crm.reserve("account", number)
    name = plan.name or plan.host.split(".", 1)[0].capitalize()
    account = Account(
        number, plan.host.lower(), name, plan.zone, plan.language, created_at=int(crm.now())
    )
    account.limits.per_account = plan.calls_per_second
    reactions = (incoming.react, triggers.react)
    account.on_move = [partial(react, crm, account) for react in reactions]
    crm.accounts[number], crm.hosts[account.host] = account, number
    _fill_groups(crm, account, plan)
    _fill_users(crm, account, plan)
    for index, title in enumerate(plan.pipelines):
        _add_pipeline(crm, account, title, index)
    _fill_fields(crm, account)
    return account


def _fill_groups(crm: Crm, account: Account, plan: Plan) -> None:
    """The first group is Kommo's default one, id 0."""
    for index, title in enumerate(plan.groups):
        account.groups[crm.next_id("group", 267_001) if index else 0] = title


def _fill_users(crm: Crm, account: Account, plan: Plan) -> None:
    taken = len(crm.accounts) - 1
    crm.reserve("user", 11_000_000 + taken * USERS_APART)
    _add_user(crm, account, plan, "Vera", "admin", 0)
    _add_user(crm, account, plan, "Sonia", "supervisor", 0)
    groups = list(account.groups)
    for index in range(plan.managers):
        group_id = groups[-1] if index % 3 == 2 else groups[0]
        _add_user(crm, account, plan, team_name(index), "manager", group_id)


def _add_user(crm: Crm, account: Account, plan: Plan, name: str, title: str, group_id: int) -> User:
    number = crm.next_id("user", 11_000_001)
    slug = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
    mail = f"{slug}.{number}@{account.subdomain}.example"
    user = User(number, name, mail, plan.language, group_id, title == "admin", title=title)
    account.users[number] = user
    return user


def _add_pipeline(crm: Crm, account: Account, title: str, index: int) -> None:
    number = crm.next_id("pipeline", 9_600_001)
    pipeline = Pipeline(number, title, index + 1, is_main=index == 0)
    unsorted_id = crm.next_id("stage", 76_000_001)
    listed = [Stage(unsorted_id, "Incoming leads", 10, "#c1c1c1", UNSORTED, is_editable=False)]
    for place, (name, color) in enumerate(STAGES):
        listed.append(Stage(crm.next_id("stage", 76_000_001), name, 20 + place * 10, color))
    listed.append(Stage(WON, "Closed - won", 10_000, "#CCFF66", is_editable=False))
    listed.append(Stage(LOST, "Closed - lost", 11_000, "#D5D8DB", is_editable=False))
    pipeline.stages = {stage.id: stage for stage in listed}
    account.pipelines[number] = pipeline


def _fill_fields(crm: Crm, account: Account) -> None:
    vip = CustomField(crm.next_id("field", 752_001), "VIP", "checkbox")
    note = CustomField(crm.next_id("field", 752_001), "Source", "text")
    due = CustomField(crm.next_id("field", 752_001), "Due on", "date")
    phone = CustomField(crm.next_id("field", 752_001), "Phone", "multitext", "PHONE")
    mail = CustomField(crm.next_id("field", 752_001), "Email", "multitext", "EMAIL")
    account.fields["leads"] = {row.id: row for row in (vip, note, due)}
    account.fields["contacts"] = {row.id: row for row in (phone, mail)}
    account.fields["companies"] = {}
    account.fields["customers"] = {}
