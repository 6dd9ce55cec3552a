#!/bin/sh
# Creates the namespace and the search attributes that Tidemark's workflows set; changes nothing where they are there.
#   TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, and whatever else the `temporal` command reads
#   NAMESPACE_RETENTION  how long closed workflows can be looked at, for a namespace that is created: 168h
#   SEARCH_ATTRIBUTES    name=type, separated by blanks
set -eu

tries=60
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "No Temporal server answers at $TEMPORAL_ADDRESS." >&2
    exit 1
  fi
  sleep 1
done

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION"
fi

# A new namespace takes some seconds to be known to all of the server, and a registration before that fails.
for attribute in $SEARCH_ATTRIBUTES; do
  tries=30
  until temporal operator search-attribute create --name "${attribute%%=*}" --type "${attribute#*=}"; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      echo "The search attribute $attribute could not be registered." >&2
      exit 1
    fi
    sleep 1
  done
done
echo "The namespace $TEMPORAL_NAMESPACE is ready."
