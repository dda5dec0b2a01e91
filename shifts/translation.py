"""What operators write in all languages: the names of pattern presets."""

from modeltranslation.translator import TranslationOptions, register

from shifts.models import PatternPreset


@register(PatternPreset)
class PatternPresetTranslation(TranslationOptions):
    """Only the name is text."""

    fields = ("name",)
