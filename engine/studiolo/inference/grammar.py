"""Grammars that callers write in GBNF, looked through before llama.cpp sees them.

llama.cpp prints a grammar it cannot parse to stderr, text and all, loops for ever over some recursions (it takes a rule
that is empty by way of another one for a rule that is not) and over `{3,2}`, and needs exponential time for others. So
a grammar is parsed here as llama.cpp would, and what it would refuse or not survive is refused with the line it stands
in. Nothing of its text is in an error. Threads: any.

Source: llama.cpp, grammars/README.md and src/llama-grammar.cpp (https://github.com/ggml-org/llama.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from studiolo.errors import Code, UserError
from studiolo.inference.library import library

MOST_CHARACTERS = 100_000  # of a grammar
MOST_ELEMENTS = 20_000  # with its repetitions written out
MOST_COUNTED = 1000  # that a repetition may name
MOST_NESTED = 50  # groups inside groups
MOST_STARTS = 2000  # ways to begin a rule: llama.cpp follows each of them apart, at each token
_REPEATED = 2000  # llama.cpp's own limit, MAX_REPETITION_THRESHOLD: rules in what is repeated, times how often

_LAST = 0x10FFFF

_NAME = re.compile(r"[a-zA-Z0-9-]+")
_COUNTS = re.compile(r"\{[ \t]*([0-9]{1,9})[ \t]*(,[ \t]*([0-9]{1,9})?[ \t]*)?\}")
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([trn\\\"\[\]]))")
_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_WORDS = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\r\n]*|\{[^}]*\}|([a-zA-Z0-9-]+)', re.DOTALL)

Sequence = list[int]
"""What stands behind one another: numbers of rules, and below 0 choices of a character (-1 is the first of them)."""

Ranges = tuple[tuple[int, int], ...]
"""A choice of a character: first and last code point of each range."""


def checked_grammar(text: str) -> str:
    """The grammar as it is given. Raises UserError(bad_request) with what is wrong and where."""
    if len(text) > MOST_CHARACTERS:
        _refuse(f"longer than {MOST_CHARACTERS} characters")
    if any(char < " " and char not in "\t\r\n" for char in text) or any("\ud800" <= char < "\ue000" for char in text):
        _refuse("control characters are not supported")
    Parsed(text)
    lib = library()
    sampler = lib.llama_sampler_init_grammar(None, text.encode(), b"root")
    if not sampler:
        _refuse("llama.cpp cannot use it")
    lib.llama_sampler_free(sampler)
    return text


def prefixed(grammar: str, prefix: str) -> str:
    """The same grammar with `prefix` before the name of each rule, so that several can stand in one text."""

    def named(word: re.Match[str]) -> str:
        return f"{prefix}{word[1]}" if word[1] else word[0]

    return _WORDS.sub(named, grammar)


def literal(text: str) -> str:
    """A terminal that is `text`. Raises nothing: every character can be written."""
    escaped = (f"\\U{ord(char):08X}" if char in '"\\' or not char.isprintable() else char for char in text)
    return f'"{"".join(escaped)}"'


class Parsed:
    """Rules read as llama.cpp does: groups and repetitions become rules of their own.

    `rules`: the alternatives of each. `choices`: of characters, by -1 - element. `empty`: which rules may stand for no
    text. `order`: the rules, each behind those it can begin with.
    """

    def __init__(self, text: str) -> None:
        """Raises UserError(bad_request)."""
        self.rules: list[list[Sequence]] = []
        self.choices: list[Ranges] = []
        self._choice_numbers: dict[Ranges, int] = {}
        self._text = text
        self._at = 0
        self._numbers: dict[str, int] = {}
        self._defined: set[int] = set()
        self._elements = 0
        self._depth = 0
        self._read()
        self.empty = _may_be_empty(self.rules)
        self.order = _bounded(self.rules, self.empty)
        self.root = self._numbers["root"]

    def _read(self) -> None:
        self._skip(lines=True)
        while self._at < len(self._text):
            self._rule()
        if "root" not in self._numbers:
            self._wrong("a rule named root is needed")
        if len(self._defined) < len(self._numbers):
            _refuse("a rule is used and not defined")

    def _rule(self) -> None:
        name = self._name()
        number = self._number(name)
        if number in self._defined:
            self._wrong("the rule is defined twice")
        self._defined.add(number)
        self._skip(lines=False)
        if not self._text.startswith("::=", self._at):
            self._wrong("::= is needed behind a rule's name (letters, digits and -)")
        self._at += 3
        self._skip(lines=True)
        self.rules[number], _ = self._alternatives(nested=False)
        if self._at < len(self._text) and self._text[self._at] not in "\r\n":
            self._wrong("not understood")
        self._skip(lines=True)

    def _alternatives(self, *, nested: bool) -> tuple[list[Sequence], int]:
        """What may stand there, and how many rules it took or names."""
        sequence, counted = self._sequence(nested=nested)
        found = [sequence]
        while self._here() == "|":
            self._at += 1
            self._skip(lines=True)
            sequence, more = self._sequence(nested=nested)
            found.append(sequence)
            counted += more
        return found, counted

    def _sequence(self, *, nested: bool) -> tuple[Sequence, int]:
        sequence: Sequence = []
        counted = 0  # rules of the whole sequence
        last: Sequence = []  # what a repetition repeats
        inside = 1  # rules of it
        while True:
            here = self._here()
            if here == '"':
                last, inside = self._literal(sequence), 1
            elif here == "[":
                last, inside = [self._class()], 1
                sequence += last
            elif here == ".":
                self._at += 1
                last, inside = [self._choice(((0, _LAST),))], 1
                sequence += last
            elif here == "(":
                number, inside = self._group()
                last = [number]
                sequence += last
                counted += inside
            elif here and here in "*+?{":
                if not last:
                    self._wrong("a repetition needs one rule, text, choice or group before it")
                least, most = self._repetition()
                if inside * max(1, most or least) >= _REPEATED:
                    self._wrong(f"a repetition makes {_REPEATED} rules and more")
                counted += self._repeat(sequence, last, least, most)
                last = []  # of a repetition repeated, llama.cpp takes more or less than what was meant
            elif _NAME.match(here):
                last, inside = [self._number(self._name())], 1
                sequence += last
                counted += 1
            else:
                return sequence, counted
            self._count(1)
            self._skip(lines=nested)

    def _literal(self, sequence: Sequence) -> Sequence:
        """Write a text out, and give it: a repetition behind it repeats the whole."""
        self._at += 1
        before = len(sequence)
        while self._here() != '"':
            if not self._here():
                self._wrong("a text without an end")
            code = self._character()
            if code == 0:
                self._wrong("\\x00 cannot be written")
            sequence.append(self._choice(((code, code),)))
            self._count(1)
        self._at += 1
        return sequence[before:]

    def _class(self) -> int:
        self._at += 1
        inverse = self._here() == "^"
        self._at += inverse
        if self._here() == "]":
            self._wrong("an empty choice of characters")
        ranges: list[tuple[int, int]] = []
        while self._here() != "]":
            if not self._here():
                self._wrong("a choice of characters without an end")
            first = last = self._character()
            self._count(1)
            if self._here() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                if not self._here():
                    self._wrong("a choice of characters without an end")
                last = self._character()
                if last < first:
                    self._wrong("a range whose end is before its beginning")
            ranges.append((first, last))
        self._at += 1
        chosen = _others(ranges) if inverse else tuple(sorted(ranges))
        if not chosen:
            self._wrong("an empty choice of characters")
        return self._choice(chosen)

    def _choice(self, ranges: Ranges) -> int:
        if ranges not in self._choice_numbers:
            self._choice_numbers[ranges] = len(self.choices)
            self.choices.append(ranges)
        return -1 - self._choice_numbers[ranges]

    def _group(self) -> tuple[int, int]:
        self._depth += 1
        if self._depth > MOST_NESTED:
            self._wrong(f"more than {MOST_NESTED} groups inside one another")
        self._at += 1
        self._skip(lines=True)
        number = self._new()
        self.rules[number], counted = self._alternatives(nested=True)
        if self._here() != ")":
            self._wrong("a group without an end")
        self._at += 1
        self._depth -= 1
        return number, counted + 1

    def _repetition(self) -> tuple[int, int | None]:
        """At least and at most; None: without end."""
        here = self._here()
        if here != "{":
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[here]
        counts = _COUNTS.match(self._text, self._at)
        if counts is None:
            self._wrong("a repetition is {m}, {m,} or {m,n}")
        self._at = counts.end()
        least = int(counts[1])
        most = least if not counts[2] else int(counts[3]) if counts[3] else None
        if max(least, most or 0) > MOST_COUNTED:
            self._wrong(f"a repetition of more than {MOST_COUNTED}")
        if most is not None and (most < least or most == 0):
            self._wrong("a repetition whose most is below its least, or 0")
        return least, most

    def _repeat(self, sequence: Sequence, last: Sequence, least: int, most: int | None) -> int:
        """Write a repetition out; how many rules that took. S{m,n} is m times S, then n - m rules `S' ::= S S'' |`."""
        if least == 0:
            del sequence[len(sequence) - len(last) :]
        self._count(len(last) * max(0, least - 1) + (len(last) + 2) * (1 if most is None else most - least))
        sequence += last * max(0, least - 1)
        follower: int | None = None
        made = 1 if most is None else most - least
        for _ in range(made):
            number = self._new()
            behind = [number] if most is None else [] if follower is None else [follower]
            self.rules[number] = [[*last, *behind], []]
            follower = number
        if follower is not None:
            sequence.append(follower)
        return made

    def _character(self) -> int:
        if self._here() != "\\":
            self._at += 1
            return ord(self._text[self._at - 1])
        escaped = _ESCAPED.match(self._text, self._at)
        if escaped is None:
            self._wrong("an unknown escape")
        self._at = escaped.end()
        code = escaped[1] or escaped[2] or escaped[3]
        if code is None:
            return ord({"t": "\t", "r": "\r", "n": "\n"}.get(escaped[4], escaped[4]))
        if int(code, 16) > _LAST or 0xD800 <= int(code, 16) < 0xE000:
            self._wrong("an escape that is no character of Unicode")
        return int(code, 16)

    def _name(self) -> str:
        name = _NAME.match(self._text, self._at)
        if name is None:
            self._wrong("a rule's name is needed: letters, digits and -")
        self._at = name.end()
        return name[0]

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = self._new()
        return self._numbers[name]

    def _new(self) -> int:
        self._count(1)
        self.rules.append([])
        return len(self.rules) - 1

    def _count(self, elements: int) -> None:
        self._elements += elements
        if self._elements > MOST_ELEMENTS:
            self._wrong(f"more than {MOST_ELEMENTS} elements with repetitions written out")

    def _here(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, *, lines: bool) -> None:
        space = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        self._at = space.end() if space else self._at

    def _wrong(self, problem: str) -> NoReturn:
        _refuse(f"line {self._text.count(chr(10), 0, self._at) + 1}: {problem}")


def _others(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All characters but those."""
    left: list[tuple[int, int]] = []
    at = 0
    for first, last in sorted(ranges):
        if at < first:
            left.append((at, first - 1))
        at = max(at, last + 1)
    return (*left, (at, _LAST)) if at <= _LAST else tuple(left)


def _bounded(rules: list[list[Sequence]], empty: list[bool]) -> list[int]:
    """The rules, each behind those it can begin with. Refuses those that begin with themselves or in too many ways."""
    firsts: list[list[int]] = []  # of each rule: what can stand first in it
    for alternatives in rules:
        first: list[int] = []
        for sequence in alternatives:
            for element in sequence:
                first.append(element)
                if element < 0 or not empty[element]:
                    break
        if len(first) > MOST_STARTS:
            _refuse(f"a rule can begin in more than {MOST_STARTS} ways")
        firsts.append(first)
    ways = [0] * len(rules)  # to begin each rule; 0 = not known yet
    open_now = [False] * len(rules)
    order: list[int] = []
    for start in range(len(rules)):
        todo = [] if ways[start] else [start]
        while todo:
            rule = todo[-1]
            open_now[rule] = True
            unknown = {element for element in firsts[rule] if element >= 0 and not ways[element]}
            if any(open_now[element] for element in unknown):
                _refuse("a rule begins with itself (left recursion)")
            if unknown:
                todo.append(unknown.pop())
                continue
            ways[rule] = 1 + sum(1 if element < 0 else ways[element] for element in firsts[rule])
            if ways[rule] > MOST_STARTS:
                _refuse(f"a rule can begin in more than {MOST_STARTS} ways")
            open_now[rule] = False
            order.append(rule)
            todo.pop()
    return order


def _may_be_empty(rules: list[list[Sequence]]) -> list[bool]:
    """Of each rule, whether it may stand for no text at all."""
    empty = [False] * len(rules)
    users: list[set[int]] = [set() for _ in rules]
    for rule, alternatives in enumerate(rules):
        for sequence in alternatives:
            for element in sequence:
                if element >= 0:
                    users[element].add(rule)
    todo = list(range(len(rules)))
    while todo:
        rule = todo.pop()
        if empty[rule]:
            continue
        if any(all(element >= 0 and empty[element] for element in sequence) for sequence in rules[rule]):
            empty[rule] = True
            todo += users[rule]
    return empty


def _refuse(problem: str) -> NoReturn:
    raise UserError(Code.BAD_REQUEST, field="grammar", problem=f"GBNF grammar: {problem}")
