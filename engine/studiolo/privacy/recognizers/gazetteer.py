"""Countries, what their people are called, and large cities, in English and Chinese. General knowledge, written for
this project: short enough to read, long enough that a country is never taken for a person.
"""

from __future__ import annotations

# Country: what belongs to it, or comes from it.
COUNTRIES = {
    line.partition(":")[0].strip(): tuple(word.strip() for word in line.partition(":")[2].split(",") if word.strip())
    for line in """
    Afghanistan: Afghan
    Albania: Albanian
    Algeria: Algerian
    Andorra: Andorran
    Angola: Angolan
    Argentina: Argentine, Argentinian, Argentinean
    Armenia: Armenian
    Australia: Australian, Aussie
    Austria: Austrian
    Azerbaijan: Azerbaijani, Azeri
    Bahamas: Bahamian
    Bahrain: Bahraini
    Bangladesh: Bangladeshi
    Barbados: Barbadian
    Belarus: Belarusian
    Belgium: Belgian
    Belize: Belizean
    Benin: Beninese
    Bermuda: Bermudian
    Bhutan: Bhutanese
    Bolivia: Bolivian
    Bosnia: Bosnian
    Bosnia and Herzegovina: Herzegovinian
    Botswana: Motswana
    Brazil: Brazilian
    Brunei: Bruneian
    Bulgaria: Bulgarian
    Burkina Faso: Burkinabe
    Burma: Burmese
    Burundi: Burundian
    Cambodia: Cambodian
    Cameroon: Cameroonian
    Canada: Canadian
    Cape Verde: Cape Verdean
    Chad: Chadian
    Chile: Chilean
    China: Chinese
    Colombia: Colombian
    Congo: Congolese
    Costa Rica: Costa Rican
    Croatia: Croatian, Croat
    Cuba: Cuban
    Cyprus: Cypriot
    Czech Republic: Czech
    Czechia: Czech
    Denmark: Danish, Dane
    Dominican Republic: Dominican
    Ecuador: Ecuadorian, Ecuadorean
    Egypt: Egyptian
    El Salvador: Salvadoran
    England: English, Englishman, Englishwoman
    Eritrea: Eritrean
    Estonia: Estonian
    Ethiopia: Ethiopian
    Fiji: Fijian
    Finland: Finnish, Finn
    France: French, Frenchman, Frenchwoman
    Gabon: Gabonese
    Gambia: Gambian
    Germany: German
    Ghana: Ghanaian
    Greece: Greek
    Greenland: Greenlander, Greenlandic
    Grenada: Grenadian
    Guatemala: Guatemalan
    Guinea: Guinean
    Guyana: Guyanese
    Haiti: Haitian
    Honduras: Honduran
    Hungary: Hungarian
    Iceland: Icelandic, Icelander
    India: Indian
    Indonesia: Indonesian
    Iran: Iranian, Persian
    Iraq: Iraqi
    Ireland: Irish, Irishman
    Israel: Israeli
    Italy: Italian
    Ivory Coast: Ivorian
    Jamaica: Jamaican
    Japan: Japanese
    Kazakhstan: Kazakh, Kazakhstani
    Kenya: Kenyan
    Kosovo: Kosovar
    Kuwait: Kuwaiti
    Kyrgyzstan: Kyrgyz
    Laos: Laotian, Lao
    Latvia: Latvian
    Lebanon: Lebanese
    Lesotho: Basotho
    Liberia: Liberian
    Libya: Libyan
    Liechtenstein: Liechtensteiner
    Lithuania: Lithuanian
    Luxembourg: Luxembourgish, Luxembourger
    Macedonia: Macedonian
    Madagascar: Malagasy
    Malawi: Malawian
    Malaysia: Malaysian
    Maldives: Maldivian
    Mali: Malian
    Malta: Maltese
    Mauritania: Mauritanian
    Mauritius: Mauritian
    Mexico: Mexican
    Moldova: Moldovan
    Monaco: Monegasque
    Mongolia: Mongolian
    Montenegro: Montenegrin
    Morocco: Moroccan
    Mozambique: Mozambican
    Myanmar: Burmese
    Namibia: Namibian
    Nepal: Nepalese, Nepali
    Netherlands: Dutch, Dutchman
    New Zealand: New Zealander, Kiwi
    Nicaragua: Nicaraguan
    Niger: Nigerien
    Nigeria: Nigerian
    North Korea: North Korean
    North Macedonia: Macedonian
    Northern Ireland: Northern Irish
    Norway: Norwegian
    Oman: Omani
    Pakistan: Pakistani
    Palestine: Palestinian
    Panama: Panamanian
    Papua New Guinea: Papuan
    Paraguay: Paraguayan
    Peru: Peruvian
    Philippines: Filipino, Filipina, Philippine
    Poland: Polish, Pole
    Portugal: Portuguese
    Puerto Rico: Puerto Rican
    Qatar: Qatari
    Romania: Romanian
    Russia: Russian
    Rwanda: Rwandan
    Samoa: Samoan
    San Marino: Sammarinese
    Saudi Arabia: Saudi, Saudi Arabian
    Scotland: Scottish, Scot, Scotsman
    Senegal: Senegalese
    Serbia: Serbian, Serb
    Seychelles: Seychellois
    Sierra Leone: Sierra Leonean
    Singapore: Singaporean
    Slovakia: Slovak, Slovakian
    Slovenia: Slovenian, Slovene
    Somalia: Somali
    South Africa: South African
    South Korea: South Korean
    Korea: Korean
    South Sudan: South Sudanese
    Spain: Spanish, Spaniard
    Sri Lanka: Sri Lankan
    Sudan: Sudanese
    Suriname: Surinamese
    Sweden: Swedish, Swede
    Switzerland: Swiss
    Syria: Syrian
    Taiwan: Taiwanese
    Tajikistan: Tajik
    Tanzania: Tanzanian
    Thailand: Thai
    Tibet: Tibetan
    Togo: Togolese
    Tonga: Tongan
    Trinidad: Trinidadian
    Tunisia: Tunisian
    Turkey: Turkish, Turk
    Turkmenistan: Turkmen
    Uganda: Ugandan
    Ukraine: Ukrainian
    United Arab Emirates: Emirati
    United Kingdom: British, Briton
    Great Britain: British
    United States: American
    United States of America: American
    Uruguay: Uruguayan
    Uzbekistan: Uzbek
    Vanuatu: Vanuatuan
    Vatican City:
    Venezuela: Venezuelan
    Vietnam: Vietnamese
    Wales: Welsh, Welshman
    Yemen: Yemeni
    Zambia: Zambian
    Zimbabwe: Zimbabwean
    Hong Kong: Hongkonger
    Macau: Macanese
    Chechnya: Chechen
    Catalonia: Catalan
    Georgia: Georgian
    Jordan: Jordanian
    Europe: European
    Asia: Asian
    Africa: African
    """.strip().split("\n")
}

PEOPLES = frozenset(
    """
    Arab Arabic Kurdish Kurd Basque Flemish Walloon Bavarian Sicilian Cornish Hebrew Latino Latina Latin Hispanic
    Caribbean Scandinavian Nordic Balkan Slavic Baltic Maori Aboriginal Inuit Cherokee Navajo Hindi Punjabi Bengali
    Tamil
    Gujarati Kashmiri Tatar Uyghur Roma Yoruba Igbo Zulu Xhosa Somali Berber Californian Texan Hawaiian Londoner
    Parisian
    Christian Catholic Protestant Orthodox Lutheran Anglican Methodist Baptist Presbyterian Mormon Evangelical Quaker
    Muslim Moslem Islamic Sunni Shia Shiite Jewish Jew Buddhist Hindu Sikh Jain Taoist Atheist Agnostic
    Republican Democrat Conservative Socialist Communist Marxist Libertarian
    """.split()  # noqa: SIM905
)

CITIES = tuple(
    line.strip()
    for line in """
    London|Manchester|Birmingham|Liverpool|Leeds|Sheffield|Bristol|Glasgow|Edinburgh|Cardiff|Belfast|Dublin|Cork
    Paris|Marseille|Lyon|Toulouse|Bordeaux|Lille|Strasbourg|Berlin|Hamburg|Munich|Cologne|Frankfurt|Stuttgart
    Düsseldorf|Leipzig|Dresden|Hanover|Nuremberg|Vienna|Graz|Salzburg|Innsbruck|Zurich|Geneva|Basel|Bern|Lausanne
    Brussels|Antwerp|Ghent|Bruges|Amsterdam|Rotterdam|The Hague|Utrecht|Eindhoven|Copenhagen|Aarhus|Odense
    Stockholm|Gothenburg|Malmö|Uppsala|Oslo|Bergen|Trondheim|Stavanger|Helsinki|Espoo|Tampere|Turku|Oulu|Vantaa
    Reykjavik|Tallinn|Tartu|Riga|Vilnius|Kaunas|Warsaw|Krakow|Kraków|Gdansk|Gdańsk|Wroclaw|Wrocław|Poznan|Poznań
    Lodz|Łódź|Prague|Brno|Ostrava|Bratislava|Budapest|Debrecen|Szeged|Bucharest|Cluj|Sofia|Plovdiv|Belgrade|Zagreb
    Split|Ljubljana|Maribor|Sarajevo|Skopje|Tirana|Athens|Thessaloniki|Nicosia|Limassol|Istanbul|Ankara|Izmir|Rome
    Milan|Naples|Turin|Palermo|Genoa|Bologna|Venice|Verona|Madrid|Barcelona|Valencia|Seville|Zaragoza|Málaga
    Bilbao|Lisbon|Porto|Moscow|Saint Petersburg|St. Petersburg|Kyiv|Kiev|Kharkiv|Odessa|Lviv|Minsk|Tbilisi|Yerevan
    Baku|New York|New York City|Los Angeles|Chicago|Philadelphia|San Antonio|San Diego|Dallas|San Jose
    San Francisco|Seattle|Denver|Boston|Detroit|Nashville|Memphis|Portland|Las Vegas|Baltimore|Milwaukee
    Albuquerque|Tucson|Sacramento|Atlanta|Miami|Oakland|Minneapolis|Cleveland|New Orleans|Tampa|Honolulu
    Pittsburgh|Cincinnati|St. Louis|Orlando|Toronto|Montreal|Vancouver|Calgary|Ottawa|Edmonton|Winnipeg|Quebec
    Halifax|Mexico City|Guadalajara|Monterrey|Havana|Bogotá|Bogota|Medellín|Lima|Quito|Caracas|Santiago|Valparaíso
    Buenos Aires|Rosario|Montevideo|Asunción|La Paz|São Paulo|Sao Paulo|Rio de Janeiro|Brasília|Recife|Cairo
    Alexandria|Lagos|Abuja|Nairobi|Mombasa|Kampala|Accra|Dakar|Addis Ababa|Johannesburg|Cape Town|Durban|Pretoria
    Casablanca|Rabat|Marrakesh|Tunis|Algiers|Tripoli|Khartoum|Harare|Lusaka|Luanda|Beirut|Damascus|Amman|Jerusalem
    Tel Aviv|Baghdad|Tehran|Riyadh|Jeddah|Dubai|Abu Dhabi|Doha|Muscat|Kabul|Karachi|Lahore|Islamabad|Mumbai|Delhi
    New Delhi|Bangalore|Bengaluru|Chennai|Kolkata|Hyderabad|Pune|Dhaka|Colombo|Kathmandu|Yangon|Bangkok|Chiang Mai
    Hanoi|Ho Chi Minh City|Saigon|Phnom Penh|Kuala Lumpur|Jakarta|Surabaya|Manila|Cebu|Taipei|Kaohsiung|Tokyo
    Osaka|Kyoto|Nagoya|Sapporo|Fukuoka|Yokohama|Seoul|Busan|Pyongyang|Beijing|Shanghai|Guangzhou|Shenzhen|Chengdu
    Chongqing|Wuhan|Hangzhou|Nanjing|Tianjin|Xi'an|Suzhou|Qingdao|Dalian|Harbin|Ulaanbaatar|Tashkent|Almaty
    Melbourne|Brisbane|Perth|Adelaide|Canberra|Hobart|Auckland|Wellington|Christchurch|Alabama|Alaska|Arizona
    Arkansas|California|Colorado|Connecticut|Delaware|Florida|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky
    Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada
    New Hampshire|New Jersey|New Mexico|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island
    South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|West Virginia|Wisconsin|Wyoming|Ontario
    British Columbia|Alberta
    """.replace("|", "\n").split("\n")
    if line.strip()
)

PLACES_ZH = frozenset(
    """
    阿富汗 阿尔巴尼亚 阿尔及利亚 安道尔 安哥拉 阿根廷 亚美尼亚 澳大利亚 奥地利 阿塞拜疆 巴哈马 巴林 孟加拉 巴巴多斯
    白俄罗斯 比利时 伯利兹
    贝宁 不丹 玻利维亚 波斯尼亚 博茨瓦纳 巴西 文莱 保加利亚 布基纳法索 布隆迪 柬埔寨 喀麦隆 加拿大 佛得角 乍得 智利
    哥伦比亚 科摩罗 刚果
    哥斯达黎加 科特迪瓦 克罗地亚 古巴 塞浦路斯 捷克 丹麦 吉布提 多米尼加 多米尼克 厄瓜多尔 埃及 萨尔瓦多 厄立特里亚
    爱沙尼亚 埃塞俄比亚
    斐济 芬兰 法国 法兰西 加蓬 冈比亚 格鲁吉亚 德国 德意志 加纳 希腊 格林纳达 危地马拉 几内亚 圭亚那 海地 洪都拉斯
    匈牙利 冰岛 印度 印尼
    印度尼西亚 伊朗 伊拉克 爱尔兰 以色列 意大利 牙买加 日本 约旦 哈萨克斯坦 肯尼亚 科威特 吉尔吉斯斯坦 老挝 拉脱维亚
    黎巴嫩 莱索托
    利比里亚 利比亚 列支敦士登 立陶宛 卢森堡 马其顿 马达加斯加 马拉维 马来西亚 马尔代夫 马里 马耳他 毛里塔尼亚
    毛里求斯 墨西哥 摩尔多瓦
    摩纳哥 蒙古 黑山 摩洛哥 莫桑比克 缅甸 纳米比亚 瑙鲁 尼泊尔 荷兰 新西兰 尼加拉瓜 尼日尔 尼日利亚 朝鲜 挪威 阿曼
    巴基斯坦 巴勒斯坦
    巴拿马 巴布亚新几内亚 巴拉圭 秘鲁 菲律宾 波兰 葡萄牙 卡塔尔 罗马尼亚 俄罗斯 卢旺达 萨摩亚 圣马力诺 圣多美 沙特
    沙特阿拉伯 塞内加尔
    塞尔维亚 塞舌尔 塞拉利昂 新加坡 斯洛伐克 斯洛文尼亚 索马里 南非 韩国 西班牙 斯里兰卡 苏丹 苏里南 斯威士兰 瑞典
    瑞士 叙利亚 塔吉克斯坦
    坦桑尼亚 泰国 多哥 汤加 特立尼达 多巴哥 突尼斯 土耳其 土库曼斯坦 乌干达 乌克兰 阿联酋 英国 英格兰 苏格兰 威尔士
    美国 乌拉圭
    乌兹别克斯坦 瓦努阿图 梵蒂冈 委内瑞拉 越南 也门 赞比亚 津巴布韦 扎伊尔 南斯拉夫 苏联 捷克斯洛伐克 欧洲 亚洲 非洲
    美洲 大洋洲
    日耳曼 高加索 西伯利亚 巴尔干 加勒比 斯堪的纳维亚 中东 拉美
    伦敦 曼彻斯特 伯明翰 利物浦 利兹 爱丁堡 都柏林 巴黎 马赛 里昂 柏林 汉堡 慕尼黑 法兰克福 科隆 多特蒙德 维也纳
    苏黎世 日内瓦 伯尔尼
    布鲁塞尔 阿姆斯特丹 鹿特丹 海牙 哥本哈根 斯德哥尔摩 奥斯陆 赫尔辛基 里加 华沙 布拉格 布达佩斯 布加勒斯特
    贝尔格莱德 雅典 罗马 米兰
    都灵 那不勒斯 佛罗伦萨 威尼斯 热那亚 博洛尼亚 巴勒莫 帕尔马 维罗纳 马德里 巴塞罗那 瓦伦西亚 塞维利亚 毕尔巴鄂 马拉加
    马略卡 里斯本 波尔图 莫斯科 基辅 明斯克 伊斯坦布尔 安卡拉 纽约 洛杉矶 芝加哥 休斯敦 费城 达拉斯 旧金山 西雅图
    丹佛 波士顿
    底特律 亚特兰大 迈阿密 奥兰多 夏威夷 加利福尼亚 加州 得克萨斯 德州 佛罗里达 多伦多 温哥华 蒙特利尔 渥太华 魁北克
    哈瓦那 波哥大
    利马 圣地亚哥 布宜诺斯艾利斯 圣保罗 里约热内卢 巴西利亚 开罗 内罗毕 约翰内斯堡 开普敦 达喀尔 达卡 卡萨布兰卡
    贝鲁特 大马士革
    耶路撒冷 特拉维夫 巴格达 德黑兰 利雅得 迪拜 多哈 喀布尔 卡拉奇 孟买 新德里 加尔各答 科伦坡 加德满都 仰光 曼谷
    河内 金边 吉隆坡
    雅加达 马尼拉 东京 大阪 京都 名古屋 横滨 札幌 首尔 汉城 釜山 平壤 墨尔本 悉尼 布里斯班 珀斯 堪培拉 奥克兰 惠灵顿
    """.split()  # noqa: SIM905
)

PLACES_AND_PEOPLES = {name.casefold(): "LOCATION" for name in (*COUNTRIES, *CITIES)}
"""The type of each of these names in lower case; a people's name also in the plural."""
PLACES_AND_PEOPLES |= {
    (name + more).casefold(): "NRP"
    for names in (*COUNTRIES.values(), tuple(PEOPLES))
    for name in names
    for more in ("", "s")
}
