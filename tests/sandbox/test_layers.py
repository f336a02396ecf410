"""Each layer of the confinement by itself: what one refuses, no other would have to.

A child is confined by one layer alone, keeps the user it has, and says what it met. Most calls
are made with arguments that the kernel itself would refuse, but not with EPERM.
"""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from autograder.config import ROOT
from autograder.sandbox.confine import Confinement, landlock_version, seccomp_available
from autograder.sandbox.launch import Premises, bubblewrap

pytestmark = pytest.mark.skipif(
    not seccomp_available(), reason="libseccomp or its binding pyseccomp is missing"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its user")
UID = 20_001
CONFINED = """
import ctypes, errno, json, os, resource, socket, sys
from autograder.sandbox.confine import Confinement, Confiner, memory_in_use

layer, targets = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
held, mapped = memory_in_use("VmData"), memory_in_use("VmSize")
"""
CONFINE = """
Confiner().confine(Confinement(**layer), os.getppid())
"""
CALLS = """
import pyseccomp
names = {"own": os.getpid(), "parent": os.getppid()}
calls = []
for call, *arguments in targets:
    if isinstance(call, str):
        call = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call)
    calls.append([call, *(ctypes.c_long(names.get(value, value)) for value in arguments)])
"""
MAKE_CALLS = """
found = []
for call, *arguments in calls:
    result = libc.syscall(ctypes.c_long(call), *arguments) if call >= 0 else None
    if os.getpid() != names["own"]:
        os._exit(0)
    found.append({None: "unknown", -1: errno.errorcode.get(ctypes.get_errno())}.get(result, "done"))
print(json.dumps(found))
"""
LOOK = """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
capabilities = [status[kind].strip("\\t\\n0") for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
limits = {name: resource.getrlimit(getattr(resource, name))
          for name in dir(resource) if name.startswith("RLIMIT_")}
death = ctypes.c_int()
libc.prctl(2, ctypes.byref(death), 0, 0, 0)
try:
    os.setresuid(0, 0, 0)
    root_again = True
except PermissionError:
    root_again = False
print(json.dumps({
    "limits": limits, "data": limits["RLIMIT_DATA"][0] - held,
    "space": limits["RLIMIT_AS"][0] - mapped, "users": os.getresuid(),
    "groups": [*os.getresgid(), *os.getgroups()], "capabilities": capabilities,
    "oom": int(open("/proc/self/oom_score_adj").read()), "death": death.value,
    "dumpable": libc.prctl(3, 0, 0, 0, 0), "no_new_privileges": libc.prctl(39, 0, 0, 0, 0),
    "root_again": root_again,
}))
"""
TRY = """
found = {}
for name, act in {
    "read": lambda: open(targets["readable"]).close(),
    "list": lambda: os.listdir(os.path.dirname(targets["readable"])),
    "write": lambda: open(targets["readable"], "a").close(),
    "create": lambda: open(targets["readable"] + ".new", "w").close(),
    "make a folder": lambda: os.mkdir(targets["readable"] + ".folder"),
    "remove": lambda: os.unlink(targets["readable"]),
    "read another": lambda: open(targets["hidden"]).close(),
    "list another": lambda: os.listdir(os.path.dirname(targets["hidden"])),
    "write to the null device": lambda: open("/dev/null", "w").close(),
    "signal": lambda: os.kill(os.getppid(), 0),
    "signal itself": lambda: os.kill(os.getpid(), 0),
    "connect": lambda: socket.socket(socket.AF_UNIX).connect("\\0" + targets["listener"]),
}.items():
    try:
        act()
        found[name] = "done"
    except OSError as error:
        found[name] = errno.errorcode[error.errno]
print(json.dumps(found))
"""
NAMESPACES = """
import errno, json, os, sys
found = {name: os.readlink("/proc/self/ns/" + name) for name in ("net", "ipc", "pid", "uts")}
for folder in ("/", "/dev", "/usr", "/tmp"):
    try:
        open(folder + "/left-by-a-test", "w").close()
        found[folder] = "done"
    except OSError as error:
        found[folder] = errno.errorcode[error.errno]
print(json.dumps(found))
"""

# By what they would give. A name that the filter forgets is noticed here and nowhere else.
REFUSED = {
    "network": "socket bind connect listen accept accept4 sendmsg recvmmsg sendmmsg",
    "programs": "execve execveat fork vfork",
    "other processes": """
        ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp
        pidfd_open pidfd_getfd pidfd_send_signal tkill rt_sigqueueinfo
        setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr
        migrate_pages move_pages mbind set_mempolicy
    """,
    "mounts and namespaces": """
        mount umount umount2 pivot_root chroot unshare setns move_mount open_tree fsopen fsconfig
        fsmount fspick mount_setattr swapon swapoff quotactl quotactl_fd name_to_handle_at
        open_by_handle_at
    """,
    "identity": """
        setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    """,
    "the kernel": """
        bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
        keyctl add_key request_key lookup_dcookie syslog
        init_module finit_module delete_module kexec_load kexec_file_load reboot acct
        iopl ioperm modify_ldt vhangup settimeofday clock_settime clock_adjtime adjtimex
        sethostname setdomainname personality
    """,
    "memory that outlives a process or that no limit counts": """
        shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
        mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
        memfd_create memfd_secret io_setup io_submit
        landlock_create_ruleset landlock_add_rule landlock_restrict_self
    """,
    "files and their metadata": """
        inotify_init inotify_init1 inotify_add_watch fanotify_init fanotify_mark
        mkdir mkdirat mknod mknodat symlink symlinkat link linkat rename renameat renameat2
        unlink unlinkat rmdir chmod fchmod fchmodat chown fchown lchown fchownat
        setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
        utime utimes utimensat futimesat truncate
    """,
}
NAMES = [name for names in REFUSED.values() for name in names.split()]
WILD = (-1,) * 6
UPPER_HALF = 1 << 32
ANONYMOUS, SHARED, PRIVATE, GROWS_DOWN = 0x20, 0x01, 0x02, 0x0100
# What the kernel reads half of: the upper half must not lead past a rule.
BY_NUMBER = {
    "prctl": {"SET_PDEATHSIG": 1, "SET_DUMPABLE": 4, "SET_MM": 35, "SET_PTRACER": 0x59616D61},
    "fcntl": {
        "F_SETOWN": 8,
        "F_SETSIG": 10,
        "F_SETOWN_EX": 15,
        "F_SETLEASE": 1024,
        "F_NOTIFY": 1026,
    },
    "ioctl": {
        "FIOSETOWN": 0x8901,
        "SIOCSPGRP": 0x8902,
        "TIOCSTI": 0x5412,
        "FS_IOC_SETFLAGS": 0x40086602,
        "FS_IOC_FSSETXATTR": 0x401C5820,
        "FS_IOC_SETVERSION": 0x40087602,
        "EXT4_IOC_SETVERSION_OLD": 0x40086604,
        "EXT4_IOC_ALLOC_DA_BLKS": 0x660C,
        "FS_IOC_ENABLE_VERITY": 0x40806685,
        "BTRFS_IOC_SUBVOL_CREATE": 0x5000940E,
        "SIOCGIFNAME": 0x8910,
        "FIBMAP": 0x0001,
        "an upper part before TCGETS": 0x80005401,
    },
}


def _numbered(call: str, number: int) -> tuple:
    return (call, number, *WILD[:4]) if call == "prctl" else (call, 0, number, *WILD[:2])


def _map(kind: int) -> tuple:
    return ("mmap", 0, 4096, 3, kind, -1, 0)


RULES = {
    **{
        f"{call} {name}{words}": (_numbered(call, number | upper), "EPERM")
        for call, numbers in BY_NUMBER.items()
        for name, number in numbers.items()
        for words, upper in (("", 0), (" with an upper half", UPPER_HALF))
    },
    "another prctl": (("prctl", 3, 0, 0, 0, 0), "done"),
    "another fcntl": (("fcntl", 0, 1, 0), "done"),
    "another ioctl": (("ioctl", 0, 0x5401, -1), "ENOTTY"),
    "a datagram to an address": (("sendto", 0, -1, 0, 0, -1, 16), "EPERM"),
    "a message to the other end": (("sendto", 0, 0, 0, 0, 0, 0), "ENOTSOCK"),
    "more room in a socket": (("setsockopt", 0, 1, 7, -1, 4), "EPERM"),
    "more room with an upper half": (
        ("setsockopt", 0, 1 | UPPER_HALF, 32 | UPPER_HALF, -1, 4),
        "EPERM",
    ),
    "another option": (("setsockopt", 0, 1, 2, -1, 4), "ENOTSOCK"),
    "another level": (("setsockopt", 0, 6, 7, -1, 4), "ENOTSOCK"),
    "kill another": (("kill", "parent", 0), "EPERM"),
    "kill all": (("kill", -1, 0), "EPERM"),
    "kill itself": (("kill", "own", 0), "done"),
    "tgkill another": (("tgkill", "parent", "parent", 0), "EPERM"),
    "tgkill itself": (("tgkill", "own", "own", 0), "done"),
    "queue a signal for another": (("rt_tgsigqueueinfo", "parent", "parent", 0, -1), "EPERM"),
    "queue a signal for itself": (("rt_tgsigqueueinfo", "own", "own", 0, -1), "EFAULT"),
    "limit another": (("prlimit64", "parent", 7, 0, 0), "EPERM"),
    "limit itself": (("prlimit64", 0, 7, 0, 0), "done"),
    "move another to a CPU": (("sched_setaffinity", "parent", 8, -1), "EPERM"),
    "move itself to a CPU": (("sched_setaffinity", 0, 8, -1), "EFAULT"),
    "clone a process": (("clone", 17, 0, 0, 0, 0), "EPERM"),
    "clone a thread": (("clone", 0x10000, 0, 0, 0, 0), "EINVAL"),
    "clone3": (("clone3", -1, 88), "ENOSYS"),
    "shared anonymous memory": (_map(SHARED | ANONYMOUS), "ENOMEM"),
    "a stack that grows": (_map(PRIVATE | ANONYMOUS | GROWS_DOWN), "ENOMEM"),
    "private memory": (_map(PRIVATE | ANONYMOUS), "done"),
}


def confined(layer: Confinement, script: str, targets: object = None, before: str = "") -> object:
    """What ``script`` prints in a child that is confined by ``layer``."""
    code = f"{CONFINED}{before}{CONFINE}{script}"
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([asdict(layer), targets])],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def met() -> Mapping[object, str]:
    """What calls meet under the filter alone, by name, by rule and by number."""
    calls = {name: (name, *WILD) for name in NAMES}
    calls |= {name: call for name, (call, _) in RULES.items()}
    calls |= {number: (number, *WILD) for number in range(450, 521)}
    found = confined(Confinement(seccomp=True), MAKE_CALLS, list(calls.values()), CALLS)
    return dict(zip(calls, found, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_filter_refuses(met: Mapping[object, str], name: str) -> None:
    if met[name] == "unknown":
        pytest.skip(f"this architecture has no {name}")
    assert met[name] == "EPERM"


@pytest.mark.parametrize("rule", RULES)
def test_the_filter_looks_at_arguments(met: Mapping[object, str], rule: str) -> None:
    assert met[rule] == RULES[rule][1]


def test_who_drives_a_gpu_asks_its_driver_in_its_own_words() -> None:
    layer = Confinement(seccomp=True, devices=("/dev/null",))
    calls = [("ioctl", 0, request, -1) for request in (0xC020462A, 0x40086602, 0x8901, 0x5412)]
    assert confined(layer, MAKE_CALLS, calls, CALLS) == ["ENOTTY", *["EPERM"] * 3]


def test_calls_newer_than_the_filter_are_not_implemented(met: Mapping[object, str]) -> None:
    assert {number: met[number] for number in range(450, 521)} == dict.fromkeys(
        range(450, 521), "ENOSYS"
    )


def test_every_child_is_limited_and_tied_to_its_parent() -> None:
    found = confined(Confinement(memory_mb=64), LOOK)
    for name in ("CORE", "FSIZE", "MEMLOCK"):
        assert found["limits"][f"RLIMIT_{name}"] == [0, 0], name
    assert found["limits"]["RLIMIT_NOFILE"] == [256, 256]
    assert found["limits"]["RLIMIT_STACK"] == [resource.getrlimit(resource.RLIMIT_STACK)[0]] * 2
    assert 64 <= found["data"] / 2**20 < 96
    assert 16 <= found["space"] / 2**30 < 17
    assert found["oom"] == 1000
    assert (found["dumpable"], found["no_new_privileges"], found["death"]) == (0, 1, 9)


def test_memory_is_not_limited_unless_that_is_asked_for() -> None:
    limits = confined(Confinement(), LOOK)["limits"]
    for name in ("RLIMIT_DATA", "RLIMIT_AS"):
        assert limits[name] == list(resource.getrlimit(getattr(resource, name)))


@needs_root
def test_a_user_of_its_own_has_few_threads_and_no_way_back() -> None:
    found = confined(Confinement(uid=UID), LOOK, before="os.setgroups([0, 10])")
    assert found["limits"]["RLIMIT_NPROC"] == [64, 64]
    assert found["users"] == [UID] * 3
    assert found["groups"] == [UID] * 3
    assert found["capabilities"] == [""] * 4
    assert found["root_again"] is False


@needs_root
def test_a_root_without_capabilities_has_none() -> None:
    assert confined(Confinement(drop_capabilities=True), LOOK)["capabilities"] == [""] * 4
    assert confined(Confinement(), LOOK)["capabilities"] != [""] * 4


@pytest.mark.skipif(landlock_version() == 0, reason="there is no Landlock here")
def test_landlock_hides_files_and_other_processes(tmp_path: Path) -> None:
    for folder in ("readable", "hidden"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").touch()
    targets = {folder: str(tmp_path / folder / "file") for folder in ("readable", "hidden")}
    targets["listener"] = f"autograder-test-{os.getpid()}"
    readable = (str(tmp_path / "readable"),)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{targets['listener']}")
        listener.listen()
        found = confined(Confinement(landlock=True, readable=readable), TRY, targets)
    scope = "EPERM" if landlock_version() >= 6 else "done"
    assert found == {
        "read": "done",
        "list": "done",
        "write": "EACCES",
        "create": "EACCES",
        "make a folder": "EACCES",
        "remove": "EACCES",
        "read another": "EACCES",
        "list another": "EACCES",
        "write to the null device": "done",
        "signal": scope,
        "signal itself": "done",
        "connect": scope,
    }


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_bubblewrap_gives_namespaces_of_its_own_and_nothing_to_write_to() -> None:
    premises = Premises()
    try:
        command = [*bubblewrap(premises.readable()), "--", sys.executable, "-I", "-c", NAMESPACES]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        premises.close()
    if done.returncode != 0:
        pytest.skip(f"bubblewrap does not work here: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    for name in ("net", "ipc", "pid", "uts"):
        assert found[name] != os.readlink(f"/proc/self/ns/{name}"), name
    assert {found[folder] for folder in ("/", "/dev", "/usr", "/tmp")} <= {"EROFS", "ENOENT"}
