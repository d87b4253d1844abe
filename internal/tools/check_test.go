package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

// A query is judged before it is sent; what the project holds is known once it has been read.
func TestQueriesAreCheckedBeforeTheyAreSent(t *testing.T) {
	s, sandbox := sandboxSession(t, sandboxtest.Key)
	for query, want := range map[string]string{
		"SELECT evnt FROM events":                              "line 1, column 8: events has no field \"evnt\". Close: event\n  SELECT evnt FROM events\n         ^\nNothing was sent.",
		"SELECT sum(count()) FROM events":                      "count is an aggregate inside the aggregate sum",
		"SELECT count(1, 2) FROM events":                       "aggregate count takes at most 1 argument; here are 2",
		"SELECT event FROM events WHERE count() > 1":           "HAVING behind GROUP BY for conditions on aggregates",
		"SELECT event FROM events WHERE event = \"$pageview\"": "'$pageview'",
	} {
		text, result := s.call(t, "query_posthog", string(mustJSON(map[string]any{"query": query})))
		require.True(t, result.IsError, query)
		require.Contains(t, text, want)
	}
	require.Empty(t, sandbox.Server.Stats().Requests)

	signup := `{"query":"SELECT count() AS n FROM events WHERE event = 'signup' AND timestamp > now() - INTERVAL 1 DAY"}`
	text, result := s.call(t, "query_posthog", signup)
	require.False(t, result.IsError, text)
	require.Regexp(t, `warning: no event named "signup"`, text, "nothing has been read yet, but a count of 0 is a reason to")
	text, _ = s.call(t, "query_posthog", `{"query":"SELECT 1 FROM nowhere"}`)
	require.Contains(t, text, "Unknown table", "PostHog's answer")

	s.call(t, "list_objects", `{}`)
	text, result = s.call(t, "query_posthog", signup)
	require.False(t, result.IsError, text)
	require.Regexp(t, `warning: no event named "signup" has been seen here\. Close: user_signed_up \(\d+ in 30 d\)\. 0 rows may mean the wrong name`, text)
	text, _ = s.call(t, "query_posthog", `{"query":"SELECT 1 FROM nowhere"}`)
	require.Contains(t, text, "there is no table \"nowhere\"")
}
