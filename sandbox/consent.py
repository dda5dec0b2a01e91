"""The consent page of www.kommo.com: who allows which integration for which account (KOMMO.md §1.2)."""

from html import escape
from urllib.parse import parse_qs

from sandbox.crm import Crm
from sandbox.model import Integration
from sandbox.outbound import consent, refusal
from sandbox.wire import Answer, Call, Query

CONSENT_HOST = "www.kommo.com"
PATHS = ("/oauth", "/es/oauth", "/br/oauth", "/id/oauth")
HEAD = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Allow access</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/sandbox.css"></head><body><main class="narrow">"""


def consent_answer(crm: Crm, call: Call) -> Answer:
    """Answer a call to the consent host: the page, or after its form the way back."""
    if call.path.rstrip("/") not in PATHS:
        return Answer(404, b"Only the consent page lives here", "text/plain")
    query = Query(call.query)
    integration = crm.integrations.get(query.one("client_id"))
    if integration is None:
        return _page(400, "<h1>Unknown integration</h1><p>Register it with the sandbox first.</p>")
    if call.method == "POST":
        return _decided(crm, call, query, integration)
    return _page(200, _form(crm, integration))


def _form(crm: Crm, integration: Integration) -> str:
    options = "".join(
        f'<option value="{account.id}/{user.id}">'
        f"{escape(account.name)} ({escape(account.host)}): {escape(user.name)}</option>"
        for account in crm.each_account()
        for user in account.users.values()
        if user.is_active and (user.is_admin or _is_installed(crm, account.id, integration))
    )
    return (
        f"<h1>Allow {escape(integration.name)}?</h1>"
        "<p>The integration will act in the account with the rights of the user you choose.</p>"
        '<form method="post"><label>Account and user <select name="who">'
        f"{options}</select></label><p class='buttons'>"
        '<button name="answer" value="allow">Allow</button> '
        '<button name="answer" value="refuse" class="quiet">Refuse</button></p></form>'
    )


def _is_installed(crm: Crm, account_id: int, integration: Integration) -> bool:
    return crm.grants.has_installed(account_id, integration.client_id)


def _decided(crm: Crm, call: Call, query: Query, integration: Integration) -> Answer:
    form = parse_qs(call.body.decode("utf-8", "replace"))
    state = query.one("state")
    if form.get("answer") != ["allow"]:
        return _leave(refusal(integration, state))
    account_id, _, user_id = form.get("who", [""])[0].partition("/")
    account = crm.accounts.get(int(account_id)) if account_id.isdigit() else None
    user = account.users.get(int(user_id)) if account and user_id.isdigit() else None
    if account is None or user is None:
        return _page(400, "<h1>No such account or user</h1>")
    if not user.is_admin and not _is_installed(crm, account.id, integration):
        return _page(403, "<h1>Only an administrator can install an integration</h1>")
    return _leave(consent(crm, account, user, integration, state))


def _leave(url: str) -> Answer:
    """Redirect the page itself; popup and post_message differ only in the opener's window."""
    return Answer(302, b"", "text/plain", (("Location", url),))


def _page(status: int, content: str) -> Answer:
    body = f"{HEAD}{content}</main></body></html>".encode()
    return Answer(status, body, "text/html; charset=utf-8")
