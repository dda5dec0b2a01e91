"""A database of the demo's own, new for each run, beside the one that DATABASE_URL names."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

SUFFIX = "_demo"


class NoDatabase(Exception):
    """The demo's database cannot be made: the role in DATABASE_URL needs the right CREATEDB."""


def make_database() -> str:
    """Create the demo's database anew, point this process at it, migrate; return its URL."""
    chosen = settings.DATABASES["default"]
    name = str(chosen["NAME"]).removesuffix(SUFFIX) + SUFFIX
    _create(chosen, name)
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(parts._replace(path=f"/{name}"))
    os.environ["DATABASE_URL"] = url
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
    call_command("migrate", verbosity=0, interactive=False)
    return url


def _create(chosen: dict[str, object], name: str) -> None:
    try:
        with psycopg.connect(
            host=str(chosen["HOST"]) or None,
            port=str(chosen["PORT"]) or None,
            user=str(chosen["USER"]) or None,
            password=str(chosen["PASSWORD"]) or None,
            dbname=str(chosen["NAME"]),
            autocommit=True,
        ) as server:
            quoted = sql.Identifier(name)
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
            server.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
    except psycopg.errors.InsufficientPrivilege as error:
        raise NoDatabase(NoDatabase.__doc__) from error
