"""The page of a mount in a real browser, by the keyboard, in the dark and on a phone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait
from support.browser import chromium
from support.example_processes import HOST, Server, free_port

IMAGES = Path(__file__).parents[3] / "docs" / "img"
WAIT = 120


#: What serves the page, and where.
BELOW = {
    "ThriftApp": ("mount_probe:application", ""),
    "Flask": ("mount_probe_flask:app", "below/flask/"),
    "Django": ("mount_probe_django:application", "below/django/"),
}


@pytest.fixture(scope="module", params=BELOW)
def page(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[str]:
    """The URL of a mount."""
    application, path = BELOW[request.param]
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    tests = os.fspath(Path(__file__).parents[1])
    server = Server([], port, log, PYTHONPATH=tests, HOME=os.fspath(log.parent))
    gunicorn = ["gunicorn", "-w", "1", "-b", f"{HOST}:{port}"]
    server.command = [sys.executable, "-m", *gunicorn, f"support.{application}"]
    server.start()
    try:
        yield f"http://{HOST}:{port}/{path}"
    finally:
        server.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: Any) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), "760,900") as browser:
        yield browser


def updates_screenshots(page: str) -> bool:
    return os.environ.get("UPDATE_SCREENSHOT") == "1" and "below" not in page


def method(browser: Chrome, name: str) -> Any:
    """What the page has of a method, opened by the keyboard."""
    details = browser.find_element(By.ID, f"Mount.{name}")
    if not details.get_attribute("open"):
        details.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    return details


def field(details: Any, name: str) -> Any:
    label = details.find_element(By.XPATH, f".//label[.='{name}']")
    return details.find_element(By.ID, label.get_attribute("for"))


def call(browser: Chrome, details: Any) -> tuple[str, str]:
    """Press the button; the status and the answer that are shown."""
    status = details.find_element(By.CSS_SELECTOR, "[role=status]")
    browser.execute_script("arguments[0].textContent = ''", status)
    details.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    WebDriverWait(browser, WAIT).until(lambda _: status.text)
    return status.text, details.find_element(By.CSS_SELECTOR, ".answer").text


def test_methods_are_called_by_the_keyboard(browser: Chrome, page: str) -> None:
    browser.get(page)
    assert browser.title == "Mount"  # the IDL has a script that would change it
    add = method(browser, "add")
    # More than a number of JavaScript holds.
    field(add, "a").send_keys("9007199254740993")
    assert call(browser, add) == ("200 OK", "9007199254740993")
    field(add, "b").send_keys("4")
    assert call(browser, add) == ("200 OK", "9007199254740997")
    field(add, "b").send_keys("x")
    assert call(browser, add) == ("b: expected a whole number", "")

    move = method(browser, "move")
    place = field(move, "place")
    place.clear()
    place.send_keys('{"name": "<b>Köln</b>"}')
    Select(field(move, "quickly")).select_by_visible_text("true")
    assert call(browser, move) == ("200 OK", '{"name": "<b>Köln</b>"}')
    place.clear()
    place.send_keys('{"name": "nowhere"}')
    status, answer = call(browser, move)
    assert status.startswith("422")
    assert "there is no such place" in answer
    if updates_screenshots(page):
        browser.execute_script("arguments[0].open = false", add)
        browser.execute_script("arguments[0].scrollIntoView()", move)
        browser.save_screenshot(os.fspath(IMAGES / "mount.png"))

    echo = method(browser, "echo")
    assert call(browser, echo) == ("200 OK", '""')
    assert call(browser, method(browser, "nothing"))[0].startswith("204")
    assert call(browser, method(browser, "note"))[0].startswith("202")
    # Nothing was kept out by the content security policy, and nothing failed on the page.
    complaints = [
        entry["message"]
        for entry in browser.get_log("browser")
        if "status of 422" not in entry["message"]
    ]
    assert complaints == []


def test_it_fits_a_phone_and_the_dark(browser: Chrome, page: str) -> None:
    phone = {"width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    colours = {}
    try:
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            browser.get(f"{page}#Mount.move")
            assert browser.find_element(By.ID, "Mount.move").get_attribute("open")
            width = browser.execute_script("return document.documentElement.scrollWidth")
            assert width <= 360
            for told in ("As maps have it.", "Stop.", "The number of a place.", "Where to."):
                comment = browser.find_element(By.XPATH, f"//*[@class='doc' and .='{told}']")
                assert comment.is_displayed()
                assert comment.rect["x"] + comment.rect["width"] <= 360
            if updates_screenshots(page) and scheme == "light":
                types = browser.find_element(By.CLASS_NAME, "types")
                browser.execute_script("arguments[0].scrollIntoView()", types)
                browser.save_screenshot(os.fspath(IMAGES / "mount-phone.png"))
            script = "return getComputedStyle(document.body).backgroundColor"
            colours[scheme] = browser.execute_script(script)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}
