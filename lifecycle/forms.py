"""The upload of an import file."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.files import MAX_BYTES
from core.forms import MoneyField, PointsField
from lifecycle.models import ImportRun
from stores.models import Store


class UploadForm(forms.Form):
    """What is imported, from where, and the control totals it must match."""

    kind = forms.ChoiceField(label=_("What is in the file"), choices=ImportRun.Kind.choices)
    file = forms.FileField(
        label=_("File"), help_text=_(".xlsx or .csv (UTF-8 or GBK), the first row names the columns.")
    )
    source = forms.RegexField(
        label=_("Where it comes from"),
        regex=r"^[A-Za-z0-9_\-]{1,40}$",
        initial="file",
        help_text=_(
            "A short name of the other system. Its numbers are known under this name, so nothing comes in twice."
        ),
        error_messages={"invalid": _("Letters, digits, - and _ only, at most 40.")},
    )
    store = forms.ModelChoiceField(
        label=_("Store of members without one"), queryset=Store.objects.none(), required=False, empty_label="—"
    )
    expected_rows = PointsField(label=_("Rows that must be in it"), required=False, minimum=0, unit=_("rows"))
    expected_total = MoneyField(
        label=_("Amount paid that it must come to"), required=False, help_text=_("Orders only."), maximum=10**11
    )
    skips_bad_rows = forms.BooleanField(
        label=_("Import the good rows although others have errors"),
        required=False,
        help_text=_("Without this nothing is imported until every row is right."),
    )

    def __init__(self, *args: Any, stores: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["store"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = stores

    def clean_file(self) -> Any:
        """Not larger than a list can be; what is in it is judged by its content later."""
        file = self.cleaned_data["file"]
        if file.size is not None and file.size > MAX_BYTES:
            raise ValidationError(_("The file is larger than %(size)s MB."), params={"size": MAX_BYTES // 1024 // 1024})
        return file
