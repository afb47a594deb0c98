"""What a business figure is worked out from: a ratio hardly stands in a report, the lines it is made of do.

Definitions as in any textbook of accounting, English and Chinese. Pure functions, any thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _Figure:
    """What it is called, and the statement and lines that it is worked out from."""

    called: re.Pattern[str]
    lines: str = field(repr=False)


def _figure(called: str, lines: str) -> _Figure:
    return _Figure(re.compile(called, re.IGNORECASE), lines)


_INCOME = "consolidated statements of income operations earnings"
_BALANCE = "consolidated balance sheets"
_CASH = "consolidated statements of cash flows"
_FIGURES = (
    _figure(r"gross (?:profit )?margin", f"{_INCOME} net sales revenue cost of sales cost of revenue gross profit"),
    _figure(r"operating (?:profit )?margin|\bebit margin", f"{_INCOME} net sales revenue operating income"),
    _figure(r"(?:net|profit) (?:profit |income )?margin", f"{_INCOME} net sales revenue net income"),
    _figure(r"\bebitda\b", f"{_INCOME} operating income depreciation amortization interest income taxes"),
    _figure(r"effective tax rate|tax burden", f"{_INCOME} income before income taxes provision for income taxes"),
    _figure(r"earnings per share|\beps\b", f"{_INCOME} net income weighted average shares basic diluted per share"),
    _figure(
        r"quick ratio|acid[- ]test",
        f"{_BALANCE} cash and cash equivalents receivables total current assets inventories total current liabilities",
    ),
    _figure(r"current ratio|working capital", f"{_BALANCE} total current assets total current liabilities"),
    _figure(
        r"debt[- ]to[- ]equity|leverage ratio|gearing",
        f"{_BALANCE} short-term debt long-term debt total liabilities total equity",
    ),
    _figure(r"(?:largest|biggest|total) (?:asset|liabilit)", f"{_BALANCE} total assets total liabilities"),
    _figure(r"return on (?:total )?assets|\broa\b", f"{_BALANCE} total assets {_INCOME} net income"),
    _figure(r"return on (?:shareholders'? )?equity|\broe\b", f"{_BALANCE} total equity {_INCOME} net income"),
    _figure(r"inventory turnover|days (?:of )?inventory|\bdio\b", f"{_BALANCE} inventories {_INCOME} cost of sales"),
    _figure(
        r"receivables? turnover|days sales outstanding|\bdso\b", f"{_BALANCE} accounts receivable {_INCOME} net sales"
    ),
    _figure(r"payables? turnover|days payable|\bdpo\b", f"{_BALANCE} accounts payable {_INCOME} cost of sales"),
    _figure(r"interest coverage", f"{_INCOME} operating income interest expense"),
    _figure(
        r"free cash ?flow|cash conversion",
        f"{_CASH} net cash provided by operating activities purchases of property plant and equipment",
    ),
    _figure(
        r"\bcap(?:ital)?[- ]?ex(?:penditures?)?\b",
        f"{_CASH} investing activities purchases of property plant and equipment capital expenditures",
    ),
    _figure(
        r"capital[- ]intensi|fixed asset turnover",
        f"{_BALANCE} property plant and equipment total assets {_CASH} purchases of property plant and equipment",
    ),
    _figure(r"dividend payout|payout ratio", f"{_CASH} dividends paid {_INCOME} net income"),
    _figure("毛利率", "利润表 营业收入 营业成本 毛利"),
    _figure("营业利润率|经营利润率", "利润表 营业收入 营业利润"),
    _figure("净利率|销售净利率|净利润率", "利润表 营业收入 净利润"),
    _figure("税负|实际税率|有效税率", "利润表 利润总额 所得税费用"),
    _figure("每股收益", "利润表 净利润 基本每股收益 稀释每股收益"),
    _figure("速动比率", "资产负债表 货币资金 应收账款 存货 流动资产合计 流动负债合计"),
    _figure("流动比率|营运资金|营运资本", "资产负债表 流动资产合计 流动负债合计"),
    _figure("资产负债率|负债率|杠杆率", "资产负债表 资产总计 负债合计"),
    _figure("净资产收益率", "资产负债表 所有者权益合计 利润表 净利润"),
    _figure("总资产(?:收益|报酬)率", "资产负债表 资产总计 利润表 净利润"),
    _figure("存货周转", "资产负债表 存货 利润表 营业成本"),
    _figure("应收账款周转", "资产负债表 应收账款 利润表 营业收入"),
    _figure("自由现金流", "现金流量表 经营活动产生的现金流量净额 购建固定资产 支付的现金"),
    _figure("资本开支|资本支出", "现金流量表 投资活动 购建固定资产 无形资产 支付的现金"),
    _figure("利息保障", "利润表 营业利润 利息费用"),
)


def lines_behind(question: str) -> str:
    """Words of the statements and lines that the figures in `question` are worked out from; "" where there are none."""
    return " ".join(dict.fromkeys(figure.lines for figure in _FIGURES if figure.called.search(question)))
