"""The delivering lane: effects on their way to Kommo, each kind with its sender."""
