"""What every table of the operator's site has in common: read-only, quick on millions of rows, no secret.

Knows no app; the tables are registered in each app's admin.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.forms import AuthenticationForm
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_otp import devices_for_user
from django_otp.admin import OTPAdminAuthenticationForm

MOST_COUNTED = 10_000
LARGEST_NUMBER = 2**63 - 1
LONGEST_JSON = 20_000

if TYPE_CHECKING:
    TableAdmin = admin.ModelAdmin[Any]
    RowsPaginator = Paginator[Any]
else:
    TableAdmin = admin.ModelAdmin
    RowsPaginator = Paginator


class QuickPaginator(RowsPaginator):
    """Counts no further than 10,000 rows: what lies beyond is reached by searching."""

    @cached_property
    def _found(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[: MOST_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, at most 10,000."""
        return min(self._found, MOST_COUNTED)

    @property
    def is_capped(self) -> bool:
        """Say whether there are more rows than were counted."""
        return self._found > MOST_COUNTED


class OperatorAdmin(TableAdmin):
    """A table that the operator reads; what may be done with its rows are actions.

    Lists are ordered by the primary key and sorted by nothing else, since only that is sure to
    have an index. A search word is a part of the account's host, its Kommo id, the row's own
    number, or a number in `number_fields`. Binary columns (secrets, digests, bodies) are left out.
    """

    paginator = QuickPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50
    ordering = ("-pk",)
    sortable_by = ()
    search_help_text = _("Part of the account’s host, its Kommo id, or the number of a lead or row")
    number_fields: tuple[str, ...] = ()  # reached through an index that begins with the account
    text_fields: tuple[str, ...] = ()  # of small tables: looked through row by row
    hidden_fields: tuple[str, ...] = ()
    extra_fields: tuple[str, ...] = ()  # methods shown besides the columns

    # -- what is shown

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """Return every column but binary and hidden ones, then the extra ones."""
        columns = [
            field.name
            for field in self.model._meta.concrete_fields
            if not isinstance(field, models.BinaryField) and field.name not in self.hidden_fields
        ]
        return [*columns, *self.extra_fields]

    def get_readonly_fields(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> list[Any]:
        """Return the same: nothing is edited."""
        return self.get_fields(request, obj)

    def get_list_select_related(self, request: HttpRequest) -> tuple[str, ...]:
        """Read a list's accounts with its rows."""
        found = tuple(self.list_select_related or ())  # type: ignore[arg-type]
        return (*found, "account") if self._belongs_to_account else found

    # -- searching

    @property
    def _belongs_to_account(self) -> bool:
        return any(field.name == "account" for field in self.model._meta.concrete_fields)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return something, so that the search box is there; see get_search_results."""
        return ("pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Keep the rows that every word of the search speaks of."""
        for word in search_term.split()[:5]:
            queryset = queryset.filter(self._rows_of(word))
        return queryset, False

    def _rows_of(self, word: str) -> Q:
        found = Q(pk__in=[])
        for name in self.text_fields:
            found |= Q(**{f"{name}__icontains": word})
        number = int(word) if word.isascii() and word.isdigit() else None
        if number is not None and number > LARGEST_NUMBER:
            number = None
        if self._belongs_to_account:
            found |= self._rows_of_accounts(word, number)
        if number is not None and isinstance(self.model._meta.pk, models.IntegerField):
            found |= Q(pk=number)
        return found

    def _rows_of_accounts(self, word: str, number: int | None) -> Q:
        accounts = self.model._meta.get_field("account").related_model._default_manager
        named = Q(host__icontains=word)
        if number is not None:
            named |= Q(kommo_id=number)
        found = Q(account_id__in=list(accounts.filter(named).values_list("pk", flat=True)))
        if number is not None and self.number_fields:
            # all of them, since the indexes begin with the account
            everybody = list(accounts.values_list("pk", flat=True))
            for name in self.number_fields:
                found |= Q(account_id__in=everybody, **{name: number})
        return found

    # -- what may be done

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows come about by work, not by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows go with their account, or by the purge."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may view or change the table may read it."""
        return super().has_view_permission(request, obj) or self.has_operate_permission(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Actions ask for the permission to change the table."""
        return super().has_change_permission(request)

    def note(self, request: HttpRequest, rows: Iterable[models.Model], what: str) -> None:
        """Keep in Django's log that the operator did this to the rows."""
        LogEntry.objects.log_actions(request.user.pk, list(rows), CHANGE, what)  # type: ignore[arg-type]


def pretty_json(value: Any) -> SafeString:
    """Return JSON indented, cut after 20,000 characters."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return format_html("<pre>{}</pre>", text[:LONGEST_JSON])


class OpenFilter(admin.SimpleListFilter):
    """Rows with something left to do; subclasses say which."""

    title = _("open")
    parameter_name = "open"
    label = _("Open only")
    condition = Q()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the open rows alone: the others have no index of their own."""
        return [("yes", self.label)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the open rows."""
        return queryset.filter(self.condition) if self.value() == "yes" else queryset


class OperatorLoginForm(OTPAdminAuthenticationForm):  # type: ignore[misc]
    """Name, password and, unless the settings switch it off, a token of a second factor."""

    def clean(self) -> dict[str, Any]:
        """Ask for the token only where it is wanted."""
        if settings.OPERATOR_SECOND_FACTOR:
            cleaned: dict[str, Any] = super().clean()
            return cleaned
        return AuthenticationForm.clean(self)

    def _chosen_device(self, user: Any) -> Any:
        """Take the only device of somebody who has no other."""
        device = super()._chosen_device(user)
        if device is None:
            devices = list(devices_for_user(user))
            device = devices[0] if len(devices) == 1 else None
        return device

    def _update_form(self, user: Any) -> None:
        """Offer the devices; unlike the library, do not send the password back in the page."""
        self.fields["otp_device"].widget.choices = self.device_choices(user)
