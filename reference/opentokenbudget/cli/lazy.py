"""A group whose commands are imported when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click

from ..problems import did_you_mean


class Command(NamedTuple):
    """Where a command lives: the module of this package, which holds a click command of its name; its help line."""

    module: str
    help: str


class CannotGoOn(Exception):
    """A file or a stream failed under a command: `error` says how. Click would end on its own with some of these."""

    def __init__(self, error: OSError) -> None:
        self.error = error
        super().__init__(str(error))


class LazyGroup(click.Group):
    """Lists its commands without importing them."""

    def __init__(self, *args: Any, commands_by_name: dict[str, Command], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_by_name = commands_by_name

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            raise CannotGoOn(error) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands_by_name:
            return None
        module = import_module(f"{__package__}.{self.commands_by_name[cmd_name].module}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands_by_name:
            ctx.fail(f"`{name}` is not a command of otb{did_you_mean(name, self.commands_by_name)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in self.commands_by_name.items()])
