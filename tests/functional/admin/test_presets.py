"""The operator words the pattern presets in six languages; a cycle that nobody could follow is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from shifts.models import PatternPreset


def form(**changes: Any) -> dict[str, Any]:
    names = {f"name_{code}": f"4/2 {code}" for code in ("ru", "en", "es", "pt_br", "tr", "ind")}
    cycle = "[[[480, 1200]], [[480, 1200]], [], []]"
    return {"code": "4-2", "cycle": cycle, "sort": "9", **names, **changes}


@pytest.mark.django_db
@pytest.mark.feature("F54")
def test_a_preset_of_the_operators_is_worded_in_each_language(admin: Client) -> None:
    answer = admin.post(reverse("admin:shifts_patternpreset_add"), form())
    assert answer.status_code == 302, answer.content
    preset = PatternPreset.objects.get(code="4-2")
    with override("id"):
        assert str(preset) == "4/2 ind"
    with override("pt-br"):
        assert str(preset) == "4/2 pt_br"
    page = reverse("admin:shifts_patternpreset_change", args=[preset.pk])
    assert admin.post(page, form(name_ru="День через два")).status_code == 302
    with override("ru"):
        assert str(PatternPreset.objects.get(code="4-2")) == "День через два"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cycle", ["[]", "[[]]", "[[[540, 540]]]", "[[[540, 1080], [600, 700]]]", '{"a": 1}', "[5]"]
)
def test_a_cycle_that_nobody_could_follow_is_refused(admin: Client, cycle: str) -> None:
    answer = admin.post(reverse("admin:shifts_patternpreset_add"), form(cycle=cycle))
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not PatternPreset.objects.filter(code="4-2").exists()
