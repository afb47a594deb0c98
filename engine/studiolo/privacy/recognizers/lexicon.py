"""Short word lists that guard the name rules. General knowledge, written for this project.

COMMON are words that begin headings, labels and sentences in documents; a name model takes some of them for names.
"""

from __future__ import annotations

COMMON = frozenset(
    """
    a about above account accounts act action additional address addresses administrator age agenda agent agreement all
    also amount an and annex annual answer any appendix applicant application april article as at attachment attendee
    attendees attn august author balance bank billing birth board body book box branch building business buyer by call
    cancel card cell center centre chair chairman chapter check city claim clause client clinic close code comment
    comments committee company conclusion conditions confidential contact contents contract copy cost country county
    course court customer daily data date day dear december decision default delivery department deposit description
    design device director doctor document documents draft driver due duration duties east edition email emails
    emergency employee employer end english error event example exhibit expense expires fax february fee fees female
    field figure file filter final finance first floor flat for form friday from front full general go goal good group
    guarantor guest guide health heating hello help hi history holiday home hospital host hotel hour hours house how i
    id identity if important in index info information inspection insurance internet interview introduction invoice
    is it item items january job july june key label landlord landlady last lease left legal lessee lessor letter
    level license licence light limit line link list loan local location login mail maintenance male manager manual
    march may meeting member memo menu message method minutes mobile model monday money month monthly mother move
    name names net network new next no north note notes notice november number objective october of office officer
    on open operator option order orders other our overview owner page parent park part party passport password patient
    pay payment pending period person personal phone photo place plan please plumber point policy post power premises
    present president price print privacy private problem procedure product profile program project property purpose
    quality question questions rate reading reason receipt recipient record ref reference referral region regards
    registration remarks rent report request required reset residence resident response result results return review
    right risk road role room rules safety salary sales saturday schedule school scope secretary section security see
    seller sender september service services settings shipping sign signature signed size social south special spouse
    staff standard start state statement status steps storage street student subject sum summary sunday supplier support
    switch system table task tax team tel telephone tenancy tenant tenants term terms test thank thanks the this
    thursday time title to today topic total training transfer travel tuesday type unit update use user username valid
    value vendor version visit visitor volume warning warranty water web website wednesday week weekly welcome west
    what when where who why wifi will with witness work worker year yes you your zip
    chinese english french german japanese spanish italian american british european asian
    remove insert press turn clean rinse fill empty open close plug unplug wait attach push pull hold release set
    select dip wipe dry descale drain replace refill meter meters signatures reading readings bathroom kitchen shower
    bedroom
    living sofa chair bed oven fridge washing machine boiler radiator door window wall ceiling carpet curtain lamp bills
    repairs rent deposit alarm battery button cable camera cleaning coffee display engine hardness keyboard memory milk
    model motor power pressure printer problem pump screen sensor serial
    socket speed tank temperature valve voltage wire
    agree apply ask avoid bring call choose complete confirm connect consult contact continue do ensure enter find
    follow
    get give go install keep leave let make never only put read record repeat return save send show stop store take tell
    try use write
    sir madam madame sirs colleague colleagues hereby herein thereof whereas wherein party parties
    """.split()  # noqa: SIM905
)

# The last word of a place's name: "Alder Wharf" is nobody.
PLACE_WORDS = frozenset(
    """
    street road avenue lane drive boulevard court crescent terrace place square way wharf quay row mews house hall
    tower towers building centre center hotel hospital school college university station airport bridge river lake
    mountain island beach museum theatre church cathedral ave blvd freeway highway motorway expressway parkway railway
    railroad metro canyon valley coast peninsula plateau islands gardens zoo stadium cemetery town village city county
    district province
    """.split()  # noqa: SIM905
)

# Parts of names that are everyday words too: never looked for alone.
NAME_WORDS = frozenset(
    """
    will mark may rose young bill hope grant king brown green white black long park page price stone field lane hill
    wood woods west north east south day law case hall bell cook baker miller mason carter frank grace faith joy dawn
    summer autumn april june august art jack ray rich rob sue pat guy dean earl duke major miles drew chase rusty
    christian jean max victor sky star storm banks best bond bush church close cross english fields fish fox gold good
    grey gray hand hart head holy house hunt keys lamb little love low marsh moon moss nail noble paris london china
    ford power prior rice ring rivers sharp short small speed strong sweet swift walker ward waters webb wise worth
    bank china asia virginia georgia florence sydney austin houston jackson lincoln washington jordan israel chad
    """.split()  # noqa: SIM905
)

TITLES_EN = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Madame|Lord|Lady|Rev|Reverend|Father|Judge|Justice|Captain|Capt|"
    "Colonel|Col|Lieutenant|Lt|Sergeant|Sgt|Senator|Nurse|Doctor"
)

LABELS_EN = (
    "name|full name|tenant|landlord|landlady|lessee|lessor|buyer|seller|client|customer|patient|employee|employer|"
    "contact|contact person|contact name|attn|attention|dear|hi|hello|signed|signed by|prepared by|approved by|"
    "reviewed by|written by|author|witness|guarantor|applicant|account holder|cardholder|beneficiary|payee|recipient|"
    "sender|chair|minutes taken by|"
    "manager|supervisor|emergency contact|spouse|guest|driver|owner|regards|sincerely|best"
)

# The family names that most Chinese people bear, after public census summaries; compound ones apart.
SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜"
    "倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成"
    "游阳裴席卫查屈鲍覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边"
    "張劉陳楊趙黃吳孫馬羅鄭謝韓馮蕭鄧許呂蘇盧蔣賈葉閻鍾範譚鄒陸龍萬錢湯賀賴龔龐蘭顏倪嚴溫蘆韋畢叢齊莊塗紀項陽衛單"
)  # fmt: skip
# Family names that are also the end of a common word or a particle: "现任经理", "向老师", "对方律师".
AMBIGUOUS_SURNAMES = frozenset("席于任时方向解关成单平连常边华海司高和管安易支干包全")
# Rare ones, and such as are everyday words too: they cut a list of names, and prove nothing elsewhere.
RARE_SURNAMES = frozenset(
    "逄钮佟滕仝谌巫卓郏荀惠封芮储汲邴糜弓牧隗谷宓郗班仲宫仇栾厉戎祖符束臧闫肖刁冀尚晏瞿鄢蔺阚蒲褚郦鞠冼粟邝佘岑战茹逯"
    "郎亓奚鄂雍初麦荆习郜国池由晁花应宗宣胥匡訾鲜扈竺鹿续栗練钮"
)
COMPOUND_SURNAMES = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "司徒",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "夏侯",
    "歐陽",
    "司馬",
    "諸葛",
)

TITLES_ZH = (
    "先生|女士|小姐|太太|夫人|经理|总经理|总监|主任|老师|教授|医生|大夫|护士|律师|工程师|会计|师傅|局长|院长|校长|书记|"
    "董事长|董事|秘书|主管|部长|处长|科长|队长|班长|村长|镇长|市长|县长|省长|法官|警官|博士|同学|同志|阿姨|叔叔|大爷|大妈|"
    "大哥|大姐|老板|總經理|經理|總監|老師|醫生|律師|會計|師傅|董事長|秘書|主管|老闆"
)

# Offices that follow a name and are no form of address: "王主席" is a Wang, and a chairman.
OFFICES_ZH = (
    "主席|总统|總統|总理|總理|首相|委员长|委員長|州长|议员|"
    "修女|神父|牧师|皇帝|皇后|太后|公主|王子|将军|元帅|司令|大使|外长|参赞"
)

LABELS_ZH = (
    "姓名|联系人|承租人|出租人|承租方|出租方|甲方|乙方|丙方|经办人|负责人|签字|签名|患者|病人|员工|主持人|主持|参会人|参会人员|"
    "出席|出席人|记录人|记录|收件人|寄件人|收货人|户主|房东|租客|租户|申请人|持卡人|法定代表人|法人代表|代理人|担保人|紧急联系人|"
    "客户|客户姓名|买方|卖方|作者|审核|审批人|制表人|监护人|家长|学生|老师|医生|司机|投保人|受益人|被保险人|开户名|户名|聯絡人|姓名"
)

# Words that LAC or a label rule may take for a person's name.
NOT_NAMES_ZH = frozenset(
    """
    先生 女士 小姐 太太 经理 主任 老师 教授 医生 律师 客户 用户 员工 公司 本人 双方 甲方 乙方 房东 租客
    租户 承租人 出租人 联系人 负责人 姓名 签字 签名 盖章 日期 电话 地址 手机 邮箱 身份证 护照 银行 合同
    协议 会议 时间 地点 主持人 记录人 参会 出席 部门 职务 备注 说明 附件 签章 公章 无 有限 有限公司 阿姨
    叔叔 大家 各位 以上 以下 如下 同上 不详 保密 高温 高压 高度 高级 高速 安全 安装 方式 方法 方便 时候
    时间 时期 金额 金融 黄色 黄金 白色 白天 马上 马力 温度 常见 常用 成功 成本 成员 路由 路由器 关闭 关于
    关机 包括 包装 解决 解除 单位 单元 文件 文档 向上 向下 任何 任意 于是 管理 平台 强制 连接 连续 万元
    宁静 康复 易用 华为 江苏 江西 云南 海南 河南 河北 湖南 湖北 项目 席位 边缘 房屋 房间 车辆 车位
    """.split()  # noqa: SIM905
)

MONTHS_AND_DAYS = frozenset(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday
    """.split()  # noqa: SIM905
)

# Words that end, or begin, the name of a company or an institution, never of a person.
ORG_WORDS = frozenset(
    """
    inc incorporated ltd limited llc llp plc corp corporation company gmbh ag kg sarl bv nv oy oyj aps spa srl kft zrt
    foundation associates partners holdings group technologies solutions industries enterprises consulting ventures
    capital
    labs systems bank institute orchestra band club association council committee stadium airlines airways motors
    records
    pictures studios press award awards prize act effect theorem law cup league party team street station museum
    """.split()  # noqa: SIM905
)

# Abbreviations that a name model takes for companies.
NO_NAMES = frozenset(
    """
    IBAN BIC SWIFT SSN ITIN EIN NHS VAT ATM PIN CVV CVC CC ID IDs PO POB ZIP ASAP FAQ PDF URL API CPU GPU RAM USB
    HDMI SQL
    HTML CSS JSON XML CSV HTTP HTTPS IP MAC DNS VPN SSH WiFi CEO CFO CTO COO HR IT QA PR TV DVD CD PC AI ML OK FYI
    ETA RSVP
    TBD NDA PPE GDP GPA DOB AGM KPI ROI B2B SMS PTO DIY
    """.split()  # noqa: SIM905
)
