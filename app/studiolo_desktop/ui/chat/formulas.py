r"""Formulas in an answer as readable text: `\frac{a}{b}` as a/b, `x^2` raised, `\alpha` as α. Text in, HTML out.

A model writes LaTeX between `\( \)`, `\[ \]`, `$ $` and `$$ $$`. Setting it would take a typesetter; what stands in
answers is mostly short, and reads well as signs with raised and lowered letters. What is not known stays as written.
"""

from __future__ import annotations

import re
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_INLINE = re.compile(r"\\\((.+?)\\\)|\$\$(.+?)\$\$|\$(?![\s\d])([^$\n]+?)(?<!\s)\$(?!\d)", re.DOTALL)
_BLOCKS = {"\\[": "\\]", "$$": "$$"}
_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "leq": "≤", "le": "≤",
    "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "approx": "≈", "equiv": "≡", "sim": "∼", "propto": "∝",
    "infty": "∞", "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "int": "∫", "in": "∈", "notin": "∉",
    "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩", "emptyset": "∅", "forall": "∀", "exists": "∃",
    "neg": "¬", "land": "∧", "lor": "∨", "to": "→", "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒",
    "Leftrightarrow": "⇔", "mapsto": "↦", "ldots": "…", "dots": "…", "cdots": "⋯", "circ": "∘", "degree": "°",
    "angle": "∠", "perp": "⊥", "parallel": "∥", "ell": "ℓ", "hbar": "ℏ", "quad": "  ", "qquad": "    ",
    "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "mid": "|",
}  # fmt: skip
_PLAIN = ("text", "mathrm", "mathbf", "mathit", "operatorname", "textbf", "mathcal", "mathbb", "boxed")
_SILENT = ("left", "right", "displaystyle", "limits", "big", "Big", "bigl", "bigr")
_NAMES = ("sin", "cos", "tan", "log", "ln", "exp", "max", "min", "lim", "det", "gcd", "arg", "mod", "bmod")
_SPACES = {"\\": "<br>", ",": " ", ";": " ", ":": " ", " ": " ", "!": ""}
_COMMAND = re.compile(r"\\([A-Za-z]+)|\\(.)", re.DOTALL)


def formula_html(latex: str) -> str:
    """The formula as HTML of one line, or of as many as it has."""
    return _Reader(latex.strip()).all()


def install(parser: MarkdownIt) -> MarkdownIt:
    """Let a parser know formulas: tokens `formula` and `formula_block`, whose content is LaTeX."""
    parser.inline.ruler.before("escape", "formula", _inline)
    parser.block.ruler.before("fence", "formula_block", _block, {"alt": ["paragraph", "blockquote", "list"]})
    return parser


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    found = _INLINE.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = next(part for part in found.groups() if part is not None)
    state.pos = found.end()
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    closing = next((last for opening, last in _BLOCKS.items() if first.startswith(opening)), None)
    if closing is None:
        return False
    lines: list[str] = []
    for line in range(start, end):
        text = state.src[state.bMarks[line] : state.eMarks[line]].strip()
        text = text[2:] if line == start else text
        if text.endswith(closing):
            if not silent:
                token = state.push("formula_block", "", 0)
                token.content = "\n".join([*lines, text.removesuffix(closing)])
                token.map = [start, line + 1]
                state.line = line + 1
            return True
        if closing in text:
            return False
        lines.append(text)
    return False


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, latex: str) -> None:
        self._latex = latex
        self._at = 0

    def all(self) -> str:
        out: list[str] = []
        while self._at < len(self._latex):
            out.append(self._one())
        return "".join(out)

    def _one(self) -> str:
        char = self._latex[self._at]
        if char == "\\":
            return self._command()
        if char in "^_":
            self._at += 1
            tag = "sup" if char == "^" else "sub"
            return f"<{tag}>{self._argument()}</{tag}>"
        if char == "{":
            return self._argument()
        self._at += 1
        return "" if char in "}&" else "<br>" if char == "\n" else escape(char)

    def _command(self) -> str:
        found = _COMMAND.match(self._latex, self._at)
        if found is None:
            self._at += 1
            return "\\"
        self._at = found.end()
        name, sign = found.groups()
        if name is None:
            return _SPACES.get(sign, escape(sign))
        match name:
            case "frac" | "dfrac" | "tfrac":
                above, below = self._argument(), self._argument()
                html = f"{_grouped(above)}/{_grouped(below)}"
            case "sqrt":
                html = f"√{_grouped(self._argument())}"
            case _ if name in _PLAIN:
                html = self._argument()
            case _ if name in _SILENT:
                html = ""
            case _:
                html = _SIGNS.get(name) or (name if name in _NAMES else escape(found.group()))
        return html

    def _argument(self) -> str:
        """What stands in braces, or the next sign alone."""
        while self._at < len(self._latex) and self._latex[self._at] == " ":
            self._at += 1
        if self._at >= len(self._latex):
            return ""
        if self._latex[self._at] != "{":
            return self._one()
        depth, start = 0, self._at + 1
        for at in range(self._at, len(self._latex)):
            depth += {"{": 1, "}": -1}.get(self._latex[at], 0)
            if depth == 0:
                self._at = at + 1
                return _Reader(self._latex[start:at]).all()
        self._at = len(self._latex)
        return _Reader(self._latex[start:]).all()


def _grouped(html: str) -> str:
    return html if re.fullmatch(r"[\w.]+|\w<su[pb]>\w</su[pb]>", html) else f"({html})"
