"""Tables of the distribution app; see the modules for what each owns."""

from distribution.models.flow import Alert, DeadLetter, Effect, Timer
from distribution.models.ledger import (
    ManagerLoad,
    Register,
    RegisterCredit,
    RegisterEntry,
    RegisterEpoch,
)
from distribution.models.mirror import FirstTouch, LeadMirror, TaskMirror
from distribution.models.records import Decision, Roster, TurnRecord, Wave
from distribution.models.settings import DistributionSettings, ManagerProfile
from distribution.models.templates import Template, TemplateVersion, Trigger

__all__ = [
    "Alert",
    "DeadLetter",
    "Decision",
    "DistributionSettings",
    "Effect",
    "FirstTouch",
    "LeadMirror",
    "ManagerLoad",
    "ManagerProfile",
    "Register",
    "RegisterCredit",
    "RegisterEntry",
    "RegisterEpoch",
    "Roster",
    "TaskMirror",
    "Template",
    "TemplateVersion",
    "Timer",
    "Trigger",
    "TurnRecord",
    "Wave",
]
