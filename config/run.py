"""``make run``: everything on this machine, from an empty folder to an address that answers, and cleanly away again.

Starts the embedded servers where no address is given, prepares the database, starts web, worker and beat, restarts
what dies, and stops all of it on Ctrl-C or SIGTERM. A guardian process does the same if this one is killed outright.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config import embedded, guardian
from stores import demo

BASE = Path(__file__).resolve().parent.parent
STOP_SECONDS = 12.0
LOG_LIMIT = 20 * 1024 * 1024


def say(text: str) -> None:
    """To the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Stopped(Exception):
    """Somebody asked to stop."""


@dataclass
class Child:
    """A process that has to be there: its command and what is known of its life."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait: float = 0.5
    retry_at: float = 0.0


@dataclass
class Supervisor:
    """All children of one data directory."""

    data: Path
    environment: dict[str, str]
    children: list[Child] = field(default_factory=list)
    guard: subprocess.Popen[str] | None = None

    def start_guardian(self) -> None:
        """It holds the database's lock too, so that Postgres outlives the processes that the guardian has to end."""
        self.guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__],
            stdin=subprocess.PIPE,
            pass_fds=embedded.held_files(),
            start_new_session=True,
            text=True,
        )

    def _tell_guardian(self, line: str) -> None:
        if self.guard is not None and self.guard.stdin is not None:
            self.guard.stdin.write(f"{line}\n")
            self.guard.stdin.flush()

    def add(self, name: str, command: list[str]) -> Child:
        """Start a process in a group of its own, its output in ``logs/``."""
        child = Child(name, command)
        self.children.append(child)
        self._start(child)
        return child

    def _start(self, child: Child) -> None:
        path = self.data / "logs" / f"{child.name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "wb" if path.exists() and path.stat().st_size > LOG_LIMIT else "ab"
        with path.open(mode) as log:
            child.process = subprocess.Popen(
                child.command,
                cwd=BASE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child.started_at = time.monotonic()
        self._tell_guardian(f"+{child.process.pid}")

    def look_after(self) -> None:
        """Start again what has died: at once the first time, then ever more slowly."""
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                say(f"{child.name} ended ({child.process.returncode}), starting it again")
                # Its own children are in its group: a killed master must not leave them with the port or the queue.
                guardian.end([child.process.pid], 1.0)
                self._tell_guardian(f"-{child.process.pid}")
                child.wait = 0.5 if now - child.started_at > 60 else min(child.wait * 2, 30.0)
                child.process, child.retry_at = None, now + child.wait
            if child.process is None and now >= child.retry_at:
                self._start(child)

    def stop(self) -> None:
        """Ask web, worker and beat to finish what they do, then the broker, then let the database go."""
        for names in (("web", "worker", "beat"), ("broker",)):
            processes = [child.process for child in self.children if child.name in names and child.process is not None]
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            give_up = time.monotonic() + STOP_SECONDS
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, give_up - time.monotonic()))
            guardian.end([process.pid for process in processes if guardian.is_alive(process.pid)], 2.0)
            for process in processes:
                process.wait()
                self._tell_guardian(f"-{process.pid}")
        self.children.clear()
        if self.guard is not None and self.guard.stdin is not None:
            self.guard.stdin.close()
            self.guard.wait()


def _environment(data: Path) -> dict[str, str]:
    """The children's environment; starts Postgres where no address of one is given."""
    environment = {**os.environ, "PATRON_DATA": str(data), "PYTHONUNBUFFERED": "1"}
    environment.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    environment["PATRON_STATIC"] = str(data / "static")
    if not environment.get("DATABASE_URL"):
        say("starting Postgres ...")
        urls = embedded.start_postgres(data / "postgres")
        environment["DATABASE_URL"], environment["DATABASE_OWNER_URL"] = urls["app"], urls["owner"]
    return environment


def _prepare(environment: dict[str, str]) -> bool:
    """Translations, schema, rights, static files, and on the first start the demo shop; whether that is there."""

    def run(*arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=BASE,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed; see above.")
        return result.stdout

    say("preparing the database ...")
    run("manage.py", "translations", "--compile")
    found = run("-m", "config.prepare").split()
    has_command = any(BASE.glob("*/management/commands/load_demo.py"))
    if "empty" in found and has_command and environment.get("PATRON_DEMO_DATA") != "False":
        say("loading the demo shop (once) ...")
        run("manage.py", "load_demo")
        return True
    return "demo" in found


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/", timeout=5) as answer:  # noqa: S310  (our own http address)
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _wait_for(condition: Callable[[], bool], what: str, supervisor: Supervisor, seconds: float = 60.0) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise SystemExit(f"{what} does not answer; see {supervisor.data / 'logs'}.")
        time.sleep(0.1)
        supervisor.look_after()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


def _start_broker(supervisor: Supervisor) -> None:
    """The embedded broker on a free port, its address in the children's environment and in a file for others."""
    command, url = embedded.broker_command(supervisor.data, embedded.free_port())
    supervisor.environment["REDIS_URL"] = url
    supervisor.add("broker", command)
    embedded.publish_broker(supervisor.data, url)


def _start_processes(supervisor: Supervisor, host: str, port: int) -> None:
    python = sys.executable
    shared_memory = ["--worker-tmp-dir", "/dev/shm"] if Path("/dev/shm").is_dir() else []  # noqa: S108
    supervisor.add(
        "web",
        [
            *(python, "-m", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}", "--worker-class", "gthread"),
            *("--workers", str(min(8, max(2, _cores()))), "--threads", "4", "--keep-alive", "75"),
            *("--graceful-timeout", "10", "--no-control-socket", *shared_memory),
        ],
    )
    celery = (python, "-m", "celery", "-A", "config.celery")
    supervisor.add(
        "worker",
        [
            *(*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING", "--hostname", "patron@%h"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
    )
    beat = supervisor.data / "beat"
    beat.mkdir(exist_ok=True)
    supervisor.add(
        "beat",
        [*celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", str(beat / "schedule")],
    )


def _serve(supervisor: Supervisor) -> None:
    """Start all, tell the address, and look after the children until somebody asks to stop."""
    parent = os.getppid()
    follows_parent = os.environ.get("PATRON_FOLLOW_PARENT") == "True"
    host = os.environ.get("HOST") or "127.0.0.1"
    port = embedded.free_port(int(os.environ.get("PORT") or 8000))
    supervisor.start_guardian()
    has_demo = _prepare(supervisor.environment)
    if not supervisor.environment.get("REDIS_URL"):
        _start_broker(supervisor)
    _start_processes(supervisor, host, port)
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104
    _wait_for(lambda: _answers(address), "The web server", supervisor)
    (supervisor.data / "address").write_text(address)
    say(f"\n  Patron is open: {address}/")
    if has_demo:
        say(f"  Log in as {', '.join(demo.USERNAMES)} with the password {demo.PASSWORD}")
    say(f"  Logs: {supervisor.data / 'logs'}   Stop: Ctrl-C\n")
    while not (follows_parent and os.getppid() != parent):
        time.sleep(0.2)
        supervisor.look_after()


def _on_signal(number: int, _frame: object) -> None:
    for repeated in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(repeated, signal.SIG_IGN)
    raise Stopped(number)


def main() -> int:
    """Run until stopped; 0 after a clean stop."""
    data = embedded.data_directory(BASE)
    data.mkdir(parents=True, exist_ok=True)
    with (data / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(OSError):
                say(f"Patron is already running: {(data / 'address').read_text()}/")
            return 1
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _on_signal)
        supervisor: Supervisor | None = None
        try:
            supervisor = Supervisor(data, _environment(data))
            _serve(supervisor)
        except Stopped:
            say("\nstopping ...")
        finally:
            if supervisor is not None:
                supervisor.stop()
            embedded.publish_broker(data, "")
            (data / "address").unlink(missing_ok=True)
            embedded.stop_postgres(data / "postgres")
        say("stopped")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["reset"]:
        embedded.forget_data(embedded.data_directory(BASE))
    else:
        raise SystemExit(main())
