"""What Kommo itself sends to an integration, apart from webhooks: as plain values (KOMMO.md §1, §2, §6)."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.model import BotWait, Integration, Lead, User
from sandbox.oauth import encode_jwt, one_time_token, revoked_signature

INSTALL_SECONDS = 3.0  # Kommo waits so long and never sends again (KOMMO.md §1.2)
BOT_SECONDS = 2.0
REVOKED_AGENT = "amoService-oAuth-Code-Sender/1.0"
BOT_TOKEN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request to make."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    timeout_seconds: float = INSTALL_SECONDS


def joined(url: str, query: dict[str, str]) -> str:
    """Return the URL with more query parameters."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def install(crm: Crm, account: Account, user: User, integration: Integration) -> Outgoing:
    """Install a widget: return the server-to-server GET to redirect_uri, without state."""
    code = crm.grants.issue_code(account.id, user.id, integration.client_id, crm.now())
    query = {
        "code": code,
        "referer": account.host,
        "platform": "1",
        "client_id": integration.client_id,
        "from_widget": "1",
    }
    headers = {"Accept": "application/json, text/plain, */*", "Content-Type": "text/plain"}
    return Outgoing("GET", joined(integration.redirect_uri, query), headers)


def consent(crm: Crm, account: Account, user: User, integration: Integration, state: str) -> str:
    """Return where the browser goes after a user has allowed an integration."""
    code = crm.grants.issue_code(account.id, user.id, integration.client_id, crm.now())
    query = {
        "code": code,
        "state": state,
        "referer": account.host,
        "client_id": integration.client_id,
    }
    return joined(integration.redirect_uri, query)


def refusal(integration: Integration, state: str) -> str:
    """Return where the browser goes after a user has refused."""
    query = {"error": "access_denied", "client_id": integration.client_id, "state": state}
    return joined(integration.redirect_uri, query)


def revoke(
    crm: Crm, account: Account, integration: Integration, user_id: int | None, spelling: str
) -> Outgoing | None:
    """Revoke grants; return the hook, if the integration has one.

    `spelling` is the name of the client's parameter: client_uuid or client_id (KOMMO.md §1.6).
    """
    crm.grants.revoke(account.id, integration.client_id, user_id)
    if not integration.revoked_hook_url:
        return None
    signature = revoked_signature(integration.client_id, account.id, integration.client_secret)
    query = {
        spelling: integration.client_id,
        "account_id": str(account.id),
        "signature": signature,
    }
    url = joined(integration.revoked_hook_url, query)
    return Outgoing("GET", url, {"User-Agent": REVOKED_AGENT})


def widget_token(crm: Crm, account: Account, user: User, integration: Integration) -> str:
    """Mint the one-time token of a user's widget."""
    return one_time_token(account, user, integration, crm.grants.uuid(), crm.now())


def shift(
    crm: Crm, account: Account, user: User, integration: Integration, action: str
) -> Outgoing:
    """Press a shift button: what $authorizedAjax would send from the widget."""
    token = widget_token(crm, account, user, integration)
    headers = {
        "X-Auth-Token": token,
        "Origin": f"https://{account.host}",
        "Accept-Language": user.lang,
    }
    body = {"client_key": crm.grants.uuid()}
    url = f"{integration.widget_api.rstrip('/')}/shift/{action}"
    return Outgoing("POST", url, headers, body, timeout_seconds=10.0)


def new_wait(crm: Crm, account: Account, lead: Lead, bot_id: int, run_id: int = 0) -> BotWait:
    """Let a bot wait to be continued; return the wait."""
    wait = BotWait(bot_id, crm.next_id("continue", 9_001), lead.id, run_id=run_id)
    account.bots[wait.continue_id] = wait
    return wait


def bot_body(
    crm: Crm, account: Account, lead: Lead, integration: Integration, wait: BotWait, values: Any
) -> dict[str, Any]:
    """Return what a widget step posts: token (HS512), data and return_url."""
    now = int(crm.now())
    claims = {
        "iss": f"https://{account.host}",
        "client_uuid": integration.client_id,
        "subdomain": account.subdomain,
        "account_id": account.id,
        "entity_id": lead.id,
        "entity_type": 2,
        "bot_type": 2,
        "iat": now,
        "exp": now + BOT_TOKEN_SECONDS,
    }
    path = f"/api/v4/salesbot/{wait.bot_id}/continue/{wait.continue_id}"
    return {
        "token": encode_jwt(claims, integration.client_secret, "HS512"),
        "data": values,
        "return_url": f"https://{account.host}{path}",
    }


def run_bot(
    crm: Crm, account: Account, lead: Lead, integration: Integration, url: str, values: Any
) -> tuple[BotWait, Outgoing]:
    """Reach a bot's widget step without a program: return the wait and the POST to make."""
    wait = new_wait(crm, account, lead, crm.next_id("bot", 321))
    body = bot_body(crm, account, lead, integration, wait, values)
    agent = {"User-Agent": "amoCRM-Webhooks/3.0"}
    return wait, Outgoing("POST", url, agent, body, BOT_SECONDS)
