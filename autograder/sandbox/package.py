"""Import a submission's Python package from sources held in memory.

A student's files never need to lie on a disk that the sandboxed process can read: they
arrive as bytes and are served by an importer. Modules are imported when first asked for,
so that an error in one module leaves the others usable.
"""

import builtins
import importlib
import importlib.abc
import importlib.util
import itertools
import linecache
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

import torch

LIBRARIES = frozenset({"functorch", "numpy", "torch", "typing_extensions"})
"""What student modules are told to use, besides Python's own; `submit.py` knows the same."""

# Every grading container has these too, because torch or the grader needs them.
_BROUGHT_ALONG = frozenset(
    {"filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx", "setuptools", "sympy"}
    | {"_pytest", "autograder", "msgspec", "pydantic", "pytest", "yaml"}
)
_PERMITTED = sys.stdlib_module_names | LIBRARIES | _BROUGHT_ALONG
_aliases = itertools.count()


class _MemoryImporter(importlib.abc.InspectLoader):
    """Serves the modules found in ``files``, with ``package`` renamed to ``alias``."""

    def __init__(self, package: str, alias: str, files: Mapping[str, bytes]) -> None:
        self.package = package
        self.alias = alias
        self.files = files

    def _stem(self, fullname: str) -> str:
        head, *tail = fullname.split(".")
        return "/".join([self.package if head == self.alias else head, *tail])

    def _path(self, fullname: str) -> str | None:
        stem = self._stem(fullname)
        for path in (f"{stem}/__init__.py", f"{stem}.py"):
            if path in self.files:
                return path
        return None

    def top_level_names(self) -> set[str]:
        """The names that can be imported, without what follows a dot."""
        names = {path.partition("/")[0].removesuffix(".py") for path in self.files}
        return {self.alias if name == self.package else name for name in names | {self.package}}

    def spec(self, fullname: str) -> ModuleSpec | None:
        """Where the module ``fullname`` comes from; None if it does not exist."""
        source_path = self._path(fullname)
        if source_path is None and not self._is_folder(fullname):
            return None
        is_package = source_path is None or source_path.endswith("/__init__.py")
        spec = ModuleSpec(fullname, self, origin=source_path, is_package=is_package)
        spec.has_location = source_path is not None
        return spec

    def _is_folder(self, fullname: str) -> bool:
        """Whether ``fullname`` is a folder of modules without an ``__init__.py`` of its own."""
        folder = f"{self._stem(fullname)}/"
        return any(path.startswith(folder) for path in self.files)

    def get_source(self, fullname: str) -> str:
        path = self._path(fullname)
        if path is None:
            return ""
        return importlib.util.decode_source(self.files[path])

    def exec_module(self, module: ModuleType) -> None:
        path = self._path(module.__name__)
        source = self.get_source(module.__name__)
        filename = path or f"{self.package}/__init__.py"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        exec(_compiled(source, filename), module.__dict__)

    def _import(
        self,
        name: str,
        namespace: Mapping[str, object] | None = None,
        local: Mapping[str, object] | None = None,
        wanted: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """``import`` as student modules have it: without the libraries that happen to be here.

        Whether a submission can be imported must not depend on the machine that grades it. What
        torch itself imports does not pass here. This protects nothing and is easy to evade.
        """
        top = name.partition(".")[0]
        if not (level or top in _PERMITTED or top in _finder.importers or self._is_own(top)):
            message = (
                f"{top} is not there where homeworks are graded; "
                "use torch, numpy and the standard library"
            )
            raise ModuleNotFoundError(message, name=top)
        return builtins.__import__(name, namespace, local, wanted or (), level)

    def _is_own(self, name: str) -> bool:
        """Whether the package has this module: then that it is not found is another mistake."""
        return self.spec(f"{self.alias}.{name}") is not None


# Packages that differ in one module have the others in common.
@lru_cache(maxsize=64)
def _compiled(source: str, filename: str) -> CodeType:
    return compile(source, filename, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Knows which importer serves a top-level name, however many there are."""

    def __init__(self) -> None:
        self.importers: dict[str, _MemoryImporter] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        importer = self.importers.get(fullname.partition(".")[0])
        return importer.spec(fullname) if importer else None


_finder = _Finder()


class Package:
    """A student package whose modules are imported on first use.

    ``package.density`` imports and returns the module ``density`` of the package. Whatever
    that import raises is raised to the caller.
    """

    def __init__(self, name: str, importer: _MemoryImporter) -> None:
        self._name = name
        self._importer = importer

    def __getattr__(self, module: str) -> ModuleType:
        dtype = torch.get_default_dtype()
        try:
            return importlib.import_module(f"{self._name}.{module}")
        finally:
            torch.set_default_dtype(dtype)  # what it is belongs to the probe

    def close(self) -> None:
        """Forget the package and every module imported from it."""
        for name in self._importer.top_level_names():
            if _finder.importers.get(name) is self._importer:
                del _finder.importers[name]
        for name in list(self._modules()):
            del sys.modules[name]

    def _modules(self) -> Iterator[str]:
        prefix = f"{self._name}."
        return (name for name in list(sys.modules) if name == self._name or name.startswith(prefix))


def load_package(name: str, files: Mapping[str, bytes], *, private: bool = False) -> Package:
    """Make the package ``name`` importable from ``files``.

    Args:
        name: The package to serve, for example ``likelihood``.
        files: Sources by posix path relative to the submission's root, for example
            ``{"likelihood/density.py": b"..."}``. Top-level modules beside the package are
            served too, but never in place of an installed one.
        private: Load under a name of its own, so that several versions of one package (the
            reference, its misconceptions) can live in one process. Such a package may only
            import itself by relative imports.
    """
    alias = f"_{name}_{next(_aliases)}" if private else name
    if private:
        files = {path: source for path, source in files.items() if path.startswith(f"{name}/")}
    importer = _MemoryImporter(name, alias, files)
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    _finder.importers.update(dict.fromkeys(importer.top_level_names(), importer))
    return Package(alias, importer)
