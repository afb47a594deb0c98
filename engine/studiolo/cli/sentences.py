"""Error codes as sentences for the terminal: what went wrong and what to do, in English and Chinese.

One table a language; a test checks that each code is in both. Values are put in as they are, on one line.
"""

from __future__ import annotations

from collections.abc import Mapping

from studiolo.errors import Code, StudioloError

ENGLISH: dict[Code, str] = {
    Code.FILE_MISSING: "There is no file {path}. Check the path.",
    Code.FILE_UNREADABLE: "{path} cannot be read. Check that it is a file, and its permissions.",
    Code.FILE_CHANGED: "{path} has changed since it was read. Add it again.",
    Code.UNKNOWN_FORMAT: "{path} is of a format that cannot be read. These can: {known}.",
    Code.EMPTY_DOCUMENT: "{path} holds no text. If it is a scan, run text recognition on it first.",
    Code.NEEDS_PASSWORD: "{path} is protected by a password. Add it with `studiolo add --ask-password`.",
    Code.DAMAGED_FILE: "{path} is damaged. Open it in its own program, save it again and add that.",
    Code.PARSE_TIMEOUT: "Reading {path} took more than {limit_s} s and was stopped. Split the file and add the parts.",
    Code.FILE_TOO_LARGE: "{path} is larger than the limit of {limit_bytes}. Split it and add the parts.",
    Code.NEEDS_OCR: "{path} is a picture of text. Install text recognition (pip install 'studiolo[ocr]') and retry.",
    Code.CONVERT_FIRST: "{path} is of the old format {suffix}. Save it as {better} and add that.",
    Code.ARCHIVE_TOO_LARGE: "{path} unpacks to more than {limit_bytes}. Unpack it yourself and add the files you need.",
    Code.UNKNOWN_LIBRARY: "There is no library {library}. `studiolo libraries` lists them.",
    Code.UNKNOWN_DOCUMENT: "There is no document {document} in this library. `studiolo documents list` lists them.",
    Code.UNKNOWN_CONVERSATION: "There is no conversation {conversation}. `studiolo conversations list` lists them.",
    Code.UNKNOWN_JOB: "There is no job {job} any more. Start the work again.",
    Code.UNKNOWN_MODEL: "There is no model {model}. `studiolo models list` lists them.",
    Code.MODEL_MISSING: "The model {model} is not on this machine yet. Get it with `studiolo models pull {model}`.",
    Code.MODEL_KIND: "The model {model} is of the kind {kind}, and {needed} is needed. Choose another one.",
    Code.UNKNOWN_ADAPTER: "There is no adapter {adapter}. Installed: {known}. `studiolo models import` adds one.",
    Code.ADAPTER_MISFIT: "The adapter {adapter} was made for another model than {model}. Name the one it was made for.",
    Code.DAMAGED_MODEL: "The model {model} is damaged or not a model. Remove it, then pull or import it again.",
    Code.DIGEST_MISMATCH: "{file} is not the file it should be (sha256 {actual}, not {expected}). Pull it again.",
    Code.MODEL_EXISTS: "There is a model {model} already. Remove it first if you want to replace it.",
    Code.BAD_POLICY: "{file}, line {line}: {problem}. Correct it, then run `studiolo privacy load`.",
    Code.REFUSED_BY_POLICY: (
        "{path} was not taken in: this library refuses files with {types}. Add it to another one, or change the policy."
    ),
    Code.PROMPT_TOO_LONG: "The question is {tokens} tokens long and the model takes {limit}. Make it shorter.",
    Code.BAD_REQUEST: "{field}: {problem}. Correct it and try again.",
    Code.UNAUTHORISED: "The engine did not accept the token. Stop the running engine and start it again.",
    Code.FORBIDDEN_ORIGIN: "The engine refuses requests from this host or origin. Use the address it printed.",
    Code.MISSING_SCOPE: "The token lacks the scope {scope}. Make one that has it: `studiolo tokens create --help`.",
    Code.TOO_MANY_REQUESTS: "The token's limit of {most} requests is reached. Try again in {retry_after_s} s.",
    Code.PATH_NOT_ALLOWED: "The token may not name {path}. Make one with `studiolo tokens create NAME --root FOLDER`.",
    Code.UNKNOWN_TOKEN: "There is no token {name}. `studiolo tokens list` lists them.",
    Code.TOKEN_EXISTS: "There is a token {name} already. Revoke it first, or choose another name.",
    Code.NOT_ENOUGH_MEMORY: (
        "The model {model} needs {needed_bytes} of memory and {available_bytes} are free. "
        "Close other programs or choose a smaller model. {smaller}"
    ),
    Code.DISK_FULL: "The disk that holds {path} is full. Make room and try again; nothing half-written was left.",
    Code.NO_PERMISSION: "{path} cannot be written. Check its permissions, or set STUDIOLO_HOME to another folder.",
    Code.PORT_BUSY: "The port {port} on {host} is taken. Choose another with --port, or 0 for any free one.",
    Code.HOME_BUSY: "{home} is open in another process (pid {pid}). Wait for it to end, or end it, and try again.",
    Code.NEWER_FORMAT: (
        "The store {store} was written by a newer version (format {found}, this one knows {supported}). "
        "Update Studiolo."
    ),
    Code.DAMAGED_STORE: "The store {store} is damaged. Restore a backup of the home, or move it away and add again.",
    Code.UNSUPPORTED_CPU: "This processor lacks {missing}, which is needed. Use another machine.",
    Code.MISSING_PACKAGE: "The package {package} is missing. Install Studiolo again.",
    Code.SOURCE_UNREACHABLE: (
        "The model {model} could not be fetched (tried: {tried}). Check the network, "
        "or fetch the file by hand and use `studiolo models import FILE`."
    ),
    Code.PASSPHRASE_NEEDED: (
        "The pseudonyms are protected by a passphrase. Set STUDIOLO_PASSPHRASE, "
        "or STUDIOLO_PASSPHRASE_FD to an open file."
    ),
    Code.WRONG_PASSPHRASE: "This is not the passphrase of the pseudonyms; nothing was changed. Give the right one.",
    Code.KEY_LOST: (
        "The key of the pseudonyms ({protection}) is not there; nothing was changed. Unlock the keyring or bring "
        "the key back; if it is lost, move pseudonyms.db out of the home to start anew."
    ),
    Code.KEYRING_MISSING: "There is no keyring that can be used without a dialog. Choose `passphrase` or `file`.",
    Code.ENGINE_GONE: "The engine has stopped. Run the command again.",
    Code.ENGINE_START: "The engine did not start (exit code {exit_code}). Run `studiolo doctor`.",
    Code.ENGINE_OPENING: "The engine is still opening its home. Run the command again in a moment.",
    Code.FILTER_FAILED: "The privacy filter could not run, so nothing was let through. Run `studiolo doctor`.",
    Code.BLOCKED_BY_POLICY: "The privacy policy withholds this ({types}). Change the question or the policy.",
    Code.INTERNAL: "Something went wrong inside Studiolo ({where}). Please report it.",
}

CHINESE: dict[Code, str] = {
    Code.FILE_MISSING: "没有文件 {path}。请检查路径。",
    Code.FILE_UNREADABLE: "无法读取 {path}。请检查它是否为文件，以及其权限。",
    Code.FILE_CHANGED: "{path} 在读入之后已更改。请重新添加。",
    Code.UNKNOWN_FORMAT: "不支持 {path} 的格式。支持的格式：{known}。",
    Code.EMPTY_DOCUMENT: "{path} 中没有文字。如果是扫描件，请先做文字识别。",
    Code.NEEDS_PASSWORD: "{path} 有密码保护。请用 `studiolo add --ask-password` 添加。",
    Code.DAMAGED_FILE: "{path} 已损坏。请用原来的程序打开并重新保存，然后再添加。",
    Code.PARSE_TIMEOUT: "读取 {path} 超过 {limit_s} 秒，已停止。请拆分文件后分别添加。",
    Code.FILE_TOO_LARGE: "{path} 超过 {limit_bytes} 的上限。请拆分后分别添加。",
    Code.NEEDS_OCR: "{path} 是文字的图片。请安装文字识别（pip install 'studiolo[ocr]'）后重新添加。",
    Code.CONVERT_FIRST: "{path} 是旧格式 {suffix}。请另存为 {better} 再添加。",
    Code.ARCHIVE_TOO_LARGE: "{path} 解压后超过 {limit_bytes}。请自行解压，再添加需要的文件。",
    Code.UNKNOWN_LIBRARY: "没有资料库 {library}。用 `studiolo libraries` 查看全部资料库。",
    Code.UNKNOWN_DOCUMENT: "此资料库中没有文档 {document}。用 `studiolo documents list` 查看全部文档。",
    Code.UNKNOWN_CONVERSATION: "没有对话 {conversation}。用 `studiolo conversations list` 查看全部对话。",
    Code.UNKNOWN_JOB: "任务 {job} 已不存在。请重新开始。",
    Code.UNKNOWN_MODEL: "没有模型 {model}。用 `studiolo models list` 查看全部模型。",
    Code.MODEL_MISSING: "本机还没有模型 {model}。用 `studiolo models pull {model}` 获取。",
    Code.MODEL_KIND: "模型 {model} 属于 {kind} 类，此处需要 {needed} 类。请另选一个。",
    Code.UNKNOWN_ADAPTER: "没有适配器 {adapter}。已安装：{known}。用 `studiolo models import` 导入。",
    Code.ADAPTER_MISFIT: "适配器 {adapter} 不是为模型 {model} 制作的。请指定与之对应的模型。",
    Code.DAMAGED_MODEL: "模型 {model} 已损坏或不是模型文件。请删除后重新获取或导入。",
    Code.DIGEST_MISMATCH: "{file} 与应有的文件不符（sha256 为 {actual}，应为 {expected}）。请重新获取。",
    Code.MODEL_EXISTS: "已有模型 {model}。如需替换，请先删除它。",
    Code.BAD_POLICY: "{file} 第 {line} 行：{problem}。请更正，然后运行 `studiolo privacy load`。",
    Code.REFUSED_BY_POLICY: "未添加 {path}：此资料库拒收含有 {types} 的文件。请添加到其他资料库，或修改策略。",
    Code.PROMPT_TOO_LONG: "问题有 {tokens} 个词元，模型最多接受 {limit} 个。请缩短问题。",
    Code.BAD_REQUEST: "{field}：{problem}。请更正后重试。",
    Code.UNAUTHORISED: "引擎不接受此令牌。请停止正在运行的引擎并重新启动。",
    Code.FORBIDDEN_ORIGIN: "引擎拒绝来自此主机或来源的请求。请使用它给出的地址。",
    Code.MISSING_SCOPE: "此令牌缺少权限 {scope}。请新建具有该权限的令牌：`studiolo tokens create --help`。",
    Code.TOO_MANY_REQUESTS: "已达到此令牌的请求上限（{most}）。请在 {retry_after_s} 秒后重试。",
    Code.PATH_NOT_ALLOWED: "此令牌不能使用 {path}。可用 `studiolo tokens create 名称 --root 文件夹` 新建令牌。",
    Code.UNKNOWN_TOKEN: "没有令牌 {name}。用 `studiolo tokens list` 查看全部令牌。",
    Code.TOKEN_EXISTS: "已有令牌 {name}。请先撤销它，或另选名称。",
    Code.NOT_ENOUGH_MEMORY: (
        "模型 {model} 需要 {needed_bytes} 内存，可用 {available_bytes}。请关闭其他程序或选择更小的模型。{smaller}"
    ),
    Code.DISK_FULL: "{path} 所在的磁盘已满。请腾出空间后重试；没有留下写了一半的文件。",
    Code.NO_PERMISSION: "无法写入 {path}。请检查权限，或将 STUDIOLO_HOME 设为其他文件夹。",
    Code.PORT_BUSY: "{host} 的端口 {port} 已被占用。请用 --port 另选一个，0 表示任意空闲端口。",
    Code.HOME_BUSY: "{home} 正被另一个进程（pid {pid}）使用。请等它结束或结束它，然后重试。",
    Code.NEWER_FORMAT: "存储 {store} 由更新的版本写入（格式 {found}，本版本支持到 {supported}）。请更新 Studiolo。",
    Code.DAMAGED_STORE: "存储 {store} 已损坏。请恢复备份，或将其移走后重新添加文档。",
    Code.UNSUPPORTED_CPU: "此处理器缺少所需的 {missing}。请换一台机器。",
    Code.MISSING_PACKAGE: "缺少软件包 {package}。请重新安装 Studiolo。",
    Code.SOURCE_UNREACHABLE: (
        "无法获取模型 {model}（已尝试：{tried}）。请检查网络，或手动下载文件后用 `studiolo models import FILE` 导入。"
    ),
    Code.PASSPHRASE_NEEDED: (
        "化名表受口令保护。请设置 STUDIOLO_PASSPHRASE，或将 STUDIOLO_PASSPHRASE_FD 设为已打开的文件。"
    ),
    Code.WRONG_PASSPHRASE: "口令不正确，未作任何改动。请提供化名表的正确口令。",
    Code.KEY_LOST: (
        "找不到化名表的密钥（{protection}），未作任何改动。请解锁密钥环或放回密钥；如已丢失，"
        "请将 pseudonyms.db 移出资料文件夹，重新开始。"
    ),
    Code.KEYRING_MISSING: "没有无需对话框即可使用的密钥环。请选择 passphrase 或 file。",
    Code.ENGINE_GONE: "引擎已停止。请重新运行命令。",
    Code.ENGINE_START: "引擎未能启动（退出码 {exit_code}）。请运行 `studiolo doctor`。",
    Code.ENGINE_OPENING: "引擎仍在打开数据目录。请稍后重新运行命令。",
    Code.FILTER_FAILED: "隐私过滤器无法运行，因此没有放行任何内容。请运行 `studiolo doctor`。",
    Code.BLOCKED_BY_POLICY: "隐私策略不允许显示此内容（{types}）。请修改问题或策略。",
    Code.INTERNAL: "Studiolo 内部出错（{where}）。请报告此问题。",
}

NOTICES: dict[str, tuple[str, str]] = {
    "waiting": (
        "Another command (pid {pid}) has the home open; waiting for it. Ctrl+C stops waiting.",
        "另一个命令（pid {pid}）正在使用资料，等待其结束。按 Ctrl+C 停止等待。",
    ),
    "cancelled": ("Cancelled.", "已取消。"),
    "loading": ("Loading the model…", "正在加载模型……"),
    "left_out": (
        "Left out for lack of room: {passages} passages, {turns} earlier turns.",
        "因篇幅所限未放入：{passages} 个段落，{turns} 轮较早的对话。",
    ),
    "screened": ("Screened: {counts}.", "已过滤：{counts}。"),
    "timings": (
        "First word after {first:.1f} s, all after {total:.1f} s.",
        "首字 {first:.1f} 秒，总计 {total:.1f} 秒。",
    ),
    "tokens": (
        "Tokens: {read} read, {read_speed:.0f} a second; {reused} reused; {written} written, {speed:.1f} a second.",
        "词元：读取 {read}，每秒 {read_speed:.0f}；沿用 {reused}；生成 {written}，每秒 {speed:.1f}。",
    ),
    "energy": ("The processors used {joules:.0f} J meanwhile.", "期间处理器耗能 {joules:.0f} 焦耳。"),
    "sources": ("Sources", "来源"),
    "suspicious": ("tries to give orders to the assistant", "试图向助手下达指令"),
    "suspicious_sources": (
        "Careful: {count} of the passages try to give orders to the assistant ({places}).",
        "请注意：有 {count} 个段落试图向助手下达指令（{places}）。",
    ),
    "unverified": ("not found in the passage", "段落中未找到原文"),
    "length": ("The answer was cut at the token limit.", "回答因达到长度上限而截断。"),
    "erased": ("{count} pseudonyms erased.", "已清除 {count} 个化名。"),
    "new_passphrase": ("New passphrase", "新口令"),
    "passphrase": ("Passphrase", "口令"),
    "protected": ("The key of the pseudonyms is now kept by: {by}.", "化名表密钥的保管方式现为：{by}。"),
    "removed": ("Removed.", "已删除。"),
    "pinned": ("Pinned.", "已置顶。"),
    "unpinned": ("No longer pinned.", "已取消置顶。"),
    "shown": ("Shown from now on.", "已切换到该版本。"),
    "quoted": (
        "{count} conversations quote what is removed. Remove these answers too? (No keeps them, without quotes.)",
        "有 {count} 个对话引用了要删除的内容。是否一并删除这些回答？（选“否”则保留回答，去掉引文。）",
    ),
    "password": ("Password (an empty line ends the list): ", "密码（空行结束）："),
    "sound": ("All {passages} passages are sound.", "全部 {passages} 个段落完好。"),
    "repaired": (
        (
            "Of {passages} passages: {missing} were missing, {damaged} damaged, {unknown} unknown, {doubled} doubled, "
            "{without_vector} without a vector. Repaired; {documents} documents are read again."
        ),
        (
            "共 {passages} 个段落：缺失 {missing}，损坏 {damaged}，来源不明 {unknown}，重复 {doubled}，"
            "无向量 {without_vector}。已修复；将重新读取 {documents} 份文档。"
        ),
    ),
    "reading_again": (
        "Waiting until all of it is read. Ctrl+C leaves it to go on the next time.",
        "正在等待读取完成。按 Ctrl+C 可离开，下次会继续。",
    ),
    "embedder_changed": ("{library} is now searched by {model}.", "资料库 {library} 现由 {model} 检索。"),
    "audit_sound": (
        "Records {first} to {last} are as they were written. Last hash: {head}",
        "记录 {first} 至 {last} 与写入时一致。最后的哈希值：{head}",
    ),
    "audit_changed_record": (
        "Record {record} was changed after it was written.",
        "记录 {record} 在写入后被改动。",
    ),
    "audit_removed_records": (
        "Records from {record} on are missing in the middle of the log.",
        "日志中间缺少从 {record} 开始的记录。",
    ),
    "audit_cut_tail": (
        "The log's end was cut off: records from {record} on are missing.",
        "日志末尾被截断：从 {record} 开始的记录缺失。",
    ),
    "audit_anchor_mismatch": (
        "The log is not the one that was anchored outside it (noticed at record {record} of {last}).",
        "日志与其外部的锚定值不符（在第 {record} 条记录处发现，共 {last} 条）。",
    ),
    "audit_anchor_missing": (
        "The anchors that stood outside the log are gone, so a cut end could not be noticed.",
        "日志外部的锚定值已丢失，因此无法发现末尾是否被截断。",
    ),
    "bad_lines": ("{count} of {total} lines could not be redacted.", "{total} 行中有 {count} 行未能处理。"),
    "imported": ("Imported.", "已导入。"),
    "token_made": (
        "The token {token} may: {scopes}; it reads as {profile}. Keep it: it is not shown again.",
        "令牌 {token} 的权限：{scopes}；读取方式：{profile}。请妥善保存：不会再次显示。",
    ),
    "token_never": ("never expires", "永不过期"),
    "token_until": ("until {day}", "有效期至 {day}"),
    "token_expired": ("expired {day}", "已于 {day} 过期"),
    "token_at_a_time": ("{count} at a time", "同时 {count} 个"),
    "doc_name": ("name", "名称"),
    "doc_path": ("path", "路径"),
    "doc_id": ("id", "编号"),
    "doc_state": ("state", "状态"),
    "doc_pages": ("pages", "页数"),
    "doc_passages": ("passages", "段落"),
    "doc_languages": ("languages", "语言"),
    "doc_personal": ("personal data", "个人信息"),
    "doc_added": ("added", "添加时间"),
    "doc_finding": ("found", "发现"),
    "doc_unscreened": ("passages not screened", "未过滤的段落"),
    "policy_sound": ("The policy file is sound.", "策略文件没有问题。"),
    "policy_profile": ("profile", "方案"),
    "policy_type": ("type", "类型"),
    "policy_direction": ("direction", "方向"),
    "policy_reader": ("reader", "读者"),
    "policy_custom": ("own entities", "自定义类型"),
    "policy_refuse": ("refused in files", "拒收的类型"),
    "lib_documents": ("documents", "文档"),
    "lib_size": ("on disk", "占用空间"),
    "lib_embedder": ("embedder", "检索模型"),
    "lib_watched": ("watched", "监视的文件夹"),
    "watch_watching": ("watching", "监视中"),
    "watch_unreachable": ("cannot be reached; its documents stay", "无法访问；其文档保留"),
    "watch_paused": ("paused: nobody watches now", "已暂停：当前无人监视"),
    "loses_twice": (
        "{model} was made small before: quality is lost a second time. Start from a wider file where you can.",
        "{model} 此前已经量化过：质量会再次损失。如有可能，请从精度更高的文件开始。",
    ),
    "not_smaller": (
        "{model} is no smaller than what it was made from; `studiolo models remove {model}` removes it.",
        "{model} 并不比原模型小；可用 `studiolo models remove {model}` 删除。",
    ),
    "installed": ("The model {model} is ready.", "模型 {model} 已就绪。"),
    "on": ("on", "开"),
    "off": ("off", "关"),
    "instructions_unknown": ("instructions not readable", "无法读取指令集"),
    "cpu_smt": ("two threads a core", "每核两个线程"),
    "cpu_kinds": ("{performance_cores} of the faster kind", "其中 {performance_cores} 个为性能核"),
    "cpu_numa": ("{numa_nodes} memory nodes", "{numa_nodes} 个内存节点"),
    "cpu_quota": ("limited to {quota} processors", "限用 {quota} 个处理器"),
    "would_fit": ("{model} would fit.", "{model} 可以装入。"),
    "none_would_fit": ("No smaller model would fit.", "没有更小的模型可以装入。"),
    "calibrating": (
        "Measuring how {model} runs fastest; half a minute to two. Ctrl+C stops.",
        "正在测量 {model} 的最快设置，约半分钟至两分钟。按 Ctrl+C 停止。",
    ),
    "trial": (
        (
            "{read} tokens/s read, {write} written: {threads_read} and {threads_write} threads, {batch} at once, "
            "flash attention {flash}, {kv_type}"
        ),
        (
            "每秒读取 {read}、写出 {write} 个词元：{threads_read} 和 {threads_write} 线程，每批 {batch}，"
            "flash attention {flash}，{kv_type}"
        ),
    ),
    "disturbed": (
        (
            "Other programs used {percent} % of the processor meanwhile, so the result was not kept. "
            "Close them and try again."
        ),
        "测量期间其他程序占用了 {percent}% 的处理器，因此未保存结果。请关闭它们后重试。",
    ),
    "fastest_layout": (
        "{model} reads faster here than {other}, and answers from now on where no model is chosen.",
        "{model} 在本机读取比 {other} 快；今后未指定模型时由它回答。",
    ),
    "calibrated": ("Kept; the next load of {model} uses it.", "已保存；下次加载 {model} 时生效。"),
    "compare": (
        "`studiolo models compare {model} {other}` measures what was lost and gained.",
        "用 `studiolo models compare {model} {other}` 可测量得失。",
    ),
    "cmp_ratio": ("ratio", "比值"),
    "cmp_size": ("size on disk", "文件大小"),
    "cmp_memory": ("memory", "内存"),
    "cmp_reading": ("reading, tokens", "读取词元"),
    "cmp_writing": ("writing, tokens", "生成词元"),
    "cmp_perplexity": ("perplexity", "困惑度"),
    "cmp_bits": ("bits per byte", "每字节比特数"),
    "cmp_agreement": ("same most likely token", "最可能词元一致"),
    "cmp_divergence": ("KL divergence", "KL 散度"),
    "cmp_en": ("English", "英文"),
    "cmp_zh": ("Chinese", "中文"),
    "cmp_method": (
        (
            "Perplexity (lower is better) over {tokens} tokens, in windows of {window} that begin {stride} apart: each "
            "token is scored once, after {before} or more others, but in a text's first window. Memory with a context "
            "of {memory} tokens."
        ),
        (
            "困惑度（越低越好）按 {tokens} 个词元计算，窗口为 {window}，步长为 {stride}：每个词元只计一次，"
            "除文本的第一个窗口外，前面至少有 {before} 个词元。内存按 {memory} 个词元的上下文测得。"
        ),
    ),
    "cmp_busy": (
        "The machine was busy: the fastest round was {times} times the slowest. Measure speeds again when it is quiet.",
        "测量时机器繁忙：最快一轮是最慢一轮的 {times} 倍。请在空闲时重新测量速度。",
    ),
    "cmp_vocabularies": (
        "The two have different vocabularies: only bits per byte can be compared, not what each token came to.",
        "两个模型的词表不同：只能比较每字节比特数，无法逐个词元比较。",
    ),
    "chat_help": (
        "Ask a question. /new starts over, /sources shows the passages of the last answer, /quit ends.",
        "请输入问题。/new 重新开始，/sources 显示上一个回答所用的段落，/quit 结束。",
    ),
    "no_sources": ("No passages.", "没有段落。"),
    "no_files": (
        "There is no file of a known format in there. Name a file, or a folder that holds documents.",
        "其中没有可识别格式的文件。请指定文件，或含有文档的文件夹。",
    ),
    "nothing_found": ("Nothing found.", "没有找到。"),
    "by_words": ("Found by words alone; meaning took no part.", "仅按词语检索，未按语义检索。"),
    "more_failed": ("{failed} of {total} files could not be added.", "{total} 个文件中有 {failed} 个未能添加。"),
}


# What a bad_request's `problem` stands for; any other problem is words already.
PROBLEMS: dict[str, tuple[str, str]] = {
    "empty": ("it is empty", "不能为空"),
    "too_long": ("it is too long", "太长"),
    "ambiguous": ("it fits several people; give the whole name or a token", "符合多人；请给出全名或化名"),
    "slash": ("it may not hold a slash", "不能含有斜杠"),
    "control_character": ("it may not hold line breaks or control characters", "不能含有换行或控制字符"),
    "reserved": ("this name is reserved", "此名称为保留名称"),
    "below_1": ("it must be at least 1", "至少为 1"),
    "https": ("only https addresses are taken", "只接受 https 地址"),
    "not_a_folder": ("this is no folder", "不是文件夹"),
    "inside_home": ("Studiolo's own folder cannot be watched", "不能监视 Studiolo 自己的文件夹"),
    "inside_watched": ("a folder around it is watched already", "其上级文件夹已被监视"),
    "holds_watched": ("a folder inside it is watched already", "其中的文件夹已被监视"),
    "not_watched": ("this folder is not watched", "未监视此文件夹"),
    "other_library": (
        "the conversation is over another library; start a new one",
        "该对话属于另一个资料库，请新建对话",
    ),
    "no_such_token": ("neither the prompt nor the answer holds this token", "提示和回答中都没有此标记"),
    "unknown_profile": ("there is no profile of that name", "没有此名称的策略"),
    "not_json": ("it is not JSON", "不是 JSON"),
    "missing": ("it is missing", "缺少此项"),
    "not_known": ("nothing of this name is known here", "没有这一项"),
    "no_fit": ("its value does not fit", "值不合适"),
    "absolute_path": ("the path must be absolute", "路径必须是绝对路径"),
    "one_of_them": ("one of the two is needed", "两项中须且只能给出一项"),
    "no_such_tool": ("there is no tool of that name", "没有此名称的工具"),
    "no_field": ("it has no such field, or no text in it", "没有此字段，或其中不是文字"),
    "too_short": ("it is too short to be scored", "太短，无法计算"),
    "no_samples": ("the samples did not come along; name a document", "未附带示例文档；请指定一份文档"),
    "needs_tls": (
        "others can reach this address: add --tls, or listen on loopback (127.0.0.1)",
        "其他机器可以访问此地址：请加上 --tls，或改为监听本机回环地址（127.0.0.1）",
    ),
    "not_an_address": ("this is no address of this machine", "不是本机的地址"),
    "only_with_tls": ("this needs --tls", "需要同时使用 --tls"),
    "cert_and_key": ("name both --cert and --key, or neither", "请同时指定 --cert 和 --key，或都不指定"),
    "not_a_certificate": ("this is no PEM certificate with its key", "不是 PEM 证书及其密钥"),
    "not_an_origin": (
        "an origin is like https://example.org or http://localhost:3000",
        "来源形如 https://example.org 或 http://localhost:3000",
    ),
    "not_a_name": ("letters, digits, -, _ and . are taken, 64 at most", "只能含有字母、数字、-、_ 和 .，最多 64 个"),
    "unknown_scope": (
        "a scope is ask, search, ingest, admin or restore",
        "权限只能是 ask、search、ingest、admin 或 restore",
    ),
    "no_scope": ("at least one scope is needed", "至少需要一个权限"),
    "needs_restore": ("this needs the scope restore", "需要权限 restore"),
    "not_a_reader": ("small letters, digits, - and _ are taken", "只能含有小写字母、数字、- 和 _"),
    "not_a_rate": ("a rate is like 60/min", "速率形如 60/min"),
    "not_a_length": ("a time is like 30d, 12h or 45m", "时长形如 30d、12h 或 45m"),
    "incomplete": ("this file alone does not make the model complete", "仅此文件不足以构成该模型"),
    "adapter_twice": ("the same adapter is named twice", "同一适配器指定了两次"),
    "adapter_scale": (
        "NAME or NAME:SCALE is needed, with a number from -10 to 10",
        "应为 NAME 或 NAME:SCALE，数值为 -10 到 10",
    ),
}

# What a bad_policy's `problem` stands for.
POLICY_PROBLEMS: dict[str, tuple[str, str]] = {
    "syntax": ("this is not TOML", "这不是 TOML"),
    "unreadable": ("the file cannot be read", "文件无法读取"),
    "not_utf8": ("the file is not UTF-8", "文件不是 UTF-8 编码"),
    "newer_format": (
        "this format is not known; update Studiolo",
        "格式未知；请更新 Studiolo",
    ),
    "unknown_key": ("nothing of this name is known here", "此处没有这个名称"),
    "no_table": ("a table is needed here", "此处应为表"),
    "no_list": ('a list of texts is needed here, such as ["one", "two"]', '此处应为文本列表，例如 ["甲", "乙"]'),
    "empty_list": ("words or patterns are needed", "需要 words 或 patterns"),
    "unknown_profile": ("a profile is open, balanced or strict", "方案只能是 open、balanced 或 strict"),
    "unknown_action": (
        "an action is allow, flag, mask, pseudonymise or block",
        "操作只能是 allow、flag、mask、pseudonymise 或 block",
    ),
    "unknown_direction": (
        "a direction is question, passage, tool, file_name, history, title, log, export or audit",
        "方向只能是 question、passage、tool、file_name、history、title、log、export 或 audit",
    ),
    "unknown_reader": (
        "a reader is like owner, restore, masked, blocked or one named in this section",
        "读者只能参照 owner、restore、masked、blocked 或本节中定义的读者",
    ),
    "circular_reader": ("these readers are like one another", "这些读者互相参照"),
    "bad_reader": ("a reader's name is of small letters, digits, - and _", "读者名称只能由小写字母、数字、- 和 _ 组成"),
    "bad_type": ("a type's name is of capitals, digits and _", "类型名称只能由大写字母、数字和 _ 组成"),
    "reserved_type": ("this type's name is reserved", "此类型名称为保留名称"),
    "bad_number": ("a number from 0 to 8 is needed", "应为 0 到 8 的整数"),
    "short_word": (
        "this is too short to be looked for: it would be found everywhere",
        "太短，无法查找：到处都会匹配",
    ),
    "bad_pattern": ("this is no regular expression", "这不是正则表达式"),
    "long_pattern": ("this pattern is longer than 1000 characters", "模式超过 1000 个字符"),
    "empty_match": ("this pattern matches nothing at all, and so everywhere", "此模式可匹配空文本，因而处处匹配"),
    "slow_pattern": (
        "this pattern may take for ever: it repeats a repetition, as (a+)+ does",
        "此模式可能永不结束：它重复了重复的部分，例如 (a+)+",
    ),
}

# Instead of the table's: nobody knows how much is missing.
NO_MEMORY = (
    "There is not enough memory. Close other programs or choose a smaller model.",
    "内存不足。请关闭其他程序或选择更小的模型。",
)
# Instead of the table's: an adapter was named where a model answers.
ADAPTER_ALONE = (
    "{model} is an adapter: it changes a model and cannot answer alone. Name a chat model (`studiolo models list`).",
    "{model} 是适配器：它只能调整模型，不能单独回答。请指定对话模型（`studiolo models list`）。",
)
# What no scope opens.
OWNERS_ALONE = (
    "No named token may do this, only the owner's. Ask without --token-file.",
    "此操作只有所有者令牌可以执行，具名令牌均不可。请不带 --token-file 重试。",
)
# Settings hold no documents, so nothing else need be moved away.
DAMAGED_SETTINGS = (
    "The file settings.json in the home is damaged. Correct it, or delete it to return to the defaults.",
    "资料文件夹中的 settings.json 已损坏。请更正它，或删除它以恢复默认设置。",
)


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def is_chinese(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for Chinese."""
    named = (environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((name for name in named if name), "").lower().startswith("zh")


def sentence(error: StudioloError, *, chinese: bool) -> str:
    """An error as one line."""
    return sentence_of(error.code, error.values, chinese=chinese)


def sentence_of(code: Code, values: Mapping[str, str | float], *, chinese: bool) -> str:
    """A code and its values as one line."""
    table = CHINESE if chinese else ENGLISH
    if code is Code.NOT_ENOUGH_MEMORY and values.get("needed_bytes") == 0:
        return NO_MEMORY[int(chinese)]
    if code is Code.MODEL_KIND and values.get("kind") == "adapter" and values.get("needed") == "chat":
        return _filled(ADAPTER_ALONE[int(chinese)], values)
    if code is Code.MISSING_SCOPE and values.get("scope") == "owner":
        return OWNERS_ALONE[int(chinese)]
    if code is Code.UNKNOWN_ADAPTER and not values.get("known"):
        values = {**values, "known": "无" if chinese else "none"}
    if code is Code.DAMAGED_STORE and values.get("store") == "settings":
        return DAMAGED_SETTINGS[int(chinese)]
    if code is Code.BAD_REQUEST and values.get("problem") in PROBLEMS:
        values = {**values, "problem": PROBLEMS[str(values["problem"])][int(chinese)]}
    if code is Code.BAD_POLICY:
        values = {**values, "problem": policy_problem(str(values.get("problem", "?")), chinese=chinese)}
    if code is Code.NOT_ENOUGH_MEMORY:
        instead = (_smaller(str(values.get("smaller", "")), chinese=chinese), _shorter(values, chinese=chinese))
        values = {**values, "smaller": ("" if chinese else " ").join(instead)}
    return _filled(table[code], values)


def notice(name: str, values: Mapping[str, str | float] | None = None, *, chinese: bool) -> str:
    """A notice as one line."""
    return NOTICES[name][int(chinese)].format_map(dict(values or {}))


def policy_problem(problem: str, *, chinese: bool) -> str:
    """What a bad_policy's `problem` stands for, as words."""
    return POLICY_PROBLEMS[problem][int(chinese)] if problem in POLICY_PROBLEMS else problem


def _filled(template: str, values: Mapping[str, str | float]) -> str:
    shown = _Values({key: shown_value(key, value) for key, value in values.items()})
    return " ".join(template.format_map(shown).split())


def shown_value(key: str, value: str | float) -> str:
    """A value as a person reads it: bytes as GiB or MiB, all else as it is."""
    if key.endswith("_bytes") and isinstance(value, int | float):
        return f"{value / 2**30:.1f} GiB" if value >= 2**29 else f"{value / 2**20:.0f} MiB"
    return str(value)


def _smaller(model: str, *, chinese: bool) -> str:
    if not model:
        return ""
    return f"例如 {model}。" if chinese else f"{model} would fit."


def _shorter(values: Mapping[str, str | float], *, chinese: bool) -> str:
    model, tokens = values.get("model", "?"), values.get("context_tokens")
    if not tokens:
        return ""
    if chinese:
        return f"或在 settings.json 中将 context_tokens 设为 {tokens}，{model} 也可装入。"
    return f"{model} itself would fit with context_tokens set to {tokens} in settings.json."
