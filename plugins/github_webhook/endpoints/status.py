"""`GET /`: a page for people, made from the template beside this file."""

import os
from collections.abc import Mapping
from html import escape
from string import Template

from webhooks import recent
from werkzeug import Request, Response

from dify_plugin import Endpoint

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "status.html")
OUTCOMES = ("accepted", "ignored", "duplicate", "refused")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


class Status(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Show the counts, and the notifications if the settings show them to everybody."""
        counts = recent.counts()
        shown = recent.notifications() if settings.get("show_events") else []
        with open(TEMPLATE, encoding="utf-8") as file:
            template = Template(file.read())
        page = template.substitute(
            title=escape(settings.get("title") or "GitHub deliveries"),
            webhook_url=escape(r.url_root + "webhook"),
            counts="".join(f"<li>{counts.get(name, 0)} {name}</li>" for name in OUTCOMES),
            rows="".join(row(notification) for notification in shown),
        )
        return Response(page, 200, HEADERS, content_type="text/html; charset=utf-8")


def row(notification: Mapping[str, str]) -> str:
    title, url = escape(notification["title"]), notification["url"]
    # A payload's link is shown as one only where it can't be a script.
    link = f'<a href="{escape(url)}">{title}</a>' if url.startswith("https://") else title
    cells = (escape(notification["received"]), escape(notification["repository"]), link)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
