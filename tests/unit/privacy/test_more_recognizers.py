"""One table for the families that came later: what they find, touching Chinese too, and what they leave alone.

All values are invented; check digits were computed for them.
"""

from __future__ import annotations

import pytest

from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers import rule_families
from studiolo.privacy.recognizers.cn_ids import social_credit_code
from studiolo.privacy.spans import resolve

FAMILIES = rule_families()


def found(text: str) -> list[tuple[str, str]]:
    folded = fold(text)
    matches = resolve(folded.text, [match for family in FAMILIES for match in family.find(folded.text)])
    return [(m.type, text[slice(*folded.original(m.start, m.end))]) for m in matches]


FOUND: list[tuple[str, str, str]] = [
    # cards and accounts
    ("pay with 4111_1111_1111_1111 today", "CREDIT_CARD", "4111_1111_1111_1111"),
    ("刷4111·1111·1111·1111付款", "CREDIT_CARD", "4111·1111·1111·1111"),
    ("card 4111 1111\n1111 1111 ends", "CREDIT_CARD", "4111 1111\n1111 1111"),
    ("My credit card number is 4111 1111 1111 111O.", "CREDIT_CARD", "4111 1111 1111 111O"),
    ("信用卡号是411111111111111O，请核对", "CREDIT_CARD", "411111111111111O"),
    ("IBAN DE89 3704 0044\n0532 0130 00 please", "IBAN", "DE89 3704 0044\n0532 0130 00"),
    ("sort code 20-00-00 55779911", "BANK_ACCOUNT", "20-00-00 55779911"),
    ("日本银行账号1234567已开", "BANK_ACCOUNT", "1234567"),
    # Chinese documents
    ("身份证11010519491231OO2X有误", "NATIONAL_ID", "11010519491231OO2X"),
    ("号码110105.1949.1231.002X无误", "CN_ID", "110105.1949.1231.002X"),
    ("证号11010519491231002Х", "CN_ID", "11010519491231002Х"),
    ("税号91350100m000100y43开票", "CN_USCC", "91350100m000100y43"),
    ("香港身份證a123456（3）已核", "HK_ID", "a123456（3）"),
    ("澳门居民身份证1234567(8)已复印", "MACAU_ID", "1234567(8)"),
    ("身分證a123456789號", "TW_ID", "a123456789"),
    ("回乡证H1234567801已扫描", "PERMIT", "H1234567801"),
    ("Mainland travel permit: C12345678.", "PERMIT", "C12345678"),
    ("护照E12345678已录入", "PASSPORT", "E12345678"),
    ("passport no: 12AB34567", "PASSPORT", "12AB34567"),
    ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "PASSPORT", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
    ("一辆使123456停着", "LICENSE_PLATE", "使123456"),
    ("沪b12345追尾", "LICENSE_PLATE", "沪b12345"),
    ("车牌号B-MW 1234已登记", "LICENSE_PLATE", "B-MW 1234"),
    ("number plate: AB12 CDE", "LICENSE_PLATE", "AB12 CDE"),
    ("车牌 ABC DE 1234 已登记", "LICENSE_PLATE", "ABC DE 1234"),
    ("plate ZH 123456 was seen", "LICENSE_PLATE", "ZH 123456"),
    # telephones
    ("快递放(+86)13800138000那里", "PHONE_NUMBER", "(+86)13800138000"),
    ("打138  0013  8000找我", "PHONE_NUMBER", "138  0013  8000"),
    ("电话一三八零零一三八零零零", "PHONE_NUMBER", "一三八零零一三八零零零"),
    ("手机138OO138000", "PHONE_NUMBER", "138OO138000"),
    ("the note said (852) 6123 4567, Sam", "PHONE_NUMBER", "(852) 6123 4567"),
    ("Sam, 090-1234-5678", "PHONE_NUMBER", "090-1234-5678"),
    ("Sam, 00447700900123", "PHONE_NUMBER", "00447700900123"),
    ("Call 06 12 34 56 78 after six", "PHONE_NUMBER", "06 12 34 56 78"),
    ("请拨4008123456咨询", "PHONE_NUMBER", "4008123456"),
    # e-mail and chats
    ("mail admin@[192.0.2.7] now", "EMAIL_ADDRESS", "admin@[192.0.2.7]"),
    ('to "night desk"@example.org today', "EMAIL_ADDRESS", '"night desk"@example.org'),
    ("n.barlow [at] example [dot] com", "EMAIL_ADDRESS", "n.barlow [at] example [dot] com"),
    ("邮箱иван@пример.рф不用了", "EMAIL_ADDRESS", "иван@пример.рф"),
    ("发到sаra@example.com谢谢", "EMAIL_ADDRESS", "sаra@example.com"),
    ("加我QQ12345678聊", "CHAT_ACCOUNT", "12345678"),
    ("微信号：wxid_ab12cd34", "CHAT_ACCOUNT", "wxid_ab12cd34"),
    # network
    ("来源::ffff:192.0.2.33已封", "IP_ADDRESS", "::ffff:192.0.2.33"),
    ("服务器：2001:db8::8a2e:370:7334", "IP_ADDRESS", "2001:db8::8a2e:370:7334"),
    ("DNS 8.8.8.8 answers", "IP_ADDRESS", "8.8.8.8"),
    ("MAC地址：001B44112233", "MAC_ADDRESS", "001B44112233"),
    ("lease for 00:1b:44:ff:fe:11:3a:b7 renewed", "MAC_ADDRESS", "00:1b:44:ff:fe:11:3a:b7"),
    # national numbers
    ("SSN219-09-9999请勿外传", "US_SSN", "219-09-9999"),
    ("Is 219099999 still valid?", "US_SSN", "219099999"),
    ("Medicare 1EG4-TE5-MK73 on file", "US_MBI", "1EG4-TE5-MK73"),
    ("国民保险号ce 95 96 40 a", "UK_NINO", "ce 95 96 40 a"),
    ("dni 12345678Z 已复印", "NATIONAL_ID", "12345678Z"),
    ("她的税号RSSMRA85T10A562S已核", "NATIONAL_ID", "RSSMRA85T10A562S"),
    ("CPF 529.982.247-25", "NATIONAL_ID", "529.982.247-25"),
    ("the number 756.9217.0769.85 is hers", "NATIONAL_ID", "756.9217.0769.85"),
    ("韩国居民登录号900101-1234568", "NATIONAL_ID", "900101-1234568"),
    ("German tax ID is 86 095 742 719.", "NATIONAL_ID", "86 095 742 719"),
    ("荷兰BSN123456782", "NATIONAL_ID", "123456782"),
    ("Her PESEL: 44051401359, copied", "NATIONAL_ID", "44051401359"),
    # licences, vehicles, patients, staff
    ("VIN 1HGBH41JXMN109186, first owner", "VIN", "1HGBH41JXMN109186"),
    ("车架号1hgbh41jxmn109186已拓印", "VIN", "1hgbh41jxmn109186"),
    ("IMEI：490154203237518", "IMEI", "490154203237518"),
    ("NPI 1234567893, internal medicine", "LICENCE_NUMBER", "1234567893"),
    ("律师执业证号13101201410123456", "LICENCE_NUMBER", "13101201410123456"),
    ("Driver's license no. S123-4567-8901", "DRIVER_LICENSE", "S123-4567-8901"),
    ("病历号20231234", "MEDICAL_ID", "20231234"),
    ("Insurance policy no. P-12345678", "INSURANCE_ID", "P-12345678"),
    ("学号：20231234，计算机系", "STAFF_ID", "20231234"),
    # births
    ("She was born on 12 March 1985 in Leeds.", "DATE_OF_BIRTH", "12 March 1985"),
    ("DOB 03/12/85, non-smoker", "DATE_OF_BIRTH", "03/12/85"),
    ("1985年3月12日出生，汉族", "DATE_OF_BIRTH", "1985年3月12日"),
    ("他生于一九八五年三月十二日", "DATE_OF_BIRTH", "一九八五年三月十二日"),
    ("出生日期：19850312", "DATE_OF_BIRTH", "19850312"),
    # places
    ("Meet at 31.2304, 121.4737.", "COORDINATES", "31.2304, 121.4737"),
    ("40°26′46″N 79°58′56″W is it", "COORDINATES", "40°26′46″N 79°58′56″W"),
    ("集合点北纬31.2304°，东经121.4737°附近", "COORDINATES", "北纬31.2304°，东经121.4737°"),
    ("东经121度28分，北纬31度14分", "COORDINATES", "东经121度28分，北纬31度14分"),
    ("geo:48.2082,16.3738", "COORDINATES", "48.2082,16.3738"),
    # coins
    ("币请打到1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2谢谢", "CRYPTO", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 only", "CRYPTO", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("收0x52908400098527886E0F7030069857D2E4169EE7的币", "CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7"),
    # secrets
    ("我把glpat-abcDEF1234567890wxyz贴错群了", "SECRET", "glpat-abcDEF1234567890wxyz"),
    ("$2b$12$" + "a" * 53, "SECRET", "$2b$12$" + "a" * 53),
    ("tool --password Maple8Tree --all", "SECRET", "Maple8Tree"),
    ('passphrase: "correct horse battery 42"', "SECRET", "correct horse battery 42"),
    ("口令：「我家 12 只猫」。", "SECRET", "我家 12 只猫"),
    ("密码（临时）：Maple8Tree", "SECRET", "Maple8Tree"),
    ("开门密码改成Maple8Tree了", "SECRET", "Maple8Tree"),
    ("username / password: nb / Maple8Tree", "SECRET", "Maple8Tree"),
    ("WIFI:S:Loft;T:WPA;P:Maple 8 Tree;;", "SECRET", "Maple 8 Tree"),
    ("Your verification code is 482913.", "SECRET", "482913"),
    ("验证码482913，五分钟内有效", "SECRET", "482913"),
    ("CVV2是087", "SECRET", "087"),
    ("https://x.example/?sig=0123456789abcdef&b=1", "SECRET", "0123456789abcdef"),
    ("Cookie: sessionid=0123456789abcdef; a=b", "SECRET", "0123456789abcdef"),
    ("https://abcDEF1234567890wxyz@git.example/r", "SECRET", "abcDEF1234567890wxyz"),
    ("pаssword: Maple8Tree", "SECRET", "Maple8Tree"),
    ("助记词：" + " ".join(["apple"] * 12), "SECRET", " ".join(["apple"] * 12)),
    (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nxx\n-----END PGP PRIVATE KEY BLOCK-----",
        "SECRET",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nxx\n-----END PGP PRIVATE KEY BLOCK-----",
    ),
]

LEFT_ALONE = [
    "订单号330106197106119140已出库",
    "Invoice no. 143599531114204-A was paid.",
    "批次990107199306148937检验合格",
    "See section 3.1.8.2 of the manual.",
    "依据条款4.6.9.4执行",
    "About 383284122 files were read.",
    "读取了991286630个文件",
    "It follows GB/T 24092-2043.",
    "Copyright 2004-2017, all rights",
    "a flat plate 24 in. long",
    "it was 41111111. 13911112 came next",
    "the user died in the hospital at 10",
    "combined with the basic helix-loop-helix factor",
    "这桩发生于1995年3月的案件",
    "a law born of 1995 debates",
    "mAP @0.5-0.95 and react@18.2.0",
    "a{fill:none}@media print{b{c:d}}",
    '{"a":335559739,"b":201341983}',
    "-33.9, 151.2 were the two readings",
    "commit bc7925c657430fe70d7562df409fbd896f357785",
    "sha256 " + "0123456789abcdef" * 4,
    "The token limit is 4096.",
    "密码必须包含大写字母和数字",
    "验证码输入错误",
    "生日快乐，出生率下降了",
    "our secret is patience",
    "4.035 4-6.977 7.07 2.828 2.828 6.977",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3 is no address",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5 neither",
    "1HGBH41J0MN109186 does not close",
    "part 12345678A, box 756.9217.0769.84",
]


@pytest.mark.parametrize(("text", "kind", "value"), FOUND)
def test_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_word_behind_a_number_closes_no_social_credit_code() -> None:
    closed = "3442 6838 1807 880 the"
    assert social_credit_code(closed.upper())
    assert "CN_USCC" not in {kind for kind, _ in found(f"no. {closed} code")}


@pytest.mark.parametrize(("text", "kind", "value"), FOUND)
def test_found_between_chinese_characters_too(text: str, kind: str, value: str) -> None:
    """The whole sentence between two Chinese ones, no blank anywhere."""
    assert (kind, value) in found(f"已记录。{text}。请核对")
