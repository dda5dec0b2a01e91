"""WSGI entry point: sync views under ASGI cost three to eight times as much."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peresmenka.settings")
application = get_wsgi_application()
