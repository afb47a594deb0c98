"""Documents for the soak: invented, in English and Chinese, of several formats, each the same whenever it is made."""

from __future__ import annotations

import random
from pathlib import Path

_SUBJECTS = ("The harbour office", "The archive", "The second tenant", "A visiting surveyor", "The night porter")
_VERBS = ("keeps", "lends", "repairs", "counts", "describes", "forwards")
_OBJECTS = ("the brass keys", "forty-one ledgers", "the lift motor", "a map of the drains", "every invoice")
_TAILS = ("before the first frost.", "on the third floor.", "without asking twice.", "at the owner's expense.")
_ZH = ("档案室", "二楼的租户", "夜班门卫", "测量员", "港务办公室")
_ZH_DO = ("保管", "修理", "清点", "登记", "转交")
_ZH_WHAT = ("四十一本账簿", "电梯马达", "排水图纸", "全部发票", "铜钥匙")


def sentence(dice: random.Random) -> str:
    """One English sentence with a number in it, so that hardly two are the same."""
    number = dice.randrange(10_000)
    return f"{dice.choice(_SUBJECTS)} {dice.choice(_VERBS)} {dice.choice(_OBJECTS)} no. {number} {dice.choice(_TAILS)}"


def chinese(dice: random.Random) -> str:
    """One Chinese sentence with a number in it."""
    return f"{dice.choice(_ZH)}{dice.choice(_ZH_DO)}第{dice.randrange(10_000)}号{dice.choice(_ZH_WHAT)}。"


def paper(folder: Path, name: str, dice: random.Random, *, sentences: int, also: str = "") -> Path:
    """Write one document; the format goes by the name's suffix. `also` is a sentence of its own in the middle."""
    lines = [chinese(dice) if dice.random() < 0.4 else sentence(dice) for _ in range(sentences)]
    if also:
        lines.insert(len(lines) // 2, also)
    path = folder / name
    if name.endswith(".html"):
        text = "<html><body><h1>Report</h1>" + "".join(f"<p>{line}</p>" for line in lines) + "</body></html>"
    elif name.endswith(".md"):
        text = "# Report\n\n" + "\n\n## Part\n\n".join(" ".join(lines[at : at + 6]) for at in range(0, len(lines), 6))
    else:
        text = "\n\n".join(" ".join(lines[at : at + 4]) for at in range(0, len(lines), 4))
    path.write_text(text, encoding="utf-8")
    return path


def folder_of_papers(folder: Path, *, files: int, seed: str) -> list[Path]:
    """`files` documents of 2 to 40 sentences."""
    dice = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    return [
        paper(folder, f"{number:04d}{dice.choice(('.txt', '.md', '.html'))}", dice, sentences=dice.randint(2, 40))
        for number in range(files)
    ]
