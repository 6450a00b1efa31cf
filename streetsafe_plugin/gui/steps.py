# SPDX-License-Identifier: GPL-2.0-or-later
"""The header that shows the four steps, which one is open, and leads to each of them."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QStyle,
    QStyleOptionFocusRect,
    QVBoxLayout,
    QWidget,
)

from streetsafe_plugin.i18n import tr

_LINE_OPACITY = 0.4


class StepButton(QAbstractButton):
    """A number in a circle with the step's name below; filled when its step is open."""

    def __init__(self, number: int, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._number = str(number)
        self.setText(f"&{number} {name}")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(tr("Step {}: {} (Alt+{})").format(number, name, number))
        self.setAccessibleName(tr("Step {}: {}").format(number, name))

        # A label, because themes give labels, not buttons that paint themselves, their colours.
        self._caption = QLabel(name, self)
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._caption.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, self._diameter() + self._gap() * 2, 0, self._gap())
        layout.addWidget(self._caption)
        self.toggled.connect(self._embolden)

    def circle(self) -> QRectF:
        """Return where the number's circle is."""
        diameter = self._diameter()
        return QRectF((self.width() - diameter) / 2, self._gap(), diameter, diameter)

    def ink(self) -> QColor:
        """Return the colour in which the theme writes."""
        return self._caption.palette().windowText().color()

    def sizeHint(self) -> QSize:
        """Return the room that the caption needs when it is bold."""
        bold = self.font()
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        width = max(metrics.horizontalAdvance(self._caption.text()), self._diameter())
        return QSize(width + self._gap() * 2, self._diameter() + metrics.height() + self._gap() * 3)

    def minimumSizeHint(self) -> QSize:
        """Return the same as `sizeHint`: a caption is never cut off."""
        return self.sizeHint()

    def enterEvent(self, event: QEvent) -> None:
        """Show that the step can be chosen."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Stop showing it."""
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw circle and number in the theme's own colours."""
        palette = self._caption.palette()
        highlight = palette.highlight().color()
        ink = self.ink()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        circle = self.circle()
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(highlight)
            ink = palette.highlightedText().color()
        else:
            painter.setPen(QPen(highlight if self.underMouse() else ink, 1.5))
        painter.drawEllipse(circle.adjusted(1, 1, -1, -1))
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, self._number)
        if self.hasFocus():
            option = QStyleOptionFocusRect()
            option.initFrom(self)
            self.style().drawPrimitive(
                QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self
            )
        painter.end()

    def _embolden(self, checked: bool) -> None:
        font = self._caption.font()
        font.setBold(checked)
        self._caption.setFont(font)

    def _diameter(self) -> int:
        return self.fontMetrics().height() * 3 // 2

    def _gap(self) -> int:
        return self.fontMetrics().height() // 4


class StepHeader(QWidget):
    """A row of steps joined by a line; emits `chosen(index)` for mouse and keyboard alike."""

    chosen = pyqtSignal(int)

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Steps"))
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.buttons = [StepButton(index + 1, name, self) for index, name in enumerate(names)]
        for index, button in enumerate(self.buttons):
            self._group.addButton(button, index)
            layout.addWidget(button, 1)
        self._group.idToggled.connect(self._on_toggled)
        self.buttons[0].setChecked(True)

    def choose(self, index: int) -> None:
        """Open a step."""
        self.buttons[index].setChecked(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line that joins the circles."""
        painter = QPainter(self)
        painter.setOpacity(_LINE_OPACITY)
        painter.setPen(QPen(self.buttons[0].ink(), 1))
        for left, right in zip(self.buttons, self.buttons[1:]):
            start, end = left.circle(), right.circle()
            y = left.y() + start.center().y()
            painter.drawLine(
                QPointF(left.x() + start.right() + start.width() / 4, y),
                QPointF(right.x() + end.left() - end.width() / 4, y),
            )
        painter.end()

    def _on_toggled(self, index: int, checked: bool) -> None:
        if checked:
            self.chosen.emit(index)
