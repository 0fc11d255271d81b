"""`serve`: the supervisor of the engine, the API and the console."""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from console.config import HOME, ROOT, Settings
from console.data.users.key_file import is_first_use
from console.engine.engine import EngineLease, acquire
from console.engine.process import LOOPBACK, answers, free_port, port_is_free, wait_until
from console.errors import SetupError
from console.private import opener, private_folder, rotate

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
WATCH_SECONDS = 0.5
NEIGHBOURS = 20
"""Ports tried above a taken one before any free port is used."""
LOG_TAIL_LINES = 15
BACKLOG = 2048

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """One child: its process, where it answers, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    health_path: str
    log: Path

    @property
    def url(self) -> str:
        """Where a person finds it."""
        return f"http://{LOOPBACK}:{self.port}"

    def check_alive(self) -> None:
        """Raises SetupError with the end of its log when it has ended."""
        if self.process.poll() is not None:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
            said = "\n".join(f"  {line}" for line in lines)
            raise SetupError(
                f"The {self.name} ended with code {self.process.returncode}. The end of {self.log}:\n{said}"
            )

    def ready(self) -> bool:
        """Whether it answers. Raises SetupError when it has ended."""
        self.check_alive()
        return answers(self.port, self.health_path)


def serve(settings: Settings, *, api_port: int, console_port: int, sample_data: bool, say: Say) -> None:
    """Run everything until Ctrl-C or SIGTERM. Raises SetupError when a part cannot run."""
    _handle_stop_signals(signal.default_int_handler)
    with ExitStack() as stack:
        try:
            lease = _engine(stack, settings)
            unsealed = lease is not None and is_first_use(settings.console_key, settings.data_dir)
            settings = named_engine(settings, lease)
            servers = _start_servers(stack, settings, api_port, console_port, say)
            first_login = _prepare_store(settings, sample_data, say, unsealed=unsealed)
            _wait_until_ready(servers)
            _announce(servers, lease, first_login, say)
            _watch(servers, lease, say)
        except KeyboardInterrupt:
            say("Stopping.")
        finally:
            _handle_stop_signals(signal.SIG_IGN)


def serve_api(settings: Settings, *, host: str, port: int, say: Say, workers: int = 1) -> None:
    """Run the API alone, in this process, until Ctrl-C or SIGTERM. Raises SetupError."""
    import uvicorn

    from console.connections import PatientProtocol

    check_address(host, settings.api_keys)
    if not port_is_free(port):
        raise SetupError(f"Port {port} is taken. Name another with --port.")
    _handle_stop_signals(signal.default_int_handler)  # uvicorn raises the signal again when it has stopped
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        lease = _engine(stack, settings)
        if lease and lease.record.warning:
            say(f"Warning: {lease.record.warning}")
        os.environ.update(_environment(named_engine(settings, lease)))
        uvicorn.run(
            "api_compat:app",
            host=host,
            port=port,
            workers=workers,
            app_dir=str(ROOT),
            log_level=settings.log_level.lower(),
            access_log=False,  # the application has its own
            http=PatientProtocol,
            backlog=BACKLOG,
        )


def check_address(host: str, keys: Sequence[str]) -> None:
    """Raises SetupError when other machines could reach the API without a key."""
    if not keys and not is_loopback(host):
        raise SetupError(f"On {host} other machines reach the API. Set API_KEYS, or listen on 127.0.0.1.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; names that are no address are left to the system."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def named_engine(settings: Settings, lease: EngineLease | None) -> Settings:
    """The settings with the running engine named, as other processes need them."""
    if lease is None:
        return settings
    return settings.replace(dynamodb_endpoint=lease.endpoint, engine_kind=lease.record.kind)


def choose_port(wanted: int, used: set[int]) -> int:
    """`wanted`, else the next free port above it, else any free one; never one of `used`."""
    for port in range(wanted, min(wanted + NEIGHBOURS, 65536)):
        if port not in used and port_is_free(port):
            return port
    return free_port()


def _handle_stop_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _engine(stack: ExitStack, settings: Settings) -> EngineLease | None:
    if settings.store != "embedded":
        return None
    return stack.enter_context(acquire(settings.data_dir, kind=settings.engine_kind))


def _start_servers(stack: ExitStack, settings: Settings, api_port: int, console_port: int, say: Say) -> list[Server]:
    """Start the API and the console side by side; they are stopped when the stack is closed."""
    ports = {"API": choose_port(api_port, set())}
    ports["console"] = choose_port(console_port, set(ports.values()))
    for name, wanted in (("API", api_port), ("console", console_port)):
        if ports[name] != wanted:
            say(f"Port {wanted} is taken: the {name} uses {ports[name]}.")
    api = ["console", "api", "--host", LOOPBACK, "--port", str(ports["API"])]
    console = ["console.ui.frame.server", "run", str(ROOT / "app.py"), "--server.headless", "true"]
    console += ["--server.address", LOOPBACK, "--server.port", str(ports["console"])]
    return [
        stack.enter_context(_child("API", api, ports["API"], "/", settings)),
        stack.enter_context(_child("console", console, ports["console"], "/_stcore/health", settings)),
    ]


@contextmanager
def _child(
    name: str, module_and_arguments: list[str], port: int, health_path: str, settings: Settings
) -> Iterator[Server]:
    """A Python module as a child in its own process group; it ends with the block, or with this process."""
    folder = settings.data_dir.resolve()
    private_folder(folder)
    log = folder / f"{name.lower()}.log"
    rotate(log)
    with (
        open(log, "ab", opener=opener) as output,
        subprocess.Popen(
            [sys.executable, "-m", "console.engine.tether", *module_and_arguments],
            cwd=HOME,
            env=os.environ | _environment(settings),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        ) as process,
    ):
        try:
            yield Server(name, process, port, health_path, log)
        finally:
            _stop(process)


def _environment(settings: Settings) -> dict[str, str]:
    """What a child has to know of the choices made here."""
    chosen = {
        "DATA_DIR": str(settings.data_dir.resolve()),
        "DYNAMODB_ENDPOINT": settings.dynamodb_endpoint,
        "ENGINE_KIND": settings.engine_kind,
        "PYTHONUNBUFFERED": "1",
    }
    return {name: value for name, value in chosen.items() if value}


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _prepare_store(settings: Settings, sample_data: bool, say: Say, *, unsealed: bool) -> tuple[str, str] | None:
    """Tables, sample data in an empty store, users; returns the name and password of a first login."""
    from console.data.users.file import import_file
    from console.data.users.first_password import ensure_first_admin
    from console.sample import load_sample_data, needs_sample_data
    from console.services import build_services

    with build_services(settings) as services:
        if unsealed:
            services.users.seal_all()
        if settings.console_users_file:
            import_file(services.users, settings.console_users_file)
        first_login = ensure_first_admin(services.users, settings.data_dir)
        if sample_data and not services.legacy and needs_sample_data(services):
            say("Loading the sample data.")
            load_sample_data(services)
        return first_login


def _wait_until_ready(servers: list[Server]) -> None:
    for server in servers:
        if not wait_until(server.ready, READY_SECONDS, 0.02):
            raise SetupError(f"The {server.name} did not answer within {READY_SECONDS:.0f} s; its log is {server.log}.")


def _announce(servers: list[Server], lease: EngineLease | None, first_login: tuple[str, str] | None, say: Say) -> None:
    if lease:
        say(f"Engine: {lease.record.kind} {lease.record.version}, {lease.record.why}")
    if lease and lease.record.warning:
        say(f"Warning: {lease.record.warning}")
    for server in servers:
        say(f"{server.name[0].upper()}{server.name[1:]}: {server.url}")
    if first_login:
        username, password = first_login
        say(f"First login: {username} / {password}   (shown once; it has to be changed at the first login)")
        say("Until it was used once it is also in the file first-password of the data folder.")
    say("Ctrl-C stops everything.")


def _watch(servers: list[Server], lease: EngineLease | None, say: Say) -> None:
    """Keep the engine running and the children in sight, until a signal or the end of a child."""
    while True:
        for server in servers:
            server.check_alive()
        if lease and lease.restart_if_dead():
            say(f"The engine had stopped and was started again at {lease.address}.")
        time.sleep(WATCH_SECONDS)
