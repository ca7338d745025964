"""Codecs that users register (D-3)."""

from __future__ import annotations

import datetime
import decimal
import enum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyferry
from pyferry import registry
from pyferry.errors import UnserializableError
from pyferry.marks import Attachments, place_marks
from test_marks import back, marked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def only_these() -> Iterator[None]:
    """Forget them after the test."""
    yield
    registry.encodings.clear()
    registry.decodings.clear()
    registry.rules.clear()


class Money:
    def __init__(self, amount: Any, currency: str = "EUR") -> None:
        self.amount = amount
        self.currency = currency

    def model_dump(self) -> Any:
        raise AssertionError("codecs come first")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.currency)


class Tip(Money):
    pass


def register_money(**more: Any) -> None:
    pyferry.register_codec(Money, lambda money: (money.amount, money.currency), **more)


def test_what_a_codec_returns_is_itself_converted() -> None:
    """D-3: by the codec of a class above too; without a name nothing else is told."""
    register_money()

    assert marked({"x": [Money({2**60}), Tip(b"a")]}) == (
        {"x": [[[str(2**60)], "EUR"], [0, "EUR"]]},
        [
            [["x", 0, 0, 0], "int"],
            [["x", 0, 0], "set"],
            [["x", 1, 0], "bytes"],
        ],
        [b"a"],
    )


def test_the_nearest_class_decides_from_the_moment_it_is_registered() -> None:
    """D-3: also for classes that have been sent before."""
    register_money()
    assert marked(Tip(1))[0] == [1, "EUR"]

    pyferry.register_codec(Tip, lambda tip: tip.amount)

    assert marked([Tip(1), Money(2)])[0] == [1, [2, "EUR"]]


@pytest.mark.parametrize(
    ("cls", "value"),
    [
        (decimal.Decimal, decimal.Decimal(1)),
        (datetime.datetime, datetime.datetime(2024, 1, 1)),
        (enum.Enum, enum.Enum("Color", "RED")["RED"]),
        (type("Number", (int,), {}), type("Number", (int,), {})(1)),
        (type, int),
    ],
)
def test_codecs_come_before_the_rules_for_known_types(cls: Any, value: Any) -> None:
    """D-3: subclasses of plain types among them."""
    if cls.__name__ == "Number":
        cls = type(value)
    pyferry.register_codec(cls, lambda _: "mine")

    assert marked([value])[0] == ["mine"]


def test_a_name_marks_the_place_behind_what_is_inside() -> None:
    """D-3: codecs of codecs are told in the order in which they are undone."""
    register_money(name="money")
    pyferry.register_codec(Tip, lambda tip: Money(tip.amount), name="tip")

    assert marked([Tip({1})]) == (
        [[[1], "EUR"]],
        [[[0, 0], "set"], [[0], ["codec", "money"]], [[0], ["codec", "tip"]]],
        [],
    )


def test_a_map_that_begins_anew_forgets_the_names_in_it() -> None:
    """D-5: as it does other marks."""
    register_money(name="money")

    assert marked({"a": Money(b"x"), 1: 2}) == (
        [["a", [0, "EUR"]], [1, 2]],
        [[[0, 1, 0], "bytes"], [[0, 1], ["codec", "money"]], [[], "map"]],
        [b"x"],
    )


@given(
    st.recursive(
        st.integers() | st.binary(),
        lambda inner: (
            st.builds(Money, inner)
            | st.lists(inner)
            | st.tuples(st.integers(), inner).map(lambda pair: dict([pair]))
        ),
    )
)
def test_values_of_a_name_come_back_equal(value: Any) -> None:
    """D-3: wherever they are, in each other too."""
    register_money(name="money", decode=lambda sent: Money(*sent))

    assert back(value) == value


def test_keys_and_elements_may_be_of_a_name() -> None:
    """D-3: what is made of them is hashed, not what was sent."""
    register_money(name="money", decode=lambda sent: Money(*sent))

    assert back({Money(1): {Money(2)}}) == {Money(1): {Money(2)}}


def test_a_name_that_is_not_known_leaves_what_was_sent() -> None:
    """D-3: the other side may know more."""
    register_money(name="money")

    assert back([Money({1})]) == [[{1}, "EUR"]]


def fails(_: Any) -> Any:
    raise KeyError("no rate")


def test_an_error_of_encode_fails_that_call_with_its_path() -> None:
    """D-6: and is its cause."""
    pyferry.register_codec(Money, fails)

    with pytest.raises(UnserializableError, match=r"codec of Money has failed.*no rate") as caught:
        marked({"items": [Money(1)]}, is_strict=False)

    assert caught.value.path == "result.items[0]"
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_of_decode_fails_that_call_with_its_path() -> None:
    """D-6: and is its cause."""
    pyferry.register_codec(Money, name="money", decode=fails)
    args = [{"price": 1}]
    places = place_marks(args, {}, [[[0, "price"], ["codec", "money"]]], Attachments([]))

    with pytest.raises(UnserializableError, match=r"codec 'money' has failed.*no rate") as caught:
        places.revive()

    assert caught.value.path == "args[0].price"
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("name", [None, "money"])
def test_a_codec_that_leads_nowhere_is_refused(name: str | None) -> None:
    """D-6: rather than followed for ever."""
    pyferry.register_codec(Money, lambda _: Money(1), name=name)

    with pytest.raises(UnserializableError, match=r"lead nowhere|codec of Money") as caught:
        marked([Money(1)])

    assert caught.value.path == "result[0]"


@pytest.mark.parametrize(
    ("cls", "functions", "words"),
    [
        ("Money", {"encode": repr}, "must be a class, not 'Money'"),
        (int, {"encode": repr}, "int is a plain type"),
        (set, {"encode": repr}, "set is a plain type"),
        (object, {"encode": repr}, "object is a plain type"),
        (Money, {}, "encode or decode must be given"),
        (Money, {"encode": 1}, "encode must be a function, not 1"),
        (Money, {"decode": 1, "name": "m"}, "decode must be a function, not 1"),
        (Money, {"decode": repr}, "decode needs a name"),
        (Money, {"encode": repr, "name": ""}, "name must be a text that is not empty, not ''"),
    ],
)
def test_what_cannot_be_registered_is_told(cls: Any, functions: Any, words: str) -> None:
    """D-3: at once, by name."""
    with pytest.raises(TypeError, match=words):
        pyferry.register_codec(cls, **functions)
    assert not registry.encodings
    assert not registry.decodings


def test_a_worker_starts_without_it() -> None:
    """It is loaded when it is asked for; other names are still unknown."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pyferry.nothing  # type: ignore[attr-defined]
