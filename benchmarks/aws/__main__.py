"""python -m benchmarks.aws [--region eu-west-1] [--starts 20] [--only NAME]... [--keep]"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.aws.measure import measure, table
from benchmarks.aws.stack import STACK, create, created, logical_ids, template, upload
from benchmarks.cold_contenders import BASELINE, CONTENDERS, package
from packager.host.interpreter import find_interpreter, host_architecture
from packager.local.request_event import make_event

PYTHON = "3.13"


def main() -> None:
    """Make the stack, measure, print the table, and delete the stack."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aws")
    parser.add_argument("--region")
    parser.add_argument("--profile")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", action="store_true", help="leave the stack as it is")
    arguments = parser.parse_args()
    interpreter = find_interpreter(PYTHON)
    if interpreter is None:
        parser.error(f"Python {PYTHON} is not on this machine: uv python install {PYTHON}")
    names = {each.name for each in CONTENDERS}
    unknown = {*(arguments.only or ())} - names
    if unknown or arguments.starts < 1:
        what = f"no contender {'; '.join(sorted(unknown))}: there are {'; '.join(sorted(names))}"
        parser.error(what if unknown else "--starts is 1 or more")
    chosen = [
        each
        for each in CONTENDERS
        if not arguments.only or each.name == BASELINE or each.name in arguments.only
    ]
    contenders = logical_ids(chosen)
    try:
        session = boto3.Session(profile_name=arguments.profile, region_name=arguments.region)
        cloudformation, client = session.client("cloudformation"), session.client("lambda")
        body = template(chosen, python=PYTHON, architecture=host_architecture())
        create(cloudformation, body)
    except (BotoCoreError, ClientError) as error:
        # A stack of this name that is there already is not this run's to delete.
        parser.error(f"the stack {STACK} can't be made: {error}")
    try:
        functions = created(cloudformation)
        with tempfile.TemporaryDirectory(prefix="packager-aws-") as scratch:
            for name, contender in contenders.items():
                folder = Path(scratch, name)
                print(f"packaging {contender.name}", flush=True)
                package(contender, folder, interpreter)
                upload(client, functions[name], folder)
        reports = measure(
            client,
            {each.name: functions[name] for name, each in contenders.items()},
            {
                each.name: make_event("GET", "/duck/42", payload=each.payload)
                for each in contenders.values()
            },
            starts=arguments.starts,
            say=lambda message: print(message, flush=True),
        )
    finally:
        if not arguments.keep:
            cloudformation.delete_stack(StackName=STACK)
    print(table(reports, BASELINE))
    if arguments.json:
        values = {
            name: [[each.init, each.duration, each.memory, each.used] for each in found]
            for name, found in reports.items()
        }
        arguments.json.write_text(json.dumps(values, indent=1), "utf-8")


main()
