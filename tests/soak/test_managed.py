"""16 processes that serve endpoints while these are made, edited, disabled and deleted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.soak.conftest import Soak
from tests.support.aws.moto_server import moto_server
from tests.support.builders import TEMPLATE, endpoint, literals, write_files
from tests.support.endpoint_storm import (
    DATA_KEY,
    LOOK,
    OFF,
    TABLE,
    Answer,
    Storm,
    problems,
)
from tests.support.managed_endpoints import KEY

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = 16
WRITES = 500  # of a round


def test_endpoints_under_changes(soak: Soak, tmp_path: Path) -> None:
    write_files(tmp_path, {"look.py": endpoint(LOOK)})
    kinds: Counter[str] = Counter()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for number in soak.rounds(20, "times 500 changes"):
        ttl = soak.random.choice([0, 0.2, 1, 5])
        ids, over = tmp_path / f"ids{number}", tmp_path / f"over{number}"
        with moto_server() as moto:
            moto.boto("secretsmanager").create_secret(Name="key", SecretString=DATA_KEY)
            storm = Storm(moto.boto("dynamodb"), ids, soak.random.randrange(1 << 32))
            storm.make_table()
            variables = {
                "PACKAGER_ENDPOINTS": TABLE,
                "PACKAGER_ENDPOINTS_KEY": KEY,
                "PACKAGER_ENDPOINTS_SECRET": "key",
                "PYTHONPATH": f"{TEMPLATE}:{ROOT}",
            }
            given = repr({"ttl": ttl, "literals": literals()})
            (tmp_path / "given").write_text(given)
            processes = []
            for each in range(ENVIRONMENTS):
                command = [sys.executable, "-m", "tests.support.endpoint_storm", str(tmp_path)]
                with (
                    (tmp_path / "given").open("rb") as stdin,
                    (tmp_path / f"answers{each}").open("wb") as stdout,
                    (tmp_path / f"log{each}").open("wb") as stderr,
                ):
                    process = subprocess.Popen(
                        [*command, str(ids), str(over), str(soak.random.randrange(1 << 32))],
                        stdin=stdin,
                        stdout=stdout,
                        stderr=stderr,
                        env={**clean, **moto.environment, **variables},
                    )
                processes.append(process)
            try:
                storm.run(WRITES, soak.random.choice([3, 30, 300]), pause=0.01)
            finally:
                over.touch()
                codes = [process.wait(60) for process in processes]
        assert codes == [0] * ENVIRONMENTS
        logs = [(tmp_path / f"log{each}").read_text() for each in range(ENVIRONMENTS)]
        assert not [line for log in logs for line in log.splitlines() if "[INFO]" not in line]
        assert not [hook_id for hook_id in storm.history if any(hook_id in log for log in logs)]
        answers = [
            Answer(*json.loads(line))
            for each in range(ENVIRONMENTS)
            for line in (tmp_path / f"answers{each}").read_text().splitlines()
        ]
        kinds.update("off" if answer.token is OFF else "on" for answer in answers)
        assert problems(answers, storm.history, ttl) == []
    soak.note(f"{kinds['on']} answers and {kinds['off']} times 404")
    assert min(kinds.values()) > 100
