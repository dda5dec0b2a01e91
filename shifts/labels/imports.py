"""Imports in words: what is wrong with a file or a part of it, and what to do; in the reader's language."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from peresmenka.lib.moments import day_text
from shifts.core.calendar_import import Event, Reason
from shifts.core.hours import format_hours
from shifts.core.layers import Cause, Day, Kind
from shifts.core.table_import import Problem, Trouble
from shifts.exchange import ics, table
from shifts.labels.schedule import HOURS_PROBLEMS, cause_text

_TABLES = {
    table.Trouble.EMPTY: gettext_lazy("The file is empty. Fill in the template and upload it."),
    table.Trouble.TOO_LARGE: gettext_lazy(
        "The file is larger than 2 MB. Leave out pictures and other sheets, or import fewer people at once."
    ),
    table.Trouble.NOT_A_TABLE: gettext_lazy(
        "This is neither a CSV file nor an XLSX workbook. Save the table as one of these and upload it again."
    ),
    table.Trouble.OLD_EXCEL: gettext_lazy(
        "This is an old Excel file (.xls), or one with a password. Save it as .xlsx without a password."
    ),
    table.Trouble.BROKEN: gettext_lazy(
        "The file is damaged and cannot be read. Open it, save it again as XLSX or CSV, and upload that."
    ),
    table.Trouble.SWELLS: gettext_lazy(
        "Unpacked, this workbook is larger than 10 MB. Copy the month’s sheet into a new workbook."
    ),
    table.Trouble.TOO_MANY_ROWS: gettext_lazy(
        "The table has more than 1,000 rows. Import it in parts."
    ),
    table.Trouble.NO_DAYS: gettext_lazy(
        "No row with days was found. The first row has to name them: 1, 2, 3… or 2026-11-03."
    ),
}
_CALENDARS = {
    ics.Trouble.EMPTY: gettext_lazy("The file is empty. Export the calendar again."),
    ics.Trouble.NOT_A_CALENDAR: gettext_lazy(
        "This is not a calendar. Choose a file that ends with .ics; calendar programs call it Export."
    ),
    ics.Trouble.BROKEN: gettext_lazy(
        "The calendar is damaged or was cut off. Export it again and upload the new file."
    ),
    ics.Trouble.TOO_MANY: gettext_lazy(
        "The calendar has more than 5,000 events. Export only the days off, or a shorter period."
    ),
    ics.Trouble.TOO_INTRICATE: gettext_lazy(
        "The calendar has too many repeating events. Export only the days off."
    ),
}
_PARTS = {
    Problem.UNKNOWN: gettext_noop(
        "Nobody is called “%(text)s”. Write the name as on the page Team, the e-mail address or the Kommo id."
    ),
    Problem.AMBIGUOUS: gettext_noop(
        "Several people are called “%(text)s”. Write the e-mail address or the Kommo id instead."
    ),
    Problem.INACTIVE: gettext_noop(
        "“%(text)s” is deactivated in Kommo. Delete the row, or activate the user in Kommo."
    ),
    Problem.TWICE: gettext_noop("“%(text)s” has a row already. Join the two rows."),
    Problem.NO_NAME: gettext_noop("The row has no name in its first column. Add it."),
    Problem.NOT_A_DAY: gettext_noop(
        "“%(text)s” is not a day. Name the column by the day’s number, or like 2026-11-03."
    ),
    Problem.OUTSIDE: gettext_noop(
        "“%(text)s” is not a day of this month. Choose another month, or delete the column."
    ),
    Problem.DAY_TWICE: gettext_noop("The day “%(text)s” has a column already. Join the two."),
    Problem.A_DATE: gettext_noop(
        "The spreadsheet has made the date %(text)s of it. Format the cell as text and write 09:00-18:00."
    ),
    Problem.A_TIME: gettext_noop(
        "%(text)s is only one time. Format the cell as text and write both: 09:00-18:00."
    ),
    Problem.FORMULA: gettext_noop(
        "A formula whose value is not in the file. Write the hours instead of the formula."
    ),
}
_REASONS = {
    Reason.SHORT: gettext_lazy("shorter than a day"),
    Reason.PAST: gettext_lazy("is over"),
    Reason.FAR: gettext_lazy("more than 400 days ahead"),
    Reason.CANCELLED: gettext_lazy("cancelled in the calendar"),
    Reason.UNREADABLE: gettext_lazy("its dates cannot be read"),
    Reason.REPEATS: gettext_lazy("repeats in a way that days off do not; enter it by hand"),
    Reason.NOBODY: gettext_lazy("no manager is named in it; upload the file again for one manager"),
    Reason.SEVERAL: gettext_lazy("several managers are named in it; enter it by hand"),
    Reason.INACTIVE: gettext_lazy("the manager is deactivated in Kommo"),
}


def table_trouble(error: table.UnreadableTable) -> str:
    """Return why a file is no table, and what to do."""
    return str(_TABLES[error.trouble])


def calendar_trouble(error: ics.UnreadableCalendar) -> str:
    """Return why a file is no calendar, and what to do."""
    return str(_CALENDARS[error.trouble])


def part_text(trouble: Trouble) -> str:
    """Return what is wrong with a part of a table, and what to do."""
    text = HOURS_PROBLEMS[trouble.wrong_hours] if trouble.wrong_hours else _PARTS[trouble.problem]
    return _(text) % {"text": trouble.text}


def reason_text(reason: Reason) -> str:
    """Return why an event gives no days off."""
    return str(_REASONS[reason])


def when_text(event: Event, zone: tzinfo) -> str:
    """Return when an event begins, by the zone's clock; "" where that cannot be read."""
    starts = event.starts
    if starts == date.min:
        return ""
    if not isinstance(starts, datetime):
        return day_text(starts)
    starts = starts.astimezone(zone) if starts.tzinfo else starts
    return f"{day_text(starts)}, {starts:%H:%M}"


def planned_text(day: Day) -> str:
    """Return a day of the schedule in words, with the hours that lie under a day off."""
    if day.kind is Kind.EMPTY:
        return _("empty")
    hours = format_hours(day.hours)
    if day.kind is Kind.WORK:
        return hours
    cause = cause_text(day)
    return f"{cause} ({hours})" if hours and day.cause is not Cause.REST else cause


def month_names(month: date) -> list[str]:
    """Return how a sheet may be named after a month: 2026-11, 11.2026, November 2026 in every language."""
    names = [f"{month:%Y-%m}", f"{month:%m.%Y}", f"{month.month}.{month.year}"]
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            bare = date_format(month, "F")
            names += [bare, f"{bare} {month.year}", date_format(month, "YEAR_MONTH_FORMAT")]
    return names
