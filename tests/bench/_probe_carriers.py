"""Sentences of the second probe, a group each, English and Chinese; `{v}` is the value's place.

Chinese ones touch the value on one side or both. Where people write such a value only with a word for what it is
(an account, a national number), every sentence of the group has one, in different words.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench._probe_values import Make

Pair = tuple[tuple[str, ...], tuple[str, ...]]

CARRIERS: dict[str, Pair] = {
    "card": (
        ("Please take the deposit from {v} before Friday.", "She settled the bill with {v}, as before.",
         "Card on file: {v}", "The refund goes back to {v} (expires 09/28)."),
        ("定金请从{v}扣除。", "他刷了{v}付房费，回单在附件里。", "持卡人绑定的是{v}，下月到期", "退款原路退回{v}"),
    ),
    "card_keyed": (
        ("My credit card number is {v}.", "card no. {v}, please check the digits"),
        ("信用卡号是{v}，麻烦核对", "银行卡号：{v}"),
    ),
    "iban": (
        ("Kindly remit to {v} by the end of the month.", "Our IBAN is {v}.", "Beneficiary: Harrow Ltd, {v}, ref 88"),
        ("货款请汇入{v}，备注合同号。", "收款人的国际账号{v}已更新", "IBAN：{v}"),
    ),
    "cn_id": (
        ("The tenant's Chinese resident ID is {v}.", "Guest registered under {v} at reception.", "({v})"),
        ("承租人{v}于昨日签字。", "经核对，其身份证为{v}无误", "实名信息：{v}；状态正常"),
    ),
    "cn_id_keyed": (
        ("His identity card number reads {v}.", "Chinese ID no.: {v}"),
        ("身份证号{v}请再核一遍", "居民身份证：{v}（旧证）", "证件号码为{v}"),
    ),
    "uscc": (
        ("Invoice the company under {v}, please.", "Unified social credit code: {v}."),
        ("开票时税号填{v}就行", "统一社会信用代码{v}已年检", "（{v}）有限责任公司"),
    ),
    "hk_id": (
        ("Hong Kong identity card {v} was checked at the desk.", "HKID: {v}"),
        ("香港身份證號碼{v}已登記", "投保人{v}，香港居民", "香港身份证：{v}"),
    ),
    "macau_id": (
        ("Macau resident ID {v} was copied.", "Macao identity card no. {v}"),
        ("澳门居民身份证{v}已复印", "澳門身份證號碼：{v}"),
    ),
    "tw_id": (
        ("Taiwan national ID {v} on the form.", "the applicant ({v}) lives in Taipei"),
        ("身分證字號{v}請確認", "台湾居民{v}申请入住", "統一證號：{v}"),
    ),
    "permit": (
        ("Home return permit number {v}.", "Mainland travel permit: {v}", "travel permit no. {v} was presented"),
        ("回乡证{v}已扫描", "港澳居民来往内地通行证号码：{v}", "台胞证号{v}有效期五年", "通行证为{v}"),
    ),
    "residence": (
        ("Foreign permanent resident ID card {v} (China).", "China residence permit no. {v}"),
        ("外国人永久居留证号码{v}", "永居证：{v}，请核验"),
    ),
    "passport": (
        ("Passport number {v} expires next spring.", "She travels on passport {v}.", "passport no: {v}"),
        ("护照号{v}已录入", "旅客所持护照为{v}，请出票", "護照號碼：{v}"),
    ),
    "mrz": (
        ("Scanned line:\n{v}\nend of scan", "MRZ {v}"),
        ("扫描结果：\n{v}\n完", "护照机读码{v}"),
    ),
    "plate_cn": (
        ("The car with plate {v} blocks the gate.", "Parked: {v}, level 2."),
        ("车牌{v}挡住了大门", "地库里停着{v}，请挪车", "一辆{v}追尾了前车"),
    ),
    "plate": (
        ("licence plate {v} was recorded", "Her car's registration number is {v}.", "number plate: {v}"),
        ("车牌号{v}已登记", "对方车牌为{v}", "牌照：{v}"),
    ),
    "phone": (
        ("You can reach me at {v} after six.", "Emergency contact: {v}", "Call {v} and ask for the porter.",
            "Tel. {v}"),
        ("有事打{v}找我", "联系电话：{v}，晚上方便", "手机{v}加微信", "请拨{v}咨询前台"),
    ),
    "phone_bare": (
        ("Leave it with the neighbour, {v}.", "{v} - Sam from the garage", "the number on the note was {v}, I think"),
        ("快递放{v}那里", "{v}是房东", "便条上写着{v}没错"),
    ),
    "email": (
        ("Send the scan to {v} today.", "Cc: {v}", "From {v}, received at noon", "Write me ({v})."),
        ("扫描件发到{v}就可以", "抄送{v}和财务", "邮箱：{v}", "他的邮件地址{v}不用了"),
    ),
    "qq": (
        ("My QQ is {v}.", "QQ number: {v}"),
        ("加我QQ{v}", "QQ号：{v}，备注来意", "企鹅号QQ:{v}"),
    ),
    "wechat": (
        ("WeChat ID: {v}", "add me on WeChat: {v}"),
        ("微信号：{v}", "加微信{v}详聊", "我的微信是{v}"),
    ),
    "network": (
        ("The camera answers at {v} again.", "Blocked client {v} after five attempts.", "host={v}"),
        ("摄像头在{v}上又通了", "登录来源{v}已封禁", "服务器：{v}"),
    ),
    "mac": (
        ("The printer's MAC address is {v}.", "DHCP lease for {v} was renewed."),
        ("打印机的MAC地址为{v}", "已绑定{v}到三楼"),
    ),
    "mac_keyed": (
        ("MAC address {v} was added to the list.", "mac: {v}"),
        ("MAC地址：{v}", "网卡物理地址{v}"),
    ),
    "ssn": (
        ("Her SSN is {v}.", "social security number {v} on the W-2", "SSN: {v}"),
        ("他的美国社会安全号是{v}", "社会安全号码：{v}", "SSN{v}请勿外传"),
    ),
    "ssn_bare": (
        ("W-2 for {v} was mailed.", "employee {v}, full time"),
        ("表格上填了{v}，已寄出", "员工{v}已入职"),
    ),
    "itin": (
        ("ITIN {v} was assigned.", "taxpayer identification number (ITIN): {v}"),
        ("他的ITIN是{v}", "美国个人纳税识别号ITIN：{v}"),
    ),
    "ein": (
        ("Our EIN is {v}.", "employer identification number {v}"),
        ("公司EIN为{v}", "雇主识别号EIN：{v}"),
    ),
    "nhs": (
        ("NHS number {v}, seen in clinic today.", "Patient's NHS no. is {v}"),
        ("英国NHS号码{v}", "患者的NHS编号为{v}"),
    ),
    "nino": (
        ("National Insurance number {v}.", "NI no. {v} goes on the payslip"),
        ("英国国民保险号{v}", "他的国民保险号码是{v}"),
    ),
    "utr": (
        ("My UTR is {v}.", "Unique Taxpayer Reference {v}"),
        ("英国纳税人识别号UTR：{v}", "他的UTR是{v}"),
    ),
    "mbi": (
        ("Medicare number {v} on the claim.", "MBI: {v}"),
        ("美国医疗保险号Medicare：{v}", "Medicare号码{v}"),
    ),
    "born": (
        ("Date of birth: {v}", "DOB {v}, non-smoker", "She was born on {v} in Leeds.", "his birthday is {v}",
         "d.o.b. {v}"),
        ("出生日期：{v}", "生日是{v}，属虎", "他生于{v}，籍贯山东", "{v}出生，汉族", "出生年月{v}"),
    ),
    "account": (
        ("Pay into account {v} at the branch.", "account number: {v}", "Bank account no. {v} was closed"),
        ("请转到账号{v}", "开户行工商银行，账户{v}", "收款账号：{v}，勿填错"),
    ),
    "account_uk": (
        ("Sort code and account: {v}", "sort code {v}"),
        ("英国账户（sort code）：{v}", "排序码和账号{v}"),
    ),
    "account_us": (
        ("routing number {v}", "ABA routing no. {v} for wires"),
        ("美国银行路由号码{v}", "汇款路径号（routing number）：{v}"),
    ),
    "account_au": (
        ("BSB {v}", "BSB and account number: {v}"),
        ("澳洲BSB及账号：{v}", "澳大利亚账户BSB{v}"),
    ),
    "account_jp": (
        ("ordinary account {v} at the Shibuya branch", "Japanese bank account: {v}"),
        ("日本银行账号{v}", "涩谷支店 普通账户{v}"),
    ),
    "crypto": (
        ("Send the coins to {v} only.", "wallet {v} received it", "Donations: {v}"),
        ("币请打到{v}", "钱包地址{v}已到账", "收款地址：{v}，别转错链"),
    ),
    "crypto_keyed": (
        ("My SOL wallet address is {v}.", "Solana wallet: {v}"),
        ("Solana钱包地址：{v}", "钱包地址为{v}"),
    ),
    "driver": (
        ("Driver's license no. {v}", "his driving licence {v} was renewed", "driver license: {v}"),
        ("驾驶证号{v}", "驾照号码：{v}，C1", "机动车驾驶证{v}被扣分"),
    ),
    "driver_file": (
        ("Chinese driving licence file no. {v}", "driver's licence file number: {v}"),
        ("驾驶证档案编号{v}", "档案编号：{v}"),
    ),
    "practice": (
        ("Lawyer's practising licence no. {v}", "medical licence number {v}", "professional license: {v}"),
        ("律师执业证号{v}", "医师资格证书编号：{v}", "执业证书编号为{v}"),
    ),
    "business": (
        ("business registration number {v}", "Business licence no. {v}"),
        ("营业执照注册号{v}", "工商注册号：{v}"),
    ),
    "npi": (
        ("NPI {v}, internal medicine", "Provider's NPI number: {v}"),
        ("医生的NPI号码{v}", "NPI：{v}"),
    ),
    "dea": (
        ("DEA number {v}", "prescriber DEA: {v}"),
        ("处方医师DEA号{v}", "DEA注册号：{v}"),
    ),
    "vin": (
        ("VIN {v}, first owner", "chassis number {v}", "vehicle identification number: {v}"),
        ("车架号{v}已拓印", "车辆识别代号：{v}"),
    ),
    "imei": (
        ("The stolen phone's IMEI is {v}.", "IMEI: {v}"),
        ("手机串号IMEI{v}", "IMEI：{v}"),
    ),
    "medical": (
        ("MRN {v}, ward 3", "medical record number: {v}", "Patient ID {v} was admitted"),
        ("病历号{v}", "住院号：{v}，三床", "门诊号为{v}"),
    ),
    "insured": (
        ("health insurance number {v}", "Insurance policy no. {v}", "member ID: {v}"),
        ("医保卡号{v}", "社保号：{v}", "保单号{v}已生效"),
    ),
    "staff": (
        ("Employee ID {v}", "student number: {v}", "staff no. {v} was on shift"),
        ("工号{v}", "学号：{v}，计算机系", "员工编号为{v}"),
    ),
    "coordinates": (
        ("The cabin stands at {v}.", "Meet us at {v} around noon", "GPS: {v}"),
        ("集合点坐标{v}", "小屋位于{v}附近", "定位：{v}"),
    ),
    "secret": (
        ("I pasted {v} into the wrong window.", "Use {v} until tomorrow.", "export KEY={v}", "({v})"),
        ("我把{v}贴错群了", "先用{v}顶一下", "密钥：{v}", "配置里写的是{v}，尽快更换"),
    ),
    "block": (
        ("Here is the key:\n{v}\nKeep it.", "{v}"),
        ("私钥如下：\n{v}\n请妥善保管", "{v}"),
    ),
    "password": (
        ("password: {v}", "The password is {v}, do not share it.", "Pwd={v}", "your temporary password is {v}",
         "Passcode: {v}"),
        ("密码：{v}", "登录密码是{v}，请尽快修改", "口令为{v}", "初始密码{v}", "密码已改为{v}。"),
    ),
    "code": (
        ("Your verification code is {v}.", "PIN: {v}", "one-time code {v}", "OTP {v} expires in 5 minutes"),
        ("验证码{v}，五分钟内有效", "您的动态码是{v}", "取件码：{v}", "PIN码{v}"),
    ),
    "cvv": (
        ("CVV {v}", "security code: {v}", "the CVC is {v}"),
        ("CVV{v}", "卡背安全码：{v}", "CVV2是{v}"),
    ),
}  # fmt: skip

ALL = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing one kind of value. `carriers` where the sentence is part of the form."""

    name: str
    type: str
    make: Make
    group: str = ""
    languages: tuple[str, ...] = ALL
    own: Pair | None = None

    @property
    def carriers(self) -> Pair:
        return self.own or CARRIERS[self.group]


def _own(*sentences: str, zh: tuple[str, ...] = ()) -> Pair:
    return sentences, zh or sentences


def own(*sentences: str, zh: tuple[str, ...] = ()) -> Pair:
    """Sentences that are part of a form; the English ones serve for Chinese where there are no others."""
    return sentences, zh or sentences
