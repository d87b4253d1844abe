package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// wrongQueries do not parse; each is a slip that people and models make.
var wrongQueries = []string{
	"SELECT event, count( FROM events",
	"SELECT event count() FROM events GROUP BY event",
	"SELECT event FROM events WHERE timestamp > now() - INTERVAL 7 DAYS",
	"SELECT event FROM events WHERE timestamp > DATE '2026-01-01'",
	"SELECT match(event, '\\d+') FROM events",
	"SELECT event FROM events LIMIT 10 WHERE event = 'a'",
	"SELECT * FROM events WHERE a<b AND c>d",
	"SELECT event FROM events WHERE event = 'signup",
	"SELECT EXTRACT(YEAR FROM timestamp) FROM events",
	"SELECT timestamp AT TIME ZONE 'UTC' FROM events",
	"SELECT properties.x::Array(String) FROM events",
	"SELECT event FROM events WHERE event = 'a' && distinct_id = 'b'",
	"SELECT event FROM events WHERE !(event = 'a')",
	"SELECT TOP 10 event FROM events",
	"SELECT event FROM events ORDER BY timestamp DESC,",
	"SELECT event FROM events WHERE event IN ()",
	"SELECT * EXCEPT (properties) FROM events",
	"SELECT event FROM events WHERE (event = 'a' OR event = 'b'",
	"FROM events SELECT event",
	"UPDATE events SET event = 'x'",
	"SELECT properties->>'plan' FROM events",
	"SELECT event FROM events WHERE event RLIKE 'x'",
	"SELECT event FROM events WHERE properties.is_trial IS TRUE",
	"SELECT cast(event, FROM events",
}

// TestWrongQueriesStayHere shows that each gets a position, a caret and a hint, and that PostHog hears of none.
func TestWrongQueriesStayHere(t *testing.T) {
	s := sandboxtest.Start(t)
	var all strings.Builder
	for _, query := range wrongQueries {
		got := posthogMCP(t, environ(s, "LOG_LEVEL=error"), query, "query", "-")
		require.Equal(t, 1, got.code, "%q: %s", query, got.stderr)
		require.Empty(t, got.stdout)
		require.Regexp(t, `line \d+, column \d+: `, got.stderr)
		require.Regexp(t, `(?m)^ *\^`, got.stderr, "%q has no caret", query)
		require.Contains(t, got.stderr, "write: ", "%q has no hint", query)
		all.WriteString("── " + query + "\n" + got.stderr + "\n")
	}
	require.Empty(t, s.Server.Stats().Requests, "a query that does not parse was sent")
	golden.Check(t, "testdata/wrong_queries.golden", all.String())
}
