"""What docs/subscriptions.md shows of a subscription is one that the example takes."""

from __future__ import annotations

import re

from packager.errors import Diagnostics
from packager.inputs.yaml_tree import parse_yaml
from packager.model.options import SecretSource
from packager.subscriptions.given import read_given
from packager.subscriptions.wanted import methods, new_subscription
from tests.support.examples import ROOT
from tests.support.fake_workbench import plans_of


def test_the_example() -> None:
    text = (ROOT / "docs/subscriptions.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (plan,) = plans_of(ROOT / "plugins/github_trigger")
    provider = plan.group.provider
    assert provider is not None
    diagnostics = Diagnostics()
    top = parse_yaml(block, "docs/subscriptions.md", diagnostics)
    assert top is not None

    given = read_given(top, provider, oauth=False, diagnostics=diagnostics)
    made = new_subscription(provider, given, methods(provider)[0], diagnostics)

    assert diagnostics.all == []
    assert made.parameters == {"repository": "acme/cats", "events": ["issues"]}
    assert made.references == {"credentials.access_token": SecretSource("my-keys", "github")}
    assert [each.event for each in made.workflows] == ["issue_opened"]
