"""How the window looks and speaks right now: theme, type scale, language, icons. Widgets redraw on `changed`.

Main thread only. Choices are kept in the settings file by the composition root, through `on_choice`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QLocale, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QFont, QFontInfo, QFontMetrics, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from studiolo.types import SettingValue
from studiolo_desktop.assets import icon_file
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.errors import Sentence, sentence_for
from studiolo_desktop.i18n import Translator, language_for
from studiolo_desktop.stylesheet import palette, style_sheet
from studiolo_desktop.theme import DARK, FALLBACK_FAMILIES, LEADING, LIGHT, TEXT_PERCENTS, Tokens, TypeScale, type_scale


class _Signals(QObject):
    changed = Signal()


class Look:
    """Theme and language of one window. (Not a QObject itself: `tr` has another meaning there.)"""

    def __init__(
        self,
        app: QApplication,
        *,
        theme: str = "system",
        language: str = "",
        text_percent: int = 100,
        on_choice: Callable[[Mapping[str, SettingValue]], None] | None = None,
    ) -> None:
        self._signals = _Signals()
        self._app = app
        self._on_choice = on_choice or (lambda _choice: None)
        self._icons: dict[tuple[str, str, int], QIcon] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self.theme = theme
        self.language = language
        self.tr = Translator(language_for(language, system=QLocale.system().name()))
        font = app.font()
        self.families = [QFontInfo(font).family()]  # of the system, before what stands in for missing glyphs
        self._families = [*self.families, *FALLBACK_FAMILIES]
        self._system_px = QFontInfo(font).pixelSize()
        self._system_font = font
        self.text_percent = text_percent
        self.sizes: TypeScale = type_scale(self._system_px, text_percent)
        self.tokens: Tokens = LIGHT
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)
        self._apply()

    @property
    def changed(self) -> SignalInstance:
        """Emitted when colours or language are new."""
        return self._signals.changed

    def close(self) -> None:
        """Listen to the system no more, and leave the application's font as it was found."""
        self._app.setFont(self._system_font)
        QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._scheme_changed)

    def tokens_now(self) -> Tokens:
        """The theme that the choice and the system ask for."""
        if self.theme == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            return DARK if scheme is Qt.ColorScheme.Dark else LIGHT
        return DARK if self.theme == "dark" else LIGHT

    def choose_theme(self, theme: str) -> None:
        """ "system", "light" or "dark", from now on."""
        self.theme = theme
        self._on_choice({"theme": theme})
        self._apply()

    def choose_language(self, language: str) -> None:
        """ "en", "zh" or "" for the system's, from now on."""
        self.language = language
        self.tr = Translator(language_for(language, system=QLocale.system().name()))
        self._on_choice({"language": language})
        self.changed.emit()

    def choose_text_percent(self, percent: int) -> None:
        """Text this large from now on, in percent of the system's; what is measured by text grows with it."""
        self.text_percent = percent
        self.sizes = type_scale(self._system_px, percent)
        self._on_choice({"text_percent": percent})
        self._apply()

    def larger(self, steps: int) -> None:
        """Text by so many of the sizes that one may choose larger (or, below 0, smaller); 0 = the system's own."""
        nearest = min(range(len(TEXT_PERCENTS)), key=lambda i: abs(TEXT_PERCENTS[i] - self.text_percent))
        place = min(max(nearest + steps, 0), len(TEXT_PERCENTS) - 1)
        self.choose_text_percent(TEXT_PERCENTS[place] if steps else 100)

    def leading(self, size_px: int) -> int:
        """Line height for reading, in percent of what the font itself asks for (Chinese fonts ask for more)."""
        font = QFont(self._app.font())
        font.setPixelSize(size_px)
        return max(100, round(100 * LEADING * size_px / QFontMetrics(font).lineSpacing()))

    def sentence(self, problem: Problem) -> Sentence:
        """A problem in words."""
        return sentence_for(problem, self.tr.language)

    def library_name(self, name: str) -> str:
        """A library's name for people."""
        return self.tr("sidebar.library_default") if name == "default" else name

    def icon(self, name: str, *, colour: str = "", size_px: int = 20) -> QIcon:
        """A line icon in a colour of the theme."""
        ink = colour or self.tokens.muted
        key = (name, ink, size_px)
        if key not in self._icons:
            self._icons[key] = QIcon(self.pixmap(name, colour=ink, size_px=size_px))
        return self._icons[key]

    def pixmap(self, name: str, *, colour: str = "", size_px: int = 20) -> QPixmap:
        """A line icon as a picture, sharp on this screen."""
        ink = colour or self.tokens.muted
        ratio = max(2.0, self._app.devicePixelRatio())
        key = (name, ink, size_px, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._drawn(name, ink, size_px=size_px, ratio=ratio)
        return self._pixmaps[key]

    @staticmethod
    def _drawn(name: str, ink: str, *, size_px: int, ratio: float) -> QPixmap:
        source = icon_file(name).read_text(encoding="utf-8")
        renderer = QSvgRenderer(source.replace("currentColor", ink).encode())
        picture = QPixmap(round(size_px * ratio), round(size_px * ratio))
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        renderer.render(painter)
        painter.end()
        picture.setDevicePixelRatio(ratio)
        return picture

    def _apply(self) -> None:
        hints = QGuiApplication.styleHints()
        wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(self.theme, Qt.ColorScheme.Unknown)
        hints.setColorScheme(wanted)  # so that title bars and native dialogs follow
        self.tokens = self.tokens_now()
        font = QFont(self._families)
        font.setPixelSize(self.sizes.body)
        self._app.setFont(font)
        self._app.setPalette(palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens, self.sizes))
        self.changed.emit()

    def _scheme_changed(self) -> None:
        if self.theme == "system" and self.tokens_now() is not self.tokens:
            self._apply()
