"""The properties can fail: each is run against a sandbox that was broken on purpose."""

import pytest

from sandbox import hooks
from sandbox.account import Account
from tests.unit.sandbox import test_properties as properties


def test_a_lead_left_in_its_old_stage_is_caught(monkeypatch):
    monkeypatch.setattr(
        Account, "unindex", lambda self, lead: self.by_owner[lead.responsible_user_id].pop(lead.id)
    )
    with pytest.raises(AssertionError):
        properties.test_indexes_histories_and_events_agree_with_the_rows()


def test_forgetting_dates_set_by_hand_is_caught(monkeypatch):
    def touched_since(self, at):
        for lead_id in reversed(self.by_touch):
            if self.leads[lead_id].updated_at < at:
                return
            yield lead_id

    monkeypatch.setattr(Account, "touched_since", touched_since)
    with pytest.raises(AssertionError):
        properties.test_updated_since_finds_exactly_the_leads_updated_since()


# The owner of one lead changes, and the first attempt to tell of it is refused.
REFUSED_ONCE = {"duplicate": 0.0, "steps": [("assign", 0, 3)], "jitter": 0.0, "bad": {6, 7}}


def test_a_hook_that_is_tried_again_is_delivered():
    properties.test_every_change_is_delivered_at_least_once.hypothesis.inner_test(**REFUSED_ONCE)


def test_a_hook_that_is_never_tried_again_is_caught(monkeypatch):
    monkeypatch.setattr(hooks, "seconds_to_retry", lambda attempt, status: None)
    delivers = properties.test_every_change_is_delivered_at_least_once.hypothesis.inner_test
    with pytest.raises(AssertionError):
        delivers(**REFUSED_ONCE)
