"""The calculator page in a real browser, from the keyboard down to the wire and back."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait
from support.browser import chromium
from support.example_processes import HOST, Example, flask_example, running

SCREENSHOT = Path(__file__).parents[3] / "docs" / "img" / "calculator.png"


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Example]:
    example = flask_example(tmp_path)
    with running(example.service), running(example.web):
        yield example


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    with chromium(tmp_path / "profile", "640,780") as browser:
        yield browser


def submit(browser: Chrome, a: str, operation: str, b: str) -> None:
    """Fills in the form by its labels, sends it, and waits for the page that answers."""
    for label, value in (("First number", a), ("Second number", b)):
        field = field_labelled(browser, label)
        field.clear()
        field.send_keys(value)
    Select(field_labelled(browser, "Operation")).select_by_value(operation)
    page = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(browser, 120).until(
        lambda browser: browser.find_element(By.TAG_NAME, "html") != page
    )


def field_labelled(browser: Chrome, text: str):
    label = browser.find_element(By.XPATH, f"//label[normalize-space()='{text}']")
    return browser.find_element(By.ID, label.get_attribute("for"))


def test_the_page_in_a_browser(browser: Chrome, example: Example) -> None:
    browser.get(f"http://{HOST}:{example.web.port}/")
    assert browser.title == "Calculator"

    submit(browser, "7", "divide", "2")
    assert browser.find_element(By.CSS_SELECTOR, "[role=status]").text == "7 / 2 = 3.5"
    assert Select(field_labelled(browser, "Operation")).first_selected_option.text == "divide (/)"
    if os.environ.get("UPDATE_SCREENSHOT") == "1":
        SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(SCREENSHOT))

    submit(browser, "7", "divide", "0")
    assert "cannot divide by zero" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    assert browser.title == "Error: Calculator"

    submit(browser, "7", "add", "3")
    assert browser.find_element(By.ID, "result").text == "10"
    assert browser.find_elements(By.CSS_SELECTOR, "[role=alert]") == []
