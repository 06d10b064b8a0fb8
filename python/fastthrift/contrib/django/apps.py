"""The application, for ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.core.signals import setting_changed
from django.utils.autoreload import autoreload_started


class FastthriftConfig(AppConfig):
    """Registers the checks, and shows reloaders the Thrift files."""

    name = "fastthrift.contrib.django"
    # Not `thrift`, which others have.
    label = "fastthrift"
    verbose_name = "fastthrift"

    def ready(self) -> None:
        """Called by Django when all applications are loaded."""
        from .checks import check_deployment, check_thrift
        from .conf import part, warn_of_slow_calls
        from .reloading import watch_thrift_files

        register(check_thrift, "thrift")
        register(check_deployment, "thrift", "security", deploy=True)
        autoreload_started.connect(watch_thrift_files, dispatch_uid="fastthrift")
        if part("SLOW") is not None:
            # Without it the limits that the program has set for itself stay.
            warn_of_slow_calls()
        setting_changed.connect(warn_of_slow_calls, dispatch_uid="fastthrift.slow")
