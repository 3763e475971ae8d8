"""A page as somebody without a mouse has it."""

from __future__ import annotations

from playwright.sync_api import Page

# What a screen reader would say of the element that has the focus.
_FOCUSED = """() => {
  const each = document.activeElement;
  const label = each.getAttribute('aria-label')
    || [...(each.labels || [])].map((one) => one.textContent).join(' ') || each.textContent;
  return label.replace(/\\s+/g, ' ').trim();
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus."""
    seen = []
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused.startswith(name):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none", f"the focus on {name} can't be seen"
            return
        seen.append(focused)
    raise AssertionError(f"Tab does not get to {name}, but to {seen}")


def follow(page: Page, name: str) -> None:
    """Go on by the link or button of a name, with the keyboard."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")
