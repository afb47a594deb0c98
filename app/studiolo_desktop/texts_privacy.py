"""The texts of privacy, the seal and reading ahead: English and Simplified Chinese. Data only, part of `texts.py`."""

from __future__ import annotations

PRIVACY_TEXTS: dict[str, tuple[str, str]] = {
    # a value that the model did not see
    "value.tip": ("{kind}. The model saw {seen}", "{kind}。模型看到的是 {seen}"),
    "value.seen": ("The model saw", "模型看到"),
    "value.value": ("Value", "内容"),
    "value.hidden": ("Hidden", "已隐藏"),
    "value.copy": ("Copy", "复制"),
    "value.restored": (
        "The model never saw the value. It was put back for you alone.",
        "模型从未看到此内容，仅为您还原显示。",
    ),
    "value.masked": ("The model never saw the value.", "模型从未看到此内容。"),
    "value.opening": ("Asking the engine for it…", "正在向引擎获取…"),
    "value.recorded": (
        "Shown once. The audit now says that you looked, not what you saw.",
        "仅显示这一次。审计记录会写明您查看过，但不含内容。",
    ),
    "value.no_token": (
        "The model made this up itself: no pseudonym stands for it, so it cannot be shown.",
        "这是模型自行写出的，没有对应的假名，因此无法显示。",
    ),
    # what the model saw
    "sides.open": ("What the model saw", "模型看到的内容"),
    "sides.title": ("What the model saw", "模型看到的内容"),
    "sides.yours": ("You read", "您看到的"),
    "sides.models": ("The model saw", "模型看到的"),
    "sides.loading": ("One moment…", "请稍候…"),
    "sides.hidden.one": (
        "{n} value was hidden from the model in this turn.",
        "在这一轮对话中，有 {n} 处内容未让模型看到。",
    ),
    "sides.hidden.many": (
        "{n} values were hidden from the model in this turn.",
        "在这一轮对话中，有 {n} 处内容未让模型看到。",
    ),
    "sides.same": (
        "Nothing had to be hidden in this turn: the model saw the same as you.",
        "这一轮对话没有需要隐藏的内容，模型看到的与您相同。",
    ),
    "sides.prompt": ("All the model read", "模型读到的全部文字"),
    "sides.gone": (
        "It is not kept any more: a document that it held was removed.",
        "已不再保留：其中的文档已被移除。",
    ),
    # the privacy dialog
    "privacy.title": ("Privacy", "隐私"),
    "privacy.seal": ("Seal", "封闭"),
    "privacy.policy": ("What is hidden", "隐藏规则"),
    "privacy.audit": ("Audit", "审计"),
    "privacy.names": ("Pseudonyms", "假名"),
    "privacy.ahead": ("Reading ahead", "预读"),
    # the seal
    "seal.open": ("Privacy and the seal", "隐私与封闭"),
    "seal.away": (
        "The engine is not running: nothing reads your documents now.",
        "引擎未运行：现在没有程序在读取您的文档。",
    ),
    "seal.sealed": (
        "Sealed: 0 connections possible, neither for the engine nor for this window.",
        "已封闭：引擎和此窗口都无法建立任何连接。",
    ),
    "seal.engine": ("Sealed: 0 connections possible for the engine.", "已封闭：引擎无法建立任何连接。"),
    "seal.alone": (
        "The engine is sealed: 0 connections possible. This window is not.",
        "引擎已封闭，无法建立任何连接；此窗口未封闭。",
    ),
    "seal.not_sealed": ("Not sealed.", "未封闭。"),
    "seal.explained": (
        (
            "The system's kernel refuses every way out to the process that reads your documents. The proof starts "
            "such a process and one without the seal, and lets both try every way out that we know of, to listeners on "
            "this computer. It sends none of your text."
        ),
        (
            "系统内核会拒绝读取文档的进程的一切外连途径。证明会启动这样一个进程和一个未封闭的进程，让两者尝试我们已知的"
            "所有途径，目标都是本机的监听端口，不会发送您的任何文字。"
        ),
    ),
    "seal.not_here": (
        (
            "On this system there is no seal that we could prove: it is made for Linux. The engine still asks the "
            "network for nothing."
        ),
        "此系统上没有可供证明的封闭机制：该机制仅在 Linux 上实现。引擎仍不会访问网络。",
    ),
    "seal.prove": ("Prove it now", "立即证明"),
    "seal.prove_again": ("Prove it again", "再次证明"),
    "seal.stop": ("Stop", "停止"),
    "seal.proving": ("Trying every way out…", "正在尝试所有外连途径…"),
    "seal.table": ("Ways out, tried with and without the seal", "在封闭与未封闭时尝试的外连途径"),
    "seal.way": ("Way out", "外连途径"),
    "seal.inside": ("Sealed", "已封闭"),
    "seal.outside": ("Without the seal", "未封闭"),
    "seal.refused": ("refused", "已拒绝"),
    "seal.got_out": ("NOT REFUSED ({error})", "未拒绝（{error}）"),
    "seal.got_through": ("got out", "可通行"),
    "seal.reached": ("reached the kernel ({error})", "已到达内核（{error}）"),
    "seal.nobody": ("refused to everybody here ({error})", "本机对所有程序均拒绝（{error}）"),
    "seal.holds": (
        (
            "The seal holds: {refused} of {ways} ways refused. {sealed} messages got out of the sealed process, "
            "{control} out of the other."
        ),
        "封闭有效：{ways} 个途径中拒绝了 {refused} 个。已封闭的进程送出 {sealed} 条消息，另一进程送出 {control} 条。",
    ),
    "seal.fails": (
        (
            "The seal does NOT hold: {refused} of {ways} ways refused. {sealed} messages got out of the sealed "
            "process, {control} out of the other."
        ),
        "封闭无效：{ways} 个途径中仅拒绝了 {refused} 个。已封闭的进程送出 {sealed} 条消息，另一进程送出 {control} 条。",
    ),
    # ways out
    "way.tcp": ("TCP connection", "TCP 连接"),
    "way.tcp_ipv6": ("TCP connection, IPv6", "TCP 连接（IPv6）"),
    "way.udp": ("UDP datagram", "UDP 数据报"),
    "way.udp_ipv6": ("UDP datagram, IPv6", "UDP 数据报（IPv6）"),
    "way.dns": ("Name look-up by the C library (DNS)", "C 库的域名查询（DNS）"),
    "way.raw": ("Raw IP (ICMP)", "原始 IP（ICMP）"),
    "way.packet": ("Packets past IP (AF_PACKET)", "绕过 IP 的数据包（AF_PACKET）"),
    "way.netlink": ("The kernel's network settings (netlink)", "内核网络设置（netlink）"),
    "way.vsock": ("The host of a virtual machine (vsock)", "虚拟机的宿主（vsock）"),
    "way.resolver_socket": ("A resolver's Unix socket", "域名解析服务的 Unix 套接字"),
    "way.dbus": ("A Unix socket like D-Bus", "D-Bus 一类的 Unix 套接字"),
    "way.datagram_of_a_pair": ("A datagram from a pair to a Unix address", "由套接字对发往 Unix 地址的数据报"),
    "way.accepted_again": ("An accepted descriptor, connected anew (AF_UNSPEC)", "已接受的描述符重新连接（AF_UNSPEC）"),
    "way.listener_again": ("The listener's descriptor, connected anew", "监听描述符重新连接"),
    "way.fast_open": ("Sending with MSG_FASTOPEN", "以 MSG_FASTOPEN 发送"),
    "way.io_uring": ("io_uring", "io_uring"),
    "way.pidfd_getfd": ("Another process's descriptor (pidfd_getfd)", "其他进程的描述符（pidfd_getfd）"),
    "way.ptrace": ("Steering another process (ptrace)", "操控其他进程（ptrace）"),
    "way.process_vm_writev": ("Writing into another process's memory", "写入其他进程的内存"),
    "way.key_service": ("The kernel's key service, which can look names up", "可查询域名的内核密钥服务"),
    "way.child_process": ("A child process", "子进程"),
    "way.earlier_thread": ("A thread that was there before the seal", "隔离之前就已存在的线程"),
    "way.python_connect": ("Python: connecting", "Python：建立连接"),
    "way.python_look_up": ("Python: name look-up", "Python：域名查询"),
    "way.x32_calls": ("System calls by the x32 numbers", "以 x32 编号发起的系统调用"),
    # what is hidden
    "policy.for": ("For", "适用于"),
    "policy.all_libraries": ("All libraries", "所有资料库"),
    "policy.starts_from": ("Starts from", "基础方案"),
    "policy.profile_default": ("Balanced (as shipped)", "均衡（默认）"),
    "policy.profile_home": ("What counts for all libraries", "与所有资料库相同"),
    "policy.profile_open": ("Open", "开放"),
    "policy.profile_balanced": ("Balanced", "均衡"),
    "policy.profile_strict": ("Strict", "严格"),
    "policy.explain_open": (
        "The model reads everything but keys, passwords and payment cards.",
        "除密钥、密码和支付卡外，模型可读取所有内容。",
    ),
    "policy.explain_balanced": (
        "The model reads pseudonyms for people, numbers and addresses. Places, organisations and dates stay.",
        "人名、号码和地址以假名代替；地点、机构和日期保留。",
    ),
    "policy.explain_strict": (
        "The model reads no value of any type, and a question that holds a secret is refused.",
        "任何类型的内容模型都看不到；含有密钥的问题会被拒绝。",
    ),
    "policy.where": ("On its way to", "去向"),
    "policy.everywhere": ("Everywhere", "所有去向"),
    "policy.direction_question": ("The model, in a question", "模型（问题）"),
    "policy.direction_passage": ("The model, in a passage", "模型（文档段落）"),
    "policy.direction_history": ("The model, in earlier messages", "模型（之前的消息）"),
    "policy.direction_tool": ("A tool of a script", "脚本的工具"),
    "policy.direction_file_name": ("The model, in a file's name", "模型（文件名）"),
    "policy.direction_title": ("A conversation's title", "对话标题"),
    "policy.direction_export": ("An export", "导出"),
    "policy.becomes": ("What becomes of it", "处理方式"),
    "policy.by_profile": ("As the profile says", "按基础方案"),
    "policy.action_allow": ("Leave", "保留"),
    "policy.action_flag": ("Leave and count", "保留并计数"),
    "policy.action_mask": ("Mask", "遮盖"),
    "policy.action_pseudonymise": ("Pseudonym", "假名"),
    "policy.action_block": ("Refuse the text", "拒绝整段文字"),
    "policy.everything_else": ("Everything else", "其他所有类型"),
    "policy.own": ("Your own", "自定义"),
    "policy.own_hint": (
        "Words and patterns that are personal to you, such as the names of projects.",
        "对您而言属于隐私的词语和模式，例如项目名称。",
    ),
    "policy.own_add": ("Add your own…", "添加自定义…"),
    "policy.own_name": ("Name, such as PROJECT", "名称，例如 PROJECT"),
    "policy.own_remove": ("Remove", "移除"),
    "policy.words": ("Words, one a line", "词语，每行一个"),
    "policy.patterns": ("Patterns (regular expressions), one a line", "模式（正则表达式），每行一个"),
    "policy.allow": ("Never hide", "从不隐藏"),
    "policy.allow_hint": (
        "What is no secret, whatever it looks like: your own company, a public number.",
        "无论看起来像什么都不算隐私的内容，例如您自己的公司、公开的号码。",
    ),
    "policy.try": ("Try it on a text of your own", "用您自己的文字试一试"),
    "policy.sample": (
        (
            "Dear Ms Margaret Holloway,\nplease ring me on +44 20 7946 0958 or write to m.holloway@example.com. "
            "The card is 4111 1111 1111 1111. We meet in London on 3 May."
        ),
        (
            "王小明先生，您好：\n请致电 13800138000，或发邮件至 wang@example.com。卡号是 4111 1111 1111 1111。"
            "我们五月三日在上海见面。"
        ),
    ),
    "policy.seen": ("The model would read", "模型将读到"),
    "policy.refused": ("Nothing: the text would be refused ({what}).", "无：这段文字会被拒绝（{what}）。"),
    "policy.blocked": ("The text would be refused.", "这段文字会被拒绝。"),
    "policy.hides": ("Hidden: {what}.", "隐藏：{what}。"),
    "policy.hides_nothing": ("Nothing would be hidden.", "没有需要隐藏的内容。"),
    "policy.leaves": ("Left in place: {what}.", "保留：{what}。"),
    "policy.save": ("Save", "保存"),
    "policy.revert": ("Undo changes", "撤销更改"),
    "policy.saved": ("Saved. It counts at once.", "已保存，立即生效。"),
    "policy.leave": ("Do not save", "不保存"),
    "policy.leave_sure": (
        "You have changed this policy and not saved it. Go on without saving?",
        "您更改了此规则但尚未保存。要不保存就继续吗？",
    ),
    "policy.problem_at": ("{what} ({file}, line {line})", "{what}（{file} 第 {line} 行）"),
    "policy.problem_other": ("This does not fit: {problem}", "不符合要求：{problem}"),
    "policy.problem_bad_type": (
        "A name is of Latin capitals, digits and _, and has at least two.",
        "名称只能由拉丁大写字母、数字和 _ 组成，且至少两个字符。",
    ),
    "policy.problem_reserved_type": ("This name is taken by the program itself.", "此名称由程序保留。"),
    "policy.problem_empty_list": ("Words or patterns are needed.", "需要词语或模式。"),
    "policy.problem_short_word": (
        "A word is too short to be looked for: it would be found everywhere.",
        "有词语太短，无法查找：到处都会匹配。",
    ),
    "policy.problem_bad_pattern": ("A pattern is no regular expression.", "有模式不是正则表达式。"),
    "policy.problem_long_pattern": ("A pattern is longer than 1,000 characters.", "有模式超过 1,000 个字符。"),
    "policy.problem_empty_match": (
        "A pattern matches nothing at all, and so everywhere.",
        "有模式可匹配空文本，因而处处匹配。",
    ),
    "policy.problem_slow_pattern": (
        "A pattern may take for ever: it repeats a repetition, as (a+)+ does.",
        "有模式可能永不结束：它重复了重复的部分，例如 (a+)+。",
    ),
    # the audit
    "audit.intro": (
        "What the filter did, never a value. Each record is chained to the one before it, so a change shows.",
        "记录过滤器做过什么，从不含具体内容。每条记录都与前一条相连，任何改动都会被发现。",
    ),
    "audit.filter": ("Show", "显示"),
    "audit.all": ("Everything", "全部"),
    "audit.table": ("Records of the audit", "审计记录"),
    "audit.time": ("Time", "时间"),
    "audit.event": ("What", "事件"),
    "audit.direction": ("On its way to", "去向"),
    "audit.reader": ("Reader", "读者"),
    "audit.found": ("Types and counts", "类型与数量"),
    "audit.shown.one": ("{n} record", "{n} 条记录"),
    "audit.shown.many": ("{n} records", "{n} 条记录"),
    "audit.earlier": ("Show earlier ones", "显示更早的记录"),
    "audit.verify": ("Verify", "校验"),
    "audit.verifying": ("Checking every record…", "正在校验每条记录…"),
    "audit.export": ("Export…", "导出…"),
    "audit.exported": ("Written to {name}.", "已写入 {name}。"),
    "audit.csv": ("Table (CSV)", "表格（CSV）"),
    "audit.json": ("Lines of JSON", "JSON 行"),
    "audit.sound": (
        "Nothing was changed or removed: records {first} to {last} are as they were written.",
        "没有任何改动或删除：第 {first} 至 {last} 条记录与写入时一致。",
    ),
    "audit.changed_record": ("Record {record} was changed.", "第 {record} 条记录被改动。"),
    "audit.removed_records": ("Records are missing before record {record}.", "第 {record} 条之前有记录缺失。"),
    "audit.cut_tail": ("The last records were cut off, behind record {record}.", "第 {record} 条之后的记录被截断。"),
    "audit.anchor_mismatch": (
        "The log does not fit its anchor: it was replaced ({record}).",
        "记录与锚点不符，可能已被替换（{record}）。",
    ),
    "audit.anchor_missing": ("The log's anchor is gone ({record}).", "记录的锚点已丢失（{record}）。"),
    "audit.event_screened": ("Screened", "已过滤"),
    "audit.event_answer": ("Answer shown", "已显示回答"),
    "audit.event_left": ("Answer left unread", "回答未读完"),
    "audit.event_restored": ("Stored text shown", "已显示存储的文字"),
    "audit.event_redacted": ("Redacted for a script", "已为脚本遮盖"),
    "audit.event_revealed": ("Value revealed", "已显示原内容"),
    "audit.event_blocked": ("Refused", "已拒绝"),
    "audit.event_failed": ("Filter failed, nothing let out", "过滤失败，未放行"),
    "audit.event_exported": ("Library exported", "已导出资料库"),
    "audit.event_torn": ("Log cut by a crash", "记录因崩溃中断"),
    "audit.event_pruned": ("Old records dropped", "已清除旧记录"),
    "audit.event_cut_tail": ("Records missing at the end", "末尾记录缺失"),
    "audit.event_anchor_mismatch": ("Anchor does not fit", "锚点不符"),
    "audit.event_anchor_missing": ("Anchor missing", "锚点缺失"),
    "audit.to_question": ("model (question)", "模型（问题）"),
    "audit.to_passage": ("model (passage)", "模型（段落）"),
    "audit.to_history": ("model (earlier messages)", "模型（之前的消息）"),
    "audit.to_tool": ("tool", "工具"),
    "audit.to_file_name": ("model (file name)", "模型（文件名）"),
    "audit.to_title": ("title", "标题"),
    "audit.to_export": ("export", "导出"),
    "audit.to_answer": ("reader", "读者"),
    "audit.to_redact": ("script", "脚本"),
    "audit.reader_owner": ("you", "您"),
    "audit.reader_restore": ("script that may see values", "可查看原内容的脚本"),
    "audit.reader_masked": ("script, masked", "脚本（遮盖）"),
    "audit.reader_blocked": ("script, blocked", "脚本（拦截）"),
    # pseudonyms
    "names.intro": (
        "Each value has one pseudonym for good, so that the model can tell people apart without knowing them.",
        "每个内容都有一个固定的假名，使模型能够区分不同的人，却不知道他们是谁。",
    ),
    "names.token": ("Pseudonym", "假名"),
    "names.type": ("Type", "类型"),
    "names.value": ("Value", "内容"),
    "names.same": ("Same as", "等同于"),
    "names.table": ("Pseudonyms of the library", "资料库的假名"),
    "names.reveal": ("Show values", "显示内容"),
    "names.hide": ("Hide values", "隐藏内容"),
    "names.none": ("This library has no pseudonyms yet.", "此资料库还没有假名。"),
    "names.count.one": ("{n} pseudonym", "{n} 个假名"),
    "names.count.many": ("{n} pseudonyms", "{n} 个假名"),
    "names.forget": ("Forget this one…", "遗忘此项…"),
    "names.forget_all": ("Forget all…", "全部遗忘…"),
    "names.forget_sure": (
        "Forget whom {token} stands for, with every form of the name? Answers keep the pseudonym for good.",
        "遗忘 {token} 所代表的对象及其姓名的所有写法？含有它的回答将永远只显示假名。",
    ),
    "names.forget_all_sure": (
        "Forget all pseudonyms of “{library}”? Its answers keep them for good, without the values.",
        "遗忘“{library}”的所有假名？其回答将永远只显示假名，不再显示内容。",
    ),
    "names.forget_yes": ("Forget", "遗忘"),
    "names.erased.one": ("{n} pseudonym was forgotten.", "已遗忘 {n} 个假名。"),
    "names.erased.many": ("{n} pseudonyms were forgotten.", "已遗忘 {n} 个假名。"),
    # reading ahead
    "ahead.intro": (
        (
            "While nobody waits, the model reads your documents ahead, so that answers from them begin sooner. It "
            "stops at once when you ask something, on battery, and when the computer is busy."
        ),
        "空闲时，模型会预先阅读您的文档，使回答更快开始。您提问、使用电池或电脑繁忙时会立即停止。",
    ),
    "ahead.done": ("{done} of {total} passages read ahead", "已预读 {done} / {total} 个段落"),
    "ahead.working": ("Reading now.", "正在预读。"),
    "ahead.waiting": ("Waits until nobody needs the computer.", "等待电脑空闲。"),
    "ahead.all": ("Everything is read.", "已全部预读。"),
    "ahead.paused": ("Paused.", "已暂停。"),
    "ahead.no_room": ("No disk is given to it.", "未分配磁盘空间。"),
    "ahead.pause": ("Pause", "暂停"),
    "ahead.resume": ("Go on", "继续"),
    "ahead.disk": ("{size} of {budget} on disk", "已用磁盘 {size} / {budget}"),
    "ahead.budget": ("Disk it may take", "可用磁盘"),
    "ahead.nothing": ("None", "不使用"),
    "ahead.budget_hint": (
        "With less, what was used least goes first. It can always be read again.",
        "减少时，最少使用的内容先被清除，之后随时可以重新预读。",
    ),
}

# More types of the privacy filter, as in `texts.ENTITY_WORDS`.
MORE_ENTITY_WORDS: dict[str, tuple[str, str, str]] = {
    "DATE_OF_BIRTH": ("date of birth", "dates of birth", "个出生日期"),
    "NATIONAL_ID": ("national number", "national numbers", "个国家证件号"),
    "MEDICAL_ID": ("medical number", "medical numbers", "个病历号"),
    "INSURANCE_ID": ("insurance number", "insurance numbers", "个保险号"),
    "STAFF_ID": ("staff number", "staff numbers", "个工号"),
    "US_MBI": ("health number", "health numbers", "个医疗号码"),
    "MACAU_ID": ("identity number", "identity numbers", "个身份证号"),
    "PERMIT": ("permit number", "permit numbers", "个通行证号"),
    "LICENCE_NUMBER": ("licence number", "licence numbers", "个执照号"),
    "VIN": ("vehicle number", "vehicle numbers", "个车架号"),
    "IMEI": ("device number", "device numbers", "个设备号"),
    "CRYPTO": ("crypto address", "crypto addresses", "个加密货币地址"),
    "CHAT_ACCOUNT": ("chat account", "chat accounts", "个聊天账号"),
    "COORDINATES": ("position", "positions", "个坐标"),
    "AGE": ("age", "ages", "个年龄"),
    "NRP": ("group of people", "groups of people", "个族群"),
    "TITLE": ("title", "titles", "个称谓"),
    "ZIP_CODE": ("postcode", "postcodes", "个邮政编码"),
    "DOMAIN_NAME": ("domain", "domains", "个域名"),
}
