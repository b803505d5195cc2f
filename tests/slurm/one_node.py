"""A real SLURM of this machine alone: two virtual nodes, fake GPUs, no systemd, no cgroups.

    python tests/slurm/one_node.py     boots it, shows the nodes, waits for Enter, stops it

Node ``cpu1`` has no GPU and node ``gpu1`` has them all, so that a job sent to the wrong
partition is refused as on a real cluster. A GPU is a character device, a copy of
/dev/null: SLURM counts it and sets CUDA_VISIBLE_DEVICES, no program can compute on it.
The config must be /etc/slurm/slurm.conf, since the executor plugin's job step drops every
SLURM_* variable; it goes with the cluster, because a config without a cluster makes each
start of snakemake wait 9 seconds for an answer.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
CONFIG = Path("/etc/slurm/slurm.conf")
GRES = Path("/etc/slurm/gres.conf")
LOCK = Path(tempfile.gettempdir(), "distilshift-slurm.lock")
OURS = "# written by distilshift's tests/slurm/one_node.py"

# OverMemoryKill enforces mem_mb where there are no cgroups. config_overrides: SLURM
# believes in CPUs that are not there. cred_expire is what a requeued job must wait.
TEMPLATE = """{ours}
ClusterName=distilshift
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill,UsePss
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed
MpiDefault=none
MailProg=/bin/true
MinJobAge=3600
KillWait=10
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
NodeName=cpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={cpu_port} CPUs=4 RealMemory={memory}
NodeName=gpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={gpu_port} CPUs=4 RealMemory={memory} \
Gres=gpu:fake:{gpus}
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=1-0
PartitionName=gpu Nodes=gpu1 MaxTime=1-0
"""


def why_not() -> str:
    """What keeps a cluster from being booted here; empty if nothing does."""
    if os.geteuid() != 0:
        return "needs root, to run slurmd and to make device nodes"
    programs = ("munged", "slurmctld", "slurmd", "sbatch")
    missing = [name for name in programs if not shutil.which(name, path=search_path())]
    if missing:
        return f"no {', '.join(missing)} here: apt-get install {' '.join(PACKAGES)}"
    if CONFIG.exists() and OURS not in CONFIG.read_text():
        return f"{CONFIG} belongs to another cluster and is left alone"
    return ""


def search_path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


class Cluster:
    """A running cluster; use as a context manager, so that it always ends."""

    def __init__(self, gpus: int = 1):
        self.gpus = gpus
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> "Cluster":
        self.lock = LOCK.open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)  # they share a config: a second one waits
        self.folder = Path(tempfile.mkdtemp(prefix="distilshift-slurm-"))
        self.folder.chmod(0o755)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Cancel what runs, end the processes started here, take the config away."""
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
            for job in self._ask("squeue", "-h", "-o", "%A").split():
                self._ask("scancel", job)
            self._wait(15, lambda: not self._ask("squeue", "-h").strip())
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for path in (CONFIG, GRES):
            if path.exists() and OURS in path.read_text():
                path.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.close()

    def _start(self) -> None:
        for index in range(self.gpus):
            os.mknod(self.folder / f"gpu{index}", 0o666 | 0o020000, os.makedev(1, 3))
        host = socket.gethostname().split(".")[0]
        port, cpu_port, gpu_port = _free_ports(3)
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        CONFIG.parent.mkdir(exist_ok=True)
        values = {"ours": OURS, "host": host, "folder": self.folder, "gpus": self.gpus}
        ports = {"port": port, "cpu_port": cpu_port, "gpu_port": gpu_port}
        memory = max(16000, int(pages / 2**20 * 0.9))  # believed in, not reserved
        CONFIG.write_text(TEMPLATE.format(**values, **ports, memory=memory))
        devices = [
            f"NodeName=gpu1 Name=gpu Type=fake File={self.folder}/gpu{index}"
            for index in range(self.gpus)
        ]
        GRES.write_text("\n".join([OURS, *devices, ""]))
        if subprocess.run(["munge", "-n"], capture_output=True).returncode:
            Path("/run/munge").mkdir(exist_ok=True)
            shutil.chown("/run/munge", "munge", "munge")
            Path("/run/munge").chmod(0o755)
            as_munge = ("setpriv", "--reuid=munge", "--regid=munge", "--init-groups")
            self._run("munged", *as_munge, "munged", "-F")
            self._wait(10, lambda: self._ask("munge", "-n"))
        self._run("slurmctld", "slurmctld", "-D")
        self._wait(20, lambda: "is UP" in self._ask("scontrol", "ping"))
        for node in ("cpu1", "gpu1"):
            (self.folder / f"spool.{node}").mkdir()
            self._run(node, "slurmd", "-N", node, "-D")
        self._wait(30, lambda: self._ask("sinfo", "-hNo", "%T").split() == ["idle", "idle"])

    def _run(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground of a session of its own, noted to be ended."""
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env={**os.environ, "PATH": search_path(), "LC_ALL": "C"},
                )
            )

    def _wait(self, seconds: float, condition) -> None:
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(RuntimeError):
                if condition():
                    return
            if time.monotonic() > end:
                logs = [f"{p.name}: {p.read_text()[-500:]}" for p in self.folder.glob("*.log")]
                raise RuntimeError("the cluster does not come up\n" + "\n".join(logs))
            time.sleep(0.2)

    def _ask(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """SLURM's own record of every job, in the order of submission, as scontrol shows it."""
        shown = self._ask("scontrol", "--details", "--oneliner", "show", "job")
        found = []
        for line in shown.splitlines():
            if line.startswith("JobId="):
                pairs = (word.split("=", 1) for word in line.split(" ") if "=" in word)
                found.append(dict(pairs))
        return sorted(found, key=lambda job: int(job["JobId"]))

    def requeue(self, job: str) -> None:
        self._ask("scontrol", "requeue", job)

    def cancel(self, job: str) -> None:
        self._ask("scancel", job)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    if why_not():
        raise SystemExit(why_not())
    with Cluster() as cluster:
        subprocess.run(["sinfo", "-N", "-o", "%N %P %T %c %m %G"])
        input("Enter stops it")
