"""Defining sources and modules, and what may be called of them (contract V-6, V-18)."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from pyferry.errors import FunctionNotFoundError
from pyferry.messages import Define
from pyferry.namespace import Namespace

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


class Defined:
    """A namespace under test."""

    def __init__(self) -> None:
        self.namespace = Namespace()

    def define(self, code: str = "", **fields: Any) -> None:
        message = Define("o", textwrap.dedent(code))
        for name, value in fields.items():
            setattr(message, name, value)
        self.namespace.define(message)

    def call(self, name: str, *args: Any) -> Any:
        return self.namespace.targets.find(name)(*args)

    def candidates(self, name: str) -> list[str]:
        with pytest.raises(FunctionNotFoundError) as caught:
            self.namespace.targets.find(name)
        return caught.value.candidates


@pytest.fixture
def py() -> Iterator[Defined]:
    modules, path = set(sys.modules), list(sys.path)
    yield Defined()
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith(("own_", "__sources__", "my-")):
            del sys.modules[name]


@pytest.fixture
def tools(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "own_tools.py"
    path.write_text(
        "import json\n"
        "from os.path import join\n"
        "def double(x): return x * 2\n"
        "class Model:\n"
        "    @staticmethod\n"
        "    def load(x): return x\n"
        "    def _hidden(self): ...\n"
        "def _private(): ...\n"
    )
    return str(path)


def test_later_parts_use_the_names_of_earlier_ones(py: Defined) -> None:
    """V-2: each is compiled by itself, all run in one module."""
    py.define(
        parts=[("a.py", "from __future__ import annotations\nx = 1"), ("b.py", "def f(): return x")]
    )

    assert py.call("f") == 1


def test_all_parts_are_compiled_before_the_first_one_runs(py: Defined) -> None:
    """W-1: all or nothing."""
    with pytest.raises(SyntaxError) as caught:
        py.define(parts=[("a.py", "import sys\nsys.own_ran = True"), ("b.py", "x = = 1")])

    assert (caught.value.filename, caught.value.lineno) == ("b.py", 1)
    assert not hasattr(sys, "own_ran")


def test_a_failed_define_leaves_everything_as_it_was(py: Defined, tools: str) -> None:
    """W-1: names, the import path and the offered modules."""
    py.define("def f(): return 1", expose=["f"])
    path = list(sys.path)

    with pytest.raises(ZeroDivisionError):
        py.define("def f(): return 2\n1 / 0", modules=[tools], import_paths=["/own"], expose="all")

    assert py.call("f") == 1
    assert path == sys.path
    assert py.candidates("double") == []


def test_a_class_of_a_source_can_be_found_again(py: Defined) -> None:
    """V-2: pickling, dataclasses and type hints look its module up."""
    py.define(
        """
        from __future__ import annotations
        import dataclasses, pickle, typing
        @dataclasses.dataclass
        class Point:
            x: int
        def again(x): return pickle.loads(pickle.dumps(Point(x))).x
        def hints(): return typing.get_type_hints(Point)['x'] is int
        """
    )

    assert py.call("again", 3) == 3
    assert py.call("hints")


def test_a_global_that_is_bound_anew_is_seen_by_the_next_call(py: Defined) -> None:
    """V-6: the way to a function is remembered, not the function."""
    py.define(
        """
        def handler(): return 1
        def swap():
            global handler
            handler = lambda: 2
        def drop():
            global handler
            del handler
        def later(): globals()['made'] = lambda: 3
        """
    )

    assert py.call("handler") == 1
    py.call("swap")
    assert py.call("handler") == 2
    py.call("drop")
    assert "handler" not in py.candidates("handler")
    py.candidates("made")
    py.call("later")
    assert py.call("made") == 3


@pytest.mark.parametrize(
    "name",
    [
        "print",
        "len",
        "builtins.eval",
        "_f",
        "C._m",
        "C.__init__",
        "f.__globals__",
        "x",
        "",
        ".",
        "f.",
        ".f",
        "C..m",
    ]
    + ["__import__", "os._exit", "C.missing", "f()", "none"],
)
def test_what_is_not_callable_from_outside(py: Defined, name: str) -> None:
    """V-6: built-ins, underscores, empty segments, values that are no functions."""
    py.define(
        """
        import builtins, os
        x, none = 1, None
        def f(): ...
        def _f(): ...
        class C:
            def m(self): ...
            def _m(self): ...
        """
    )

    py.candidates(name)


def test_dotted_names_reach_modules_classes_and_objects(py: Defined) -> None:
    """V-6: what a source holds, by its names."""
    py.define(
        """
        import os.path
        class Model:
            def __init__(self): self.scale = 2
            @classmethod
            def kind(cls): return cls.__name__
            def predict(self, x): return x * self.scale
        model = Model()
        """
    )

    assert py.call("os.path.basename", "a/b") == "b"
    assert py.call("Model.kind") == "Model"
    assert py.call("model.predict", 4) == 8


def test_importable_modules_are_called_by_their_dotted_name(py: Defined) -> None:
    """V-2: also a submodule by its own."""
    py.define(modules=["json", "os.path"])

    assert py.call("json.dumps", [1]) == "[1]"
    assert py.call("json.decoder.JSONDecoder")
    assert py.call("os.path.join", "a", "b") == "a/b"
    assert py.candidates("dumps") == ["json.dumps", "json.dump"]


def test_a_file_is_called_directly_and_by_its_base_name(py: Defined, tools: str) -> None:
    """V-2: its folder is not on the import path, and the module is registered."""
    path = list(sys.path)
    py.define(modules=[tools])

    assert py.call("double", 2) == py.call("own_tools.double", 2) == 4
    assert py.call("Model.load", 1) == 1
    assert py.call("own_tools.json.dumps", 1) == "1"
    assert path == sys.path
    assert sys.modules["own_tools"].double(1) == 2


def test_a_file_whose_base_name_is_no_identifier_still_loads(
    py: Defined, tmp_path: pathlib.Path
) -> None:
    """V-2: file names with a hyphen are common."""
    (tmp_path / "my-tools.py").write_text("def half(x): return x / 2\n")
    py.define(modules=[str(tmp_path / "my-tools.py")])

    assert py.call("half", 4) == py.call("my-tools.half", 4) == 2


def test_a_file_is_loaded_once(py: Defined, tmp_path: pathlib.Path) -> None:
    """V-2: a second define finds the same module."""
    path = tmp_path / "own_once.py"
    path.write_text(
        "import sys\n"
        "sys.own_loads = getattr(sys, 'own_loads', 0) + 1\n"
        "def loads(): return sys.own_loads\n"
    )
    py.define(modules=[str(path)])
    py.define(modules=[str(path)])

    assert py.call("loads") == 1


def test_a_file_may_not_take_the_name_of_another_module(
    py: Defined, tmp_path: pathlib.Path
) -> None:
    """V-2: neither of one that is imported nor of the standard library's."""
    for name in ("json.py", "own_tools.py"):
        (tmp_path / name).write_text("x = 1")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "own_tools.py").write_text("x = 2")
    py.define(modules=[str(tmp_path / "own_tools.py")])

    with pytest.raises(ImportError, match=r"imported already \(.*json"):
        py.define(modules=[str(tmp_path / "json.py")])
    with pytest.raises(ImportError, match="imported already"):
        py.define(modules=[str(tmp_path / "other" / "own_tools.py")])
    with pytest.raises(ImportError, match="there is no file"):
        py.define(modules=[str(tmp_path / "own_missing.py")])


def test_a_file_may_not_hide_a_library_module_that_is_not_imported_yet(
    py: Defined, tmp_path: pathlib.Path
) -> None:
    """V-2: whoever imports it later would get ours."""
    (tmp_path / "this.py").write_text("x = 1")

    with pytest.raises(ImportError, match="hide the standard library"):
        py.define(modules=[str(tmp_path / "this.py")])


def test_an_error_in_a_file_leaves_no_half_module(py: Defined, tmp_path: pathlib.Path) -> None:
    """V-2: the next try loads it again."""
    (tmp_path / "own_bad.py").write_text("1 / 0")

    with pytest.raises(ZeroDivisionError):
        py.define(modules=[str(tmp_path / "own_bad.py")])

    assert "own_bad" not in sys.modules


def test_import_paths_stand_first_in_their_order(py: Defined, tmp_path: pathlib.Path) -> None:
    """V-2: before anything is imported."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "own_where.py").write_text(f"def where(): return {folder!r}")
    paths = [str(tmp_path / "one"), str(tmp_path / "two")]

    py.define(import_paths=paths, modules=["own_where"])

    assert paths == sys.path[:2]
    assert py.call("own_where.where") == "one"


def test_own_exposes_what_was_defined_there_or_is_in_all(py: Defined, tools: str) -> None:
    """V-6: not what was imported."""
    py.define(
        """
        from os.path import join, split
        __all__ = ['split']
        def f(): return 1
        class C:
            def m(self): return 2
        """,
        modules=[tools],
        expose="own",
    )

    assert py.call("f") == 1
    assert py.call("C.m", None) == 2
    assert py.call("split", "a/b") == ("a", "b")
    assert py.call("own_tools.double", 1) == 2
    assert "join" not in py.candidates("join")
    assert "own_tools.join" not in py.candidates("own_tools.join")


def test_a_list_exposes_these_names_and_what_is_below_them(py: Defined, tools: str) -> None:
    """V-6: a module's function by either of its names."""
    py.define(
        "def f(): return 1\ndef g(): ...",
        modules=[tools, "json"],
        expose=["f", "Model", "double", "json.dumps"],
    )

    assert py.call("f") == 1
    assert py.call("Model.load", 1) == 1
    assert py.call("own_tools.double", 1) == 2
    assert py.call("json.dumps", 1) == "1"
    assert "g" not in py.candidates("g")
    assert "json.loads" not in py.candidates("json.loads")


def test_marks_make_a_namespace_offer_only_what_is_marked(
    py: Defined, tmp_path: pathlib.Path
) -> None:
    """V-6: under the given names; another module is not affected."""
    (tmp_path / "own_marked.py").write_text(
        "import pyferry\n"
        "@pyferry.expose(name='text.split')\n"
        "def split(text): return text.split()\n"
        "def hidden(): ...\n"
        "class Model:\n"
        "    @staticmethod\n"
        "    @pyferry.expose\n"
        "    def load(x): return x\n"
        "    def other(self): ...\n"
    )
    py.define("def plain(): return 1", modules=[str(tmp_path / "own_marked.py")])

    assert py.call("plain") == 1
    assert py.call("text.split", "a b") == py.call("own_marked.text.split", "a b") == ["a", "b"]
    assert py.call("Model.load", 5) == 5
    for name in ("hidden", "split", "own_marked.hidden", "Model.other", "Model"):
        assert name not in py.candidates(name)


def test_a_marked_function_that_is_imported_marks_nothing_here(
    py: Defined, tmp_path: pathlib.Path
) -> None:
    """V-6: the mark is its own module's."""
    (tmp_path / "own_lib.py").write_text(
        "import pyferry\n@pyferry.expose\ndef shared(): return 1\n"
    )
    py.define("from own_lib import shared\ndef f(): return 2", import_paths=[str(tmp_path)])

    assert py.call("f") == 2
    assert py.call("shared") == 1


def test_a_mark_that_is_made_later_counts_from_the_next_miss(py: Defined) -> None:
    """V-6: a function may import or define what it exposes."""
    py.define(
        """
        import pyferry
        @pyferry.expose
        def first():
            def made(): return 2
            globals()['anything'] = pyferry.expose(name='second')(made)
            return 1
        """
    )

    assert py.call("first") == 1
    assert py.call("second") == 2


def test_a_missing_name_comes_with_the_closest_ones(py: Defined) -> None:
    """V-6: at most five, the closest first."""
    py.define(
        """
        def embed(): ...
        def embed_all(): ...
        def other(): ...
        class Model:
            def fit(self): ...
        """
    )

    assert py.candidates("embd") == ["embed", "embed_all"]
    assert py.candidates("Model.fitt")[0] == "Model.fit"
    assert py.candidates("nothing like it") == []


def test_each_unnamed_define_has_a_file_name_of_its_own(py: Defined) -> None:
    """V-18: or an earlier one's traceback would show a later one's lines."""
    py.define("def f(): return 1")
    py.define("def g(): return 2")

    assert {"<define>", "<define 2>"} == set(py.namespace.sources)
    assert (py.call("f"), py.call("g")) == (1, 2)
