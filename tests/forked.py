"""Processes that fork from one that has done their imports, for the workflow runs of the tests.

A test run calls Snakemake some hundred and fifty times and its jobs some two hundred times:
a second and two are saved a call. Each job is a process still, with its own arguments, folder,
environment and output. What depends on how a process starts (its locale, being killed) is
tested by processes of their own, and so are the scripts that stand in no workflow.
"""

import contextlib
import functools
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

# nothing of ours: each copy of the project has its own
OF_JOBS = ["pandas", "pyarrow.parquet", "safetensors", "torch", "matplotlib.pyplot", "seaborn"]
DRY = {"-n", "--dry-run", "--lint", "--report"}

# `python` of the rules: hands a script to the process that forks, and ends as it does
CLIENT = """#!{python} -SE
import json, os, socket, sys

args = sys.argv[1:]
if not args[:1] or not args[0].endswith(".py"):
    os.execv({python!r}, [{python!r}, *args])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = json.dumps(dict(args=args, cwd=os.getcwd(), env=dict(os.environ))).encode()
socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
server.sendall(asked)
status = int(server.makefile().readline() or 1)
if status < 0:
    os.kill(os.getpid(), -status)
os._exit(status)
"""


def exit_status(run) -> int:
    """What a process that only does this exits with; a text is said, as Python does."""
    try:
        run()
    except SystemExit as left:
        status = left.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
        return status
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def fork(asked: dict, fds: list[int], run) -> int:
    """A child that does this there, its stdin, stdout and stderr these; its exit status."""
    if not (child := os.fork()):
        status = 1
        try:
            for place, fd in enumerate(fds):
                os.dup2(fd, place)
            os.chdir(asked["cwd"])
            os.environ.clear()
            os.environ.update(asked["env"])
            status = exit_status(run)
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def serve_snakemake() -> None:
    """Fork a child for every line of stdin, say its exit status; until stdin ends."""
    import snakemake.cli

    answers = os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    for line in sys.stdin:
        asked = json.loads(line)
        sys.argv = ["snakemake", *asked["args"]]
        out = os.open(asked["out"], os.O_WRONLY)
        status = fork(asked, [nothing, out, out], lambda: snakemake.cli.main(sys.argv[1:]))
        os.close(out)
        print(status, file=answers, flush=True)


def job(args: list[str]) -> None:
    """A script as ``python script`` runs it."""
    sys.argv = args
    sys.path[0] = str(Path(args[0]).resolve().parent)
    runpy.run_path(args[0], run_name="__main__")


def serve_jobs(address: str) -> None:
    """Fork a child for every connection, until stdin ends."""
    for name in OF_JOBS:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(64)
    print("ready", flush=True)
    while sys.stdin not in (ready := select.select([listening, sys.stdin], [], [])[0]):
        assert ready
        client, _ = listening.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            size, fds, _, _ = socket.recv_fds(client, 4, 3)
            asked = json.loads(client.makefile("rb").read(int.from_bytes(size, "big")))
            status = fork(asked, fds, functools.partial(job, asked["args"]))
            client.sendall(f"{status}\n".encode())
            os._exit(0)
        client.close()


def serving(*args: str) -> subprocess.Popen:
    """A process of this module; it ends with this one, as its stdin does."""
    command = [sys.executable, __file__, *args]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@functools.cache
def planner() -> subprocess.Popen:
    return serving()


@functools.cache
def jobs(folder: Path) -> tuple[subprocess.Popen, str]:
    """The process that the jobs of a folder fork from, and where their ``python`` lies.

    One a folder, so that two runs of the same differ in what differs between processes, such
    as the order of a set.
    """
    place = Path(tempfile.mkdtemp(prefix="jobs-"))
    address = str(place / "socket")
    server = serving(address)
    client = place / "python"
    client.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    client.chmod(0o755)
    assert server.stdout.readline() == "ready\n"
    return server, str(place)


def snakemake(args: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess:
    """What ``snakemake *args`` exits with and says, stdout and stderr together, run there."""
    if not DRY.intersection(args):
        env = {**env, "PATH": f"{jobs(cwd)[1]}{os.pathsep}{env['PATH']}"}
    with tempfile.NamedTemporaryFile() as out:
        asked = {"args": args, "cwd": str(cwd), "env": env, "out": out.name}
        server = planner()
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        said = Path(out.name).read_bytes().decode(errors="replace")
    return subprocess.CompletedProcess(["snakemake", *args], status, said)


if __name__ == "__main__":
    serve_jobs(*sys.argv[1:]) if sys.argv[1:] else serve_snakemake()
