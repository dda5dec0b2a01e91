"""The world and the team of the main job, for the engine in full."""

from tests.functional.main_job.conftest import Team, team, world

__all__ = ["Team", "team", "world"]
