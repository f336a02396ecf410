"""Hostile submissions.

``ACTS`` is the source of a student module whose functions each try one thing that must be refused.
They are told every path and process id: nothing is left to guess. A function that returns has
succeeded.
"""

import os

ACTS = """
import ctypes, fcntl, mmap, os, resource, signal, socket, subprocess, sys

libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def read_hidden_tests(t): open(t["hidden"]).close()
def list_hidden_tests(t): os.listdir(os.path.dirname(t["hidden"]))
def write_results(t): open(t["results"], "w").close()
def truncate_results(t): os.truncate(t["results"], 0)
def replace_results(t): os.rename(t["results"], t["results"] + ".old")
def delete_results(t): os.unlink(t["results"])
def leave_file_in_tmp(t): open("/tmp/" + t["mark"], "w").close()
def leave_folder_in_tmp(t): os.mkdir("/tmp/" + t["mark"])
def leave_shared_memory(t): open("/dev/shm/" + t["mark"], "w").close()
def read_other_submission(t): open(t["public"]).close()
def connect(t): socket.create_connection(("127.0.0.1", t["port"]), timeout=1).close()
def open_udp_socket(t): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
def open_unix_socket(t): socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()


def fork(t):
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def vfork_and_execute(t): subprocess.run(["/bin/true"], check=True)
def spawn(t): os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
def signal_grader(t): os.kill(t["grader"], 0)
def signal_parent(t): os.kill(os.getppid(), 0)
def signal_everybody(t): os.kill(-1, 0)
def read_grader_memory(t): open(f"/proc/{t['grader']}/mem", "rb").close()
def read_parent_memory(t): open(f"/proc/{os.getppid()}/mem", "rb").close()
def read_parent_environment(t): open(f"/proc/{os.getppid()}/environ", "rb").read(1)


def copy_parent_memory(t):
    buffer = ctypes.create_string_buffer(8)
    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    local = Iovec(ctypes.addressof(buffer), 8)
    remote = Iovec(ctypes.addressof(buffer), 8)
    checked(libc.process_vm_readv(os.getppid(), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0))


def trace_parent(t):
    checked(libc.ptrace(0x4206, os.getppid(), 0, 0))  # PTRACE_SEIZE
    os._exit(0)


def send_signals_by_descriptor(t):
    read, write = os.pipe()
    fcntl.fcntl(read, fcntl.F_SETOWN, t["grader"])


def outlive_the_grader(t): checked(libc.prctl(1, 0, 0, 0, 0))
def become_dumpable(t): checked(libc.prctl(4, 1, 0, 0, 0))
def become_root(t): os.setresuid(0, 0, 0)
def raise_limits(t): resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))
def limit_parent(t): resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1000000, 1000000))
def new_namespace(t): checked(libc.unshare(0x10000000))
def shared_memory(t): mmap.mmap(-1, 4096).close()
def memory_file(t): os.close(os.memfd_create("x"))
def change_mode(t): os.chmod(t["public"], 0o600)
"""

FUNCTIONS = [
    line.split("(")[0].removeprefix("def ")
    for line in ACTS.splitlines()
    if line.startswith("def ") and line.split("(")[1].startswith("t)")
]

PROBES_OF_ACTS = """
import json

def act(hw, rng):
    targets = json.loads(hw.targets.TEXT)
    try:
        getattr(hw.acts, targets["act"][rng.seed])(targets)
    except (OSError, ValueError) as error:
        return {"refused": True, "why": f"{type(error).__name__}: {error}"}
    return {"refused": False, "why": "it succeeded"}
"""


def mark_of(grader: int) -> str:
    """The name that marked processes of one grader take; others may be tested beside it."""
    return f"marked-{grader}"


HARM = """
import ctypes, os, signal, socket, sys, threading, time

import torch


def fine(): return torch.arange(3.0)
def loop():
    while True: pass
def sleep(): time.sleep(1000)
def ignore_signals():
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except OSError: pass
    loop()
def leave(): os._exit(0)
def leave_with_status(): os._exit(3)
def system_exit(): sys.exit(0)
def interrupt(): raise KeyboardInterrupt
def segfault(): ctypes.string_at(0)
def abort(): os.abort()
def memory_bomb(): return [torch.ones(1 << 24) for _ in range(1000)]
def bytes_bomb(): return [bytearray(1 << 26) for _ in range(1000)]
def thread_bomb():
    threads = [threading.Thread(target=time.sleep, args=(1000,), daemon=True) for _ in range(5000)]
    for thread in threads: thread.start()
def recursion(): return recursion()
def output_bomb():
    for _ in range(400): os.write(1, b"x" * 65536)
    return torch.zeros(1)
def close_descriptors():
    os.closerange(0, 256)
    return torch.zeros(1)
def close_and_wait():
    os.closerange(0, 256)
    loop()
def partial_frame():
    os.write(3, b"SBX1\\x10\\x00")
    time.sleep(1000)
def garbage():
    os.write(3, b"\\x80\\x04pickle me" * 100)
    time.sleep(1000)
def huge_frame():
    os.write(3, b"SBX1" + (1 << 19).to_bytes(4, "little") + (1 << 40).to_bytes(8, "little"))
    time.sleep(1000)
def forged_frame():
    from autograder.sandbox import wire
    wire.send(socket.socket(fileno=os.dup(3)), wire.encode({"number": 77, "values": {}}))
    return torch.zeros(1)
def send_reply(number, **fields):
    from autograder.sandbox import wire, worker
    from autograder.sandbox.runner import Reply
    frame = worker._encoded(Reply(**fields), number, 1 << 20)
    wire.send(socket.socket(fileno=os.dup(3)), frame)
    time.sleep(1000)
def answer_another_request(): send_reply(77, values={"value": 1})
def tell_much():
    from autograder.sandbox.runner import Fault, Frame
    words = "\\x1b[31mred\\x1b[0m\\u202e\\a " + "x" * 2000
    frames = (Frame(words, 1, words, words),) * 20
    send_reply(1, fault=Fault("exception", words, words, frames))
def subclass():
    class Agreeable(torch.Tensor):
        def __eq__(self, other): return True
        @classmethod
        def __torch_function__(cls, *args, **kwargs): return True
    return torch.zeros(3).as_subclass(Agreeable)
def too_large(): return torch.zeros(1 << 23)
def endless_structure():
    values = []
    values.append(values)
    return values
def numpy_array(): return torch.zeros(2).numpy()
def unprintable_error():
    class Rude(Exception):
        def __str__(self): os._exit(9)
    raise Rude
def background_thread():
    threading.Thread(target=loop, daemon=True).start()
    return torch.zeros(1)
def poison():
    torch.set_default_dtype(torch.float16)
    torch.manual_seed(1)
    torch.allclose = lambda *args, **kwargs: True
    sys.modules["math"] = None
    os.environ["POISON"] = "1"
    return torch.zeros(1)
def state():
    import math
    return [torch.allclose(torch.zeros(1), torch.ones(1)), "POISON" in os.environ]
def name_process():
    ctypes.CDLL(None).prctl(15, MARK.encode(), 0, 0, 0)
    return torch.zeros(1)
def name_process_and_loop():
    name_process()
    loop()
def descriptors():
    found = []
    for number in range(256):
        try: os.fstat(number)
        except OSError: continue
        found.append(number)
    return found
def environment(): return dict(os.environ)
def user(): return os.getuid()
def draw(): return torch.rand(3)
def threads_work():
    torch.set_num_threads(2)
    x = torch.randn(300, 300, requires_grad=True)
    (x @ x).sum().backward()
    return x.grad.shape[0]
def lazy_imports():
    import colorsys, wave, numpy.fft, torch.optim.lr_scheduler
    return "imported"
"""

HARM += f"MARK = {mark_of(os.getpid())!r}\n"

PROBES_OF_HARM = "\n".join(
    f"def {name}(hw, rng): return {{'value': hw.harm.{name}()}}"
    for name in (
        line.split("(")[0].removeprefix("def ")
        for line in HARM.splitlines()
        if line.startswith("def ")
    )
)
