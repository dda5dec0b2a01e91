"""What the board's filter asks for, and whom it admits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distribution.queries.people import Person
from distribution.views.live import asked_query
from distribution.views.presence import PersonRow

NAMES = ("show", "group", "q")
SHOWS = (
    ("", gettext_lazy("All")),
    ("yes", gettext_lazy("receive now")),
    ("no", gettext_lazy("do not receive")),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the filter asks for; "" asks for everybody."""

    show: str = ""  # "yes": who receives now, "no": who does not
    group: str = ""  # Kommo id, or "none"
    q: str = ""  # words of the name

    @property
    def query(self) -> str:
        """Return the filter as an address carries it."""
        return urlencode({name: getattr(self, name) for name in NAMES if getattr(self, name)})

    def admits(self, row: PersonRow) -> bool:
        """Say whether a person is to be shown."""
        name = row.person.name.casefold()
        return (
            self.show in ("", "yes" if row.receives.yes else "no")
            and self.group in ("", group_key(row.person))
            and all(word in name for word in self.q.casefold().split())
        )


def wish_of(request: HttpRequest) -> Wish:
    """Return the filter of the page, or of the page from which a click came."""
    query = request.GET if request.method == "GET" else asked_query(request, "distribution:board")
    return wish_from(query)


def wish_from(query: QueryDict) -> Wish:
    """Return the filter of an address; what it does not know is left out."""
    wish = Wish(**{name: query.get(name, "")[:100] for name in NAMES})
    known = wish.show in dict(SHOWS)
    return wish if known else Wish("", wish.group, wish.q)


def page_of(wish: Wish) -> str:
    """Return the board's address with the filter."""
    path = reverse("distribution:board")
    return f"{path}?{wish.query}" if wish.query else path


def group_key(person: Person) -> str:
    """Return what stands for the person's group in the filter."""
    return "none" if person.group_id is None else str(person.group_id)


def group_choices(people: Iterable[Person]) -> list[tuple[str, str]]:
    """Return the groups of the people on the board, by name; those in none at last."""
    names = {group_key(person): person.group for person in people}
    has_others = names.pop("none", None) is not None
    listed = sorted(
        ((key, name or _("Group without a name")) for key, name in names.items()),
        key=lambda pair: pair[1],
    )
    return [*listed, ("none", _("In no group"))] if has_others else listed
