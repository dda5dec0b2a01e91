"""The demo: all processes with the sandbox as CRM, and the main job shown on a stream of leads."""
