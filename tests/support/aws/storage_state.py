"""What is in the table of a DynamoDB storage, and what of it nothing refers to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.support.aws.moto_server import MotoServer


@dataclass(frozen=True)
class State:
    """The items of a table, by id."""

    items: dict[str, dict[str, Any]]

    @property
    def chunks(self) -> dict[str, list[dict[str, Any]]]:
        """The chunks of each generation."""
        found = defaultdict(list)
        for name, item in self.items.items():
            if name[0] == "c":
                found[name[1:].rpartition(".")[0]].append(item)
        return dict(found)

    @property
    def named(self) -> set[str]:
        """The generations that are values."""
        return self._listed("r")

    @property
    def noted(self) -> set[str]:
        """The generations that items still answer for, replaced or begun."""
        begun = {each for item in self.items.values() for each in item.get("p", {"SS": []})["SS"]}
        return self._listed("o") | begun

    @property
    def sizes(self) -> int:
        """The bytes of all values, as their items say."""
        return sum(int(item["s"]["S"]) for item in self.items.values() if "s" in item)

    def problems(self) -> list[str]:
        """What must not be, at any time: a value that is not whole, or would not stay so, and what
        stays for ever though nothing refers to it."""
        found = []
        chunks = self.chunks
        for generation in self.named:
            whole = int(generation.rpartition(".")[2])
            if len(chunks.get(generation, [])) != whole:
                found.append(f"{generation} is not whole")
            if any("x" in chunk for chunk in chunks.get(generation, [])):
                found.append(f"{generation} will expire")
        found += [
            f"{generation} stays for ever"
            for generation in chunks.keys() - self.named - self.noted
            if not all("x" in chunk for chunk in chunks[generation])
        ]
        if "t" in self.items and int(self.items["t"]["t"]["N"]) != self.sizes:
            found.append(f"the count is {self.items['t']['t']['N']}, not {self.sizes}")
        return found

    def garbage(self) -> set[str]:
        """What is there besides values and the count, after everybody is done."""
        idle = {name for name, item in self.items.items() if name[0] == "v" and "s" not in item}
        return (self.chunks.keys() - self.named) | self.noted | idle

    def _listed(self, attribute: str) -> set[str]:
        lists = [item[attribute]["L"] for item in self.items.values() if attribute in item]
        return {each["S"] for found in lists for each in found}


def read_state(moto: MotoServer, table: str) -> State:
    pages = moto.boto("dynamodb").get_paginator("scan").paginate(TableName=table)
    return State({item["id"]["S"]: item for page in pages for item in page["Items"]})


def expire(moto: MotoServer, table: str) -> None:
    """Do what DynamoDB's TTL has done a day later."""
    client = moto.boto("dynamodb")
    for name, item in read_state(moto, table).items.items():
        if "x" in item:
            client.delete_item(TableName=table, Key={"id": {"S": name}})
