"""Where triggers of the digital pipeline and Salesbots call: read, one INSERT, answered at once."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.kommo.bot_hook import read_bot_call
from accounts.kommo.pipeline_hook import read_pipeline_hook
from accounts.operations.inbox import Ingest
from accounts.webhooks import answer_hook
from distribution.operations.ingest import ingest_bot_call, ingest_pipeline_hook
from peresmenka.lib.clock import read_clock

BOT_TAKEN = 200  # what Kommo's page asks for, within 2 s


@csrf_exempt
def receive_pipeline_hook(request: HttpRequest) -> HttpResponse:
    """Take the hook of the widget's action in the digital pipeline (F88)."""

    def store(body: bytes) -> Ingest:
        hook = read_pipeline_hook(body, request.headers.get("Content-Type", ""))
        return ingest_pipeline_hook(hook, read_clock()) if hook else Ingest.UNKNOWN

    return answer_hook(request, store)


@csrf_exempt
def receive_bot_call(request: HttpRequest) -> HttpResponse:
    """Take the call of a Salesbot that waits at the widget's step (F92)."""

    def store(body: bytes) -> Ingest:
        call = read_bot_call(body, request.headers.get("Content-Type", ""))
        return ingest_bot_call(call, read_clock()) if call else Ingest.UNKNOWN

    return answer_hook(request, store, taken=BOT_TAKEN)
