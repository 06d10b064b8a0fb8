"""From IDL files to modules.

Reading, parsing, linking and making classes is native; here is what belongs to Python: where a
file comes from, what modules are called, and what was loaded before.
"""

from __future__ import annotations

import os
import types

from fastthrift import _core
from fastthrift._core import TType as TType
from fastthrift._exceptions import TException as TException
from fastthrift._light import LockOfProcess, defaultdict
from fastthrift._payload import TPayload as TPayload
from fastthrift._payload import TPayloadMeta as TPayloadMeta
from fastthrift._payload import gen_init as gen_init

from . import registry, reloading, sources
from .exc import ThriftGrammarError as ThriftGrammarError
from .exc import ThriftLexerError as ThriftLexerError
from .exc import ThriftParserError
from .options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Traversable
    from typing import Any, TextIO

    from .sources import Resolver
else:
    # What annotations say at run time, for which nothing is imported that is not there.
    from _collections_abc import Sequence

    Any = Resolver = TextIO = Traversable = object

# Modules by the name they were asked for, or by normalised path.
_thrift_cache: dict[str, types.ModuleType] = {}
# What was made of each real file, whatever its modules are called: one class per type, so that
# `except` and `isinstance` work across them.
_programs: dict[str, _core.Program] = {}
# Modules of included files by (name, real file), with what they were made of.
_included: dict[tuple[str, str], tuple[types.ModuleType, _core.Program]] = {}

_parse_lock = LockOfProcess()

_SUFFIX = ".thrift"


def parse(
    path: str | Traversable,
    module_name: str | None = None,
    include_dirs: Sequence[str | Traversable] | None = None,
    include_dir: str | Traversable | None = None,
    lexer: Any = None,
    parser: Any = None,
    enable_cache: bool = True,
    encoding: str = "utf-8",
    *,
    resolver: Resolver | None = None,
    reserved: str = "suffix",
    missing_include: str = "error",
    enums: str = "int",
    sets: str = "list",
    strict: bool = False,
    frozen: bool = False,
    keep_unknown: bool = False,
) -> types.ModuleType:
    """Load the file at ``path`` as a module.

    ``module_name`` (with the suffix ``_thrift``) is what the module is called and the key under
    which it is cached; without it the module is called by the file's stem and cached by its
    path. Includes are looked for beside the file that has them, then in ``include_dirs`` (the
    current directory by default), then in ``include_dir``. ``path`` may be a ``file://``,
    ``http://`` or ``https://`` URL, lead into a zip archive, or be a path of
    ``importlib.resources``. ``lexer`` and ``parser`` are accepted and not used.

    ``resolver`` is asked for ``path`` and for each include before the file system is; see
    ``fastthrift.parser.sources``. What it gives is not cached but under a ``module_name``.

    ``reserved`` says what becomes of names that some language keeps for itself. By default,
    ``"suffix"``, they are taken, and those that Python keeps get an underscore (the field ``from``
    is the attribute ``from_``, and ``from`` in messages). ``"allow"`` takes them as they are, and
    ``"error"`` refuses them as thriftpy2 does. ``missing_include="warn"`` makes a warning of an
    include that is not there.

    ``enums``, ``sets``, ``strict``, ``frozen`` and ``keep_unknown`` make other classes of the file
    and of all that it includes; see docs/howto/options.md. With ``enums="int_enum"`` an enum is an
    ``enum.IntEnum``, and what is read is its members, or an ``int`` where none has the number.
    With ``sets="set"`` a set that is read is a ``set``. With ``strict=True`` structs that are
    written or read are looked at as a whole: fields that are required, unions, and types of values;
    a ``TInvalidStructException`` tells all that is wrong. With ``frozen=True`` structs and unions
    cannot be changed. With ``keep_unknown=True`` structs, unions and exceptions keep the fields of
    messages that the file does not know, and write them again where they came; see
    ``fastthrift.unknown_fields``. A file that is loaded with other options is another module, with
    other classes.

    Raises ``ThriftParserError`` (see ``fastthrift.parser.exc``) for a file that is wrong, and
    ``OSError`` for one that cannot be read.
    """
    return load_file(
        path,
        module_name,
        include_dirs=include_dirs,
        include_dir=include_dir,
        enable_cache=enable_cache,
        encoding=encoding,
        resolver=resolver,
        options=Options.of_call(locals()),
        is_registered=False,
    )


def load_file(
    path: str | Traversable,
    module_name: str | None,
    *,
    include_dirs: Sequence[str | Traversable] | None,
    include_dir: str | Traversable | None,
    enable_cache: bool,
    encoding: str,
    resolver: Resolver | None,
    options: Options,
    is_registered: bool,
) -> types.ModuleType:
    """What ``parse`` does; ``is_registered`` puts the modules into ``sys.modules`` too. All is done
    that has to be done, or, when it fails, nothing."""
    with _parse_lock.now:
        key = (module_name or os.path.normpath(str(path))) + options.key
        is_cached = enable_cache and (resolver is None or module_name is not None)
        module = _thrift_cache.get(key) if is_cached else None
        if is_registered and module_name:
            registry.check_options(module_name, options)
        if module is not None:
            if is_registered and module_name:
                registry.register(module, module_name)
            return module
        if not str(path).endswith(_SUFFIX):
            raise ThriftParserError(f"Path should end with {_SUFFIX}")
        _check_module_name(module_name)
        directories: list[str | Traversable] = ["."]
        if include_dirs is not None:
            directories = list(include_dirs)
        if include_dir is not None:
            directories.append(include_dir)

        try:
            schema = _schema(path, directories, encoding, resolver, options)
        except ThriftParserError as error:
            reloading.watch(map(_file, error.files))
            raise
        if options.missing_include == "warn":
            _warn_of_missing_includes(schema)
        name = module_name or os.path.splitext(os.path.basename(str(path)))[0]
        made = _Made(schema, name, options, shared=enable_cache and not resolver)
        reloading.watch(_file(read) for read, *_ in made.files)
        if is_registered and module_name:
            registry.register(made.root, module_name, made.outdated)
        made.keep()
        if is_cached:
            _thrift_cache[key] = made.root
        return made.root


def parse_fp(
    source: TextIO,
    module_name: str,
    lexer: Any = None,
    parser: Any = None,
    enable_cache: bool = True,
    *,
    resolver: Resolver | None = None,
    reserved: str = "suffix",
    missing_include: str = "error",
    enums: str = "int",
    sets: str = "list",
    strict: bool = False,
    frozen: bool = False,
    keep_unknown: bool = False,
) -> types.ModuleType:
    """Load what a file-like object holds as a module called ``module_name``.

    It may include what ``resolver`` knows, and nothing else; see ``fastthrift.parser.sources``.
    ``lexer`` and ``parser`` are accepted and not used; for the other options see ``parse``.
    """
    return load_text(
        source,
        module_name,
        enable_cache,
        resolver,
        Options.of_call(locals()),
        is_registered=False,
    )


def load_text(
    source: TextIO,
    module_name: str,
    enable_cache: bool,
    resolver: Resolver | None,
    options: Options,
    *,
    is_registered: bool,
) -> types.ModuleType:
    """What ``parse_fp`` does, as ``load_file`` does what ``parse`` does."""
    _check_module_name(module_name)
    if not hasattr(source, "read"):
        raise ThriftParserError(
            "Expected `source` to be a file-like object with a method named 'read'"
        )
    with _parse_lock.now:
        key = module_name + options.key
        if is_registered:
            registry.check_options(module_name, options)
        module = _thrift_cache.get(key) if enable_cache else None
        if module is not None:
            if is_registered:
                registry.register(module, module_name)
            return module
        contents = source.read()
        text = contents if isinstance(contents, bytes) else contents.encode()
        known = (
            None if resolver is None else sources.for_core(sources.as_function(resolver), "utf-8")
        )
        schema = _core.load_schema(
            "",
            [],
            text=text,
            resolver=known,
            single=True,
            **options.for_core(),
        )
        if options.missing_include == "warn":
            _warn_of_missing_includes(schema)
        module = _Made(schema, module_name, options, shared=False).root
        if is_registered:
            registry.register(module, module_name)
        if enable_cache:
            _thrift_cache[key] = module
        return module


def _check_module_name(module_name: str | None) -> None:
    if module_name is not None and not module_name.endswith("_thrift"):
        raise ThriftParserError("fastthrift can only generate module with '_thrift' suffix")


def _schema(
    path: str | Traversable,
    include_dirs: Sequence[str | Traversable],
    encoding: str,
    resolver: Resolver | None,
    options: Options,
) -> _core.Schema:
    """Read and link a file, wherever it is."""
    directories = [entry for entry in include_dirs if not sources.is_traversable(entry)]
    if resolver is not None:
        resolve = sources.as_function(resolver)
    elif sources.is_traversable(path):
        resolve = sources.Resources(path, include_dirs)  # type: ignore[arg-type]
    else:
        resolve = None
    path = str(path)
    found = resolve(path, None) if resolve is not None else None
    text: bytes | None
    if found is not None:
        path, text = os.fspath(found[0]), sources.in_utf8(found[1], encoding)
    else:
        text = _fetched(path, encoding) if ":" in path else None
    try:
        return _core.load_schema(
            path,
            directories,  # type: ignore[arg-type]
            text=text,
            reader=_reader(encoding),
            resolver=None if resolve is None else sources.for_core(resolve, encoding),
            **options.for_core(),
        )
    except NotADirectoryError:
        # Something on the way is a file: an archive, if the path is to lead anywhere.
        archived = sources.in_archive(path)
        if archived is None or resolve is not None:
            raise
        return _schema(archived, include_dirs, encoding, None, options)


def _warn_of_missing_includes(schema: _core.Schema) -> None:
    import warnings

    for diagnostic in schema.warnings:
        if diagnostic.code == "missing-include":
            # The caller of `load`.
            warnings.warn(str(diagnostic), stacklevel=4)


def _fetched(path: str, encoding: str) -> bytes | None:
    """What a URL leads to; None for a path without a scheme, or with a drive."""
    from urllib.parse import urlparse

    url = urlparse(path)
    if len(url.scheme) <= 1:
        return None
    if url.scheme == "file":
        with open(url.netloc + url.path, "rb") as file:
            contents = file.read()
    elif url.scheme in ("http", "https"):
        from urllib.request import urlopen

        with urlopen(path) as response:
            contents = response.read()
    else:
        raise ThriftParserError(
            f"fastthrift does not support generating module with path in protocol '{url.scheme}'"
        )
    return contents.decode(encoding).encode()


def _reader(encoding: str) -> Callable[[str], bytes] | None:
    """How files are read, where the native way would not do: an encoding other than UTF-8, or
    a function ``open`` that was put into this module (some programs load from memory so)."""
    own_open = globals().get("open")
    if own_open is None and encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        return None

    def read(path: str) -> bytes:
        with (own_open or open)(path, encoding=encoding) as file:
            contents = file.read()
        return contents if isinstance(contents, bytes) else contents.encode()

    return read


class _Made:
    """The modules of the files of a schema, made and not cached yet."""

    def __init__(
        self, schema: _core.Schema, root_name: str, options: Options, *, shared: bool
    ) -> None:
        self.shared = shared
        self.options = options
        #: As the caches of these names will be.
        self.programs = dict(_programs) if shared else {}
        self.included: dict[tuple[str, str], tuple[types.ModuleType, _core.Program]] = {}
        #: Modules of included files whose text was another.
        self.outdated: list[types.ModuleType] = []
        self.files = schema.files
        modules: list[types.ModuleType] = []
        names = _module_names(self.files, root_name)
        for index, program in enumerate(schema.build(names, self.programs)):
            self._add(modules, schema, index, names[index], program)
        self.root = modules[-1]

    def keep(self) -> None:
        """Put into the caches what belongs there."""
        if self.shared:
            _programs.update(self.programs)
            _included.update(self.included)

    def _add(
        self,
        modules: list[types.ModuleType],
        schema: _core.Schema,
        index: int,
        name: str,
        program: _core.Program,
    ) -> None:
        path, stem, identity, includes = self.files[index]
        is_root = index == len(self.files) - 1
        if self.shared and not is_root:
            known, made_of = _included.get((name, identity), (None, None))
            if known is not None:
                if made_of is program:
                    modules.append(known)
                    return
                self.outdated.append(known)
        module = types.ModuleType(name, schema.doc(index))
        attributes = module.__dict__
        attributes["__thrift_file__"] = path or None
        attributes["__thrift_namespaces__"] = schema.namespaces(index)
        if self.options.classes:
            attributes["__thrift_options__"] = dict(self.options.classes)
        meta: dict[str, list[Any]] = defaultdict(list)
        for (_, target), attribute in zip(includes, schema.include_names(index), strict=True):
            if target is not None:
                included = modules[target]
                attributes[attribute] = included
                meta["includes"].append(included)
        meta.update((kind, list(members)) for kind, members in program.meta.items())
        if meta:
            attributes["__thrift_meta__"] = meta
        attributes.update(program.namespace)
        if not is_root:
            attributes["__thrift_module_name__"] = name
            module.__name__ = stem
            self.included[name, identity] = module, program
        modules.append(module)


def _file(path: str) -> str | None:
    """The absolute path of what ``__thrift_file__`` names; None for a text from elsewhere."""
    if path.startswith("file://"):
        path = path.removeprefix("file://")
    elif "://" in path:
        return None
    return os.path.abspath(path) if path else None


def _module_names(files: list[_core._FileInfo], root_name: str) -> list[str]:
    """What the modules of the files are called: the root as asked for, an included file by its
    path as seen from the first file that includes it, in the same parent package."""
    names: list[str | None] = [None] * len(files)
    names[-1] = root_name
    # A file stands behind what it includes, so its own name is known first in reverse order.
    for index in reversed(range(len(files))):
        path, _, _, includes = files[index]
        name = names[index] or ""
        own = _with_suffix(os.path.basename(path))
        package = name[: -len(own)] if own and name.endswith(own) else ""
        for included_path, target in includes:
            if target is not None and names[target] is None:
                relative = os.path.relpath(included_path, os.path.dirname(path) or ".")
                names[target] = package + _with_suffix(relative.replace(os.sep, "."))
    return [name or "" for name in names]


def _with_suffix(name: str) -> str:
    return name[: -len(_SUFFIX)] + "_thrift" if name.endswith(_SUFFIX) else name
