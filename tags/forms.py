"""The tag form and the rule builder: rows of fact, comparison, value and parameters, joined by all, any or none."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import facts
from core.facts import Fact, InvalidRule
from tags.models import Tag

_ROWS = 20


class TagForm(forms.Form):
    """Name, look and state; the rule stands in the rows of a :class:`RuleBuilder`."""

    name = forms.CharField(label=_("Name"), max_length=40)
    description = forms.CharField(label=_("Description"), max_length=200, required=False)
    colour = forms.ChoiceField(label=_("Colour"), choices=Tag.Colour.choices, initial=Tag.Colour.NEUTRAL)
    kind = forms.ChoiceField(
        label=_("Given"), choices=Tag.Kind.choices, initial=Tag.Kind.MANUAL, widget=forms.RadioSelect
    )
    is_active = forms.BooleanField(
        label=_("In use"), required=False, initial=True, help_text=_("A tag out of use is kept but shown nowhere.")
    )


class RuleBuilder:
    """Rows as they were typed, so that nothing is lost while a condition is added, removed or wrong.

    A simple rule is one group of conditions. A rule with groups inside (made by an import or a preset) is kept as it
    is and shown in words, because the rows could not say it.
    """

    def __init__(self, joint: str, rows: list[dict[str, Any]]) -> None:
        self.joint = joint if joint in facts.JOINTS else "all"
        self.rows = rows
        self.problem = ""

    @classmethod
    def from_post(cls, data: Mapping[str, Any]) -> "RuleBuilder":
        """The rows of a form: ``fact-0, op-0, value-0, param-0-days ...``."""
        count = data.get("rows", "0")
        total = min(int(count), _ROWS) if str(count).isascii() and str(count).isdigit() else 0
        rows = [cls._posted_row(data, index) for index in range(total)]
        removed = data.get("remove", "")
        kept = [row for index, row in enumerate(rows) if str(index) != removed]
        return cls(str(data.get("joint", "all")), kept)

    @staticmethod
    def _posted_row(data: Mapping[str, Any], index: int) -> dict[str, Any]:
        prefix = f"param-{index}-"
        params = {name.removeprefix(prefix): data[name] for name in data if name.startswith(prefix)}
        return {
            "fact": str(data.get(f"fact-{index}", "")),
            "op": str(data.get(f"op-{index}", "")),
            "value": str(data.get(f"value-{index}", "")),
            "params": params,
        }

    @classmethod
    def from_rule(cls, rule: dict[str, Any] | None) -> "RuleBuilder":
        """The rows of a stored rule; an empty row to start with where there is none."""
        if rule is None:
            return cls("all", [{}])
        joint = next((name for name in facts.JOINTS if name in rule), "all")
        return cls(joint, [dict(row) for row in rule.get(joint, [rule])])

    @staticmethod
    def is_simple(rule: dict[str, Any] | None) -> bool:
        """Whether rows can show the rule."""
        if rule is None:
            return True
        nodes = next((rule[name] for name in facts.JOINTS if name in rule), [rule])
        return not any(name in node for node in nodes for name in facts.JOINTS)

    def add(self) -> None:
        """One more empty row."""
        if len(self.rows) < _ROWS:
            self.rows.append({})

    @property
    def rule(self) -> dict[str, Any]:
        """The rule of the rows, unchecked. Parameters of another fact are dropped: the fact was changed last."""
        return {self.joint: [self._node(row) for row in self.rows]}

    @staticmethod
    def _node(row: dict[str, Any]) -> dict[str, Any]:
        fact = facts.all_facts().get(row.get("fact", ""))
        names = {param.name for param in fact.params} if fact else set()
        node = {"fact": row.get("fact", ""), "op": row.get("op", ""), "value": row.get("value", "")}
        params = {name: value for name, value in (row.get("params") or {}).items() if name in names and value != ""}
        return {**node, "params": params} if params else node

    def is_valid(self) -> bool:
        """Check the rule; ``problem`` says what is wrong."""
        try:
            facts.validate(self.rule)
        except InvalidRule as error:
            self.problem = str(error)
        return not self.problem

    @property
    def shown_rows(self) -> list[dict[str, Any]]:
        """The rows with the choices that each needs, for the template."""
        offered = facts.all_facts()
        return [self._shown(index, row, offered) for index, row in enumerate(self.rows)]

    @staticmethod
    def _shown(index: int, row: dict[str, Any], offered: dict[str, Fact]) -> dict[str, Any]:
        fact = offered.get(row.get("fact", ""))
        value = row.get("value", "")
        values = [str(item) for item in value] if isinstance(value, list) else [str(value)]
        params = row.get("params") or {}
        return {
            "index": index,
            "facts": [(code, item.label, code == row.get("fact")) for code, item in offered.items()],
            "fact": fact,
            "operators": [(code, label, code == row.get("op")) for code, label in facts.operators_for(fact).items()]
            if fact
            else [],
            "choices": _choices(fact, str(row.get("op", "")), values),
            "value": ", ".join(values),
            "params": [(param, params.get(param.name, param.default)) for param in fact.params] if fact else [],
        }


def _choices(fact: Fact | None, operator: str, values: list[str]) -> list[tuple[str, Any, bool]]:
    """The values to choose from; none where a value is typed."""
    if fact is None:
        return []
    if fact.kind == "boolean" or operator == "empty":
        return [
            ("true", _("yes"), values[0] in {"true", "True", "1"}),
            ("false", _("no"), values[0] in {"false", "False"}),
        ]
    if fact.choices is None or operator == "in":
        return []
    return [(code, label, code in values) for code, label in fact.choices()]
