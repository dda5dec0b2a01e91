"""A Kommo that runs on this machine. It imports nothing of the service, and the service nothing of it."""
