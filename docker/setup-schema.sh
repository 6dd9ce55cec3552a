#!/bin/sh
# Creates Temporal's two databases, or brings them up to this release's schema. Runs before each start of the server, and
# changes nothing where all is up to date. Connection: SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD, SQL_PLUGIN.
set -eu

for store in temporal visibility; do
  case $store in
    temporal) database=temporal ;;
    visibility) database=temporal_visibility ;;
  esac
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema --version 0.0
  temporal-sql-tool --db "$database" update-schema --schema-name "postgresql/v12/$store"
done
