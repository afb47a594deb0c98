"""Look-alikes of the second probe: sentences in which nothing is a value, though something in them has its shape."""

from __future__ import annotations

from random import Random

from tests.bench import _probe_values as v


def _luhn_broken(rng: Random) -> str:
    value = v.card(("4", "52", "62"), 16)(rng)
    return value[:-1] + str((int(value[-1]) + rng.randint(1, 9)) % 10)


def _iban_broken(rng: Random) -> str:
    value = v.iban()(rng)
    return value[:2] + f"{(int(value[2:4]) + 1) % 97:02d}" + value[4:]


def _id_broken(rng: Random) -> str:
    value = v.cn_id_mistyped(rng)
    return "99" + value[2:17] + "7"


def _ean(rng: Random) -> str:
    body = v.fill(rng, "978%########")
    return body + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10)


# A maker of the look-alike, sentences in English, sentences in Chinese.
NEGATIVES: list[tuple[v.Make, tuple[str, ...], tuple[str, ...]]] = [
    (_luhn_broken, ("Order {v} left the warehouse.", "Ticket {v} is closed."), ("订单{v}已出库", "工单{v}关闭了")),
    (_iban_broken, ("Part {v} is out of stock.",), ("零件{v}缺货",)),
    (_id_broken, ("Batch {v} passed the test.",), ("批次{v}检验合格",)),
    (_ean, ("ISBN {v}, second edition", "barcode {v}"), ("书号ISBN {v}", "条形码{v}")),
    (v.of("978-%-####-####-#"), ("ISBN {v} is sold out",), ("ISBN {v}已售罄",)),
    (v.of("SF%###########", "1Z^^^^^^##########".upper()), ("Parcel {v} is at the depot.",), ("包裹{v}在网点",)),
    (v.of("%.#.##.#", "v%.##.%.0"), ("Update to version {v} first.", "Release {v} fixes it."), ("请升级到版本{v}",
        "v{v}修复了该问题")),
    (v.of("4.%.%.%", "3.1.%.2"), ("See section {v} of the manual.", "Clause {v} applies."),
     ("见第{v}节", "依据条款{v}")),
    (v.of("^^^^^^^^-^^^^-4^^^-a^^^-" + "^" * 12), ("trace {v} ended",), ("请求{v}超时",)),
    (v.of("^" * 40), ("Fixed in commit {v}.",), ("提交{v}修复",)),
    (v.of("^" * 64), ("sha256 {v}",), ("校验和{v}一致",)),
    (v.of("10.1016/j.cell.20%#.0%.##", "arXiv:2%01.#####"), ("Cite {v} here.",), ("引用{v}",)),
    (v.of("20%#-0%-1#", "1#/0%/20%#", "20%#-0%-2# 1#:3#:0#"), ("The meeting is on {v}.", "Signed on {v} in Leeds."),
     ("会议定于{v}", "合同于{v}签订")),
    (v.of("20%#年%月1#日", "19%#年%月"), ("The law took effect on {v}.",), ("该法自{v}起施行", "公司{v}成立")),
    (v.of("$%##,###.##", "€%,###,###"), ("The contract is worth {v}.",), ("合同金额{v}", "预算{v}封顶")),
    (v.of("%######", "%########"), ("There were {v} visitors.", "About {v} files were read."), ("共有{v}名游客",
        "读取了{v}个文件")),
    (v.of("3.14159##", "0.000%###"), ("The constant is {v}.",), ("系数为{v}",)),
    (v.of("1%:3#:1#", "0%:4#:5#.###"), ("It stopped at {v}.",), ("在{v}停止",)),
    (v.of("GB/T 2%###-20%#", "ISO/IEC 27001:2022", "GB 1%###-1999"), ("It follows {v}.",), ("符合{v}的要求",)),
    (v.of("A4-%##", "BX-%##-##", "RTX-40%0"), ("Model {v} is quieter.",), ("型号{v}更安静",)),
    (v.of("6005##", "00070#", "3007##"), ("Stock {v} rose.",), ("股票{v}涨停",)),
    (v.of("react@18.%.0", "numpy@2.#.%", "@types/node@20.%"), ("Install {v} now.",), ("安装{v}即可",)),
    (v.of("@lin_##", "@harbour##"), ("Thanks to {v} for the photo",), ("感谢{v}供图",)),
    (v.of("https://docs.example/en/%.#/guide", "http://wiki.local:8080/p?id=%##&page=#"), ("See {v} for more.",),
        ("详见{v}",)),
    (v.of("127.0.0.1", "0.0.0.0", "255.255.255.0"), ("It listens on {v} by default.",), ("默认监听{v}",)),
    (v.of("/usr/lib/x86_64/lib%.so.#", "C:\\Temp\\log-%###.txt"), ("Delete {v} please.",), ("删除{v}",)),
    (v.of("%##-%##", "%#–%#"), ("Pages {v} are missing.",), ("缺第{v}页",)),
    (v.of("%### x %###", "%##×%##×%#"), ("The image is {v} pixels.",), ("图片尺寸{v}",)),
    (v.of("%#,###,###", "%#.#%"), ("The city has {v} inhabitants.",), ("人口{v}",)),
    (v.of("4096", "8192", "32768"), ("The token limit is {v}.", "max_tokens: {v}"),
     ("令牌上限{v}个", "上下文长度为{v}")),
    (v.of("1.5 GB", "70%# MB"), ("The file has {v}.",), ("文件大小{v}",)),
    (v.of("0x%^^^", "0x%^^^^^^^"), ("Address {v} was read.",), ("读取地址{v}出错",)),
    (v.of("%##.#, %##.#, %##.#"), ("The samples were {v}.",), ("样本值为{v}",)),
    (v.of("CA%##", "MU%###", "BA0%#"), ("Flight {v} is late.",), ("航班{v}晚点",)),
    (v.of("G%###", "D3%#"), ("Take train {v} at noon.",), ("乘坐{v}次列车",)),
    (v.of("2-1-%", "12-%-3"), ("The score after three sets was {v}.",), ("三局比分{v}",)),
    (v.one_of("a strong password has twelve characters", "the password field must not be empty",
              "password: required", "the secret to a good soup is time", "forgot your password? ask the desk",
              "the token is then thrown away", "key: value", "our secret is patience", "pass the salt, please",
              "my pin cushion is red", "passport control opens at six", "the API key page is slow",
              "cookies are served at four", "born leaders are rare", "born to run"),
     ("{v}",), ()),
    (v.one_of("密码学是一门学科", "密码不能为空", "请定期修改密码", "忘记密码请联系前台", "密码必须包含大写字母和数字",
              "成功的秘诀是坚持", "令牌环网络已经过时", "验证码输入错误",
     "护照办理需要十个工作日", "身份证原件请随身携带",
              "生日快乐", "出生率下降了", "车牌摇号结果公布", "京沪高铁今日停运", "电话会议改到周三", "账户余额不足"),
     (), ("{v}",)),
    (v.of("京东PLUS", "沪B类", "川A股", "粤C组"), (), ("{v}今年有活动",)),
    (v.of("第1%###号", "国发〔20%#〕%#号"), (), ("依据{v}文件",)),
    (v.of("B%-%##", "%#-%##室"), ("Meet in room {v}.",), ("会议室{v}开会",)),
    (v.of("%##%##%##%##%##"), ("Invoice no. {v}-A was paid.",), ("发票{v}号已付",)),
    (v.of("E1%##%", "P%#%"), ("The washer shows error {v}.",), ("洗衣机报错{v}",)),
    (v.of("%##### %#####"), ("The two readings were {v} litres.",), ("两次读数为{v}升",)),
    (v.of("1,3,5,7,9,11,13,15", "1 2 3 4 5 6 7 8 9 10 11 12"), ("Press {v} in turn.",), ("依次按{v}",)),
    (v.of("C8H10N4O2", "C6H12O6"), ("Caffeine-like {v} dissolves.",), ("化合物{v}可溶",)),
]  # fmt: skip


def negatives(language: str, *, seed: int, each: int) -> list[str]:
    """`each` sentences of every look-alike that the language has; none twice."""
    column = {"en": 1, "zh": 2}[language]
    found: dict[str, None] = {}
    for number, row in enumerate(NEGATIVES):
        sentences = row[column]
        rng = Random(f"{seed}-{language}-{number}")
        for i in range(each if sentences else 0):
            found[sentences[i % len(sentences)].replace("{v}", row[0](rng))] = None  # type: ignore[index]
    return list(found)
