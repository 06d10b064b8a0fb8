import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).parent.parent

# Where `manage.py runthrift` serves and the view calls.
CALCULATOR_URL = os.environ.get("CALCULATOR_URL", "tcp://127.0.0.1:9090")

CALCULATOR = {
    "IDL": BASE_DIR / "calculator" / "history.thrift",
    "SERVICE": "HistoryCalculator",
}
THRIFT = {
    "CLIENTS": {
        "calculator": CALCULATOR | {"URL": CALCULATOR_URL, "TIMEOUT": 1.5, "CHECKOUT_TIMEOUT": 0.5}
    },
    "SERVERS": {
        "default": CALCULATOR
        | {
            "HANDLER": "calculator.handler.CalculatorHandler",
            "BIND": CALCULATOR_URL.removeprefix("tcp://"),
        }
    },
    # Seconds for both calls of a request, so that each is answered within two.
    "REQUEST_BUDGET": 1.5,
}

# Nothing of this project outlives a restart that needs the key; set one where something does.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or get_random_secret_key()
DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = ["calculator", "fastthrift.contrib.django"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fastthrift.contrib.django.DeadlineMiddleware",
]
ROOT_URLCONF = "config.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("CALCULATOR_DATABASE", BASE_DIR / "calculator.sqlite3"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
