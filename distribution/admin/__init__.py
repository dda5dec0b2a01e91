"""The distribution app in the operator's site, and accounts with their health.

Decisions are in reports/admin.py, where the record is put into words.
"""

from distribution.admin import accounts, tables

__all__ = ["accounts", "tables"]
