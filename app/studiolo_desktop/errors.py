"""What the window says for each error code: what happened, and what to do. In English and Simplified Chinese.

The one mapping table of this edge; a test checks that every code is in it. `{name}` is the file's name, `{path}` the
whole path; sizes are written for people. A value that did not come leaves a gap rather than an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from studiolo.errors import Code
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.i18n import Language, size_text


@dataclass(frozen=True, slots=True)
class Sentence:
    """What happened, and what the person can do about it ("" where there is nothing to do)."""

    what: str
    todo: str


_Row = tuple[tuple[str, str], tuple[str, str]]  # (English what, todo), (Chinese what, todo)

SENTENCES: dict[Code, _Row] = {
    Code.FILE_MISSING: (
        ("“{name}” is not there any more.", "Check that it was not moved or renamed, then add it again."),
        ("找不到“{name}”。", "请确认文件没有被移动或改名，然后重新添加。"),
    ),
    Code.FILE_CHANGED: (
        ("“{name}” has changed since it was read.", "Add it again."),
        ("“{name}”在读入之后已更改。", "请重新添加。"),
    ),
    Code.FILE_UNREADABLE: (
        ("“{name}” cannot be read.", "Check that you may open this file, then try again."),
        ("无法读取“{name}”。", "请确认您有权打开此文件，然后重试。"),
    ),
    Code.UNKNOWN_FORMAT: (
        ("“{name}” is of a kind that cannot be read yet.", "These can: {known}."),
        ("暂不支持“{name}”的格式。", "支持的格式：{known}。"),
    ),
    Code.EMPTY_DOCUMENT: (
        ("No text was found in “{name}”.", "If it is a scan, run text recognition on it first."),
        ("“{name}”中没有找到文字。", "如果是扫描件，请先进行文字识别。"),
    ),
    Code.NEEDS_PASSWORD: (
        ("“{name}” is locked with a password.", "Try it again and give the password."),
        ("“{name}”设有密码。", "请重试并输入密码。"),
    ),
    Code.DAMAGED_FILE: (
        ("“{name}” is damaged.", "Try to open and save it again with the program it came from."),
        ("“{name}”已损坏。", "请尝试用原来的程序打开并重新保存。"),
    ),
    Code.PARSE_TIMEOUT: (
        ("Reading “{name}” took longer than {limit_s} seconds and was stopped.", "Split it into smaller files."),
        ("读取“{name}”超过 {limit_s} 秒，已停止。", "请将其拆分为较小的文件。"),
    ),
    Code.FILE_TOO_LARGE: (
        ("“{name}” is larger than {limit_size}.", "Split it into smaller files."),
        ("“{name}”超过 {limit_size}。", "请将其拆分为较小的文件。"),
    ),
    Code.NEEDS_OCR: (
        ("“{name}” is a picture of text.", "Install text recognition (studiolo[ocr]) and add it again."),
        ("“{name}”是文字的图片。", "请安装文字识别（studiolo[ocr]）后重新添加。"),
    ),
    Code.CONVERT_FIRST: (
        ("“{name}” is of the old format {suffix}.", "Save it as {better} and add that."),
        ("“{name}”是旧格式 {suffix}。", "请另存为 {better} 再添加。"),
    ),
    Code.ARCHIVE_TOO_LARGE: (
        ("“{name}” unpacks to more than {limit_size}.", "Unpack it and add the files you need."),
        ("“{name}”解压后超过 {limit_size}。", "请自行解压，再添加需要的文件。"),
    ),
    Code.UNKNOWN_LIBRARY: (
        ("There is no library “{library}” any more.", "Choose another one on the left."),
        ("资料库“{library}”已不存在。", "请在左侧选择其他资料库。"),
    ),
    Code.UNKNOWN_DOCUMENT: (
        ("This document is no longer in the library.", "Add the file again if you need it."),
        ("该文档已不在资料库中。", "如有需要，请重新添加。"),
    ),
    Code.UNKNOWN_CONVERSATION: (
        ("This conversation is no longer there.", "Start a new one."),
        ("该对话已不存在。", "请开始新的对话。"),
    ),
    Code.UNKNOWN_JOB: (
        ("This piece of work is no longer known.", "Start it again."),
        ("该任务已不存在。", "请重新开始。"),
    ),
    Code.UNKNOWN_MODEL: (
        ("There is no model called “{model}”.", "Choose one from the list of models."),
        ("没有名为“{model}”的模型。", "请从模型列表中选择。"),
    ),
    Code.MODEL_MISSING: (
        ("The model “{model}” is not on this computer.", "Get it in the list of models."),
        ("本机没有模型“{model}”。", "请在模型列表中获取。"),
    ),
    Code.MODEL_KIND: (
        ("“{model}” cannot be used for this.", "Choose a model that can write answers."),
        ("“{model}”不能用于此用途。", "请选择可以回答问题的模型。"),
    ),
    Code.UNKNOWN_ADAPTER: (
        ("There is no adapter called “{adapter}”.", "Import it in the list of models."),
        ("没有名为“{adapter}”的适配器。", "请在模型列表中导入。"),
    ),
    Code.ADAPTER_MISFIT: (
        ("The adapter “{adapter}” was made for another model than “{model}”.", "Choose the model it was made for."),
        ("适配器“{adapter}”不是为“{model}”制作的。", "请选择与之对应的模型。"),
    ),
    Code.DAMAGED_MODEL: (
        ("The model file “{model}” is damaged or not a GGUF file.", "Get it again, or import another file."),
        ("模型文件“{model}”已损坏或不是 GGUF 文件。", "请重新获取，或导入其他文件。"),
    ),
    Code.DIGEST_MISMATCH: (
        ("“{file}” is not the file it should be, and was removed.", "Try again; the download may have been disturbed."),
        ("“{file}”校验不符，已删除。", "下载可能受到干扰，请重试。"),
    ),
    Code.MODEL_EXISTS: (
        ("“{model}” is already on this computer.", ""),
        ("本机已有“{model}”。", ""),
    ),
    Code.PROMPT_TOO_LONG: (
        ("Your question is too long: {tokens} tokens of {limit} that fit.", "Shorten it."),
        ("问题过长：{tokens} 个词元，最多 {limit} 个。", "请缩短问题。"),
    ),
    Code.BAD_REQUEST: (
        ("This cannot be used as it is: {field}.", "Change it and try again."),
        ("无法使用此内容：{field}。", "请修改后重试。"),
    ),
    Code.UNAUTHORISED: (
        ("The engine did not recognise this window.", "Close Studiolo and open it again."),
        ("引擎未能识别此窗口。", "请关闭并重新打开 Studiolo。"),
    ),
    Code.FORBIDDEN_ORIGIN: (
        ("The engine refused a request that did not come from this computer.", "Close Studiolo and open it again."),
        ("引擎拒绝了并非来自本机的请求。", "请关闭并重新打开 Studiolo。"),
    ),
    Code.MISSING_SCOPE: (
        ("The engine did not allow this.", "Close Studiolo and open it again."),
        ("引擎不允许此操作。", "请关闭并重新打开 Studiolo。"),
    ),
    Code.TOO_MANY_REQUESTS: (
        ("There are too many requests at a time.", "Try again in a moment."),
        ("同时请求过多。", "请稍后重试。"),
    ),
    Code.PATH_NOT_ALLOWED: (
        ("The engine may not use “{name}”.", "Choose another file or folder."),
        ("引擎不能使用“{name}”。", "请选择其他文件或文件夹。"),
    ),
    Code.UNKNOWN_TOKEN: (
        ("There is no access token called “{name}”.", ""),
        ("没有名为“{name}”的访问令牌。", ""),
    ),
    Code.TOKEN_EXISTS: (
        ("There is an access token called “{name}” already.", "Choose another name."),
        ("已有名为“{name}”的访问令牌。", "请另选名称。"),
    ),
    Code.NOT_ENOUGH_MEMORY: (
        (
            "“{model}” needs {needed_size} of memory; {available_size} is free.",
            "Close other programs or choose a smaller model.",
        ),
        ("“{model}”需要 {needed_size} 内存，当前可用 {available_size}。", "请关闭其他程序，或选择较小的模型。"),
    ),
    Code.DISK_FULL: (
        ("The disk is full.", "Free some space where “{path}” is kept, then try again."),
        ("磁盘空间不足。", "请在“{path}”所在磁盘腾出空间后重试。"),
    ),
    Code.NO_PERMISSION: (
        ("Studiolo may not write to “{path}”.", "Change the permissions of this folder, then try again."),
        ("Studiolo 无权写入“{path}”。", "请修改此文件夹的权限后重试。"),
    ),
    Code.PORT_BUSY: (
        ("Port {port} is used by another program.", "Close that program and try again."),
        ("端口 {port} 已被其他程序占用。", "请关闭该程序后重试。"),
    ),
    Code.HOME_BUSY: (
        (
            "Another Studiolo process has these documents open.",
            "Wait until it has finished (process {pid}), or end it.",
        ),
        ("另一个 Studiolo 进程正在使用这些文档。", "请等待其完成（进程 {pid}），或结束它。"),
    ),
    Code.NEWER_FORMAT: (
        ("Your documents were last opened by a newer Studiolo.", "Update Studiolo; nothing was changed."),
        ("您的资料由更新版本的 Studiolo 打开过。", "请更新 Studiolo；数据没有任何改动。"),
    ),
    Code.DAMAGED_STORE: (
        ("A file in which Studiolo keeps its data is damaged ({store}).", "Restore it from a backup, or move it away."),
        ("Studiolo 的数据文件已损坏（{store}）。", "请从备份恢复，或将其移走。"),
    ),
    Code.UNSUPPORTED_CPU: (
        ("This processor lacks what the engine needs ({missing}).", "Use Studiolo on a newer computer."),
        ("此处理器缺少引擎所需的指令（{missing}）。", "请在较新的电脑上使用 Studiolo。"),
    ),
    Code.MISSING_PACKAGE: (
        ("A part of Studiolo is not installed ({package}).", "Install Studiolo again."),
        ("Studiolo 缺少组件（{package}）。", "请重新安装 Studiolo。"),
    ),
    Code.SOURCE_UNREACHABLE: (
        ("“{model}” could not be fetched: no source answered.", "Check the connection, or import the file by hand."),
        ("无法获取“{model}”：所有来源均无响应。", "请检查网络连接，或手动导入文件。"),
    ),
    Code.PASSPHRASE_NEEDED: (
        ("The table of pseudonyms is protected by a passphrase.", "Start Studiolo with STUDIOLO_PASSPHRASE set."),
        ("化名表受口令保护。", "请设置 STUDIOLO_PASSPHRASE 后启动 Studiolo。"),
    ),
    Code.WRONG_PASSPHRASE: (
        ("The passphrase does not open the table of pseudonyms.", "Nothing was changed. Give the right one."),
        ("口令无法打开化名表。", "未作任何改动。请提供正确的口令。"),
    ),
    Code.KEY_LOST: (
        (
            "The key of the pseudonyms is not where it was kept ({protection}).",
            "Unlock the keyring, or bring the key back.",
        ),
        ("化名表的密钥不在原处（{protection}）。", "请解锁密钥环，或放回密钥。"),
    ),
    Code.KEYRING_MISSING: (
        ("There is no keyring that can be used now.", "Choose a passphrase, or a key file."),
        ("目前没有可用的密钥环。", "请选择口令或密钥文件。"),
    ),
    Code.ENGINE_GONE: (
        (
            "The engine stopped unexpectedly.",
            "It is started again by itself; your documents and conversations are safe.",
        ),
        ("引擎意外停止。", "它会自动重新启动；您的文档和对话不会丢失。"),
    ),
    Code.ENGINE_START: (
        ("The engine did not start.", "Try again. If it keeps happening, run “studiolo doctor” in a terminal."),
        ("引擎未能启动。", "请重试。如果仍然失败，请在终端运行“studiolo doctor”。"),
    ),
    Code.ENGINE_OPENING: (
        ("The engine is still opening your documents.", "Try again in a moment."),
        ("引擎仍在打开您的文档。", "请稍后重试。"),
    ),
    Code.BAD_POLICY: (
        (
            "Your privacy policy cannot be used: {file}, line {line} ({problem}).",
            "Correct it there; nothing is let out.",
        ),
        ("隐私策略无法使用：{file} 第 {line} 行（{problem}）。", "请更正；在此之前不会放行任何内容。"),
    ),
    Code.REFUSED_BY_POLICY: (
        ("“{name}” was not taken in: this library refuses files with {types}.", "Add it to another library."),
        ("未添加“{name}”：此资料库拒收含有 {types} 的文件。", "请添加到其他资料库。"),
    ),
    Code.FILTER_FAILED: (
        (
            "The privacy filter could not run, so nothing was sent to the model.",
            "Check under Models that the name finders are installed.",
        ),
        ("隐私过滤器无法运行，因此没有向模型发送任何内容。", "请在“模型”中确认姓名识别模型已安装。"),
    ),
    Code.BLOCKED_BY_POLICY: (
        ("Your privacy policy does not let this pass.", "It holds: {types}."),
        ("隐私策略不允许此内容通过。", "其中包含：{types}。"),
    ),
    Code.INTERNAL: (
        ("Something went wrong inside Studiolo ({where}).", "This is our mistake. Please report it."),
        ("Studiolo 内部出错（{where}）。", "这是我们的问题，请向我们反馈。"),
    ),
}


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


# Where a value changes what there is to say: nobody knows how much memory is missing; settings hold no documents.
_SPECIAL: dict[tuple[Code, str, object], tuple[tuple[str, str], tuple[str, str]]] = {
    (Code.NOT_ENOUGH_MEMORY, "needed_bytes", 0): (
        ("There is not enough memory.", "Close other programs or choose a smaller model."),
        ("内存不足。", "请关闭其他程序，或选择较小的模型。"),
    ),
    (Code.DAMAGED_STORE, "store", "settings"): (
        ("The settings file is damaged.", "Correct settings.json in Studiolo's folder, or delete it."),
        ("设置文件已损坏。", "请更正 Studiolo 文件夹中的 settings.json，或将其删除。"),
    ),
}

# What would help instead, where the problem names it; said after what to do.
_INSTEAD: dict[Code, tuple[str, tuple[str, str]]] = {
    Code.NOT_ENOUGH_MEMORY: ("smaller", ("“{smaller}” would fit.", "“{smaller}”可以装入。")),
}


def _words(problem: Problem) -> tuple[tuple[str, str], tuple[str, str]]:
    for (code, field, value), words in _SPECIAL.items():
        if problem.code is code and problem.values.get(field) == value:
            return words
    return SENTENCES[problem.code]


def sentence_for(problem: Problem, language: Language) -> Sentence:
    """The problem in words."""
    english, chinese = _words(problem)
    what, todo = chinese if language == "zh" else english
    values = _Gaps({key: str(value) for key, value in problem.values.items()})
    if "path" in problem.values:
        values["name"] = PurePath(str(problem.values["path"])).name
    for key, value in problem.values.items():
        if key.endswith("_bytes") and isinstance(value, int | float):
            values[key.removesuffix("_bytes") + "_size"] = size_text(int(value))
    field, instead = _INSTEAD.get(problem.code, ("", ("", "")))
    if problem.values.get(field):
        todo = f"{todo}{instead[1]}" if language == "zh" else f"{todo} {instead[0]}"
    return Sentence(what.format_map(values), todo.format_map(values))
