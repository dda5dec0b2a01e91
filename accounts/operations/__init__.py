"""Writes of the accounts app: installation, first sync, the inbox, the webhook's subscription."""
