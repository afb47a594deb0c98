"""Documents and the numbers on them: passports, travel permits, licences, vehicles, devices, patients, staff, accounts.

Most are only numbers until a word says what they are (`keyed.py`); a machine-readable zone and a vehicle's number
close.
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers import check_digits as check
from studiolo.privacy.recognizers.base import NOT_AFTER_WORD, NOT_BEFORE_WORD, Rule, RuleFamily
from studiolo.privacy.recognizers.keyed import Keyed, KeyedFamily

_NO_WORD_AFTER = r"(?![0-9A-Za-z])"
_PLATE = re.compile(
    r"(?=[A-Za-z \-·]{0,9}[0-9])[A-Z0-9]{1,4}(?:[ \-·]?[A-Z]{1,3}(?=[ \-·]?[0-9]))?"
    r"(?:[ \-·][A-Z0-9]{1,5}|[0-9]{1,5}|(?<=[0-9])[A-Z]{1,3}){1,3}" + _NO_WORD_AFTER
)
_PASSPORT = re.compile(
    r"(?:[A-Za-z]{1,2}[ ]?[0-9]{3,8}(?:[ ][0-9]{3,4})?|[0-9]{2}[ ]?[0-9]{2}[ ][0-9]{6}|[0-9]{2}[ ][0-9]{7}"
    r"|(?=[A-Za-z]{0,3}[0-9])[0-9A-Za-z]{7,10})" + _NO_WORD_AFTER
)
_PERMIT = re.compile(r"[A-Za-z]{0,3}[0-9]{7,12}(?:\([0-9A-Z]{1,2}\))?" + _NO_WORD_AFTER)
_PLAIN_MAC = re.compile(r"[0-9A-Fa-f]{12}" + _NO_WORD_AFTER)
_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{4,29}" + _NO_WORD_AFTER)
_ACCOUNT = re.compile(r"[0-9](?:[ \-,]{0,2}[0-9]){5,27}" + _NO_WORD_AFTER)


def _long(value: str) -> bool:
    return len(check.compact(value)) >= 5


def _letters_and_digits(value: str) -> bool:
    return len(check.compact(value)) >= 4 and any(c.isalpha() for c in value)


def _card_holder_account(value: str) -> bool:
    return 6 <= len(check.compact(value)) <= 26


DOCUMENT_FORMS = RuleFamily(
    "document_forms",
    [
        Rule(
            "PASSPORT",
            re.compile(r"(?<![0-9A-Za-z<])[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{14}[0-9<][0-9]"),
            0.95,
            check=check.machine_readable,
            needs=(re.compile(r"[0-9]{7}[MFX<][0-9]{7}"),),
        ),
        Rule(
            "VIN",
            re.compile(NOT_AFTER_WORD + r"[A-HJ-NPR-Za-hj-npr-z0-9]{17}" + NOT_BEFORE_WORD),
            0.8,
            check=check.vehicle,
            needs=(re.compile("[A-HJ-NPR-Za-hj-npr-z0-9]{17}"),),
        ),
    ],
)

DOCUMENTS = KeyedFamily(
    "documents",
    [
        # A digit may have been typed as a letter: the check need not close.
        Keyed(
            "CREDIT_CARD",
            ("card", "credit card", "debit card", "bank card", "visa", "visa card", "mastercard", "amex",
                "american express", "card no",
             "card number", "card ending", "信用卡", "信用卡号", "银行卡", "银行卡号", "储蓄卡", "借记卡", "卡号",
             "銀行卡", "卡號"),
            re.compile(r"[0-9](?:[ \-]{0,2}[0-9OoIl]){11,18}" + _NO_WORD_AFTER),
            score=0.7,
            fewest_digits=11,
        ),
        Keyed(
            "PASSPORT",
            ("passport", "passeport", "reisepass", "travel document", "护照", "護照", "旅行证件", "旅行证"),
            _PASSPORT,
            score=0.8,
            fewest_digits=5,
        ),
        Keyed(
            "PERMIT",
            (
                "travel permit", "return permit", "home return permit", "mainland travel permit", "residence permit",
                "permanent resident", "permanent residence", "entry permit", "通行证", "通行證", "回乡证",
                "回鄉證", "台胞证",
                "臺胞證", "居留证", "居留證", "永居证", "永久居留", "居住证", "居住證", "签证", "visa no",
                "visa number",
            ),
            _PERMIT,
            score=0.8,
            fewest_digits=7,
        ),
        Keyed(
            "MACAU_ID",
            ("macau resident", "macao resident", "macau identity", "macao identity", "macau id", "macao id",
             "macau resident identity", "macao resident identity", "澳门身份证", "澳門身份證", "澳门居民身份证",
             "澳門居民身份證",
             "澳门居民", "澳門居民"),
            re.compile(r"[157][ /]?[0-9]{6}[ /]?(?:\([0-9]\)|[0-9])" + _NO_WORD_AFTER),
            score=0.85,
        ),
        Keyed(
            "DRIVER_LICENSE",
            ("driver's license", "drivers license", "driver license", "driver's licence", "driver licence",
                "drivers licence",
             "driving licence", "driving license", "driving permit", "licence no", "license no", "licence number",
             "license number", "permis de conduire", "dl", "驾驶证", "驾照", "駕照", "駕駛執照", "驾驶证档案",
             "档案编号", "档案号"),
            fewest_digits=4,
            accept=_long,
        ),
        Keyed(
            "LICENCE_NUMBER",
            ("medical licence", "medical license", "professional licence", "professional license", "practising licence",
             "practicing license", "practice license", "bar", "nursing license", "business registration",
             "business licence",
             "business license", "company registration", "npi", "dea", "执业证", "执业证书", "资格证书", "资格证",
             "从业证", "许可证",
             "营业执照", "营业执照注册号", "工商注册", "注册号", "處方", "dea注册", "执照"),
            fewest_digits=5,
            accept=_long,
        ),
        Keyed(
            "LICENSE_PLATE",
            ("plate", "license plate", "licence plate", "number plate", "plates", "car's registration",
                "car registration",
             "vehicle registration", "registration", "kennzeichen", "immatriculation", "车牌", "車牌", "车牌照",
             "牌照", "号牌",
             "車號", "车号"),
            _PLATE,
            accept=_letters_and_digits,
            fewest_digits=1,
            score=0.7,
        ),
        Keyed(
            "VIN",
            ("vin", "chassis", "vehicle identification", "frame", "车架", "車架", "车辆识别", "车辆识别代号",
                "识别代号", "发动机"),
            re.compile(r"[A-HJ-NPR-Za-hj-npr-z0-9]{6,17}" + _NO_WORD_AFTER),
        ),
        Keyed(
            "IMEI",
            ("imei", "imei1", "imei2", "meid", "串号"),
            re.compile(r"[0-9](?:[ \-/]?[0-9]){13,15}" + _NO_WORD_AFTER),
            score=0.96,  # above a card: both close under Luhn, and this one is announced
            check=lambda value: check.luhn(check.compact(value)),
        ),
        Keyed(
            "MEDICAL_ID",
            ("mrn", "medical record", "patient", "patient's", "hospital no", "hospital number", "chart",
                "case file", "病历", "病歷", "住院", "门诊",
             "就诊卡", "病案", "挂号"),
            accept=_long,
        ),
        Keyed(
            "INSURANCE_ID",
            ("health insurance", "insurance policy", "insurance", "policy", "member", "membership", "subscriber",
                "versichertennummer",
             "医保", "保单", "保單", "保险单", "会员卡", "会员"),
            accept=_long,
        ),
        Keyed(
            "STAFF_ID",
            ("employee", "student", "staff", "personnel", "matriculation", "matrikelnummer", "payroll", "工号",
                "学号", "學號", "员工",
             "学籍", "学生", "工牌", "准考证", "军官证", "士兵证", "警官证"),
            accept=_long,
        ),
        Keyed("MAC_ADDRESS", ("mac", "mac address", "mac地址", "物理地址", "网卡"), _PLAIN_MAC, score=0.85,
            fewest_digits=1),
        Keyed(
            "CHAT_ACCOUNT",
            ("wechat", "weixin", "telegram", "skype", "whatsapp id", "微信", "微信号", "wx", "vx", "add me on wechat"),
            _HANDLE,
            fewest_digits=0,
            accept=lambda value: any(c.isdigit() or c in "_-" for c in value) and not value.isdigit(),
        ),
        Keyed("CHAT_ACCOUNT", ("qq", "企鹅号", "扣扣", "企鹅"), re.compile(r"[1-9][0-9]{4,11}" + _NO_WORD_AFTER)),
        Keyed(
            "BANK_ACCOUNT",
            ("account", "account no", "account number", "bank account", "acct", "a/c", "sort code",
                "sort code and account", "routing",
             "aba", "aba routing", "bsb", "bsb and account", "iban", "konto", "kontonummer", "ordinary account",
             "clabe", "ifsc",
             "transit", "账号", "帐号", "账户", "帐户", "賬號", "賬戶", "帳號", "帳戶", "收款", "路由",
             "路由号码", "汇款路径",
             "路径号", "排序码", "普通账户", "普通預金", "口座番号", "bsb及账号", "公积金", "存折"),
            _ACCOUNT,
            score=0.6,
            fewest_digits=6,
            accept=_card_holder_account,
        ),
    ],
    needs=re.compile(r"[0-9]|(?:wx|WX)id_"),
)  # fmt: skip
