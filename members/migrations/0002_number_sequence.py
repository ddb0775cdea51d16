from django.db import migrations


class Migration(migrations.Migration):
    """Eight digits of a member number; a sequence, so that registrations never wait for each other."""

    dependencies = [("members", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE members_number AS integer MINVALUE 1 MAXVALUE 99999999 NO CYCLE",
            "DROP SEQUENCE members_number",
        ),
    ]
