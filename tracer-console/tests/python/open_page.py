"""Opens a page of `tracer-console export` in Chromium, as by double click, and prints what happened and what can be seen."""

import json
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

page_path, hostile = pathlib.Path(sys.argv[1]), sys.argv[2]
programs = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))

with sync_playwright() as playwright:
    # The sandbox asks for rights that a container need not give.
    browser = playwright.chromium.launch(executable_path=next(filter(None, programs)), args=["--no-sandbox"])
    # Switched on: whatever could run would.
    page = browser.new_page(java_script_enabled=True, viewport={"width": 1280, "height": 900})
    happened = {"requests": [], "dialogs": [], "console": []}
    page.on("request", lambda request: happened["requests"].append(request.url))
    page.on("dialog", lambda dialog: (happened["dialogs"].append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: happened["console"].append(message.text))
    page.goto(page_path.as_uri())

    # By the keyboard alone: the first trace is open, the second is reached and opened.
    traces = page.locator("details.trace")
    second = traces.nth(1)
    second.locator("> summary").focus()
    page.keyboard.press("Enter")
    rows = second.locator(".line .name")
    bars = second.locator("svg.bar rect")
    box = bars.first.bounding_box()
    first_row = rows.nth(1)
    colours = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        style = page.evaluate("(getComputedStyle(document.body)).backgroundColor + '/' + getComputedStyle(document.body).color")
        colours.append(style)
    folded = first_row.is_visible()
    second.locator("summary.line").first.focus()
    page.keyboard.press("Enter")
    after = first_row.is_visible()
    page.keyboard.press("Enter")
    second.locator("details.documents > summary").click()

    print(json.dumps(happened | {
        "title": page.title(),
        "elements": sorted(set(page.evaluate("[...document.querySelectorAll('*')].map(element => element.localName)"))),
        "handlers": page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(element => [...element.attributes])"
            ".map(attribute => attribute.name).filter(name => name.startsWith('on') || name === 'src' || name === 'style')"
        ),
        "ran": page.evaluate("window.ran === undefined ? [] : [window.ran]"),
        "names": [name for name in rows.all_inner_texts() if hostile in name],
        "visible": [rows.first.is_visible(), folded, after],
        "bar": [box["width"] > 0, box["height"] > 0] if box else [],
        "colours": colours,
        "documents": [text for text in second.locator("pre.document").all_text_contents()],
        "focusable": page.evaluate("[...document.querySelectorAll('summary')].every(summary => summary.tabIndex === 0)"),
        "width": page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
    }))
    browser.close()
