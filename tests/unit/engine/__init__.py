"""The pure core: rules, ledger, turns, waves, windows."""
