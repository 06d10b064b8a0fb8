"""A real browser without a screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService


@contextmanager
def chromium(profile: Path, size: str) -> Iterator[Chrome]:
    """Chromium with a profile of its own and a window of that size, as ``640,780``."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.fail(
            "The browser test needs chromium and chromedriver on the PATH; "
            "on Debian: apt-get install chromium chromium-driver"
        )
    options = ChromeOptions()
    options.binary_location = program
    for flag in (
        "headless",
        "no-sandbox",  # Chromium refuses to run its sandbox as root, as in a container
        "disable-gpu",
        "disable-quic",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        f"window-size={size}",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options, ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()
