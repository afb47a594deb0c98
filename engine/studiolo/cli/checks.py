"""What `doctor` found, as sentences in English and Chinese, made of a check's values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studiolo.cli.sentences import notice, policy_problem, sentence_of, shown_value
from studiolo.errors import Code
from studiolo.types import Check

Values = Mapping[str, bool | int | float | str]

# "name" or "name:kind": the check before its first dot, and the case of it
TEXTS: dict[str, tuple[str, str]] = {
    "python": ("Python {version}", "Python {version}"),
    "cpu": (
        "{processor}, {instructions}; {cores} cores, {logical} logical processors{extra}; {threads} threads are used",
        "{processor}，{instructions}；{cores} 个核心，{logical} 个逻辑处理器{extra}；使用 {threads} 个线程",
    ),
    "cpu:failed": ("{processor} lacks {missing}, which is needed", "{processor} 缺少所需的 {missing}"),
    "memory": (
        "{available_bytes} available of {total_bytes}, {swap_bytes} swap",
        "可用 {available_bytes}，共 {total_bytes}，交换空间 {swap_bytes}",
    ),
    "memory:limited": (
        "{available_bytes} available of the {total_bytes} that this container may have",
        "可用 {available_bytes}，此容器的上限为 {total_bytes}",
    ),
    "power:mains": ("on mains power", "正在使用外接电源"),
    "power:battery": ("on battery", "正在使用电池"),
    "power:unknown": ("the system does not say where its power comes from", "系统未提供电源信息"),
    "disk": ("{free_bytes} free", "可用空间 {free_bytes}"),
    "home": ("{path}", "{path}"),
    "home:failed": ("{path} cannot be written", "无法写入 {path}"),
    "models": ("{installed}", "{installed}"),
    "models:none": ("none installed", "尚未安装"),
    "models:missing": ("missing: {missing}", "缺少：{missing}"),
    "fit": (
        "{model} fits: {needed_bytes} needed ({parts}), {available_bytes} free",
        "{model} 可以装入：需要 {needed_bytes}（{parts}），可用 {available_bytes}",
    ),
    "fit:loaded": ("{model} is loaded: {needed_bytes} ({parts})", "{model} 已加载：{needed_bytes}（{parts}）"),
    "fit:warning": (
        "{model} does not fit: {needed_bytes} needed ({parts}), {available_bytes} free. {smaller}",
        "{model} 无法装入：需要 {needed_bytes}（{parts}），可用 {available_bytes}。{smaller}",
    ),
    "fit:failed": ("{problem}", "{problem}"),
    "tuning": (
        "{model} runs with {settings}; not calibrated: studiolo doctor --calibrate --model {model}",
        "{model} 的运行设置：{settings}；尚未校准：studiolo doctor --calibrate --model {model}",
    ),
    "tuning:same": (
        (
            "{model} runs with {settings}: the defaults were the fastest; reads {read_tokens_s} and writes "
            "{write_tokens_s} tokens/s; memory moves {bandwidth_bytes_s}/s{faster}"
        ),
        (
            "{model} 的运行设置：{settings}，默认设置即最快；每秒读取 {read_tokens_s}、写出 {write_tokens_s} 个词元；"
            "内存带宽 {bandwidth_bytes_s}/秒{faster}"
        ),
    ),
    "tuning:chosen": (
        (
            "{model} runs with {settings}; reads {read_tokens_s} tokens/s ({default_read_tokens_s} by default), writes "
            "{write_tokens_s} ({default_write_tokens_s}); memory moves {bandwidth_bytes_s}/s{faster}"
        ),
        (
            "{model} 的运行设置：{settings}；每秒读取 {read_tokens_s} 个词元（默认 {default_read_tokens_s}），写出 "
            "{write_tokens_s} 个（默认 {default_write_tokens_s}）；内存带宽 {bandwidth_bytes_s}/秒{faster}"
        ),
    ),
    "readings": (
        "{done} of {total} passages read ahead, {size_bytes} of {budget_bytes} used",
        "已预读 {done} / {total} 个段落，占用 {size_bytes}，上限 {budget_bytes}",
    ),
    "readings:off": ("reading ahead is switched off; {size_bytes} kept", "预读已关闭；保留 {size_bytes}"),
    "policy": ("profile {profile}", "方案 {profile}"),
    "policy:failed": ("{file}, line {line}: {problem}", "{file} 第 {line} 行：{problem}"),
    "pseudonyms:keyring": ("encrypted; the key is in the system keyring", "已加密；密钥在系统密钥环中"),
    "pseudonyms:passphrase": ("encrypted; the key is under a passphrase", "已加密；密钥受口令保护"),
    "pseudonyms:file": (
        "encrypted; the key is in a file of the home (0600): who can copy the home can read it",
        "已加密；密钥在资料文件夹的文件中（0600）：能复制该文件夹的人即可读取",
    ),
    "seal:sealed": (
        "this process can reach no network: {by}, tested by itself; `studiolo doctor --prove` shows each way out",
        "此进程无法访问任何网络：{by}，已自行验证；可用 studiolo doctor --prove 逐项查看",
    ),
    "seal:unverified": (
        "this process can reach no network by its own test ({by}); this project has not been verified on this system",
        "此进程自测无法访问任何网络（{by}）；本项目尚未在此系统上验证",
    ),
    "seal:unsupported": (
        "not sealed: this system offers nothing that a program could use for itself",
        "未隔离网络：此系统没有可供程序自行使用的隔离手段",
    ),
    "seal:refused": ("not sealed: the system refused it", "未隔离网络：系统拒绝了隔离请求"),
    "seal:incomplete": ("not sealed: still open are {open_ways}", "未隔离网络：仍可通行的有 {open_ways}"),
}
_PARTS = (
    "weights {weights_bytes}, keys and values {kv_bytes}, computing {compute_bytes}, for {context_tokens} tokens",
    "权重 {weights_bytes}，键值 {kv_bytes}，计算 {compute_bytes}，上下文 {context_tokens} 个词元",
)
_FASTER = ("; {faster_layout} reads faster here", "；{faster_layout} 在本机读取更快")
_SETTINGS = (
    (
        "{threads_read} threads for reading, {threads_write} for writing, {batch} tokens at once, "
        "flash attention {flash}, keys and values in {kv_type}, at most {draft} tokens drafted"
    ),
    (
        "读取 {threads_read} 线程，写出 {threads_write} 线程，每批 {batch} 个词元，flash attention {flash}，"
        "键值 {kv_type}，最多预拟 {draft} 个词元"
    ),
)


def check_words(check: Check, *, chinese: bool) -> str:
    """One check as a sentence; its `detail` where nothing better is known (an engine of another version)."""
    kind = check.name.partition(".")[0]
    case = _CASES[kind](check.values, check.state) if kind in _CASES else check.state
    text = TEXTS.get(f"{kind}:{case}") or TEXTS.get(kind)
    if text is None or not check.values:
        return check.detail
    try:
        return text[chinese].format_map(_shown(check.values, chinese=chinese)).rstrip()
    except (KeyError, ValueError):
        return check.detail


def _models_case(values: Values, _: str) -> str:
    return "missing" if "missing" in values else "" if values.get("installed") else "none"


def _seal_case(values: Values, _: str) -> str:
    if values.get("sealed"):
        return "sealed" if values.get("verified") else "unverified"
    return str(values.get("reason"))


def _fit_case(values: Values, state: str) -> str:
    return "loaded" if values.get("loaded") else state


def _tuning_case(values: Values, _: str) -> str:
    if not values.get("calibrated"):
        return ""
    return "same" if values.get("is_default") else "chosen"


_CASES: dict[str, Callable[[Values, str], str]] = {
    "memory": lambda values, _: "limited" if values.get("limited") else "",
    "power": lambda values, _: str(values.get("source")),
    "models": _models_case,
    "seal": _seal_case,
    "fit": _fit_case,
    "tuning": _tuning_case,
    "readings": lambda values, _: "" if values.get("on") else "off",
    "pseudonyms": lambda values, _: str(values.get("protection")),
}


def _shown(values: Values, *, chinese: bool) -> dict[str, str]:
    """The values as texts, with those that are put together of several."""
    shown = {name: shown_value(name, value) for name, value in values.items()}
    if "bandwidth_bytes_s" in values:
        shown["bandwidth_bytes_s"] = shown_value("_bytes", values["bandwidth_bytes_s"])
    if "weights_bytes" in values:
        shown["parts"] = _PARTS[chinese].format_map(shown)
    if "smaller" in values:
        shown["smaller"] = _smaller(str(values["smaller"]), chinese=chinese)
    if "kv_type" in values:
        shown["flash"] = notice("on" if values.get("flash_attention") else "off", chinese=chinese)
        shown["settings"] = _SETTINGS[chinese].format_map(shown)
        shown["faster"] = _FASTER[chinese].format_map(shown) if "faster_layout" in values else ""
    if "cores" in values:
        shown["instructions"] = shown["instructions"] or notice("instructions_unknown", chinese=chinese)
        shown["extra"] = _extra(values, chinese=chinese)
    if "problem" in values and "line" in values:
        shown["problem"] = policy_problem(str(values["problem"]), chinese=chinese)
    elif "problem" in values:
        shown["problem"] = sentence_of(Code(str(values["problem"])), shown, chinese=chinese)
    return shown


def _smaller(model: str, *, chinese: bool) -> str:
    return notice("would_fit" if model else "none_would_fit", {"model": model}, chinese=chinese)


def _extra(values: Values, *, chinese: bool) -> str:
    """What only some processors have: two threads a core, two kinds of cores, several memory nodes, a quota."""
    performance = values.get("performance_cores", 0)
    said = [
        ("cpu_smt", values.get("smt"), values),
        ("cpu_kinds", performance and performance != values["cores"], values),
        ("cpu_numa", int(values.get("numa_nodes", 1)) > 1, values),
        ("cpu_quota", values.get("quota"), {**values, "quota": f"{float(values.get('quota', 0)):g}"}),
    ]
    words = [notice(name, {**given}, chinese=chinese) for name, wanted, given in said if wanted]
    if not words:
        return ""
    return f"（{'，'.join(words)}）" if chinese else f" ({', '.join(words)})"
