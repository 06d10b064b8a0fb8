"""The service of ``mount_probe`` at a URL of a Django project, which is this file."""

from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

from support.mount_probe import OPTIONS, Mount

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    BASE_DIR=Path(__file__).parent,
    INSTALLED_APPS=["fastthrift.contrib.django"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    THRIFT={
        "SERVERS": {
            "mount": {
                "SERVICE": Mount,
                "HANDLER": "support.mount_probe.Handler",
            }
        }
    },
)
django.setup()

from fastthrift.contrib.django import thrift_view  # noqa: E402

view = thrift_view("mount", **OPTIONS)
urlpatterns = [path("below/django/", view), path("below/django/<path:rest>", view)]
application = get_wsgi_application()
