#!/bin/sh
# Runs once, when the database's volume is empty: the schema's owner and the application's role, which cannot change
# ledgers or the audit trail.
set -eu
psql --username "$POSTGRES_USER" --set ON_ERROR_STOP=1 \
    --set owner_password="$DATABASE_OWNER_PASSWORD" --set app_password="$DATABASE_PASSWORD" <<'SQL'
CREATE ROLE patron_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE patron_app LOGIN PASSWORD :'app_password';
CREATE DATABASE patron OWNER patron_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE patron FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE patron TO patron_app;
SQL
