"""The theme as a Qt style sheet and a palette. Widgets are told apart by the dynamic property `role`.

Everything visual that Qt draws is decided here; what widgets paint themselves takes its colours from the same tokens.
"""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from studiolo_desktop.theme import RADIUS, RADIUS_SMALL, Tokens, TypeScale


def palette(t: Tokens) -> QPalette:
    """The palette, for what the style draws by itself: selections, carets, tooltips, menus."""
    result = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, t.canvas),
        (role.WindowText, t.text),
        (role.Base, t.surface),
        (role.AlternateBase, t.sunken),
        (role.Text, t.text),
        (role.Button, t.surface),
        (role.ButtonText, t.text),
        (role.BrightText, t.danger),
        (role.ToolTipBase, t.text),
        (role.ToolTipText, t.canvas),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_accent),
        (role.Link, t.accent),
        (role.LinkVisited, t.accent),
        (role.PlaceholderText, t.muted),
        (role.Accent, t.accent),
        (role.Light, t.surface),
        (role.Midlight, t.sunken),
        (role.Mid, t.line),
        (role.Dark, t.line_strong),
        (role.Shadow, t.line_strong),
    ):
        result.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, which, QColor(t.muted))
    return result


def style_sheet(t: Tokens, size: TypeScale) -> str:
    """The style sheet of the whole window."""
    return f"""
QWidget {{ color: {t.text}; font-size: {size.body}px; }}
QMainWindow, QDialog, QWidget[role="canvas"] {{ background: {t.canvas}; }}
QWidget[role="sidebar"] {{ background: {t.sidebar}; }}
QWidget[role="pane"] {{ background: {t.sidebar}; }}
QWidget[role="topbar"] {{ background: {t.canvas}; border-bottom: 1px solid {t.line}; }}
QScrollArea, QScrollArea > QWidget > QWidget[role="clear"], QWidget[role="clear"] {{ background: transparent;
  border: none; }}
QSplitter::handle {{ background: {t.line}; }}
QToolTip {{ background: {t.text}; color: {t.canvas}; border: none; padding: 5px 8px; font-size: {size.small}px; }}

QLabel {{ background: transparent; }}
QLabel[role="wordmark"] {{ font-size: {size.title}px; font-weight: 600; }}
QLabel[role="title"] {{ font-size: {size.title}px; font-weight: 600; }}
QLabel[role="display"] {{ font-size: {size.display}px; font-weight: 500; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="small"] {{ color: {t.muted}; font-size: {size.small}px; }}
QLabel[role="lead"] {{ color: {t.muted}; font-size: {size.reading}px; }}
QLabel[role="section"] {{ color: {t.muted}; font-size: {size.small}px; font-weight: 600; }}
QLabel[role="danger"] {{ color: {t.danger}; font-size: {size.small}px; }}
QLabel[role="good"] {{ color: {t.accent}; font-size: {size.small}px; }}
QLabel[role="badge"] {{ background: {t.accent_soft}; color: {t.accent_ink}; font-size: {size.small}px; font-weight: 600;
  border-radius: {RADIUS_SMALL}px; padding: 1px 7px; }}
QLabel[role="badge-quiet"] {{ background: {t.sunken}; color: {t.muted}; font-size: {size.small}px; font-weight: 600;
  border-radius: {RADIUS_SMALL}px; padding: 1px 7px; }}
QLabel[role="question"] {{ background: {t.sunken}; font-size: {size.reading}px; border-radius: 14px;
  padding: 10px 16px; }}

QPushButton {{ background: {t.surface}; border: 1px solid {t.line_strong}; border-radius: {RADIUS_SMALL + 2}px;
  padding: 6px 14px; }}
QPushButton:hover {{ background: {t.sunken}; }}
QPushButton:pressed {{ background: {t.line}; }}
QPushButton:focus {{ border: 1px solid {t.accent}; }}
QPushButton:disabled {{ color: {t.muted}; border-color: {t.line}; }}
QPushButton[role="primary"] {{ background: {t.accent}; color: {t.on_accent}; border: 1px solid {t.accent};
  font-weight: 600; }}
QPushButton[role="primary"]:hover {{ background: {t.accent_strong}; border-color: {t.accent_strong}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {t.text}; padding: 5px 13px; }}
QPushButton[role="primary"]:disabled {{ background: {t.line}; color: {t.muted}; border-color: {t.line}; }}
QPushButton[role="new-chat"] {{ text-align: left; padding: 8px 12px; background: {t.surface};
  border: 1px solid {t.line}; }}
QPushButton[role="new-chat"]:hover {{ border-color: {t.line_strong}; }}
QPushButton[role="new-chat"]:focus {{ border-color: {t.accent}; }}
QPushButton[role="text"] {{ background: transparent; border: 1px solid transparent; color: {t.accent};
  padding: 4px 8px; }}
QPushButton[role="text"]:hover {{ background: {t.accent_soft}; }}
QPushButton[role="text"]:focus {{ border: 1px solid {t.accent}; }}
QPushButton[role="tab"] {{ background: transparent; border: 1px solid transparent; border-radius: {RADIUS_SMALL}px;
  color: {t.muted};
  padding: 5px 14px; font-weight: 600; }}
QPushButton[role="tab"]:hover {{ color: {t.text}; }}
QPushButton[role="tab"]:checked {{ background: {t.surface}; color: {t.text}; border: 1px solid {t.line}; }}
QPushButton[role="tab"]:focus {{ border: 1px solid {t.accent}; }}
QPushButton[role="chip"] {{ background: {t.accent_soft}; color: {t.accent_ink}; border: 1px solid transparent;
  border-radius: 10px; padding: 3px 11px; font-size: {size.small}px; }}
QPushButton[role="chip"]:hover, QPushButton[role="chip"]:focus {{ border-color: {t.accent}; }}
QPushButton[role="chip-quiet"] {{ background: transparent; color: {t.muted}; border: 1px solid {t.line};
  border-radius: 10px; padding: 3px 11px; font-size: {size.small}px; }}
QPushButton[role="chip-quiet"]:hover, QPushButton[role="chip-quiet"]:focus {{ border-color: {t.accent};
  color: {t.text}; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: {RADIUS_SMALL}px; padding: 4px; }}
QToolButton:hover {{ background: {t.sunken}; }}
QToolButton:focus {{ border-color: {t.accent}; }}
QToolButton:pressed, QToolButton:checked {{ background: {t.sunken}; }}
QToolButton[role="row"] {{ padding: 1px; }}
QWidget[role="sidebar"] QToolButton:hover, QWidget[role="pane"] QToolButton:hover {{ background: {t.line}; }}
QPushButton[role="menu"] {{ padding: 6px {size.px(16) + 14}px 6px 10px; border: 1px solid {t.line};
 background: {t.surface}; text-align: left; }}
QPushButton[role="menu"]:hover {{ border-color: {t.line_strong}; }}
QPushButton[role="menu"]:focus {{ border-color: {t.accent}; }}
QPushButton[role="menu-quiet"] {{ padding: 7px {size.px(16) + 14}px 7px 12px; border: 1px solid transparent;
 background: transparent; text-align: left; }}
QPushButton[role="menu-quiet"]:hover {{ background: {t.line}; }}
QPushButton[role="menu-quiet"]:focus {{ border-color: {t.accent}; }}
QPushButton::menu-indicator {{ image: none; width: 0px; }}
QToolButton[role="send"] {{ background: {t.accent}; border: 2px solid {t.accent};
  border-radius: {size.px(17)}px; }}
QToolButton[role="send"]:hover {{ background: {t.accent_strong}; border-color: {t.accent_strong}; }}
QToolButton[role="send"]:focus {{ border-color: {t.text}; }}
QToolButton[role="send"]:disabled {{ background: {t.line}; border-color: {t.line}; }}

QFrame[role="composer"] {{ background: {t.surface}; border: 1px solid {t.line_strong}; border-radius: 18px; }}
QFrame[role="composer"][focused="true"] {{ border: 1px solid {t.accent}; }}
QPlainTextEdit[role="composer"] {{ background: transparent; border: none; font-size: {size.reading}px; padding: 0px; }}
QPlainTextEdit[role="editor"] {{ background: {t.surface}; border: 1px solid {t.accent}; border-radius: {RADIUS}px;
  font-size: {size.reading}px; padding: 8px 10px; }}
QLineEdit {{ background: {t.surface}; border: 1px solid {t.line_strong}; border-radius: {RADIUS_SMALL}px;
  padding: 6px 9px; }}
QLineEdit:focus {{ border-color: {t.accent}; }}
QAbstractSpinBox {{ background: {t.surface}; border: 1px solid {t.line_strong}; border-radius: {RADIUS_SMALL}px;
  padding: 6px 9px; }}
QAbstractSpinBox:focus {{ border-color: {t.accent}; }}
QAbstractSpinBox:disabled, QLineEdit:disabled {{ color: {t.muted}; background: {t.sunken}; }}
QCheckBox {{ spacing: 8px; padding: 2px; border: 1px solid transparent; border-radius: {RADIUS_SMALL}px; }}
QCheckBox:focus {{ border-color: {t.accent}; }}
QPlainTextEdit[role="field"] {{ background: {t.surface}; border: 1px solid {t.line_strong};
  border-radius: {RADIUS_SMALL}px; padding: 4px 6px; selection-background-color: {t.accent};
  selection-color: {t.on_accent}; }}
QPlainTextEdit[role="field"]:focus {{ border-color: {t.accent}; }}
QPlainTextEdit[role="field"]:disabled {{ color: {t.muted}; }}
QPlainTextEdit[role="field"]:read-only {{ background: {t.sunken}; border-color: {t.line}; }}
QTextBrowser {{ background: transparent; border: none; font-size: {size.reading}px;
  selection-background-color: {t.accent};
  selection-color: {t.on_accent}; }}
QTextBrowser[role="passage"] {{ font-size: {size.body}px; }}

QFrame[role="card"] {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: {RADIUS}px; }}
QFrame[role="card"]:hover {{ border-color: {t.line_strong}; }}
QFrame[role="card"]:focus {{ border-color: {t.accent}; }}
QFrame[role="card"][unsure="true"] {{ border: 1px dashed {t.danger}; background: transparent; }}
QFrame[role="card"][selected="true"] {{ border: 1px solid {t.accent}; }}
QFrame[role="panel"] {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: {RADIUS}px; }}
QFrame[role="row"] {{ background: transparent; border: none; border-radius: {RADIUS_SMALL}px; }}
QFrame[role="row"]:hover {{ background: {t.line}; }}
QFrame[role="dropzone"] {{ background: transparent; border: 1px dashed {t.line_strong}; border-radius: {RADIUS}px; }}
QFrame[role="rule"] {{ background: {t.line}; border: none; max-height: 1px; min-height: 1px; }}

QFrame[role="notice"] {{ background: {t.sunken}; border: none; border-radius: {RADIUS}px; }}
QFrame[role="notice"][tone="bad"] {{ background: {t.danger_soft}; }}
QFrame[role="notice"][tone="good"] {{ background: {t.good_soft}; }}

QListView {{ background: transparent; border: none; outline: none; }}
QListView[role="plain"]::item {{ padding: 6px 8px; border-radius: {RADIUS_SMALL}px; border: 1px solid transparent; }}
QListView[role="plain"]::item:hover {{ background: {t.line}; }}
QListView[role="plain"]::item:selected {{ background: {t.accent_soft}; color: {t.accent_ink}; }}
QListView[role="plain"]::item:selected:focus {{ border: 1px solid {t.accent}; }}
QListWidget {{ background: transparent; border: none; outline: none; }}
QListWidget::item {{ padding: 7px 10px; border-radius: {RADIUS_SMALL}px; color: {t.text};
  border: 1px solid transparent; }}
QListWidget::item:hover {{ background: {t.line}; }}
QListWidget::item:selected {{ background: {t.accent_soft}; color: {t.accent_ink}; }}
QListWidget::item:selected:focus {{ border: 1px solid {t.accent}; }}
QListWidget::item:disabled {{ color: {t.muted}; background: transparent; }}

QPushButton[role="seal"] {{ background: transparent; border: 1px solid transparent; color: {t.muted};
  font-size: {size.small}px; text-align: left; padding: 5px 6px; }}
QPushButton[role="seal"]:hover {{ background: {t.line}; color: {t.text}; }}
QPushButton[role="seal"]:focus {{ border-color: {t.accent}; }}

QTableWidget {{ background: {t.surface}; alternate-background-color: {t.canvas}; border: 1px solid {t.line};
  border-radius: {RADIUS_SMALL}px; selection-background-color: {t.accent_soft};
  selection-color: {t.accent_ink}; outline: none; }}
QTableWidget:focus {{ border-color: {t.accent}; }}
QTableWidget::item {{ padding: 5px 10px; border: none; }}
QTableWidget::item:selected {{ background: {t.accent_soft}; color: {t.accent_ink}; }}
QHeaderView {{ background: {t.surface}; border: none; }}
QHeaderView::section {{ background: {t.surface}; color: {t.muted}; border: none; border-bottom: 1px solid {t.line};
  padding: 7px 13px; font-weight: 600; font-size: {size.small}px; }}

QMenu {{ background: {t.surface}; border: 1px solid {t.line_strong}; padding: 6px; }}
QMenu::item {{ padding: 7px 28px 7px 12px; border-radius: {RADIUS_SMALL}px; margin: 0px; }}
QMenu::item:selected {{ background: {t.accent_soft}; color: {t.accent_ink}; }}
QMenu::item:disabled {{ color: {t.muted}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 6px 4px; }}
QMenu::indicator {{ width: 16px; height: 16px; left: 6px; }}
QMenu::icon {{ left: 8px; }}

QProgressBar {{ background: {t.line}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}

QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {t.line_strong}; border-radius: 3px; min-height: 32px; min-width: 32px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0px; height: 0px; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
