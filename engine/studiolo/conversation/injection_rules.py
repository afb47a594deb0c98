"""The rules of `injection`: what orders to a model look like, in English and Chinese. Data; matched on folded text in
lower case, with runs of blanks made one.

A rule is what it finds, strings of which one must be in a text that it can fit (a bar between them), and a pattern.
"""

from __future__ import annotations

_AI = (
    r"(?:ai|a\.i\.|llms?|language models?|chatbots?|assistants?|chatgpt|gpt|claude|"
    r"copilot|bots?|the model|virtual agent)"
)
# Where an order begins: a sentence, a line, a clause after a colon or dash, or behind words that give one.
_ORDER = (
    r"(?:^|[.!?:;\n\-*>#\"'\u201c\u201d\u2018\u2019()\[\]{}|/]\s{0,8}|"
    rf"\b{_AI}\s*(?:[,:.!-]\s*|\s(?:must|should|shall|will)\s+)|"
    r"\b(?:please|kindly|now|and|instead|immediately|just|simply|always|okay|ok|important|"
    r"you (?:must|should|shall|will|can|have to|need to|are to|are (?:now )?(?:required|"
    r"instructed|ordered|asked|told|allowed) to)|"
    r"(?:want|need|order|command|ask|instruct|tell|require|would like) you to)[,:]?\s+"
    r"(?:please |now |just |simply |completely |immediately )?)"
)
_PAST = (
    r"(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|"
    r"system|former|past|safety|"
    r"developer'?s?|former|current|default|given|hidden|ethical|content)"
)
_RULES = (
    r"(?:instructions?|prompts?|directions|guidelines?|directives?|commands?|constraints?|"
    r"restrictions?|policy|policies|"
    r"programming|guardrails?|safeguards?|training|rules|context|messages|filters?)"
)
_FILL = (
    r"(?:(?:all|any|every|the|your|of|these|those|my|our|other|everything|and|what|"
    r"completely|entirely|about)\s+){0,5}"
)
# What a manual adds, and an attack does not.
_OF_A_THING = (
    r"(?![^.!?\n]{0,60}\b(?:if (?:you|your|the|it)|when (?:installing|using)|unless|"
    r"on page|on pages|in sections?|"
    r"in chapters?|in steps?|in the (?:manual|leaflet|box|first edition|earlier)|on the (?:box"
    r"|label|leaflet|back|packet)|"
    r"that came with|printed|for (?:the|this|older|that) (?:model|version|recipe|edition|"
    r"engine)|"
    r"(?:from|of|by) (?:the|your) (?:manufacturer|previous owner|landlord|teacher|"
    r"doctor|seller)))"
)
_FORGET = (
    r"(?:ignore|disregard|forget|override|bypass|discard|set aside|pay no attention to|"
    r"do not (?:follow|obey)|don't (?:follow|obey)|stop (?:following|obeying)|abandon|"
    r"erase|delete)"
)
_USER = (
    r"(?:the |your |this )?(?:users?|humans?|readers?|owner|person (?:asking|reading)|"
    r"operator)(?!['\u2019]s)\b"
)
_SHOW = (
    r"(?:reveal|print|output|repeat|show|disclose|display|list|recite|tell me|give me|"
    r"leak|expose|echo|write out|return|send|email|post|include|append|summari[sz]e)"
)
_PLACE = (
    r"(?:https?://|www\.|[\w.+-]+@[\w-]+\.|the (?:following|attacker'?s?|external) (?:url|"
    r"address|server|link|endpoint|site))"
)

_FORGETS = "ignor|disregard|forget|overrid|bypass|discard|set aside|pay no|follow|obey|abandon|erase|delete"
_USERS = "user|human|reader|owner|operator|person"
_AIS = "ai|a.i.|llm|language model|bot|assistant|gpt|claude|copilot|model|virtual agent"
ENGLISH: tuple[tuple[str, str, str], ...] = (
    (
        "override",
        _FORGETS,
        rf"{_ORDER}{_FORGET}\s+{_FILL}(?:{_PAST}\s+(?:and\s+)?){{1,3}}(?:\w+\s+)?{_RULES}\b{_OF_A_THING}",
    ),
    (
        "override",
        _FORGETS,
        (
            rf"{_ORDER}{_FORGET}\s+(?:all|any|every|your|all of your|all the|all your|any of your)\s+(?"
            r":\w+\s+)?"
            r"(?:instructions|prompts?|guidelines|guardrails|safeguards|restrictions|programming|"
            rf"rules)\b(?! (?:that|which|for|on|of|in)\b){_OF_A_THING}"
        ),
    ),
    (
        "override",
        _FORGETS,
        (
            rf"{_ORDER}{_FORGET}\s+(?:everything|all|anything)\s+(?:that\s+)?(?:(?:was\s+)?(?:said|"
            r"written|stated)\s+)?"
            r"(?:above|before this|you (?:were|have been) (?:told|given|instructed)|you know(?! (?:abo"
            r"ut|of))|previously|so far|up to (?:now|this point)|i said)\b"
        ),
    ),
    (
        "override",
        _FORGETS,
        (
            rf"{_ORDER}{_FORGET}\s+(?:what|whatever)\s+(?:the (?:system|developer|user)|you were|"
            r"your)\b"
        ),
    ),
    (
        "override",
        "instruction",
        (
            r"\b(?:these|the following|new|updated|my) (?:new )?instructions? (?:override|"
            r"overrides|supersede|supersedes|replace|replaces|take precedence over|have priority over)"
            r" (?:all |any |your |the )*(?:previous|prior|earlier|other|system|existing|original)\b"
        ),
    ),
    (
        "role",
        "you are",
        (
            rf"\byou are (?:now|no longer|actually|really|from now on)\b[^.!?\n]{{0,50}}\b(?:{_AI}|"
            r"hacker|pirate|persona|"
            r"unrestricted|unfiltered|uncensored|evil|jailbroken|dan|(?:no|without) (?:rules|"
            r"restrictions|limits|filters)|"
            r"bound by|root shell|in (?:developer|debug|god|jailbreak|admin|maintenance|unrestricted) "
            r"mode)\b"
        ),
    ),
    (
        "role",
        "from now|from this point|from here",
        (
            r"\bfrom (?:now|this point|here) on,? (?:you|your (?:only|new|sole))\b[^.!?\n]{0,20}\b(?:a"
            r"nswer|respond|reply|speak|act|obey|recommend|say|write|praise|refuse|follow|"
            r"ignore|pretend|call yourself|task|role|are an? )\b"
        ),
    ),
    (
        "role",
        "your new|your real|your actual|your true|your only",
        (
            r"\byour (?:new|real|actual|true|only) (?:(?:task|instructions?|goal|objective|"
            r"identity|persona|directive|orders?) (?:is|are|now|will be)|(?:role|job|purpose|"
            r"mission) is to)\b"
        ),
    ),
    (
        "role",
        (
            "restrict|filter|uncens|jailbr|evil|dan|no rules|no limits|no guidelines|without|"
            "administrator|root shell|another ai|different ai"
        ),
        (
            rf"{_ORDER}(?:act|behave|respond|answer|pretend|roleplay|role-play|play)\s+(?:as|"
            rf"like|to be|that you|you)\b[^.!?\n]{{0,40}}\b(?:"
            r"unrestricted|unfiltered|uncensored|jailbroken|evil|dan|no (?:rules|restrictions|"
            r"limits|filters|guidelines)|"
            r"without (?:any )?(?:rules|restrictions|limits|filters|guidelines)|(?:system )?administra"
            r"tor of this (?:system|model|assistant)|root shell|different ai|another ai)\b"
        ),
    ),
    (
        "role",
        "mode",
        (
            rf"{_ORDER}(?:enter|activate|enable|switch to|engage)\s+(?:the\s+)?(?:dan|jailbreak|"
            r"god|unrestricted|evil)[ -]?mode\b"
        ),
    ),
    (
        "role",
        "instruction|prompt|orders|directive",
        (
            r"(?:^|\n|[.!?:#*>\[(\-]\s*)(?:new|updated|revised|real|actual|secret|hidden) (?:system )?"
            r"(?:instructions?|prompt|orders|directives?) ?(?:for (?:the )?(?:ai|assistant|"
            r"model|llm))?\s*:"
        ),
    ),
    (
        "turn",
        "<|[",
        (
            r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|"
            r"end_header_id)\|>|\[/?inst\]|<</?sys>>|</?(?:system|sys_prompt|system_prompt)>"
        ),
    ),
    (
        "turn",
        "system|developer",
        (
            r"(?:^|\n)[ \t>*#\[(]*(?:system|developer)(?: (?:message|prompt|note|override|"
            r"notice|instruction|update))?(?:[\])*]*\s*[:>]|[\])]+)\s*\**\s*(?:you|your|ignore|"
            r"disregard|forget|the assistant|assistant|ai|new|from now|override|do not|don't|"
            r"always|never|reveal|all (?:previous|safety)|user is|the user is|authori[sz]ed)\b"
        ),
    ),
    (
        "turn",
        "system|admin|developer|end of",
        (
            r"\b(?:begin|start|end) (?:of )?(?:the )?(?:system|admin|developer) (?:prompt|"
            r"message|instructions?|override)\b|\bend of (?:document|context|passages?|user (?:input|"
            r"data))\b[^.\n]{0,20}\b(?:system|new|instructions?)\b"
        ),
    ),
    (
        "secrecy",
        _USERS,
        (
            rf"{_ORDER}(?:do not|don't|never|avoid|without|refrain from)\s+(?:ever\s+)?(?:tell|"
            r"telling|inform|informing|notify|notifying|alert|alerting|warn|warning|let|show|"
            r"showing|mention(?:ing)? (?:this|it|anything) to|reveal(?:ing)? (?:this|it|anything|"
            r"any of this) to|say(?:ing)? (?:this|anything) to|disclos(?:e|ing) (?:this|it|"
            rf"any of this) to)\s+{_USER}"
            r"(?=\s*(?:[.!,;:\n)\"]|$|about (?:this|these|it|the (?:instruction|hidden|injection))|"
            r"that (?:you|this|these)|(?:know|see) (?:this|these|that|about)|of (?:this|these)|"
            r"(?:any of )?(?:this|these)|why|you))"
        ),
    ),
    (
        "secrecy",
        "instruction|prompt|command|directive|hidden|injection|passage|paragraph",
        (
            r"\b(?:do not|don't|never)\s+(?:mention|reveal|disclose|refer to|acknowledge|quote|"
            r"repeat|report)\s+(?:that\s+)?(?:this|these|the existence of (?:this|these))\s+(?:\w+ )?("
            r"?:instructions?|prompts?|commands?|directives?|hidden|injection|passage|paragraph)\b"
        ),
    ),
    (
        "secrecy",
        _USERS,
        (
            r"\b(?:without|do not|don't)\s+(?:the user|users?|the human)(?:'s)?\s+(?:knowing|"
            r"knowledge|noticing|consent|finding out)\b"
        ),
    ),
    (
        "secrets",
        (
            "prompt|system m|system i|instruction|developer m|above|chat history|context window|"
            "you were given|before this|confidential"
        ),
        (
            rf"{_ORDER}{_SHOW}\s+(?:me\s+|us\s+|to me\s+)?(?:\w+\s+){{0,4}}(?:system prompt|"
            r"system message|system instructions|initial prompt|hidden prompt|hidden instructions|"
            r"secret instructions|developer message|initial instructions|(?:instructions|text|"
            r"words|messages|prompt) (?:you were given|before this|above (?:verbatim|word for word|"
            r"exactly|in full))|(?:prompt|messages) above|chat history with|context window|"
            r"confidential (?:passages|documents|information) you)\b"
        ),
    ),
    (
        "secrets",
        "conversation|chat|user|api key|credential|password|secret|private key|personal|passages",
        (
            rf"{_ORDER}(?:send|forward|post|upload|transmit|e-?mail|leak|exfiltrate|submit|"
            rf"deliver|copy|append|encode)\s+(?:\S+\s+){{0,7}}(?:conversation|chat history|"
            r"chat log|user(?:'s|s'|s)? (?:data|files|documents|messages|details|name|questions?|"
            r"input)|api keys?|credentials|passwords|secrets|private keys?|personal (?:data|"
            rf"information)|(?:all|retrieved) passages)\b[^.!?\n]{{0,50}}\b(?:to|at|via|into|"
            rf"onto)\s+\S*?{_PLACE}"
        ),
    ),
    (
        "secrets",
        "![",
        (
            r"!\[[^\]\n]*\]\(\s*https?://[^)\s]*[?&/=](?:\{|\[|<|\$|%7b|%3c|(?:data|secret|"
            r"conversation|history|answer|question|prompt|summary|user_?data|name|email)\b)[^)]*\)"
        ),
    ),
    (
        "links",
        _USERS,
        (
            rf"{_ORDER}(?:tell|ask|instruct|urge|convince|persuade|direct|encourage|get|order|"
            rf"advise)\s+{_USER}\s+(?:to|that (?:they|he|she) (?:must|should|needs? to))\s+(?:click|"
            r"visit|open|download|enter|provide|give|send|run|install|go to|log ?in|pay|transfer|"
            rf"call|reply|submit|share|confirm|verify)\b[^.!?\n]{{0,90}}(?:link|http|www\.|"
            r"url|password|card|credential|\bpin\b|\bcode\b|\.exe|\.sh|attachment|account|"
            r"bank|money|software|number)"
        ),
    ),
    (
        "links",
        "http",
        (
            rf"\b(?:{_AI}|you)(?:\s+(?:must|should|shall|need to|have to|are to))\s+(?:now\s+|"
            r"immediately\s+|first\s+|always\s+)?(?:open|visit|fetch|browse(?: to)?|navigate to|"
            rf"load|call|request|download)\b[^.!?\n]{{0,40}}https?://"
        ),
    ),
    (
        "orders",
        _AIS,
        (
            r"(?:^|[.!?\n#*>(\[\"-]\s*)(?:attention|note|notice|message|instructions?|important|"
            r"dear|hello|hi|hey|warning)?[ ,:]*(?:to|for)?\s*(?:all |any |every |the |an |"
            r"whichever )?(?:ai|llm|language model|chatbot|ai assistant|assistant|model)s?(?: (?:assis"
            r"tants?|models?|agents?|systems?|reviewers?|readers?|reading this|processing this(?: \w+)"
            r"?|that reads? this))*\s*[:,!]\s*(?:please\s+|you\s+(?:must|should|are|will|need)\s+|"
            r"do\s+not|don't|always|never|ignore|say|write|rate|give|recommend|answer|respond|"
            r"reply|output|include|add|append|state|treat|stop|print|mark|approve|when|if)"
        ),
    ),
    (
        "orders",
        _AIS,
        (
            rf"\bif you(?:'re| are)? (?:reading this and (?:you )?are )?(?:an? |the )?(?:{_AI})\b[^.!?\n"
            rf"]{{0,50}}(?:[,:]\s*|\bthen\s+|\byou (?:must|should)\s+)(?:please\s+)?(?:ignore|"
            r"say|write|rate|give|recommend|answer|respond|reply|output|include|add|append|"
            r"state|stop|print|mark|approve|begin|start|end|insert|tell|do not|refuse)\b"
        ),
    ),
    (
        "orders",
        "when|if|asked|summari|answering",
        (
            r"\b(?:when|if|whenever)\s+(?:you\s+(?:are\s+asked|summari[sz]e|answer|process|"
            r"read|quote|cite)|asked|summari[sz]ing|answering|(?:the|a|any) users?\s+asks?)\b[^.!?\n]{"
            r"0,60}\b(?:this (?:document|file|text|page|passage|contract|r[e\u00e9]sum[e\u00e9]|"
            r"cv|report|e-?mail)|the (?:candidate|contract|document)|about (?:it|anything))\b[^.!?\n]{"
            r"0,30}[,:]\s*(?:you (?:must|should)\s+)?(?:always\s+|only\s+)?(?:say|write|rate|"
            r"recommend|answer|respond|reply|output|include|add|append|state|claim|insist|"
            r"tell|refuse|print)\b"
        ),
    ),
    (
        "orders",
        "no matter|regardless|question|quer|prompt|message|instead|nothing else",
        (
            rf"{_ORDER}(?:respond|reply|answer|output|say|print|write)\b[^.!?\n]{{0,50}}\b(?:no matter "
            r"(?:what|which)|regardless of (?:what|the (?:question|passages|documents?|context))|"
            r"(?:all|every|any)(?: \w+)? (?:questions?|quer(?:y|ies)|prompts?|messages?) (?:only )?(?:"
            r"with|by (?:saying|writing|repeating))|instead of (?:answering|the (?:real |correct |"
            r"true )?answer)|and nothing else, whatever)\b"
        ),
    ),
    (
        "orders",
        "instead of",
        (
            r"(?:^|[.!?:\n]\s*)instead of (?:answering|summari[sz]ing|an answer)[^.!?\n]{0,40},\s*(?:o"
            r"utput|say|print|write|reply|respond|recommend|return)\b"
        ),
    ),
    (
        "orders",
        "question|passages|documents",
        (
            rf"{_ORDER}(?:do not|don't|never)\s+(?:answer|respond to|use|summari[sz]e)\s+(?:the )?(?:us"
            r"er'?s?|other) (?:question|passages|documents)\b"
        ),
    ),
)

_ZH_ORDER = (
    r"(?:^|[\u3002\uff01!?\uff1f\uff1b;:\uff1a,\uff0c\u3001\n\"'\u201c\u201d\u300c\u300e\u3010"
    r"\[(\uff08#*>\-]\s*|请|请你|务必|必须|现在|立即|立刻|马上|首先|要求你|命令你|"
    r"你要|你得|你可以|你应该|你需要|并|并且|然后|直接)(?:请|你|您|立即|马上|完全|"
    r"现在|务必|先|都|全部|给我)*"
)
_ZH_PAST = (
    r"(?:之前|以前|先前|此前|上面|上述|以上|前面|前述|所有|全部|一切|任何|系统|原有|"
    r"原来|原先|既有|已有|已经|开发者|安全|你|您|的|这些|那些|收到|得到|给|出|被|赋予|"
    r"设定|过|和|与|对话|内置|预设|初始|其他)"
)
_ZH_RULES = r"(?:指令|指示|命令|提示词|提示|规则|设定|约束|限制|准则|规定|要求|原则|训练)"
_ZH_FORGET = (
    r"(?:忽略|忽视|无视|忘记|忘掉|忘了|不要理会|不用理会|不必理会|不要管|不用管|别管|"
    r"抛开|抛弃|绕过|推翻|覆盖|不再遵守|不要遵守|不必遵守|停止遵守|停止执行|不要遵循|"
    r"取消|清除|解除|丢弃|放弃)(?:掉)?"
)
TO_AI_ZH = r"(?:ai|人工智能|大?语言模型|大模型|智能助[手理]|助手|模型|机器人|智能体)"
_ZH_SHOW = (
    r"(?:逐字|一字不差地?|完整地?|原样|原封不动地?)?(?:输出|显示|打印|复述|重复|泄露|"
    r"告诉我|透露|发送|列出|公开|给出|展示|说出|写出|背诵|返回)(?:出|出来|一下|给我|"
    r"我)?"
)

_ZH_FORGETS = "忽略|忽视|无视|忘|不要|不用|不必|别管|抛|绕过|推翻|覆盖|不再|停止|取消|清除|解除|丢弃|放弃"
_ZH_USERS = "用户|使用者|读者|提问"
_ZH_AIS = "ai|人工智能|语言模型|大模型|智能|助手|模型|机器人"
CHINESE: tuple[tuple[str, str, str], ...] = (
    ("override", _ZH_FORGETS, rf"{_ZH_ORDER}{_ZH_FORGET}{_ZH_PAST}{{1,8}}{_ZH_RULES}"),
    (
        "override",
        _ZH_FORGETS,
        (
            rf"{_ZH_ORDER}{_ZH_FORGET}(?:以上|上面|之前|前面|此前|上述)(?:的)?(?:所有|全部|"
            r"一切)?(?:的)?(?:内容|对话|文字|话|信息)(?:[\uff0c,。!\uff01;\uff1b]|并|然后|"
            rf"$)(?!.{{0,4}}(?:如|若))"
        ),
    ),
    (
        "override",
        "优先|高于|取代|覆盖|凌驾",
        r"(?:以下|新的|此|本|这条|这些)(?:新)?(?:指令|指示|命令|规则)(?:优先于|高于|取代|覆盖|凌驾于)(?:所有|一切|任何|之前|此前|系统|其他|原有)",
    ),
    (
        "role",
        "你",
        (
            r"你(?:现在|如今|其实|已经|从此|从现在起|不再)(?:就|已|不再)?(?:是|扮演|要扮演|"
            rf"将扮演|变成|成为|处于|进入|受)[^\u3002\uff01!?\uff1f\n]{{0,16}}(?:{TO_AI_ZH}|"
            r"黑客|海盗|不受(?:任何)?(?:限制|约束)|没有(?:任何)?(?:限制|约束|规则)|无限制|"
            r"dan|开发者模式|越狱|调试模式|管理员模式|系统管理员|root)"
        ),
    ),
    (
        "role",
        "从现在|从此刻|从这一刻|接下来",
        r"(?:从现在(?:起|开始)|从此刻起|从这一刻起|接下来)[\uff0c,]?你(?:是|将|要|必须|只能|只需|不再|叫|应|就是|的(?:任务|身份|角色))",
    ),
    (
        "role",
        "你",
        r"你(?:的|被赋予)(?:了)?(?:新|真正|真实|唯一)(?:的)?(?:任务|角色|身份|指令|目标|使命)(?:是|为|[:\uff1a])",
    ),
    (
        "role",
        "扮演|假装|装作|模拟",
        (
            rf"{_ZH_ORDER}(?:扮演|假装|装作|模拟)(?:你是|成)?[^\u3002\uff01!?\uff1f\n]{{0,14}}(?:没有(?"
            r":任何)?(?:限制|约束|规则)|不受(?:任何)?(?:限制|约束)|无限制|越狱|dan|另一个ai)"
        ),
    ),
    (
        "role",
        "指令|提示词|命令|指示",
        (
            r"(?:^|[\n\u3002\uff01!?\uff1f#*>\[\u3010(\uff08]\s*)(?:新的?|更新后的|真正的|"
            r"秘密|隐藏)(?:系统)?(?:指令|提示词|命令|指示)\s*[:\uff1a]"
        ),
    ),
    (
        "turn",
        "系统",
        (
            r"(?:^|\n)[ \t>*#\[\u3010(\uff08]*系统(?:消息|提示|指令|通知)?(?:[\]\u3011)\uff09*]*\s*[:\uff1a"
            r"]|[\]\u3011)\uff09]+)\s*(?:你|请你|忽略|无视|忘记|新的?指令|从现在|不要|务必|"
            r"助手|用户已|该用户)"
        ),
    ),
    (
        "secrecy",
        _ZH_USERS,
        (
            r"(?:不要|别|不许|不得|切勿|请勿|禁止|千万不要|无需|不能)(?:让|告诉|告知|提醒|"
            r"通知|警告)(?:用户|使用者|读者|提问者|提问的人)(?=[\u3002\uff0c,!\uff01;\uff1b\n]|"
            r"$|这|此|你|本|关于|察觉|知道|发现|看到这|有关)"
        ),
    ),
    (
        "secrecy",
        "指令|指示|文字|提示|命令|段落|说明|注入",
        (
            r"(?:不要|别|不许|不得|切勿|请勿|禁止|千万不要|不能)(?:在(?:回答|回复|答案)(?:中|"
            r"里))?(?:向(?:用户|任何人|对方))?(?:提及|提到|透露|暴露|说明|承认|引用|泄露)(?:这|"
            r"此|本|该|以上|上述)(?:段|条|些|个|句)?(?:隐藏)?(?:的)?(?:指令|指示|文字|提示|"
            r"命令|段落|说明|注入)"
        ),
    ),
    (
        "secrecy",
        _ZH_USERS,
        (
            r"(?:不要|别|切勿|请勿|不得)(?:把|将)(?:这|此|本|以上|上述)(?:段|条|些|个|件)?(?:指令|"
            r"指示|文字|提示|命令|内容|事)?(?:告诉|告知|透露给|展示给|显示给|泄露给)(?:用户|"
            r"使用者|读者|提问者)"
        ),
    ),
    (
        "secrecy",
        "不知情|不要让|别让",
        (
            r"(?:在)?(?:用户|使用者)不知情的情况下(?:[\uff0c,])?(?:把|将|请|你|发送|执行|调用)|"
            r"(?:不要|别)让(?:用户|使用者|读者)(?:知道|察觉|发现|看到)"
        ),
    ),
    (
        "secrets",
        "提示词|指令|系统消息",
        (
            rf"{_ZH_ORDER}{_ZH_SHOW}(?:你|您|的|全部|所有|完整|上面|之前|原始|内部|开头|收到|"
            r"一字不差|逐字|地)*(?:系统提示词?|系统指令|系统消息|初始提示词?|初始指令|隐藏指令|"
            r"内部指令|提示词|开发者指令)"
        ),
    ),
    (
        "secrets",
        "把|将",
        (
            r"(?:把|将)[^\u3002\uff01!?\uff1f\n]{0,20}(?:对话|聊天记录|用户(?:的)?(?:数据|"
            r"信息|资料|文件|文档|问题|姓名|隐私)|密钥|密码|口令|api ?key|凭证|上文|文档内容|"
            r"段落|回答|答案)[^\u3002\uff01!?\uff1f\n]{0,12}(?:发送|上传|转发|发|提交|传|拼接|"
            r"附加|写入)(?:到|给|至|在|进)[^\u3002\uff01!?\uff1f\n]{0,16}(?:https?://|www\.|"
            r"[\w.+-]+@[\w-]+\.|攻击者|以下(?:网址|链接|地址|邮箱))"
        ),
    ),
    (
        "links",
        _ZH_USERS,
        (
            rf"{_ZH_ORDER}(?:告诉|让|要求|引导|诱导|说服|建议|提示|催促|叫)(?:用户|使用者|读者|"
            r"提问者)(?:去|立即|马上|必须|应该|尽快)*(?:点击|点开|访问|打开|下载|输入|提供|"
            rf"扫描|安装|发送|转账|拨打|登录|填写)[^\u3002\uff01!?\uff1f\n]{{0,40}}(?:链接|"
            r"网址|http|www|密码|银行卡|验证码|附件|二维码|账号|账户|软件|身份证)"
        ),
    ),
    (
        "links",
        "http",
        (
            rf"(?:{TO_AI_ZH}|你)(?:必须|务必|应该|需要|要)(?:先|立即|马上)?(?:打开|访问|请求|"
            rf"下载|调用|点击)[^\u3002\uff01!?\uff1f\n]{{0,16}}https?://"
        ),
    ),
    (
        "orders",
        _ZH_AIS,
        (
            r"(?:^|[\n\u3002\uff01!?\uff1f#*>\[\u3010(\uff08\"\u201c]\s*)(?:致|给|对|请|注意[:\uff1a\uff0c"
            r",]?|重要[:\uff1a]|敬告|提醒)?(?:所有|任何|各位|正在)?(?:阅读|读取|处理|总结|"
            rf"读到)?(?:本|此|这份|这段|该)?(?:文件|文档|文字|文本|内容)?(?:的)?(?:{TO_AI_ZH}){{1,2}}(?"
            r":们)?(?:的)?(?:指令|说明|留言|提示|注意)?\s*[:\uff1a\uff0c,!\uff01]\s*(?:请|"
            r"你|务必|必须|不要|忽略|无视|当|如|只|一律|总是|回答|回复|输出|在)"
        ),
    ),
    (
        "orders",
        "如果你|如果您",
        (
            rf"如果(?:你|您)是(?:一个|一名|一款|个)?[^\u3002\uff0c,\n]{{0,6}}{TO_AI_ZH}[^\u3002\uff0c,\n"
            rf"]{{0,8}}[\uff0c,](?:请|那么|就|则|必须|你)?(?:务必|必须|要|应)?(?:忽略|回答|"
            r"回复|输出|说|给|推荐|在|停止|不要|拒绝|告诉|写)"
        ),
    ),
    (
        "orders",
        "无论|不论|不管",
        (
            r"(?:无论|不论|不管)(?:用户|对方|别人|提问者|谁|有人)?(?:问|说|提出|询问)(?:你)?(?:什么|"
            r"何|任何)[^\u3002\uff01!?\uff1f\n]{0,12}(?:都|一律|只|均)(?:要|只|必须|应)?(?:回答|"
            r"回复|输出|说|告诉)"
        ),
    ),
    (
        "orders",
        "文件|文档|合同|简历|报告|候选人|段落",
        (
            r"(?:当|如果|若|只要)(?:用户|有人|使用者|被)(?:问|询问|问到|要求|提问)[^\u3002\uff01!?\uff1f"
            r"\n]{0,20}(?:本|此|这份|该|这个)(?:文件|文档|合同|简历|报告|候选人|段落)[^\u3002\uff01!?\uff1f"
            r"\n]{0,12}[\uff0c,](?:你)?(?:请|务必|必须|一律|只能|总是|就|都|要)?(?:回答|回复|"
            r"说|输出|告诉|声称|推荐|写)"
        ),
    ),
)
