"""Confine the calling process, for good, before it sees a line of a student's code.

The steps are small functions; ``confine`` runs them in the one order in which they work: what
needs privileges comes first, the parent-death signal comes after the change of user (which
clears it), and the system-call filter comes last because it forbids the other steps.

On systems other than Linux only the resource limits are set.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import signal
import stat
import sys
from dataclasses import dataclass

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_MM, PR_SET_NO_NEW_PRIVS = 1, 4, 35, 38
PR_SET_PTRACER = 0x59616D61
CLONE_THREAD = 0x10000
MAP_SHARED_ANONYMOUS, MAP_GROWSDOWN = 0x21, 0x100
F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY = 8, 10, 15, 1024, 1026
SOL_SOCKET, SO_SNDBUF, SO_SNDBUFFORCE = 1, 7, 32
TERMINAL_REQUESTS = 0x5400
FIOSETOWN, SIOCSPGRP, TIOCSTI = 0x8901, 0x8902, 0x5412
FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION = 0x40086602, 0x401C5820, 0x40087602
LOWER_HALF = 0xFFFFFFFF
CAPABILITY_VERSION_3 = 0x20080522

OPEN_FILES = 256
THREADS = 64
ADDRESS_SPACE = 16 << 30
"""What may be mapped further: page tables, 4 KB for each 2 MB in use, are counted nowhere."""


@dataclass(frozen=True)
class Confinement:
    """What a child gives up.

    Attributes:
        uid: User and group id to change to, or None to keep the present ones.
        drop_capabilities: Give up all capabilities (for a root that keeps its user id).
        landlock: Restrict file access to ``readable`` by Landlock.
        seccomp: Install the system-call filter.
        readable: Files and folders that Landlock lets the child read.
        devices: Device files that Landlock lets the child use.
        memory_mb: Data memory allowed beyond what the process holds when it is confined; None
            for no limit.
    """

    uid: int | None = None
    drop_capabilities: bool = False
    landlock: bool = False
    seccomp: bool = False
    readable: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    memory_mb: int | None = None


# Calls that reach other processes, the network, the kernel's configuration or another identity.
# A list of what is refused, not of what is allowed: torch, its BLAS and libc use many calls that
# change between versions. File metadata is here because no rlimit covers it.
_REFUSED = """
    socket bind connect listen accept accept4 sendmsg recvmmsg sendmmsg
    execve execveat fork vfork
    ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp
    pidfd_open pidfd_getfd pidfd_send_signal tkill rt_sigqueueinfo
    mount umount umount2 pivot_root chroot unshare setns move_mount open_tree fsopen fsconfig
    fsmount fspick mount_setattr swapon swapoff quotactl quotactl_fd name_to_handle_at
    open_by_handle_at
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    keyctl add_key request_key lookup_dcookie syslog
    init_module finit_module delete_module kexec_load kexec_file_load reboot acct
    iopl ioperm modify_ldt vhangup settimeofday clock_settime clock_adjtime adjtimex
    sethostname setdomainname personality
    shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
    mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
    memfd_create memfd_secret io_setup io_submit
    landlock_create_ruleset landlock_add_rule landlock_restrict_self
    setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr
    migrate_pages move_pages mbind set_mempolicy
    inotify_init inotify_init1 inotify_add_watch fanotify_init fanotify_mark
    mkdir mkdirat mknod mknodat symlink symlinkat link linkat rename renameat renameat2
    unlink unlinkat rmdir chmod fchmod fchmodat chown fchown lchown fchownat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    utime utimes utimensat futimesat truncate
"""

# From this number on all architectures number their calls alike. Calls newer than this list was
# written are reported as not implemented, which libc knows how to live with.
FIRST_UNKNOWN_CALL, LAST_UNKNOWN_CALL = 450, 520

READABLE_FILES = ("/proc/cpuinfo", "/proc/meminfo")
WRITABLE_DEVICES = ("/dev/null",)


class ConfinementError(Exception):
    """A step of the confinement failed, so no student code may run in this process."""


class Confiner:
    """Prepares a confinement once, to be applied in many forked children.

    All of them share the paths and devices of the first.
    """

    def __init__(self) -> None:
        self._landlock = None
        self._seccomp = None

    def prepare(self, confinement: Confinement) -> None:
        """Build what ``confine`` will need, in the parent, so that each fork inherits it."""
        if confinement.landlock and self._landlock is None:
            self._landlock = _landlock_ruleset(confinement)
        if confinement.seccomp and self._seccomp is None:
            self._seccomp = _seccomp_filter(drives_gpu=bool(confinement.devices))

    def descriptor(self) -> int | None:
        """The descriptor that ``confine`` will need, and close."""
        return None if self._landlock is None else self._landlock.fileno()

    def confine(self, confinement: Confinement, parent: int) -> None:
        """Confine this process.

        Args:
            confinement: What to give up.
            parent: Process id of the parent, whose death must end this process.

        Raises:
            ConfinementError: Some step failed.
        """
        try:
            self.prepare(confinement)
            if sys.platform != "linux":
                _limit_resources(confinement)
                return
            _first_victim_of_the_oom_killer()
            _limit_resources(confinement)
            if confinement.uid is not None:
                _change_user(confinement.uid)
            if confinement.drop_capabilities:
                _drop_capabilities()
            _prctl(PR_SET_NO_NEW_PRIVS, 1)
            _prctl(PR_SET_DUMPABLE, 0)
            _die_with(parent)
            if self._landlock is not None:
                if confinement.landlock:
                    self._landlock.restrict()
                self._landlock.close()
            if self._seccomp is not None and confinement.seccomp:
                _load_for_this_process(self._seccomp)
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise ConfinementError(f"{type(error).__name__}: {error}") from error


def detach(output: int, channel: int, keep: int | None = None) -> int:
    """Leave the parent's session, signal handlers, descriptors and folder.

    Standard input becomes the null device, standard output and error become ``output``. Every
    other descriptor is closed except ``channel``, whose new number is returned.
    """
    with contextlib.suppress(PermissionError):  # already the leader of a session
        os.setsid()
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    output, channel = (fcntl.fcntl(fd, fcntl.F_DUPFD, 4) for fd in (output, channel))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, 3)
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    for descriptor in map(int, os.listdir(folder)):
        if descriptor > 3 and descriptor != keep:
            with contextlib.suppress(OSError):  # the listing's own descriptor
                os.close(descriptor)
    os.umask(0o077)
    os.chdir("/")
    return 3


def undumpable() -> None:
    """Close this process's memory to other processes of the same user. Linux only."""
    _prctl(PR_SET_DUMPABLE, 0)


def landlock_version() -> int:
    """The Landlock ABI that the kernel and the library offer, 0 for none."""
    try:
        import landlockpy

        return landlockpy.abi_version()
    except (ImportError, OSError):
        return 0


def seccomp_available() -> bool:
    """Whether libseccomp and its binding can be loaded."""
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError, OSError, AttributeError, TypeError):
        return False
    return True


def memory_in_use(kind: str) -> int:
    """Bytes of memory that this process holds: ``VmData``, or ``VmSize`` with all it has mapped."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(f"{kind}:"):
                return int(line.split()[1]) * 1024
    raise ConfinementError(f"/proc/self/status has no {kind}")


def _first_victim_of_the_oom_killer() -> None:
    _prctl(PR_SET_DUMPABLE, 1)  # else the file belongs to root
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _limit_resources(confinement: Confinement) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_STACK: resource.getrlimit(resource.RLIMIT_STACK)[0],
    }
    if confinement.uid is not None:
        # Counted per user: only a user of the child's own can be limited.
        limits[resource.RLIMIT_NPROC] = THREADS
    if confinement.memory_mb is not None and sys.platform == "linux":
        limits[resource.RLIMIT_DATA] = memory_in_use("VmData") + confinement.memory_mb * 2**20
        limits[resource.RLIMIT_AS] = memory_in_use("VmSize") + ADDRESS_SPACE
    for which, value in limits.items():
        resource.setrlimit(which, (value, value))


def _change_user(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise ConfinementError("the change of user could be undone")


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc().capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")


def _die_with(parent: int) -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise ConfinementError("the parent is already gone")


def _landlock_ruleset(confinement: Confinement):
    from landlockpy import AccessFS, Ruleset, Scope

    rules = Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL)
    for path in (*confinement.readable, *READABLE_FILES):
        if os.path.isdir(path):
            rules.allow_path(path, AccessFS.READ_FILE | AccessFS.READ_DIR)
        elif os.path.exists(path):
            rules.allow_path(path, AccessFS.READ_FILE)
    for path in WRITABLE_DEVICES:
        if stat.S_ISCHR(os.stat(path).st_mode):
            rules.allow_path(path, AccessFS.READ_FILE | AccessFS.WRITE_FILE)
    for path in confinement.devices:
        rules.allow_path(path, AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.IOCTL_DEV)
    return rules


def _seccomp_filter(drives_gpu: bool):
    import pyseccomp
    from pyseccomp import ALLOW, ERRNO, MASKED_EQ, NE, Arg

    rules = pyseccomp.SyscallFilter(ALLOW)
    refuse = ERRNO(errno.EPERM)
    for name in _REFUSED.split():
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) >= 0:
            rules.add_rule(refuse, name)
    for number in range(FIRST_UNKNOWN_CALL, LAST_UNKNOWN_CALL + 1):
        rules.add_rule(ERRNO(errno.ENOSYS), number)
    # clone3 takes its flags by reference, which no filter can see; libc falls back to clone.
    rules.add_rule(ERRNO(errno.ENOSYS), "clone3")
    # Threads only. Without processes there is never a tree to hunt down: one kill is enough.
    rules.add_rule(refuse, "clone", Arg(0, MASKED_EQ, CLONE_THREAD, 0))
    rules.add_rule(refuse, "prlimit64", Arg(0, NE, 0))
    rules.add_rule(refuse, "sched_setaffinity", Arg(0, NE, 0))
    # With an address, a datagram leaves its pair of sockets for any other of the machine.
    rules.add_rule(refuse, "sendto", Arg(4, NE, 0))
    # From here on the kernel reads the lower half of the arguments, whatever the upper half is.
    # What waits in a socket is memory that is counted nowhere.
    level = Arg(1, MASKED_EQ, LOWER_HALF, SOL_SOCKET)
    for option in (SO_SNDBUF, SO_SNDBUFFORCE):
        rules.add_rule(refuse, "setsockopt", level, Arg(2, MASKED_EQ, LOWER_HALF, option))
    for option in (PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_MM, PR_SET_PTRACER):
        rules.add_rule(refuse, "prctl", Arg(0, MASKED_EQ, LOWER_HALF, option))
    # A descriptor's owner is sent a signal of the caller's choice: kill by another name. Others
    # who open a leased file wait, and a folder that is watched tells what they do in it.
    for command in (F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY):
        rules.add_rule(refuse, "fcntl", Arg(1, MASKED_EQ, LOWER_HALF, command))
    # Requests change files through descriptors that only read, and tell of the host's network.
    # A terminal's own are harmless; a GPU's driver is asked by numbers that nobody has listed.
    if not drives_gpu:
        for bit in (1 << place for place in range(8, 32)):
            other = ~TERMINAL_REQUESTS & bit
            rules.add_rule(refuse, "ioctl", Arg(1, MASKED_EQ, bit, other))
    flags = (FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION)
    for request in (FIOSETOWN, SIOCSPGRP, TIOCSTI, *flags):
        rules.add_rule(refuse, "ioctl", Arg(1, MASKED_EQ, LOWER_HALF, request))
    # Neither shared anonymous memory nor a stack that grows is counted by RLIMIT_DATA.
    for kind in (MAP_SHARED_ANONYMOUS, MAP_GROWSDOWN):
        rules.add_rule(ERRNO(errno.ENOMEM), "mmap", Arg(3, MASKED_EQ, kind, kind))
    return rules


def _load_for_this_process(rules) -> None:
    """Add the rules that name this process, and load the filter."""
    from pyseccomp import ERRNO, NE, Arg

    for name in ("kill", "tgkill", "rt_tgsigqueueinfo"):
        rules.add_rule(ERRNO(errno.EPERM), name, Arg(0, NE, os.getpid()))
    rules.load()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
