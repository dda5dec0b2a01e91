"""Tables of the accounts app; see the modules for what each owns."""

from accounts.models.account import Account, Authorization, Credential, WidgetNonce
from accounts.models.crm import Group, LeadField, Manager, Pipeline, Stage
from accounts.models.flow import AuditEntry, CallBudget, InboxEvent, Lane

__all__ = [
    "Account",
    "AuditEntry",
    "Authorization",
    "CallBudget",
    "Credential",
    "Group",
    "InboxEvent",
    "Lane",
    "LeadField",
    "Manager",
    "Pipeline",
    "Stage",
    "WidgetNonce",
]
