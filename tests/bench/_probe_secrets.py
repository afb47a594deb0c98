"""The secrets of the second probe: the forms that issuers document, and passwords that a word gives away."""

from __future__ import annotations

from tests.bench import _probe_values as v
from tests.bench._probe_carriers import Form, own

_TOKENS: list[tuple[str, v.Make]] = [
    ("openai", v.of("sk-" + "*" * 48)),
    ("openai project", v.of("sk-proj-" + "&" * 74)),
    ("anthropic", v.of("sk-ant-api03-" + "&" * 93 + "AA")),
    ("openrouter", v.of("sk-or-v1-" + "^" * 64)),
    ("deepseek", v.of("sk-" + "^" * 32)),
    ("aws key id", v.of("AKIA" + "?" * 16, "ASIA" + "?" * 16)),
    ("github classic", v.of("ghp_" + "*" * 36, "gho_" + "*" * 36, "ghs_" + "*" * 36)),
    ("github fine", v.of("github_pat_" + "*" * 22 + "_" + "*" * 59)),
    ("gitlab", v.of("glpat-" + "&" * 20, "gldt-" + "&" * 20)),
    ("slack bot", v.of("xoxb-#############-#############-" + "*" * 24)),
    ("slack app", v.of("xapp-1-A0########-#############-" + "^" * 64)),
    ("slack webhook", v.of("https://hooks.slack.com/services/T0*******/B0*******/" + "*" * 24)),
    ("discord webhook", v.of("https://discord.com/api/webhooks/##################/" + "&" * 68)),
    ("discord bot", v.of("M" + "*" * 23 + "." + "*" * 6 + "." + "&" * 38)),
    ("stripe", v.of("sk_live_" + "*" * 24, "rk_test_" + "*" * 24)),
    ("stripe webhook", v.of("whsec_" + "*" * 32)),
    ("google api", v.of("AIza" + "&" * 35)),
    ("google oauth", v.of("GOCSPX-" + "&" * 28)),
    ("google access", v.of("ya29.a0" + "&" * 90)),
    ("npm", v.of("npm_" + "*" * 36)),
    ("pypi", v.of("pypi-AgEIcHlwaS5vcmc" + "&" * 60)),
    ("hugging face", v.of("hf_" + "*" * 34)),
    ("sendgrid", v.of("SG." + "&" * 22 + "." + "&" * 43)),
    ("twilio", v.of("SK" + "^" * 32, "AC" + "^" * 32)),
    ("mailgun", v.of("key-" + "^" * 32)),
    ("telegram", v.of("##########:AA" + "&" * 33)),
    ("shopify", v.of("shpat_" + "^" * 32)),
    ("digitalocean", v.of("dop_v1_" + "^" * 64)),
    ("databricks", v.of("dapi" + "^" * 32)),
    ("linear", v.of("lin_api_" + "*" * 40)),
    ("notion", v.of("secret_" + "*" * 43, "ntn_" + "*" * 46)),
    ("groq", v.of("gsk_" + "*" * 52)),
    ("replicate", v.of("r8_" + "*" * 37)),
    ("xai", v.of("xai-" + "*" * 80)),
    ("perplexity", v.of("pplx-" + "*" * 48)),
    ("vault", v.of("hvs." + "&" * 90)),
    ("grafana", v.of("glsa_" + "*" * 32 + "_" + "^" * 8)),
    ("docker", v.of("dckr_pat_" + "&" * 27)),
    ("square", v.of("sq0atp-" + "&" * 22, "EAAA" + "&" * 60)),
    ("new relic", v.of("NRAK-" + "?" * 27)),
    ("postman", v.of("PMAK-" + "^" * 24 + "-" + "^" * 34)),
    ("figma", v.of("figd_" + "&" * 40)),
    ("atlassian", v.of("ATATT3xFfGF0" + "&" * 180)),
    ("airtable", v.of("pat" + "*" * 14 + "." + "^" * 64)),
    ("aliyun", v.of("LTAI5t" + "*" * 18)),
    ("tencent", v.of("AKID" + "*" * 32)),
    ("age", v.of("AGE-SECRET-KEY-1" + "?" * 58)),
    ("jwt", v.jwt),
    ("bitcoin wif", v.base58check(b"\x80", 32, tail=b"\x01")),
    ("bcrypt", v.of("$2b$12$" + "*" * 53)),
    ("shadow", v.of("$6$" + "*" * 16 + "$" + "*" * 86)),
    ("openai full width", v.full_width(v.of("sk-" + "*" * 40))),
    ("github invisible marks", v.sprinkled(v.of("ghp_" + "*" * 36))),
]

SECRETS = [Form(name, "SECRET", make, "secret") for name, make in _TOKENS]
SECRETS += [
    Form(f"pem {kind.lower()}", "SECRET", v.pem(kind), "block")
    for kind in (
        "RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    )
]  # fmt: skip

_WORDY = v.of("Maple#Tree##", "tr0ub4dor&#", "P@ssw0rd!##", "xK9$mm2##", "Summer20##", "dragonfly##!")
SECRETS += [
    Form("password", "SECRET", _WORDY, "password"),
    Form("password again", "SECRET", _WORDY, "password"),
    Form("password letters", "SECRET", v.of("QwErTyUi", "correcthorse", "ZhangSanFeng"), own=own(
        "password: {v}", "Password = {v}", zh=("密码：{v}", "密码是{v}"))),
    Form("password digits", "SECRET", v.of("######", "########"), "password"),
    Form("password full width", "SECRET", v.full_width(v.of("Abcd####")), "password"),
    Form("password json", "SECRET", _WORDY, own=own(
        '{{"user": "nb", "password": "{v}"}}', "{{'passwd': '{v}'}}", zh=(
            '{{"用户": "nb", "密码": "{v}"}}', '"password":"{v}"'))),
    Form("password env", "SECRET", _WORDY, own=own(
        "DB_PASSWORD={v}", "export MYSQL_ROOT_PASSWORD='{v}'", "smtp.password={v}", zh=("环境变量DB_PASSWORD={v}",
            "spring.datasource.password={v}"))),
    Form("password yaml", "SECRET", _WORDY, own=own("user: nb\n  password: {v}\n", 'auth:\n  pass: "{v}"\n')),
    Form("password option", "SECRET", _WORDY, own=own("mysqldump --password={v} shop", "tool --password {v} --all",
                                                   zh=("执行tool --password {v}即可", "参数--password={v}"))),
    Form("password phrase", "SECRET", v.of("correct horse battery ##", "my dog eats ## shoes"), own=own(
        'passphrase: "{v}"', 'The password is "{v}".', zh=("密码是“{v}”", "口令：「{v}」"))),
    Form("password said", "SECRET", _WORDY, own=own(
        "log in with password {v} please", "her password was changed to {v}", "the wifi password's {v}", "pw: {v}",
            "pass: {v}",
        zh=("WiFi密码{v}", "账号admin，密码{v}，别外传", "密码设成了{v}", "开门密码改成{v}了", "密码（临时）：{v}"))),
    Form("user and password", "SECRET", _WORDY, own=own(
        "username / password: nbarlow / {v}", "user nbarlow pass {v}",
        zh=("用户名/密码：nbarlow/{v}", "账号密码是nbarlow/{v}"))),
    Form("wifi code", "SECRET", v.of("Maple####", "guest-####"), own=own("WIFI:S:Loft;T:WPA;P:{v};;")),
    Form("netrc", "SECRET", _WORDY, own=own("machine ftp.example login nb password {v}")),
    Form("aws secret", "SECRET", v.of("*" * 40), own=own(
        "aws_secret_access_key = {v}", "AWS_SECRET_ACCESS_KEY={v}", "Secret access key: {v}",
        zh=("AccessKeySecret：{v}", "aws_secret_access_key={v}"))),
    Form("api key keyed", "SECRET", v.of("^" * 32, "*" * 24), own=own(
        "api_key: {v}", "X-API-Key: {v}", '"apiKey":"{v}"', "client_secret={v}",
        zh=("接口密钥：{v}", "API Key是{v}", "AppSecret：{v}", "访问令牌{v}"))),
    Form("azure storage", "SECRET", v.base64_of(64), own=own(
        "AccountName=shop;AccountKey={v};EndpointSuffix=core.example", "SharedAccessKey={v}")),
    Form("bearer", "SECRET", v.of("*" * 40), own=own("Authorization: Bearer {v}",
        "curl -H 'Authorization: Bearer {v}'")),
    Form("basic", "SECRET", v.base64_of(18), own=own("Authorization: Basic {v}")),
    Form("token header", "SECRET", v.of("*" * 40), own=own("Authorization: token {v}", "X-Auth-Token: {v}")),
    Form("cookie", "SECRET", v.of("^" * 32), own=own("Cookie: sessionid={v}", "Set-Cookie: JSESSIONID={v}; Path=/")),
    Form("url user", "SECRET", v.of("nbarlow:Maple##tree", "svc:x9##Kk", ":only##pass"), own=own(
        "https://{v}@git.example/repo", "postgresql://{v}@db.internal:5432/shop", "redis://{v}@cache.example:6379/0",
        zh=("数据库postgresql://{v}@db.internal:5432/shop连不上", "克隆https://{v}@git.example/repo"))),
    Form("url token user", "SECRET", v.of("*" * 32), own=own("https://{v}@git.example/repo.git",
                                                      "git+https://oauth2:{v}@git.example/x")),
    Form("url parameter", "SECRET", v.of("*" * 32), own=own(
        "https://api.example/v1?access_token={v}&page=2", "https://api.example/?api_key={v}",
            "wss://feed.example/?token={v}",
        zh=("接口https://api.example/v1?access_token={v}返回空", "回调https://x.example/?key={v}"))),
    Form("url signature", "SECRET", v.of("^" * 64), own=own(
        "https://s3.example/a?X-Amz-Expires=60&X-Amz-Signature={v}", "https://blob.example/a?sv=2022&sig={v}")),
    Form("otpauth", "SECRET", v.of("JBSWY3DP" + "?" * 8), own=own("otpauth://totp/Shop:nb?secret={v}&issuer=Shop")),
    Form("one-time code", "SECRET", v.of("######", "####", "###-###"), "code"),
    Form("card code", "SECRET", v.of("###", "####"), "cvv"),
    Form("recovery phrase", "SECRET", lambda rng: " ".join(rng.sample(
        ["anchor", "basket", "candle", "desert", "engine", "forest", "garden", "harbor", "island", "jungle",
            "kitten", "lemon", "marble", "orange", "pepper", "quartz", "rabbit", "silver", "tunnel", "valley",
                "window", "yellow", "zebra", "copper"], 12)), own=own(
        "recovery phrase: {v}", "Seed phrase: {v}", zh=("助记词：{v}", "钱包助记词是{v}"))),
    Form("look-alike key word", "SECRET", _WORDY, own=own("pаssword: {v}", "Раssword: {v}", zh=("ｐａｓｓｗｏｒｄ：{v}",
        "pаssword：{v}"))),
]  # fmt: skip
