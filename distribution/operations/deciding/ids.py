"""Ids given before the write, so that one statement can write rows that refer to each other."""

from __future__ import annotations

from django.db import connection

BLOCK = 1000
CREATE_SQL = "CREATE SEQUENCE distribution_block"
DROP_SQL = "DROP SEQUENCE distribution_block"


class IdBlock:
    """Hands out ids from blocks of a sequence; ids rise over time and have gaps."""

    def __init__(self, block: int) -> None:
        self._next = block * BLOCK
        self._end = self._next + BLOCK

    def take(self) -> int:
        """Return an id that nobody else has; one query a thousand ids."""
        if self._next == self._end:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nextval('distribution_block')")
                self._next = cursor.fetchone()[0] * BLOCK
            self._end = self._next + BLOCK
        self._next += 1
        return self._next - 1
