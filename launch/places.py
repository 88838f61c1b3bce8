"""Where `make run` keeps things: everything it writes stands under .airflow/, which Git ignores."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Places:
    """The folders and files of one checkout; tests put what is written elsewhere (`elsewhere`)."""

    root: Path = ROOT
    elsewhere: Path | None = None

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.elsewhere or self.root / ".airflow"

    @property
    def postgres(self) -> Path:
        """Data directory of the embedded PostgreSQL."""
        return self.home / "postgres"

    @property
    def run(self) -> Path:
        """One file a process that was started, the launcher's lock and what it runs."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """What the processes print; Airflow's task logs stand one folder higher."""
        return self.home / "logs" / "processes"

    @property
    def sandbox(self) -> Path:
        """The sandbox retailer's state."""
        return self.home / "sandbox"

    @property
    def keys(self) -> Path:
        """Generated keys and passwords, kept for the life of .airflow/."""
        return self.home / "keys.json"

    @property
    def env(self) -> Path:
        """Settings of the running hub, for the `hub` command and for a shell."""
        return self.home / "env"

    @property
    def connections(self) -> Path:
        """Connections of the landscape's systems, read by the hub and by Airflow alike."""
        return self.home / "connections.yml"

    @property
    def passwords(self) -> Path:
        """Logins of Airflow's simple auth manager."""
        return self.home / "passwords.json"

    def bin(self, program: str) -> str:
        """A program of the environment."""
        return str(self.root / ".venv" / "bin" / program)
