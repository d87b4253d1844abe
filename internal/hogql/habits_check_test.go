package hogql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// TestHabitsInCheck shows that the checker's own finding about a place gets the repair, and that there are not
// two findings about it.
func TestHabitsInCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, code, severity, hint string }{
		{"SELECT NVL(event, 'a') FROM events LIMIT 1", "unknown-function", "error", "SELECT ifNull(event, 'a') FROM events LIMIT 1"},
		{"SELECT STRING_AGG(event, ',') FROM events", "unknown-function", "error", "SELECT string_agg(event, ',') FROM events"},
		{"SELECT event FROM events LIMIT 1 ORDER BY event", "dropped", "warning", "SELECT event FROM events ORDER BY event LIMIT 1"},
		{`SELECT count() FROM events WHERE event = "sign up"`, "unknown-column", "error", "SELECT count() FROM events WHERE event = 'sign up'"},
	} {
		q, err := hogql.Parse(c.src)
		require.NoError(t, err)
		var got []hogql.Finding
		for _, f := range hogql.Check(q, hogql.BuiltIn(), hogql.CheckOptions{Source: c.src, Offset: true}) {
			if f.Code != "no-time-filter" {
				got = append(got, f)
			}
		}
		require.Len(t, got, 1, "%s: %v", c.src, got)
		require.Equal(t, c.code, got[0].Code)
		require.Equal(t, c.severity, got[0].Severity.String())
		require.Equal(t, c.hint, got[0].Hint)
		require.Equal(t, c.hint, hogql.Findings(got).Apply(c.src))
	}
}
