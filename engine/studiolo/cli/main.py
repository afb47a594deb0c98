"""The `studiolo` command: its commands by name, loaded when used, and the one place that turns errors into exit codes.

Exit codes: 0 done, 1 failed (one line on stderr says why and what to do), 2 wrong use, 130 stopped by Ctrl+C.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from studiolo import __version__
from studiolo.cli.terminal import DONE, FAILED, INTERRUPTED, Terminal, keep_quiet, mute_stdout, use_utf8
from studiolo.errors import Code, EngineBug, StudioloError, unexpected

# name: (module, one line for `--help`). The line is repeated from the command, so that help loads no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "add": ("add", "Add files or folders to a library."),
    "search": ("search", "Find the passages that fit a query best."),
    "ask": ("ask", "Answer a question from a library's documents."),
    "chat": ("chat", "Talk about a library's documents, in the terminal."),
    "documents": ("documents", "List, show, check or remove the documents of a library."),
    "libraries": ("libraries", "List, make, check, move, watch or remove libraries."),
    "conversations": (
        "conversations",
        "List, search, show, name, pin, export or remove conversations; see what the model saw.",
    ),
    "pseudonyms": ("pseudonyms", "List or erase pseudonyms, or choose what keeps their key."),
    "models": ("models", "List, pull, import, quantize, compare, remove or show models."),
    "privacy": ("privacy", "Show, set or check what personal data may be seen where."),
    "audit": ("audit", "List, verify or export what the privacy filter did."),
    "redact": ("redact", "Mask the personal data in a text."),
    "tokens": ("tokens", "Make, list or revoke tokens for others who use the API."),
    "serve": ("serve", "Serve this home's engine on a loopback port."),
    "mcp": ("mcp", "Serve search, ask, add and redact to MCP clients."),
    "doctor": ("doctor", "Check what works on this machine."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of use, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"studiolo.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in `--help`, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="studiolo")
def cli() -> None:
    """Answers from your own documents, on your own CPU.

    STUDIOLO_HOME moves everything the program writes.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    use_utf8()
    keep_quiet()
    sys.exit(run(arguments, terminal=Terminal(sealing=True)))


def run(arguments: Sequence[str] | None, *, terminal: Terminal) -> int:
    """Run one command and give its exit code."""
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="studiolo",
            standalone_mode=False,
            obj=terminal,
        )
        return code if isinstance(code, int) else DONE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge of the program
        return _told(error, terminal)


def _told(error: BaseException, terminal: Terminal) -> int:
    """Say on stderr what happened, in one line, and give the exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            terminal.say("cancelled")
            return INTERRUPTED
        case BrokenPipeError():
            with suppress(OSError, ValueError):
                mute_stdout()
        case StudioloError():
            terminal.fail(error)
        case MemoryError():
            terminal.fail(unexpected(error))
        case _:  # a traceback could show a person's text
            terminal.fail(EngineBug(Code.INTERNAL, where=_place(error)))
    return FAILED


def _place(error: BaseException) -> str:
    """The kind of an unexpected error and where in the code it arose: enough for a report, without its message."""
    import traceback
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    last = f" {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{last}"


if __name__ == "__main__":
    main()
