# SPDX-License-Identifier: GPL-2.0-or-later
"""What the four panels have in common: sections that ask for a few things and run one algorithm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from qgis.core import QgsMapLayer, QgsMapLayerProxyModel
from qgis.gui import (
    QgsCollapsibleGroupBoxBasic,
    QgsDateEdit,
    QgsFileWidget,
    QgsMapLayerComboBox,
)
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from streetsafe_plugin.gui.known_layers import Kind, first_of, kind_of, project_layers
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

Parameters = dict[str, Any]

_FIELD, _WHOLE_ROW = QFormLayout.ItemRole.FieldRole, QFormLayout.ItemRole.SpanningRole

#: Characters that a combo box shows at least; below that a dock could not be made narrow.
_COMBO_CHARACTERS = 12


class Section(QgsCollapsibleGroupBoxBasic):
    """A titled group of fields with a caption above and the buttons that use them below.

    A click on the title folds it up.
    """

    def __init__(self, title: str, caption: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        # its arrow takes the focus already
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.labels: list[QLabel] = []
        self._buttons: list[QPushButton] = []
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._rows = QVBoxLayout(self)
        self._rows.addWidget(wrapped_label(caption))
        self._rows.addLayout(self.form)

    def add_field(self, label: str, field: QWidget, tip: str) -> None:
        """Add a field with its label; `label` carries the mnemonic that leads to it."""
        name = QLabel(label)
        name.setToolTip(tip)
        field.setToolTip(tip)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, field.sizePolicy().verticalPolicy())
        editor = _part_with_focus(field)
        editor.setAccessibleName(label.replace("&", ""))
        editor.setAccessibleDescription(tip)
        name.setBuddy(editor)
        self.labels.append(name)
        self.form.addRow(name, field)

    def in_tab_order(self) -> list[QWidget]:
        """Return what Tab leads to, from the title's arrow to the last button."""
        arrow = self.findChild(QToolButton, "", Qt.FindChildOption.FindDirectChildrenOnly)
        rows = [self.form.itemAt(row, _FIELD) or self.form.itemAt(row, _WHOLE_ROW)
                for row in range(self.form.rowCount())]  # fmt: skip
        return [arrow, *(item.widget() for item in rows), *self._buttons]

    def add_buttons(self, left: QPushButton, right: QPushButton) -> None:
        """Add a row of two buttons: what leads elsewhere, and what does the work."""
        self._buttons += [left, right]
        row = QHBoxLayout()
        row.addWidget(left)
        row.addStretch(1)
        row.addWidget(right)
        self._rows.addLayout(row)


class Panel(QWidget):
    """One step's panel.

    Signals: `run_requested(algorithm id, parameters)` runs in the background,
    `dialog_requested(algorithm id, parameters)` opens the algorithm's own dialog with every option.
    """

    run_requested = pyqtSignal(str, dict)
    dialog_requested = pyqtSignal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections = QVBoxLayout(self)
        self._sections.setContentsMargins(0, 0, 0, 0)
        self._run_buttons: list[QPushButton] = []
        self._layer_boxes: list[tuple[tuple[Kind, ...], QgsMapLayerComboBox]] = []
        self._chosen_by_hand: set[QgsMapLayerComboBox] = set()

    def add_sections(self, *sections: Section) -> None:
        """Put the sections below each other."""
        align_fields(sections)
        for section in sections:
            self._sections.addWidget(section)
        self._sections.addStretch(1)
        order = [widget for section in sections for widget in section.in_tab_order()]
        for earlier, later in zip(order, order[1:]):
            QWidget.setTabOrder(earlier, later)

    def set_busy(self, busy: bool) -> None:
        """Let nothing else be started while a job runs."""
        for button in self._run_buttons:
            button.setEnabled(not busy)

    def offer(self, layers: Iterable[QgsMapLayer]) -> None:
        """Choose new layers in the boxes that ask for their kind."""
        for layer in layers:
            kind = kind_of(layer)
            for wanted, box in self._layer_boxes:
                if kind in wanted:
                    box.setLayer(layer)

    def fill_gaps(self) -> None:
        """Choose the project's own layers where nobody has chosen anything by hand."""
        layers = project_layers()
        for wanted, box in self._layer_boxes:
            current = box.currentLayer()
            if box in self._chosen_by_hand or (current and kind_of(current) in wanted):
                continue
            found = first_of(wanted[0], layers)
            if found is not None:
                box.setLayer(found)

    def layer_box(
        self, geometry: QgsMapLayerProxyModel.Filter, *kinds: Kind, none_text: str = ""
    ) -> QgsMapLayerComboBox:
        """Return a box of the project's layers, which starts without one.

        A layer is chosen by the user or because it is of a kind asked for, the first of these
        before others, never because it happens to be the first layer. `none_text` says what it
        means to choose none.
        """
        box = QgsMapLayerComboBox()
        box.setFilters(geometry)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(_COMBO_CHARACTERS)
        box.setAllowEmptyLayer(True, none_text or tr("Choose a layer"))
        box.setLayer(None)
        if kinds:
            self._layer_boxes.append((kinds, box))
            box.activated.connect(lambda: self._chosen_by_hand.add(box))
        return box

    def run_button(
        self, text: str, algorithm: str, parameters: Callable[[], Parameters]
    ) -> QPushButton:
        """Return the button that runs an algorithm with what the panel holds at that time."""
        button = QPushButton(QIcon(str(resource("icons", f"{algorithm}.svg"))), text)
        button.setObjectName(f"run_{algorithm}")
        button.setAutoDefault(True)
        button.clicked.connect(
            lambda: self.run_requested.emit(f"streetsafe:{algorithm}", parameters())
        )
        self._run_buttons.append(button)
        return button

    def advanced_button(self, algorithm: str, parameters: Callable[[], Parameters]) -> QPushButton:
        """Return the button that opens an algorithm's dialog, filled in as the panel is."""
        button = QPushButton(tr("Advanced…"))
        button.setObjectName(f"advanced_{algorithm}")
        button.setAutoDefault(True)
        button.setFlat(True)
        button.setToolTip(tr("Open this tool with all its options and choose where results go"))
        button.clicked.connect(
            lambda: self.dialog_requested.emit(f"streetsafe:{algorithm}", parameters())
        )
        return button


def align_fields(sections: Iterable[Section]) -> None:
    """Make the labels of all sections equally wide, so that the fields form one column."""
    labels = [label for section in sections for label in section.labels]
    widest = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(widest)


def wrapped_label(text: str) -> QLabel:
    """Return a label that breaks its lines and never takes its text for HTML."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _part_with_focus(field: QWidget) -> QWidget:
    """Return the widget in which one types: the field itself or a part of it."""
    takes_none = Qt.FocusPolicy.NoFocus
    parts = [field, *field.findChildren(QWidget)]
    return next((part for part in parts if part.focusPolicy() != takes_none), field)


def file_box(title: str, file_filter: str = "") -> QgsFileWidget:
    """Return a box for a file to be read; without a filter, for a folder."""
    box = QgsFileWidget()
    box.setDialogTitle(title)
    box.setStorageMode(
        QgsFileWidget.StorageMode.GetFile if file_filter else QgsFileWidget.StorageMode.GetDirectory
    )
    box.setFilter(file_filter)
    return box


def date_box(text_for_none: str) -> QgsDateEdit:
    """Return a box for a date, which starts without one."""
    box = QgsDateEdit()
    box.setAllowNull(True)
    box.setNullRepresentation(text_for_none)
    box.setDisplayFormat("d MMM yyyy")
    box.setCalendarPopup(True)
    box.clear()
    return box


def day_of(box: QgsDateEdit) -> str | None:
    """Return the date in a box as an algorithm reads it; None where there is none."""
    return None if box.isNull() else str(box.date().toString(Qt.DateFormat.ISODate))


def given(**values: Any) -> Parameters:
    """Return the parameters that were filled in; layers by their id."""
    named = {
        name: value.id() if isinstance(value, QgsMapLayer) else value
        for name, value in values.items()
    }
    return {name: value for name, value in named.items() if value is not None and value != ""}
