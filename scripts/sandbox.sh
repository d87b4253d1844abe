#!/usr/bin/env bash
# Keeps posthog-sandbox up and prints the lines that plug posthog-mcp into Claude Code and Claude Desktop.
set -euo pipefail
cd "$(dirname "$0")/.."
addr=${ADDR:-127.0.0.1:8010}
binary=$PWD/bin/posthog-mcp
cat <<EOF
Claude Code:

  claude mcp add posthog -e POSTHOG_API_URL=http://$addr -e POSTHOG_API_KEY=phx_sandbox_all -e POSTHOG_PROJECT_ID=1 -- $binary

Claude Desktop (Settings, Developer, Edit Config):

  {"mcpServers": {"posthog": {"command": "$binary", "env": {
    "POSTHOG_API_URL": "http://$addr", "POSTHOG_API_KEY": "phx_sandbox_all", "POSTHOG_PROJECT_ID": "1"}}}}

At a shell:

  export POSTHOG_API_URL=http://$addr POSTHOG_API_KEY=phx_sandbox_all POSTHOG_PROJECT_ID=1
  bin/posthog-mcp query 'SELECT event, count() AS n FROM events GROUP BY event ORDER BY n DESC'

The sandbox runs until Ctrl-C.

EOF
exec bin/posthog-sandbox --addr "$addr" "$@"
