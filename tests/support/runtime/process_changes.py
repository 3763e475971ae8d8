"""What a plugin changes of the process it shares, and requests that show whether it matters."""

from __future__ import annotations

HEAD = """
import asyncio, atexit, builtins, decimal, gc, io, json, locale, logging, os, random, resource
import signal, socket, sys, tempfile, warnings
def boom(*arguments, **options):
    raise RuntimeError("not for you")
def depth(frame):
    return 1 + depth(frame.f_back) if frame else 0
"""
# What an endpoint does, by the row of the table it stands for. Timers ring amid a later request,
# and not before their own is over, on a busy machine either.
CHANGES = {
    "default timeouts": "socket.setdefaulttimeout(0.01)",
    "SIGPIPE": "signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
    "SIGCHLD": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "blocked signals": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))",
    "a timer": "signal.setitimer(signal.ITIMER_REAL, 0.3)",
    "a timer again and again": "signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)",
    "an alarm that waits": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
        "signal.pthread_kill(threading.get_ident(), signal.SIGALRM)"
    ),
    "a time limit of its own": (
        "old = signal.signal(signal.SIGALRM, boom)\nsignal.setitimer(signal.ITIMER_REAL, 0.3)"
    ),
    "SIGALRM as it was": "signal.signal(signal.SIGALRM, signal.SIG_DFL)",
    "working directory": "os.chdir('/')",
    "working directory removed": "os.chdir(tempfile.mkdtemp())\nos.rmdir(os.getcwd())",
    "environment": "os.environ.clear()\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()",
    "environment replaced": "os.environ = None",
    "locale": "locale.setlocale(locale.LC_ALL, 'C')",
    "decimal": "decimal.getcontext().prec = 1\ndecimal.getcontext().traps[decimal.Inexact] = True",
    "garbage": "gc.disable()\ngc.set_threshold(1)\ngc.freeze()",
    "recursion limit": "sys.setrecursionlimit(depth(sys._getframe()) + 12)",
    "warnings": "warnings.simplefilter('error')",
    "threading hooks": "threading.settrace(boom)\nthreading.setprofile(boom)",
    "hooks": "sys.excepthook = sys.unraisablehook = threading.excepthook = boom",
    "sys.path": "sys.path.clear()\nsys.path_importer_cache.clear()",
    "builtins": "builtins.open = boom\nbuiltins.print = boom\nbuiltins.input = None",
    "umask": "os.umask(0o777)",
    "json": "json.loads = json.dumps = json.JSONDecoder = json.JSONEncoder = boom",
    "clocks": "time.sleep = time.time = time.monotonic = time.gmtime = time.strftime = boom",
    "os": "os.write = os._exit = os.getpid = os.getcwd = os.kill = boom",
    "sockets": "socket.socket = socket.create_connection = boom",
    "random": "random.seed(0)",
    "asyncio": "asyncio.set_event_loop(None)",
    "atexit": "atexit.register(boom)",
    "nice": "os.nice(1)",
    "limits": "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "numbers": "sys.set_int_max_str_digits(640)",
    "logging": "logging.disable(100)\nlogging.getLogger().handlers.clear()\nlogging.shutdown()",
    "descriptors closed": "os.closerange(3, 256)",
    "stdout closed": "sys.stdout.close()\nsys.__stdout__.close()",
    "stderr closed": "sys.stderr.close()\nsys.__stderr__.close()",
    "streams replaced": "sys.stdout = sys.stderr = io.StringIO()",
    "streams broken": "sys.stdout = sys.stderr = object()",
    "streams gone": "sys.stdout = sys.stderr = sys.stdin = None",
    "streams deleted": "del sys.stdout, sys.stderr",
}
WITNESSES = {
    "text": "---\nreturn Response('hello')",
    "fail": "---\nraise ValueError('as ever')",
    "body": "def body():\n    yield 'hel'\n    yield 'lo'\n---\nreturn Response(body())",
    "late": (
        "DONE = []\n---\nresponse = Response(str(len(DONE)))\n"
        "response.call_on_close(lambda: DONE.append(1))\nreturn response"
    ),
    "session": "---\nreturn Response(self.session.session_id)",
}


def changing(source: str) -> str:
    return f"{HEAD}---\n{source}\nreturn Response('changed')"
