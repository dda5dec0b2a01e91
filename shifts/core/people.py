"""People by what others write of them: names, e-mail addresses, Kommo ids. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A manager, as files may name them."""

    user: int  # Kommo user id
    name: str
    email: str = ""
    is_active: bool = True


def plain(text: str) -> str:
    """Return a text as it is compared: one case, one kind of letters and spaces, İ as i."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u0307", "")
    return " ".join(folded.split())


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared."""
    return re.findall(r"[\w’'-]+", plain(text))


class Directory:
    """Finds people by name in any order of words, by e-mail address, or by Kommo id."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._found: dict[str, list[Person]] = {}
        for person in people:
            for key in {_name_key(person.name), plain(person.email), str(person.user)} - {""}:
                self._found.setdefault(key, []).append(person)

    def find(self, text: str) -> list[Person]:
        """Return everybody whom the text may mean; those who have left only where nobody else does."""
        found = self._found.get(plain(text)) or self._found.get(_name_key(text)) or []
        return [person for person in found if person.is_active] or found


def _name_key(name: str) -> str:
    return " ".join(sorted(words_of(name)))
