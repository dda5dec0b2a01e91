"""The only settings file: reads the environment through lib/env.py; no logic beyond that."""

from pathlib import Path
from urllib.parse import urlsplit

import structlog
from django.utils.translation import gettext_lazy as _

from peresmenka.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent

# --- the site ---------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", str(urlsplit(PUBLIC_URL).hostname))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "peresmenka.urls"
WSGI_APPLICATION = "peresmenka.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Only behind a proxy that always sets or removes this header.
if env.flag("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A bulk edit in Kommo arrives as one body; ingest reads it raw and never parses a form.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

INSTALLED_APPS = [
    "modeltranslation",
    "peresmenka.admin_site.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "django_celery_beat",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "accounts",
    "shifts",
    "distribution",
    "reports",
    "peresmenka",
]

MIDDLEWARE = [
    "accounts.webhooks.HooksFirst",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.identity.ConsoleIdentityMiddleware",
    "accounts.language.ConsoleLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.identity.console_context",
            ],
        },
    },
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 5
AXES_VERBOSE = False
# By name and address together: one attacker behind a proxy must not lock out every operator.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = 1  # hour
# The operator's site asks for a second factor; switched off only for the demo and tests.
OPERATOR_SECOND_FACTOR = env.flag("OPERATOR_SECOND_FACTOR", default=True)

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "peresmenka" / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True

# --- stores -----------------------------------------------------------------------------------
DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {"application_name": "peresmenka"},
        "TEST": {"NAME": "test_peresmenka" + env.text("TEST_DATABASE_SUFFIX", "")},
    }
}
VALKEY_URL = env.text("VALKEY_URL", "")

# --- Celery: a doorbell, never the truth --------------------------------------------------------
CELERY_BROKER_URL = VALKEY_URL.replace("unix://", "redis+socket://").replace(
    "?db=", "?virtual_host="
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

# --- Kommo --------------------------------------------------------------------------------------
KOMMO_CLIENT_ID = env.text("KOMMO_CLIENT_ID", "")
KOMMO_CLIENT_SECRET = env.text("KOMMO_CLIENT_SECRET", "")
# The secret before the current one, while Kommo still signs with it.
KOMMO_PREVIOUS_SECRET = env.text("KOMMO_PREVIOUS_SECRET", "")
KOMMO_URL_TEMPLATE = env.text("KOMMO_URL_TEMPLATE", "https://{host}")
KOMMO_CALLS_PER_SECOND = env.whole("KOMMO_CALLS_PER_SECOND", 7)  # an account; 0 = no limit
KOMMO_IP_CALLS_PER_SECOND = env.whole("KOMMO_IP_CALLS_PER_SECOND", 7)  # the egress IP; 0 = no limit
KOMMO_TIMEOUT_SECONDS = env.number("KOMMO_TIMEOUT_SECONDS", 5)
# Dotted path of a function `(session) -> None` that prepares each HTTP session (an egress proxy).
KOMMO_SESSION_SETUP = env.text("KOMMO_SESSION_SETUP", "")
# Base64 keys of 32 bytes, newest first: `id:key,id:key`.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")

# --- mail ---------------------------------------------------------------------------------------
_mail = env.mail("EMAIL_URL", "consolemail://" if DEBUG else "dummymail://")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _mail["EMAIL_FILE_PATH"]
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.sender(
    "MAIL_FROM", f"Peresmenka <peresmenka@{urlsplit(PUBLIC_URL).hostname}>"
)

# --- languages ----------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("ru", _("Russian")),
    ("en", _("English")),
    ("es", _("Spanish")),
    ("pt-br", _("Portuguese (Brazil)")),
    ("tr", _("Turkish")),
    ("id", _("Indonesian")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
MODELTRANSLATION_DEFAULT_LANGUAGE = "en"
MODELTRANSLATION_FALLBACK_LANGUAGES = ("en",)

# --- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api_identity.WidgetTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api_identity.IsKnown"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {"TITLE": "Peresmenka", "VERSION": "1"}

# --- logs ---------------------------------------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
            ],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=False)
                if DEBUG
                else structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        }
    },
    "filters": {"secrets": {"()": "peresmenka.lib.secret_paths.SecretPaths"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["secrets"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}
