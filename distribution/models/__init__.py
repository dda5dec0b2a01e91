"""Tables of the distribution app; see the modules for what each owns."""

from distribution.models.flow import DeadLetter, Effect, Timer
from distribution.models.ledger import ManagerLoad, Register, RegisterEntry
from distribution.models.mirror import LeadMirror
from distribution.models.records import Decision, Roster, TurnRecord, Wave
from distribution.models.settings import DistributionSettings, GroupRule, GroupStage, ManagerProfile

__all__ = [
    "DeadLetter",
    "Decision",
    "DistributionSettings",
    "Effect",
    "GroupRule",
    "GroupStage",
    "LeadMirror",
    "ManagerLoad",
    "ManagerProfile",
    "Register",
    "RegisterEntry",
    "Roster",
    "Timer",
    "TurnRecord",
    "Wave",
]
