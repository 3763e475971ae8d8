"""Endpoints whose processes fork, and how the child ends."""

from __future__ import annotations

HEAD = """
import ctypes, multiprocessing, os, subprocess, sys
from werkzeug.exceptions import abort
def code_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
def fail(fault):
    raise fault
class Odd(BaseException):
    pass
"""
# How a child comes back to the runtime, and the exit code that fits.
WAYS = {
    "exits": ("sys.exit(0)", 0),
    "exits with a code": ("sys.exit(7)", 7),
    "exits with a text": ("sys.exit('bye')", 1),
    "raises": ("raise ValueError('of the child')", 1),
    "raises what is not an Exception": ("raise Odd", 1),
    "interrupts": ("raise KeyboardInterrupt", 1),
    "aborts": ("abort(403)", 1),
    "returns": ("return Response('of the child')", 0),
    "ends by itself": ("os._exit(9)", 9),
}
IN_INVOKE = """
child = os.fork()
if child == 0:
    {way}
return Response(str(code_of(child)))
"""
IN_GENERATOR = """
def body():
    {first}
    child = os.fork()
    if child == 0:
        {way}
    yield str(code_of(child))
---
return Response(body())
"""
ELSEWHERE = {
    "at import": (
        "child = os.fork()\nif child == 0:\n    sys.exit(7)\nCODE = code_of(child)\n"
        "---\nreturn Response(str(CODE))"
    ),
    "on close": (
        "def forks():\n    child = os.fork()\n    if child == 0:\n        sys.exit(7)\n"
        "    print('on close', code_of(child))\n"
        "---\nresponse = Response('7')\nresponse.call_on_close(forks)\n"
        "response.call_on_close(lambda: print('and then'))\nreturn response"
    ),
    "on close, and returns": (
        "def forks():\n    child = os.fork()\n    if child:\n"
        "        print('on close', code_of(child) + 7)\n"
        "---\nresponse = Response('7')\nresponse.call_on_close(forks)\n"
        "response.call_on_close(lambda: print('and then'))\nreturn response"
    ),
    "in a thread": (
        "CODES = []\n"
        "def forks():\n    child = os.fork()\n    if child == 0:\n        sys.exit(7)\n"
        "    CODES.append(code_of(child) + 7)\n"
        "---\nthread = threading.Thread(target=forks)\nthread.start()\nthread.join()\n"
        "return Response(str(CODES[0]))"
    ),
    "by multiprocessing": (
        "---\nchild = multiprocessing.get_context('fork').Process(target=sys.exit, args=(7,))\n"
        "child.start()\nchild.join()\nreturn Response(str(child.exitcode))"
    ),
    "by subprocess": (
        "---\ndone = subprocess.run(['sh', '-c', 'exit 7'], preexec_fn=os.getpid)\n"
        "return Response(str(done.returncode))"
    ),
    "by subprocess, which fails": (
        "---\ntry:\n    subprocess.run(['true'], preexec_fn=lambda: sys.exit(3))\n"
        "except subprocess.SubprocessError:\n    return Response('7')"
    ),
    "by C code": (
        "FORK = ctypes.PyDLL(None).fork\n"
        "---\nchild = FORK()\nif child == 0:\n    sys.exit(7)\nreturn Response(str(code_of(child)))"
    ),
    "by C code, and returns": (
        "FORK = ctypes.PyDLL(None).fork\n"
        "---\nchild = FORK()\nif child == 0:\n    return Response('of the child')\n"
        "return Response(str(code_of(child) + 7))"
    ),
    "again and again": (
        "---\nchild = os.fork()\nif child == 0:\n"
        "    sys.exit(code_of(os.fork() or sys.exit(6)) + 1)\n"
        "return Response(str(code_of(child)))"
    ),
}
SOURCES = {
    **{
        f"in _invoke, {name}": (IN_INVOKE.format(way=way), code)
        for name, (way, code) in WAYS.items()
    },
    **{
        f"in a generator{where}, {name}": (
            IN_GENERATOR.format(way=way.replace("Response('of the child')", ""), first=first),
            code,
        )
        for name, (way, code) in WAYS.items()
        for where, first in (("", "yield ''"), (" that has begun", "yield '-'"))
    },
    "in a generator, yields": (
        IN_GENERATOR.format(way="yield 'of the child'", first="yield '-'"),
        0,
    ),
    **{name: (source, 7) for name, source in ELSEWHERE.items()},
}
