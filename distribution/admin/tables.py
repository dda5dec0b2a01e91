"""The tables of the distribution app: flow, mirror, registers, turns, settings."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distribution.models import (
    Alert,
    DeadLetter,
    DistributionSettings,
    Effect,
    FirstTouch,
    LeadMirror,
    ManagerLoad,
    ManagerProfile,
    Register,
    RegisterCredit,
    RegisterEntry,
    RegisterEpoch,
    Roster,
    TaskMirror,
    Template,
    TemplateVersion,
    Timer,
    Trigger,
    TurnRecord,
    Wave,
)
from distribution.operations.dead_letters import replay_dead_letters
from peresmenka.admin_base import OpenFilter, OperatorAdmin, pretty_json
from peresmenka.lib.clock import read_clock


class NotReplayed(OpenFilter):
    """Dead letters that nobody has replayed."""

    title = gettext_lazy("replay")
    label = gettext_lazy("Not replayed")
    condition = Q(replayed_at=None)


@admin.register(DeadLetter)
class DeadLetterAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "source",
        "row",
        "reason",
        "first_seen_at",
        "replayed_at",
        "replayed_by",
    )
    list_filter = (NotReplayed,)
    number_fields = ("row_id",)
    extra_fields = ("row",)
    actions = ("replay",)

    @admin.display(description=gettext_lazy("row"))
    def row(self, letter: DeadLetter) -> SafeString:
        """Return the way to the event or effect that died."""
        tables = {
            DeadLetter.Source.EVENT: "accounts_inboxevent",
            DeadLetter.Source.EFFECT: "distribution_effect",
        }
        table = tables[DeadLetter.Source(letter.source)]
        address = reverse(f"admin:{table}_change", args=[letter.row_id])
        return format_html('<a href="{}">{}</a>', address, letter.row_id)

    @admin.action(description=gettext_lazy("Replay"), permissions=["operate"])
    def replay(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        """Give the letters' rows back to their lanes."""
        letters = list(queryset)
        outcome = replay_dead_letters(letters, by=request.user.get_username(), now=read_clock())
        self.note(request, letters, _("Replay"))
        text = ngettext(
            "%(number)s letter replayed.", "%(number)s letters replayed.", outcome.replayed
        )
        self.message_user(request, text % {"number": outcome.replayed}, messages.SUCCESS)
        if outcome.gone:
            text = ngettext(
                "%(number)s row is no longer there or no longer dead.",
                "%(number)s rows are no longer there or no longer dead.",
                outcome.gone,
            )
            self.message_user(request, text % {"number": outcome.gone}, messages.WARNING)


class OpenEffects(OpenFilter):
    """Effects that are not settled."""

    condition = Q(state__in=[str(state.value) for state in Effect.OPEN])


@admin.register(Effect)
class EffectAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "lead_id",
        "kind",
        "state",
        "target",
        "attempts",
        "created_at",
        "settled_at",
        "result",
    )
    list_filter = (OpenEffects,)
    number_fields = ("lead_id",)


@admin.register(Timer)
class TimerAdmin(OperatorAdmin):
    list_display = ("id", "account", "kind", "subject", "due_at", "generation")


class InTheQueue(OpenFilter):
    """Leads that wait for somebody."""

    title = gettext_lazy("waiting")
    label = gettext_lazy("Waiting only")
    condition = Q(state__in=["waiting", "parked"])


@admin.register(LeadMirror)
class LeadMirrorAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "lead_id",
        "state",
        "owner_id",
        "confirmed_owner_id",
        "confirmed_at",
        "waiting_since",
        "waiting_reason",
    )
    list_filter = (InTheQueue,)
    number_fields = ("lead_id",)


@admin.register(Register)
class RegisterAdmin(OperatorAdmin):
    list_display = ("id", "account", "name", "own_of", "epoch", "strict_totals")


@admin.register(RegisterEntry)
class RegisterEntryAdmin(OperatorAdmin):
    list_display = ("id", "account", "register", "user_id", "lag", "count", "last_lead_at")
    list_select_related = ("register",)


@admin.register(ManagerLoad)
class ManagerLoadAdmin(OperatorAdmin):
    list_display = ("id", "account", "user_id", "scope", "number")
    number_fields = ("user_id",)


@admin.register(Roster)
class RosterAdmin(OperatorAdmin):
    list_display = ("id", "account")
    hidden_fields = ("body",)
    extra_fields = ("candidates",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Roster]:
        """Leave the bodies where they are until one is looked at."""
        found: QuerySet[Roster] = super().get_queryset(request).defer("body")
        return found

    @admin.display(description=gettext_lazy("candidates"))
    def candidates(self, roster: Roster) -> SafeString:
        """Return the stored body."""
        return pretty_json(roster.body)


@admin.register(TurnRecord)
class TurnRecordAdmin(OperatorAdmin):
    list_display = ("id", "account", "key", "trigger_id", "decided_at")
    hidden_fields = ("opening",)
    extra_fields = ("began_with",)

    @admin.display(description=gettext_lazy("loads and lags when it began"))
    def began_with(self, turn: TurnRecord) -> SafeString:
        """Return the stored opening."""
        return pretty_json(turn.opening)


@admin.register(Wave)
class WaveAdmin(OperatorAdmin):
    list_display = ("id", "account", "kind", "user_id", "started_at", "moved", "parked")
    number_fields = ("user_id",)


@admin.register(DistributionSettings)
class DistributionSettingsAdmin(OperatorAdmin):
    list_display = ("id", "account", "is_enabled", "mode", "return_enabled", "version")


@admin.register(Template)
class TemplateAdmin(OperatorAdmin):
    list_display = ("id", "account", "name", "is_enabled", "is_shadow", "is_simple", "version")
    list_filter = ("is_enabled", "is_shadow")


@admin.register(TemplateVersion)
class TemplateVersionAdmin(OperatorAdmin):
    list_display = ("id", "account", "template", "version", "at", "actor_id")
    list_select_related = ("template",)


@admin.register(Trigger)
class TriggerAdmin(OperatorAdmin):
    list_display = ("id", "account", "template", "kind", "name", "group", "priority", "register")
    list_filter = ("kind",)
    list_select_related = ("template", "group", "register")


@admin.register(RegisterEpoch)
class RegisterEpochAdmin(OperatorAdmin):
    list_display = ("id", "account", "register", "epoch", "started_at", "ended_at", "reason")
    list_select_related = ("register",)


@admin.register(RegisterCredit)
class RegisterCreditAdmin(OperatorAdmin):
    list_display = ("id", "account", "register", "user_id", "leads", "reason", "at", "applied_at")
    list_select_related = ("register",)


@admin.register(Alert)
class AlertAdmin(OperatorAdmin):
    list_display = ("id", "account", "kind", "user_id", "lead_id", "at", "told_at")


@admin.register(TaskMirror)
class TaskMirrorAdmin(OperatorAdmin):
    list_display = ("id", "account", "task_id", "owner_id", "seen_at")


@admin.register(FirstTouch)
class FirstTouchAdmin(OperatorAdmin):
    list_display = ("id", "account", "lead_id", "user_id", "due_at", "touched_at", "breached_at")


@admin.register(ManagerProfile)
class ManagerProfileAdmin(OperatorAdmin):
    list_display = ("id", "account", "manager", "leads")
    list_select_related = ("manager",)
