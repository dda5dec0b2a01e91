"""What pages and files write of an account’s policies: settings, templates, triggers, profiles."""
