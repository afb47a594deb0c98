"""Grammars that callers write in GBNF, looked through before llama.cpp sees them.

llama.cpp prints a grammar it cannot parse to stderr, text and all, loops for ever over some recursions (it takes a rule
that is empty by way of another one for a rule that is not) and over `{3,2}`, and needs exponential time for others. So
a grammar is parsed here as llama.cpp would, and what it would refuse or not survive is refused with the line it stands
in. Nothing of its text is in an error. Threads: any.

Source: llama.cpp, grammars/README.md and src/llama-grammar.cpp (https://github.com/ggml-org/llama.cpp).
"""

from __future__ import annotations

import re
from typing import NoReturn

from studiolo.errors import Code, UserError
from studiolo.inference.library import library

MOST_CHARACTERS = 100_000  # of a grammar
MOST_ELEMENTS = 20_000  # with its repetitions written out
MOST_COUNTED = 1000  # that a repetition may name
MOST_NESTED = 50  # groups inside groups
MOST_STARTS = 2000  # ways to begin a rule: llama.cpp follows each of them apart, at each token
_REPEATED = 2000  # llama.cpp's own limit, MAX_REPETITION_THRESHOLD: rules in what is repeated, times how often

_NAME = re.compile(r"[a-zA-Z0-9-]+")
_COUNTS = re.compile(r"\{[ \t]*([0-9]{1,9})[ \t]*(,[ \t]*([0-9]{1,9})?[ \t]*)?\}")
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([trn\\\"\[\]]))")
_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_WORDS = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\r\n]*|\{[^}]*\}|([a-zA-Z0-9-]+)', re.DOTALL)

_CHARACTER = -1  # an element that stands for one character; others are numbers of rules
_Sequence = list[int]


def checked_grammar(text: str) -> str:
    """The grammar as it is given. Raises UserError(bad_request) with what is wrong and where."""
    if len(text) > MOST_CHARACTERS:
        _refuse(f"longer than {MOST_CHARACTERS} characters")
    if any(char < " " and char not in "\t\r\n" for char in text) or any("\ud800" <= char < "\ue000" for char in text):
        _refuse("control characters are not supported")
    parsed = _Parser(text)
    parsed.read()
    _bounded(parsed.rules)
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


class _Parser:
    """Reads rules as llama.cpp does: groups and repetitions become rules of their own."""

    def __init__(self, text: str) -> None:
        self.rules: list[list[_Sequence]] = []
        self._text = text
        self._at = 0
        self._numbers: dict[str, int] = {}
        self._defined: set[int] = set()
        self._elements = 0
        self._depth = 0

    def read(self) -> None:
        """All rules."""
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

    def _alternatives(self, *, nested: bool) -> tuple[list[_Sequence], int]:
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

    def _sequence(self, *, nested: bool) -> tuple[_Sequence, int]:
        sequence: _Sequence = []
        counted = 0  # rules of the whole sequence
        last: _Sequence = []  # what a repetition repeats
        inside = 1  # rules of it
        while True:
            here = self._here()
            if here == '"':
                last, inside = ([_CHARACTER] if self._literal(sequence) else []), 1
            elif here == "[":
                self._class()
                last, inside = [_CHARACTER], 1
                sequence += last
            elif here == ".":
                self._at += 1
                last, inside = [_CHARACTER], 1
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

    def _literal(self, sequence: _Sequence) -> bool:
        self._at += 1
        before = len(sequence)
        while self._here() != '"':
            if not self._here():
                self._wrong("a text without an end")
            if self._character() == 0:
                self._wrong("\\x00 cannot be written")
            sequence.append(_CHARACTER)
            self._count(1)
        self._at += 1
        return len(sequence) > before

    def _class(self) -> None:
        self._at += 1
        if self._here() == "^":
            self._at += 1
        if self._here() == "]":
            self._wrong("an empty choice of characters")
        while self._here() != "]":
            if not self._here():
                self._wrong("a choice of characters without an end")
            first = self._character()
            self._count(1)
            if self._here() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                if not self._here():
                    self._wrong("a choice of characters without an end")
                if self._character() < first:
                    self._wrong("a range whose end is before its beginning")
        self._at += 1

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

    def _repeat(self, sequence: _Sequence, last: _Sequence, least: int, most: int | None) -> int:
        """Write a repetition out; how many rules that took. S{m,n} is m times S, then n - m rules `S' ::= S S'' |`."""
        if least == 0:
            del sequence[len(sequence) - len(last) :]
        self._count(max(0, least - 1) + 3 * (1 if most is None else most - least))
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
        if int(code, 16) > 0x10FFFF:
            self._wrong("an escape beyond Unicode")
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


def _bounded(rules: list[list[_Sequence]]) -> None:
    """Refuse rules that begin with themselves, and rules that begin in too many ways."""
    empty = _may_be_empty(rules)
    firsts: list[list[int]] = []  # of each rule: what can stand first in it
    for alternatives in rules:
        first: list[int] = []
        for sequence in alternatives:
            for element in sequence:
                first.append(element)
                if element == _CHARACTER or not empty[element]:
                    break
        if len(first) > MOST_STARTS:
            _refuse(f"a rule can begin in more than {MOST_STARTS} ways")
        firsts.append(first)
    ways = [0] * len(rules)  # to begin each rule; 0 = not known yet
    open_now = [False] * len(rules)
    for start in range(len(rules)):
        todo = [] if ways[start] else [start]
        while todo:
            rule = todo[-1]
            open_now[rule] = True
            unknown = {element for element in firsts[rule] if element != _CHARACTER and not ways[element]}
            if any(open_now[element] for element in unknown):
                _refuse("a rule begins with itself (left recursion)")
            if unknown:
                todo.append(unknown.pop())
                continue
            ways[rule] = 1 + sum(1 if element == _CHARACTER else ways[element] for element in firsts[rule])
            if ways[rule] > MOST_STARTS:
                _refuse(f"a rule can begin in more than {MOST_STARTS} ways")
            open_now[rule] = False
            todo.pop()


def _may_be_empty(rules: list[list[_Sequence]]) -> list[bool]:
    """Of each rule, whether it may stand for no text at all."""
    empty = [False] * len(rules)
    users: list[set[int]] = [set() for _ in rules]
    for rule, alternatives in enumerate(rules):
        for sequence in alternatives:
            for element in sequence:
                if element != _CHARACTER:
                    users[element].add(rule)
    todo = list(range(len(rules)))
    while todo:
        rule = todo.pop()
        if empty[rule]:
            continue
        if any(all(e != _CHARACTER and empty[e] for e in sequence) for sequence in rules[rule]):
            empty[rule] = True
            todo += users[rule]
    return empty


def _refuse(problem: str) -> NoReturn:
    raise UserError(Code.BAD_REQUEST, field="grammar", problem=f"GBNF grammar: {problem}")
