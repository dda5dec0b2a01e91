"""The door of Kommo: faults, limits, authorisation, then the handler. Pure: waiting is left to shells."""

from dataclasses import replace

from sandbox.account import Account, Logged
from sandbox.api import router
from sandbox.api.context import Context
from sandbox.crm import Crm
from sandbox.faults import WRITES_FIRST, Armed, Fault
from sandbox.model import User
from sandbox.oauth import API_DOMAIN, Grant
from sandbox.oauth_api import current_subdomain, exchange_token
from sandbox.wire import LONGEST_URL, Answer, Call, Problem, Query, not_found, problem

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Kommo</title></head><body>Sign in</body></html>"
BLOCKED = Answer(403, b"<html><body><h1>403 Forbidden</h1></body></html>", "text/html")


class Gateway:
    """Answers calls in two steps, so that a shell can wait between them without its lock."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm

    def draw_fault(self, call: Call) -> Armed | None:
        """Step one: return the fault that hits this call, if any."""
        account = self.crm.account_at(call.host)
        if account is None or not call.path.startswith(("/api/", "/oauth2/")):
            return None
        return self.crm.faults.draw(account.id, call.method, call.path)

    def answer(self, call: Call, fault: Armed | None = None) -> Answer:
        """Step two: do what the call asks, unless its fault forbids, and bend the answer."""
        if len(call.path) + len(call.query) > LONGEST_URL:
            return Answer(414, b"<html><body>414 Request-URI Too Large</body></html>", "text/html")
        account = self.crm.account_at(call.host)
        if account is None:
            return self._elsewhere(call)
        if fault is not None and fault.kind not in WRITES_FIRST:
            found = _refusal(fault)
        else:
            found = self._served(call, account)
            found = bent(found, fault) if fault is not None else found
        self._log(account, call, found)
        return found

    def _elsewhere(self, call: Call) -> Answer:
        if call.host == API_DOMAIN and call.path == "/oauth2/account/current/subdomain":
            return current_subdomain(self.crm, call)
        return not_found("Account not found")

    def _log(self, account: Account, call: Call, found: Answer) -> None:
        account.call_count += 1
        status = 0 if found.is_dropped else found.status
        account.calls.append(Logged(self.crm.now(), call.method, call.path, status))

    def _served(self, call: Call, account: Account) -> Answer:
        now = self.crm.now()
        if call.remote_ip in self.crm.meter.blocked_ips:
            return BLOCKED
        if not self.crm.meter.admits(account, call.remote_ip, now):
            return too_many(account.limits.retry_after)
        try:
            if call.path == "/oauth2/access_token" and call.method == "POST":
                return exchange_token(self.crm, account, call)
            return self._api(call, account)
        except Problem as raised:
            return raised.answer

    def _api(self, call: Call, account: Account) -> Answer:
        found = router.find(call.method, call.path)
        if isinstance(found, int):
            return problem(found, "Not Found" if found == 404 else "Method Not Allowed", call.path)
        route, ids = found
        grant = self._grant(call, account)
        if not account.is_paid:
            return problem(402, "Payment Required", "The account's plan or trial has ended")
        user = self._user(call, account, grant)
        if route.needs_admin and not user.is_admin:
            return problem(403, "Forbidden", "Only an administrator may do this")
        context = Context(self.crm, account, user, call, Query(call.query), grant.client_id)
        return route.handler(context, *ids)

    def _grant(self, call: Call, account: Account) -> Grant:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        grant = self.crm.grants.holder_of(token, self.crm.now())
        if scheme.lower() != "bearer" or grant is None or grant.account_id != account.id:
            raise Problem(unauthorized())
        return grant

    def _user(self, call: Call, account: Account, grant: Grant) -> User:
        """Return whose rights count: the grantor's, or X-Context-User-ID's (KOMMO.md §1.5)."""
        grantor = account.users[grant.user_id]
        named = call.headers.get("x-context-user-id")
        if named is None:
            return grantor
        user = account.users.get(int(named)) if named.isdigit() else None
        if not grantor.is_admin or user is None or user.is_free:
            raise Problem(problem(403, "Forbidden", "X-Context-User-ID is refused"))
        return user


def unauthorized() -> Answer:
    """Answer 401."""
    return problem(401, "Unauthorized", "Invalid or expired access token")


def too_many(retry_after: float) -> Answer:
    """Answer 429 with the body of KOMMO.md §8."""
    detail = "The number of requests per second has been exceeded"
    return problem(429, "Too Many Requests", detail, retry_after=int(retry_after))


def _refusal(fault: Armed) -> Answer:
    """Answer a fault that happens before anything is written."""
    dropped = Answer(502, is_dropped=True)
    return {
        Fault.TOO_MANY_REQUESTS: too_many(fault.seconds),
        Fault.SERVER_ERROR: broken(),
        Fault.DROP_BEFORE_COMMIT: dropped,
        Fault.GATEWAY_TIMEOUT: problem(504, "Gateway Timeout", "Send smaller batches"),
        Fault.IP_BLOCKED: BLOCKED,
        Fault.PAYMENT_REQUIRED: problem(402, "Payment Required", "The plan has ended"),
        Fault.UNAUTHORIZED: unauthorized(),
    }[fault.kind]


def broken() -> Answer:
    """Answer 500 with a trace id."""
    return problem(500, "Internal Server Error", "Something went wrong", trace_id="0" * 32)


def bent(found: Answer, fault: Armed) -> Answer:
    """Return the answer as a fault after the commit spoils it."""
    match fault.kind:
        case Fault.SERVER_ERROR_AFTER_COMMIT:
            return broken()
        case Fault.GATEWAY_TIMEOUT_AFTER_COMMIT:
            return problem(504, "Gateway Timeout", "Send smaller batches")
        case Fault.DROP_AFTER_COMMIT:
            return replace(found, is_dropped=True)
        case Fault.SLOW:
            return replace(found, delay_seconds=fault.seconds)
        case Fault.HTML:
            return Answer(200, HTML_PAGE, "text/html; charset=utf-8")
        case Fault.TRUNCATED:
            return replace(found, body=found.body[: len(found.body) // 2])
        case Fault.EMPTY:
            return replace(found, status=200, body=b"")
    return found
