"""What every script shares: how it parses, logs, and fails in one clear line."""

import argparse
import contextlib
import errno
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from distilshift.errors import InputError

log = logging.getLogger("distilshift")

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)


def counted(number: int, noun: str, end: str = "s") -> str:
    """``1 seed``, ``2 seeds``; with another ``end`` ``2 classes``."""
    return f"{number} {noun}" + end * (number != 1)


def parser(doc: str) -> argparse.ArgumentParser:
    """A parser whose ``--help`` shows the script's docstring and every default."""

    class Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
        pass

    made = argparse.ArgumentParser(description=doc, formatter_class=Formatter, allow_abbrev=False)
    made.add_argument("--log", type=Path, metavar="FILE", help="progress goes here, not to stderr")
    return made


def run(main: Callable[[argparse.Namespace], int | None], made: argparse.ArgumentParser) -> None:
    """Parse, run ``main``, and turn what the user can mend into one line and exit code 1.

    Args:
        main: may return an exit code of its own, where its outputs are there and yet not all
            is well.
    """
    args = made.parse_args()
    format_ = logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    if args.log:
        args.log.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.FileHandler(args.log, mode="w")
    else:
        handler = logging.StreamHandler()
    handler.setFormatter(format_)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        code = main(args)
    except InputError as error:
        fail(made.prog, str(error))
    except OSError as error:
        if error.errno not in UNWRITABLE:
            log.exception("failed")
            raise
        fail(made.prog, f"{error.filename or 'output'}: {os.strerror(error.errno)}")
    except Exception:
        log.exception("failed")  # the log keeps the traceback; so does the terminal
        raise
    leave(code or 0)


def leave(code: int) -> NoReturn:
    """End the process at once: what it wrote is closed.

    Taking torch apart object by object, as a normal end does, costs 0.5 CPU-seconds.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def fail(program: str, message: str) -> None:
    line = f"{program}: error: {message}"
    log.error(line)
    if any(isinstance(handler, logging.FileHandler) for handler in log.handlers):
        print(line, file=sys.stderr)
    sys.exit(1)


def warn(message: str) -> None:
    """Say what a user should see at once: in the log, and on the terminal beside it."""
    log.warning(message)
    if any(isinstance(handler, logging.FileHandler) for handler in log.handlers):
        print(f"warning: {message}", file=sys.stderr)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write beside ``path`` and rename at the end: the file appears whole or not at all.

    Yields the temporary path to write to. An exception removes it; a kill leaves a
    hidden ``.name.*.part`` that nothing reads.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~umask())
        part.replace(path)
    except OSError as error:
        # a library may not say which file it could not write
        error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def check_apart(outputs: dict[str, Path | None], inputs: dict[str, list[Path]]) -> None:
    """Refuse an output that is one of the inputs, which it would replace, or another output.

    Args:
        outputs, inputs: by flag.

    Raises:
        InputError: it names both flags.
    """
    taken = {path.resolve(): flag for flag, paths in inputs.items() for path in paths}
    for flag, path in outputs.items():
        if path is None:
            continue
        if path.resolve() in taken:
            other = taken[path.resolve()]
            raise InputError(flag, f"{path} is that of {other} too", "name another file")
        taken[path.resolve()] = flag


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# Argument types: the error argparse prints names the flag, what came, what is allowed.


def positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return value


def non_negative_int(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, got {text}")
    return value


def positive_float(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a finite number above 0, got {text}")
    return value


def fraction(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, got {text}")
    return value


def shard(text: str) -> tuple[int, int]:
    """``2-of-4`` as (2, 4)."""
    index, _, count = text.partition("-of-")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise argparse.ArgumentTypeError(f"must be like 2-of-4, got {text}")
    return int(index), int(count)


def part(count: int, shard: tuple[int, int]) -> tuple[int, int]:
    """The first row of a shard of ``count`` rows, and the one after its last.

    Raises:
        InputError: there are fewer rows than shards, and none for this one.
    """
    index, shards = shard
    first, last = (count * edge // shards for edge in (index - 1, index))
    if first == last:
        problem = f"there are but {counted(count, 'input')} for {shards} shards"
        raise InputError(
            f"--shard {index}-of-{shards}", problem, "lower logits.shards in the config"
        )
    return first, last


def shares(items: list, count: int, where: str) -> list[list]:
    """Items of several runs, given one run after the other: those of each.

    Raises:
        InputError: they cannot be shared out evenly.
    """
    each = len(items) // count
    if each * count != len(items):
        raise InputError(where, f"{len(items)} given for {count} runs", "give as many for each")
    return [items[run * each : (run + 1) * each] for run in range(count)]


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, got {text}")
    return value
