"""One setting as a row: what it is, what it does, and its control. What a value means is handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QVBoxLayout, QWidget

from studiolo.types import SettingValue
from studiolo_desktop.look import Look
from studiolo_desktop.texts_settings import SEARCH_WORDS
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import MenuButton, button, label
from studiolo_desktop.ui.common.switch import Switch

SETTLE_MS = 500  # a number that is being typed or stepped through is not set at each step


class SettingRow(QWidget):
    """Title and explanation; the control stands beside them, or below where they would be squeezed."""

    def __init__(self, look: Look, key: str, control: QWidget, *, on_reset: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._look = look
        self.key = key
        self.control = control
        self._default = True
        line = QHBoxLayout(self)
        line.setContentsMargins(0, Space.M, 0, Space.M)
        line.setSpacing(Space.L)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.title = label(role="strong", wrap=True)
        self.about = label(role="small", wrap=True)
        self.trouble = label(role="danger", wrap=True)
        self.trouble.hide()
        for text in (self.title, self.about, self.trouble):
            words.addWidget(text)
        line.addLayout(words, 1)
        self.reset_button = button(on_reset or _nothing, role="text")
        self._can_reset = on_reset is not None
        line.addWidget(self.reset_button, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        self.relook()

    def relook(self) -> None:
        """New words."""
        tr = self._look.tr
        title = tr(f"settings.{self.key}")
        self.title.setText(title)
        self.about.setText(tr(f"settings.{self.key}_about"))
        self.reset_button.setText(tr("settings.reset"))
        self.reset_button.setAccessibleName(tr("settings.reset_name", title=title))
        self.control.setAccessibleName(title)
        self.control.setAccessibleDescription(self.about.text())
        self.reset_button.setVisible(self._can_reset and not self._default)

    def says(self, words: Sequence[str]) -> bool:
        """Whether the row is about all of these words."""
        text = f"{self.title.text()} {self.about.text()} {SEARCH_WORDS.get(self.key, '')}".casefold()
        return all(word in text for word in words)

    def show_default(self, is_default: bool) -> None:
        """Whether the value is the default, to which there is then no way back to offer."""
        self._default = is_default
        self.reset_button.setVisible(self._can_reset and not is_default)

    def show_trouble(self, text: str) -> None:
        """Why what was wanted was not done; "" takes it back."""
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))


class ChoiceRow(SettingRow):
    """One of several."""

    def __init__(
        self,
        look: Look,
        key: str,
        choose: Callable[[SettingValue], None],
        *,
        on_reset: Callable[[], None] | None = None,
    ) -> None:
        self.button = MenuButton(look, role="menu")
        self.choices: list[tuple[SettingValue, str]] = []
        self.value: SettingValue | None = None
        self._choose = choose
        super().__init__(look, key, self.button, on_reset=on_reset)
        self.button.menu_.aboutToShow.connect(self.fill)

    def offer(self, choices: Sequence[tuple[SettingValue, str]], value: SettingValue | None) -> None:
        """What there is to choose from, and what is chosen."""
        self.choices = list(choices)
        self.value = value
        self._say()

    def fill(self) -> None:
        """The menu."""
        menu = self.button.menu_
        menu.clear()
        group = QActionGroup(menu)
        for value, text in self.choices:
            action = menu.addAction(text.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(value == self.value)
            action.setData(value)
            group.addAction(action)
            action.triggered.connect(lambda _on=False, value=value: self._choose(value))

    def relook(self) -> None:
        """New words."""
        super().relook()
        self._say()

    def _say(self) -> None:
        text = next((text for value, text in self.choices if value == self.value), "")
        self.button.set_words(text)
        self.button.setAccessibleName(self._look.tr("settings.value", title=self.title.text(), value=text))


class SwitchRow(SettingRow):
    """On or off."""

    def __init__(self, look: Look, key: str, switch: Callable[[bool], None]) -> None:
        self.box = Switch(look)
        super().__init__(look, key, self.box)
        self.box.clicked.connect(switch)


class NumberRow(SettingRow):
    """A number, `scale` times as large as what is set."""

    def __init__(
        self,
        look: Look,
        key: str,
        set_: Callable[[float], None],
        *,
        unit: str = "",
        at_least: str = "",
        scale: float = 1.0,
        decimals: int = 0,
        on_reset: Callable[[], None] | None = None,
    ) -> None:
        """`unit` and `at_least` are keys of texts; `at_least` stands in the place of the smallest number."""
        self.box = QDoubleSpinBox()
        self.box.setDecimals(decimals)
        self.box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.box.setKeyboardTracking(False)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._unit, self._at_least, self._scale = unit, at_least, scale
        self._settle = QTimer(singleShot=True, interval=SETTLE_MS)
        super().__init__(look, key, self.box, on_reset=on_reset)
        self._settle.setParent(self)
        self._settle.timeout.connect(lambda: set_(self.box.value() / self._scale))
        self.box.valueChanged.connect(lambda _value: self._settle.start())
        self.box.installEventFilter(self)

    def bound(self, least: float, most: float) -> None:
        """The smallest and the largest that may be set."""
        self.box.blockSignals(True)
        self.box.setRange(least * self._scale, most * self._scale)
        self.box.blockSignals(False)

    def show_value(self, value: float) -> None:
        """What is set."""
        if self._settle.isActive() or abs(self.box.value() - value * self._scale) < 1e-9:
            return
        self.box.blockSignals(True)
        self.box.setValue(value * self._scale)
        self.box.blockSignals(False)

    def relook(self) -> None:
        """New words."""
        super().relook()
        tr = self._look.tr
        self.box.setSuffix(tr(self._unit) if self._unit else "")
        self.box.setSpecialValueText(tr(self._at_least) if self._at_least else "")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Rolling through the page does not change what happens to lie under the pointer."""
        if watched is self.box and event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class ActionRow(SettingRow):
    """A button that opens something."""

    def __init__(self, look: Look, key: str, act: Callable[[], None], *, text: str) -> None:
        """`text` is the key of what stands on the button."""
        self.button = button(act)
        self._text = text
        super().__init__(look, key, self.button)

    def relook(self) -> None:
        """New words."""
        super().relook()
        self.button.setText(self._look.tr(self._text))


def _nothing() -> None:
    """A setting without a default has no way back."""
