"""What a build has started ends with the program."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.served import are_gone

SOURCE = """\
import json, subprocess, sys
from packager.serve.children import end_children
shell = ["sh", "-c", "sleep 600 & echo $!; wait"]
one, other = (subprocess.Popen(shell, start_new_session=own, stdout=subprocess.PIPE)
              for own in (False, True))
pids = [each.pid for each in (one, other)] + [int(each.stdout.readline()) for each in (one, other)]
end_children()
print(json.dumps([pids, one.wait(), other.wait()]))
"""


def test_every_process_below_this_one_ends() -> None:
    done = subprocess.run([sys.executable, "-c", SOURCE], stdout=subprocess.PIPE, check=True)
    pids, *statuses = json.loads(done.stdout)
    assert statuses == [-9, -9]
    assert are_gone(set(pids))
