"""The token endpoint and the look-up of a renamed account, as calls (KOMMO.md §1.3, §1.4)."""

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.oauth import OAuthError
from sandbox.wire import Answer, Call, as_json, problem, read_json


def exchange_token(crm: Crm, account: Account, call: Call) -> Answer:
    """Answer POST /oauth2/access_token; refusals are problem+json with a hint."""
    value = read_json(call)
    form = value if isinstance(value, dict) else {}
    try:
        return as_json(200, _pair(crm, account, form), "application/json")
    except OAuthError as refused:
        detail = "The request misses a parameter or has an invalid one"
        return problem(refused.status, "Bad Request", detail, hint=refused.hint)


def _pair(crm: Crm, account: Account, form: dict[str, object]) -> dict[str, object]:
    integration = crm.integrations.get(str(form.get("client_id")))
    if integration is None or form.get("client_secret") != integration.client_secret:
        raise OAuthError(401, "Client authentication failed")
    if form.get("redirect_uri") != integration.redirect_uri:
        raise OAuthError(400, "Check the `redirect_uri` parameter")
    kind, now = form.get("grant_type"), crm.now()
    if kind == "authorization_code":
        return crm.grants.exchange(integration, str(form.get("code")), account, now)
    if kind == "refresh_token":
        return crm.grants.renew(integration, str(form.get("refresh_token")), account, now)
    raise OAuthError(400, "Check the `grant_type` parameter")


def current_subdomain(crm: Crm, call: Call) -> Answer:
    """Answer GET /oauth2/account/current/subdomain with X-Refresh-Token."""
    account_id = crm.grants.account_of_refresh(call.headers.get("x-refresh-token", ""))
    account = crm.accounts.get(account_id) if account_id is not None else None
    if account is None:
        return problem(401, "Unauthorized", "The refresh token is not valid")
    top = account.host.partition(".")[2]
    found = {"id": account.id, "subdomain": account.subdomain, "domain": account.host}
    return as_json(200, {**found, "top_level_domain": top})
