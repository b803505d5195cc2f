"""Snakemake in children of one process that has imported it: a second saved a call.

A test run asks for it some hundred and fifty times. What depends on how a process starts (its
locale, its interpreter's flags) is tested by processes of their own.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def serve() -> None:
    """Fork a child for every line of stdin, say its exit status; until stdin ends."""
    import snakemake.cli

    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        asked = json.loads(line)
        if not (child := os.fork()):
            status = 1
            try:
                out = os.open(asked["out"], os.O_WRONLY)
                for stream, place in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (out, 2)):
                    os.dup2(stream, place)
                os.chdir(asked["cwd"])
                os.environ.clear()
                os.environ.update(asked["env"])
                sys.argv = ["snakemake", *asked["args"]]
                try:
                    snakemake.cli.main(asked["args"])
                    status = 0
                except SystemExit as left:  # a text is said, as Python does at its end
                    status = left.code or 0
                    if not isinstance(status, int):
                        print(status, file=sys.stderr)
                        status = 1
            finally:
                for stream in (sys.stdout, sys.stderr):
                    with contextlib.suppress(Exception):
                        stream.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, file=answers, flush=True)


@functools.cache
def server() -> subprocess.Popen:
    """The process that forks; it ends with this one, as its stdin does."""
    command = [sys.executable, __file__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def snakemake(args: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess:
    """What ``snakemake *args`` exits with and says, stdout and stderr together, run there."""
    with tempfile.NamedTemporaryFile() as out:
        asked = {"args": args, "cwd": str(cwd), "env": env, "out": out.name}
        serving = server()
        serving.stdin.write(json.dumps(asked) + "\n")
        serving.stdin.flush()
        status = int(serving.stdout.readline())
        said = Path(out.name).read_bytes().decode(errors="replace")
    return subprocess.CompletedProcess(["snakemake", *args], status, said)


if __name__ == "__main__":
    serve()
