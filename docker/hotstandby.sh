#!/bin/sh
# The command line inside every image: `docker compose exec console hotstandby status`.
exec node --disable-warning=ExperimentalWarning /app/cli.mjs "$@"
