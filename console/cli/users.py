"""`users`: who may sign in to the console, and as what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.options import AsJson, DataDir, open_services, operator, print_json
from console.errors import SetupError
from console.records import Role

if TYPE_CHECKING:
    from console.records import User

app = typer.Typer(help="Who may sign in to the console, and as what.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="User name.")]
PasswordFromInput = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input; else a random one is made and printed once."
    ),
]


@app.command()
def add(
    username: Username,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.VIEWER,
    name: Annotated[str | None, typer.Option(help="Name to show.", show_default="the user name")] = None,
    password_stdin: PasswordFromInput = False,
    data_dir: DataDir = None,
) -> None:
    """Add a user."""
    password, random = _password(password_stdin)
    with open_services(data_dir) as services:
        services.users.add(username, name or username, role, password, by=operator(), must_change_password=random)
    typer.echo(f"Added {username} as {role.value}.")
    _tell(password, random)


@app.command("list")
def list_users(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the users."""
    with open_services(data_dir) as services:
        rows = [_row(user) for user in services.users.list()]
        nobody = [user.username for user in services.users.unsealed()]
    if nobody:
        typer.echo(
            f"Not users: {', '.join(nobody)}. An earlier release wrote these records, or somebody else: "
            "see `python -m console users seal`.",
            err=True,
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['username']}  {row['role']}  {row['name']}{'  locked' if row['lockedUntil'] else ''}")


@app.command("role")
def set_role(
    username: Username, role: Annotated[Role, typer.Argument(help="The new role.")], data_dir: DataDir = None
) -> None:
    """Give a user another role; it counts at once."""
    with open_services(data_dir) as services:
        services.users.set_role(username, role)
    typer.echo(f"{username} is {role.value} now.")


@app.command("password")
def set_password(username: Username, password_stdin: PasswordFromInput = False, data_dir: DataDir = None) -> None:
    """Set another password: ends the user's sessions, and unlocks."""
    password, random = _password(password_stdin)
    with open_services(data_dir) as services:
        services.users.set_password(username, password, must_change_password=random)
    typer.echo(f"The password of {username} is changed; all sessions have ended.")
    _tell(password, random)


@app.command()
def revoke(username: Username, data_dir: DataDir = None) -> None:
    """End all sessions of a user."""
    with open_services(data_dir) as services:
        services.users.revoke(username)
    typer.echo(f"All sessions of {username} have ended.")


@app.command()
def seal(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: these records are right.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make users of the records that an earlier release wrote. Look at them: who writes the table can add some."""
    with open_services(data_dir) as services:
        found = services.users.unsealed()
        for user in found:
            typer.echo(
                f"{user.username}  {user.role.value}  {user.name}  added by {user.created_by} {user.created_on:%F}"
            )
        if found and (yes or typer.confirm("Are these users, with these roles, as they should be?")):
            services.users.seal_all()
            typer.echo(f"Sealed {len(found)} users.")
        elif not found:
            typer.echo("Every record is sealed.")


@app.command("rotate-key")
def rotate_key(
    forget: Annotated[
        bool, typer.Option("--forget", help="Believe the former keys no longer: ends the sessions that they signed.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Seal users and sign sessions with a new key; nobody is signed out. With --forget, give up the former ones."""
    from console.data.users.key_file import forget_former, rotate

    with open_services(data_dir) as services:
        if services.settings.console_key is not None:
            raise SetupError(
                "The key is in CONSOLE_KEY, which no command changes. Put a new secret (openssl rand -hex 32) behind "
                "the one in force, a comma between; when every process has it, put it in front (SECURITY.md)."
            )
        if not forget:
            rotate(services.settings.data_dir)
        sealed = services.users.seal_anew()
        if forget:
            forget_former(services.settings.data_dir)
    if forget:
        typer.echo(f"The former keys are gone; {sealed} users are sealed with the one in force.")
        return
    typer.echo(
        f"A new key is in force; {sealed} users are sealed with it, and nobody was signed out. When the sessions of "
        "before have ended by themselves, `python -m console users rotate-key --forget` gives up the former keys."
    )


@app.command()
def delete(username: Username, data_dir: DataDir = None) -> None:
    """Remove a user."""
    with open_services(data_dir) as services:
        services.users.delete(username)
    typer.echo(f"{username} is removed.")


def _password(from_input: bool) -> tuple[str, bool]:
    """The password, and whether it is a random one."""
    from console.data.users.passwords import random_password

    return (sys.stdin.readline().rstrip("\r\n"), False) if from_input else (random_password(), True)


def _tell(password: str, random: bool) -> None:
    if random:
        typer.echo(f"Password: {password}   (shown once; to be changed after signing in)")


def _row(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "name": user.name,
        "role": user.role.value,
        "createdOn": user.created_on,
        "createdBy": user.created_by,
        "lockedUntil": user.locked_until,
    }
