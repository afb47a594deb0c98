"""One table a family: what it finds (English and Chinese, touching), and the look-alikes it leaves alone.

All values are invented; check digits were computed for them.
"""

from __future__ import annotations

import pytest

from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers.addresses import ADDRESSES
from studiolo.privacy.recognizers.base import Family
from studiolo.privacy.recognizers.cards import CARDS
from studiolo.privacy.recognizers.cn_ids import CN_IDS
from studiolo.privacy.recognizers.contact import CONTACT
from studiolo.privacy.recognizers.national_ids import NATIONAL_IDS
from studiolo.privacy.recognizers.network import NETWORK
from studiolo.privacy.recognizers.phones import PHONES
from studiolo.privacy.recognizers.secrets import SECRETS
from studiolo.privacy.recognizers.titles import TITLES
from studiolo.privacy.spans import resolve


def found(family: Family, text: str) -> list[tuple[str, str]]:
    folded = fold(text)
    matches = resolve(folded.text, family.find(folded.text))
    return [(m.type, text[slice(*folded.original(m.start, m.end))]) for m in matches]


POSITIVE: list[tuple[Family, str, str, str]] = [
    (CARDS, "Card 4111 1111 1111 1111 was charged", "CREDIT_CARD", "4111 1111 1111 1111"),
    (CARDS, "卡号4111111111111111已绑定", "CREDIT_CARD", "4111111111111111"),
    (CARDS, "amex 3782-822463-10005.", "CREDIT_CARD", "3782-822463-10005"),
    (CARDS, "卡６２２２０２１２３４５６７８９０１２８到期", "CREDIT_CARD", "６２２２０２１２３４５６７８９０１２８"),
    (CARDS, "IBAN: GB82 WEST 1234 5698 7654 32 please", "IBAN", "GB82 WEST 1234 5698 7654 32"),
    (CARDS, "请汇至DE89370400440532013000谢谢", "IBAN", "DE89370400440532013000"),
    (CARDS, "bank account number 00123456789", "BANK_ACCOUNT", "00123456789"),
    (CARDS, "收款账号：6217 0012 3456", "BANK_ACCOUNT", "6217 0012 3456"),
    (CONTACT, "write to anna.kowalska@corp.local today", "EMAIL_ADDRESS", "anna.kowalska@corp.local"),
    (CONTACT, "请发到wei.chen@example.com谢谢", "EMAIL_ADDRESS", "wei.chen@example.com"),
    (CONTACT, "邮箱：张三@例子.公司，备用", "EMAIL_ADDRESS", "张三@例子.公司"),
    (CONTACT, "王伟@客服10086.例子.公司请回复", "EMAIL_ADDRESS", "王伟@客服10086.例子.公司"),
    (CONTACT, "josé.garcía@correo.example", "EMAIL_ADDRESS", "josé.garcía@correo.example"),
    (CONTACT, "mail root@buildhost now", "EMAIL_ADDRESS", "root@buildhost"),
    (PHONES, "手机号13800138000已登记", "PHONE_NUMBER", "13800138000"),
    (PHONES, "手机+86 138 0013 8000", "PHONE_NUMBER", "+86 138 0013 8000"),
    (PHONES, "电话008613800138000。", "PHONE_NUMBER", "008613800138000"),
    (PHONES, "１３８－００１３－８０００", "PHONE_NUMBER", "１３８－００１３－８０００"),
    (PHONES, "座机021-62345678转801", "PHONE_NUMBER", "021-62345678转801"),
    (PHONES, "(010) 6234 5678", "PHONE_NUMBER", "(010) 6234 5678"),
    (PHONES, "電話：2345 6789", "PHONE_NUMBER", "2345 6789"),
    (PHONES, "手機0912-345-678", "PHONE_NUMBER", "0912-345-678"),
    (PHONES, "call (415) 555-2671 x12 now", "PHONE_NUMBER", "(415) 555-2671 x12"),
    (PHONES, "ring 020 7946 0958", "PHONE_NUMBER", "020 7946 0958"),
    (PHONES, "or +44 20 7946 0958.", "PHONE_NUMBER", "+44 20 7946 0958"),
    (PHONES, "71 33 52 22 office", "PHONE_NUMBER", "71 33 52 22"),
    (PHONES, "Anna\n781 1704 (office)\n+46 8 928 571 fax", "PHONE_NUMBER", "781 1704"),
    (PHONES, "12 Mill Lane, 930.167.3943 mobile; by post", "PHONE_NUMBER", "930.167.3943"),
    (PHONES, "王小明\n71 33 52 22（办公室）\n", "PHONE_NUMBER", "71 33 52 22"),
    (PHONES, "phone: 4155552671", "PHONE_NUMBER", "4155552671"),
    (CN_IDS, "身份证11010519491231002X已核验", "CN_ID", "11010519491231002X"),
    (CN_IDS, "ID 110105 19491231 002x", "CN_ID", "110105 19491231 002x"),
    (CN_IDS, "身份证号：110105491231002", "CN_ID", "110105491231002"),
    (CN_IDS, "税号91350100M000100Y43开票", "CN_USCC", "91350100M000100Y43"),
    (CN_IDS, "车牌京A·12345停在门口", "LICENSE_PLATE", "京A·12345"),
    (CN_IDS, "粤BD12345", "LICENSE_PLATE", "粤BD12345"),
    (CN_IDS, "护照号码E12345678有效", "PASSPORT", "E12345678"),
    (CN_IDS, "passport no. 123456789", "PASSPORT", "123456789"),
    (CN_IDS, "香港身份證A123456(3)", "HK_ID", "A123456(3)"),
    (CN_IDS, "身分證A123456789號", "TW_ID", "A123456789"),
    (NATIONAL_IDS, "SSN 219-09-9999", "US_SSN", "219-09-9999"),
    (NATIONAL_IDS, "他的社会安全号219099999", "US_SSN", "219099999"),
    (NATIONAL_IDS, "NHS number: 943 476 5919", "UK_NHS", "943 476 5919"),
    (NATIONAL_IDS, "National Insurance AB 12 34 56 C", "UK_NINO", "AB 12 34 56 C"),
    (NETWORK, "host 203.0.113.57 is down", "IP_ADDRESS", "203.0.113.57"),
    (NETWORK, "服务器地址10.20.30.40无法访问", "IP_ADDRESS", "10.20.30.40"),
    (NETWORK, "via 2001:db8::8a2e:370:7334 today", "IP_ADDRESS", "2001:db8::8a2e:370:7334"),
    (NETWORK, "网卡00:1A:2B:3C:4D:5E绑定", "MAC_ADDRESS", "00:1A:2B:3C:4D:5E"),
    (SECRETS, "key sk-abcdefghijklmnop1234567890 leaked", "SECRET", "sk-abcdefghijklmnop1234567890"),
    (SECRETS, "用AKIAABCDEFGHIJKLMNOP登录", "SECRET", "AKIAABCDEFGHIJKLMNOP"),
    (SECRETS, "ghp_0123456789abcdefghijABCDEFGHIJ012345", "SECRET", "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
    (SECRETS, "password: hunter2!x and then", "SECRET", "hunter2!x"),
    (SECRETS, "The password is Tr0ub4dor.", "SECRET", "Tr0ub4dor"),
    (SECRETS, "密码：Abc12345，请保密", "SECRET", "Abc12345"),
    (SECRETS, "初始密码是qwe#2024。", "SECRET", "qwe#2024"),
    (SECRETS, "postgres://admin:s3cr3t@db.local/x", "SECRET", "admin:s3cr3t"),
    (
        SECRETS,
        "x\n-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\ny",
        "SECRET",
        "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----",
    ),
    (ADDRESSES, "She lives at 221B Baker Street, London.", "ADDRESS", "221B Baker Street, London"),
    (ADDRESSES, "1600 Pine Road, Apt 4, Salem, MA 01970", "ADDRESS", "1600 Pine Road, Apt 4, Salem, MA 01970"),
    (ADDRESSES, "住在上海市浦东新区世纪大道100号3栋502室，", "ADDRESS", "上海市浦东新区世纪大道100号3栋502室"),
    (TITLES, "I spoke to Mr. Chen yesterday", "PERSON", "Chen"),
    (TITLES, "between the landlord, Anna Kowalska, and", "PERSON", "Anna Kowalska"),
    (TITLES, "Tenant: Margaret Holloway\nRent", "PERSON", "Margaret Holloway"),
    (TITLES, "请联系王先生处理", "PERSON", "王先生"),
    (TITLES, "由张经理负责", "PERSON", "张经理"),
    (TITLES, "承租人：欧阳晓雯\n", "PERSON", "欧阳晓雯"),
]  # fmt: skip

NEGATIVE: list[tuple[Family, str]] = [
    (CARDS, "Order 4111 1111 1111 1112 shipped"),
    (CARDS, "pi is 3.14159265358979323846"),
    (CARDS, "IBAN GB83 WEST 1234 5698 7654 32"),
    (CARDS, "timestamp 1700000000000"),
    (CARDS, "合同编号20240101123456"),
    (CONTACT, "meet @ noon"),
    (PHONES, "2024-05-03 to 2025-05-02"),
    (PHONES, "版本2.10.3，共12800页"),
    (PHONES, "订单号202405031234567"),
    (PHONES, "rent of 1,250.00 on 01/05/2024"),
    (PHONES, "ISBN 978-3-16-148410-0"),
    (PHONES, "从1990年到2024年"),
    (PHONES, "Quillmere Ltd\n2015-2019 work\n2001 2004 home\n12.500.000 mobile\n"),
    (PHONES, "781 1704 office workers and 12 3456 78 mobile users"),
    (CN_IDS, "流水号990105194912310021"),
    (CN_IDS, "part E1234"),
    (CN_IDS, "北京2024年"),
    (CN_IDS, "编号91350100M000100Y44"),
    (NATIONAL_IDS, "part 000-12-3456"),
    (NATIONAL_IDS, "ref 943 476 5918 9"),
    (NETWORK, "127.0.0.1 and 255.255.255.0"),
    (NETWORK, "version 1.2.3.4"),
    (NETWORK, "at 12:30:45 sharp"),
    (NETWORK, "999.1.1.1"),
    (SECRETS, "The password is required."),
    (SECRETS, "Your password must be changed every month"),
    (SECRETS, "密码是必填项"),
    (SECRETS, "task-based and risk-averse people"),
    (ADDRESSES, "Chapter 3 Way of life"),
    (ADDRESSES, "我们走在路上，共5人"),
    (TITLES, "Contact: Email\nName: Phone Number"),
    (TITLES, "Dear Sir,"),
    (TITLES, "甲方：双方协商"),
]


@pytest.mark.parametrize(("family", "text", "kind", "value"), POSITIVE)
def test_found(family: Family, text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(family, text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a@corp.internal请妥善保管密码b@corp.internal", ["a@corp.internal", "b@corp.internal"]),
        ("a@corp.internal请妥善保管密码b.c@corp.internal", ["a@corp.internal", "b.c@corp.internal"]),
        ("王伟@corp.internal联系m.li@例子.公司或者", ["王伟@corp.internal", "m.li@例子.公司"]),
        ("王伟@例子.公司请联系b.smith@corp.internal", ["王伟@例子.公司", "b.smith@corp.internal"]),
        ("josé@corp.internal或b.li@corp.internal", ["josé@corp.internal", "b.li@corp.internal"]),
    ],
)
def test_two_addresses_with_chinese_between_are_two(text: str, values: list[str]) -> None:
    assert found(CONTACT, text) == [("EMAIL_ADDRESS", value) for value in values]


@pytest.mark.parametrize(("family", "text"), NEGATIVE)
def test_left_alone(family: Family, text: str) -> None:
    assert found(family, text) == []
