"""Run ``autograder`` and have it killed with SIGKILL just before one step.

    python -m dying STEP ARGUMENT...

A step is named as it is about to happen, for example ``commit INSERT INTO grades``,
``write a.json``, ``rename report.html``; the first whose name begins with STEP is the last.
"""

import os
import signal
import sys

from sqlalchemy import Engine, event


def main() -> None:
    """Run the command line with everything watched that it writes."""
    step, sys.argv[1:] = sys.argv[1], sys.argv[2:]
    statement = ""

    def about_to(what: str) -> None:
        if what.startswith(step):
            os.kill(os.getpid(), signal.SIGKILL)

    def on_audit(name: str, details: tuple) -> None:
        if name == "open" and isinstance(details[1], str) and "w" in details[1]:
            about_to(f"write {os.path.basename(str(details[0])).removeprefix('.')}")
        elif name == "os.rename":
            about_to(f"rename {os.path.basename(os.fsdecode(details[1]))}")
        elif name == "os.remove":
            about_to(f"remove {os.path.basename(os.fsdecode(details[0]))}")
        elif name == "sqlite3.connect":
            about_to("connect")

    def on_statement(connection, cursor, text: str, *_: object) -> None:
        nonlocal statement
        statement = text

    sys.addaudithook(on_audit)
    event.listen(Engine, "before_cursor_execute", on_statement)
    event.listen(Engine, "commit", lambda connection: about_to(f"commit {statement}"))
    from autograder.cli import main as autograder

    autograder()


if __name__ == "__main__":
    main()
