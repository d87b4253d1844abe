package tools_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/tools"
)

// TestAdvice holds the text of every kind of failure. In the bubble it is midnight.
func TestAdvice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		cases := []struct {
			name string
			err  error
		}{
			{"argument", &tools.ArgumentError{Field: "limit", Message: "must be a whole number"}},
			{"invalid, unknown table", &driver.Error{Kind: driver.Invalid, Status: 400, Code: "hogql_query_error", Detail: "Unknown table `evnts`. Did you mean: events?"}},
			{"invalid, unknown function", &driver.Error{Kind: driver.Invalid, Status: 400, Code: "hogql_query_error", Detail: "Unsupported function call 'cont(...)'. Perhaps you meant 'count(...)'?"}},
			{"invalid, offset", &driver.Error{Kind: driver.Invalid, Status: 400, Code: "hogql_query_error", Detail: "OFFSET is not supported for personal API keys."}},
			{"invalid, no words", &driver.Error{Kind: driver.Invalid, Status: 400}},
			{"invalid, which project", &driver.Error{Kind: driver.Invalid, Code: driver.CodeProjectRequired, Detail: "no project is named or configured; the key sees: 1 Demo, 2 Berlin"}},
			{"unauthorized", &driver.Error{Kind: driver.Unauthorized, Status: 401, Detail: "Invalid personal API key."}},
			{"forbidden, scope", &driver.Error{Kind: driver.Forbidden, Status: 403, Scope: "query:read", Detail: "API key missing required scope 'query:read'"}},
			{"forbidden, project", &driver.Error{Kind: driver.Forbidden, Status: 403, Detail: "You don't have access to the project."}},
			{"forbidden, here", &driver.Error{Kind: driver.Forbidden, Code: driver.CodeProjectDenied, Detail: "project 7 is not among the allowed projects (1, 2)"}},
			{"not found, nearest", &driver.Error{Kind: driver.NotFound, Detail: `there is no event "signup"`, Nearest: []string{"user_signed_up", "a\nb"}}},
			{"not found, here", &driver.Error{Kind: driver.NotFound, Detail: `there is no cohort 77`}},
			{"not found, there", &driver.Error{Kind: driver.NotFound, Status: 404, Detail: "Project not found."}},
			{"busy, rate", &driver.Error{Kind: driver.Busy, Status: 429, Detail: "Request was throttled. Expected available in 37 seconds.", RetryAfter: 37 * time.Second}},
			{"busy, concurrency", &driver.Error{Kind: driver.Busy, Status: 429, Detail: "Too many queries at once."}},
			{"busy, own limit", &driver.Error{Kind: driver.Busy, Code: driver.CodeRateLimit, Detail: "240 queries a minute", RetryAfter: 8 * time.Second}},
			{"busy, own concurrency", &driver.Error{Kind: driver.Busy, Code: driver.CodeConcurrency, Detail: "3 queries are in flight", RetryAfter: time.Second}},
			{"busy, own queue", &driver.Error{Kind: driver.Busy, Code: driver.CodeQueueFull, Detail: "too many calls for this project are waiting already", RetryAfter: 12 * time.Second}},
			{"too slow", &driver.Error{Kind: driver.TooSlow, Status: 504, Detail: "Query has hit the max execution time before completing."}},
			{"too large, memory", &driver.Error{Kind: driver.TooLarge, Status: 513, Detail: "Query ran out of memory."}},
			{"too large, answer", &driver.Error{Kind: driver.TooLarge, Code: driver.CodeResponseTooBig, Detail: "the answer is larger than 64 MB"}},
			{"quota", &driver.Error{Kind: driver.Quota, Status: 402, Detail: "You have exceeded the quota for API queries."}},
			{"unavailable, breaker", &driver.Error{Kind: driver.Unavailable, Code: driver.CodeBreakerOpen, Detail: "last answer: 503", Since: now.Add(-48 * time.Second), RetryAfter: 39 * time.Second}},
			{"unavailable, proxy", &driver.Error{Kind: driver.Unavailable, Status: 502, Code: driver.CodeNotJSON, Detail: "not JSON but a web page: Bad Gateway", Attempts: 4}},
			{"unavailable, wait", &driver.Error{Kind: driver.Unavailable, Status: 503, Code: "database_unavailable", RetryAfter: time.Second}},
			{"unavailable, certificate", &driver.Error{Kind: driver.Unavailable, Code: driver.CodeTLS, Detail: "the certificate of the host is not accepted: unknown authority"}},
			{"unavailable, redirect", &driver.Error{Kind: driver.Unavailable, Code: driver.CodeRedirect, Detail: "the host answers with a redirect to another address; the key is not sent there"}},
			{"cancelled", &driver.Error{Kind: driver.Cancelled, Detail: "the caller went away"}},
			{"deadline", &driver.Error{Kind: driver.Deadline, Detail: "no answer before the time was over"}},
			{"internal", &driver.Error{Kind: driver.Internal, Status: 500, Detail: "A server error occurred."}},
			{"internal, kept rows", &driver.Error{Kind: driver.Internal, Status: 200, Code: driver.CodeStale, Detail: "PostHog gave kept rows although fresh ones were asked for"}},
			{"wrapped", fmt.Errorf("outer: %w", &driver.Error{Kind: driver.Quota, Status: 402})},
			{"anything else", errors.New("dial tcp 10.0.0.1: secret " + canaryKey)},
		}
		var b strings.Builder
		kinds := map[driver.Kind]bool{}
		for _, c := range cases {
			if e, ok := errors.AsType[*driver.Error](c.err); ok {
				kinds[e.Kind] = true
			}
			fmt.Fprintf(&b, "== %s\n%s\n", c.name, tools.Advice(c.err))
		}
		require.Len(t, kinds, 12, "every kind of driver.Error has its advice here")
		require.NotContains(t, b.String(), canaryKey)
		golden.Check(t, "testdata/advice.golden", b.String())
	})
}

// TestRefusedQueriesGetTheirPlace compares what a model reads after a query that cannot run: our own
// findings, and PostHog's with the place that its check names.
func TestRefusedQueriesGetTheirPlace(t *testing.T) {
	t.Parallel()
	refusal := `{"type":"validation_error","code":"hogql_query_error","detail":"Unable to resolve field: evnt","attr":null}`
	for _, c := range []struct{ name, arguments, metadata string }{
		{"syntax", `{"query":"SELECT event, count( FROM events"}`, ""},
		{"offset", `{"query":"SELECT event FROM events\nLIMIT 10 OFFSET 20"}`, ""},
		{"offset in two numbers", `{"query":"SELECT event FROM events LIMIT 5, 10"}`, ""},
		{"offset in limit by", `{"query":"SELECT event FROM events LIMIT 1 OFFSET 2 BY event"}`, ""},
		{"offset behind union", `{"query":"SELECT 1 UNION ALL SELECT 2 LIMIT 1 OFFSET 2"}`, ""},
		{"placeholder", `{"query":"SELECT count() FROM events WHERE event = {name}"}`, ""},
		{"placeholder misspelt", `{"query":"SELECT count() FROM events WHERE event = {name}","values":{"names":"x"}}`, ""},
		{"variables", `{"query":"SELECT {variables.plan}"}`, ""},
		{"time period", `{"query":"SELECT 1","time_period":"7d"}`, ""},
		{"field", `{"query":"SELECT 'é' AS x,\n  evnt FROM sessions WHERE $start_timestamp > now()"}`,
			`{"isValid":false,"errors":[{"message":"Unable to resolve field: evnt","start":19,"end":23,"fix":"event"}],"warnings":[],"notices":[]}`},
		{"field with values", `{"query":"SELECT evnt FROM sessions WHERE distinct_id = {name}","values":{"name":"x"}}`,
			`{"isValid":false,"errors":[{"message":"Unable to resolve field: evnt","start":7,"end":11}],"warnings":[],"notices":[]}`},
		{"no place", `{"query":"SELECT evnt FROM sessions"}`, `{"isValid":false,"errors":[{"message":"Unexpected KeyError","start":null,"end":null}],"warnings":[],"notices":[]}`},
		{"no check", `{"query":"SELECT evnt FROM sessions"}`, `{"broken`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t, func(kind, _ string) (int, string) {
				if kind == "HogQLMetadata" {
					return http.StatusOK, c.metadata
				}
				return http.StatusBadRequest, refusal
			})
			text, result := newSession(t, u.url, canaryKey, tools.Options{}).call(t, "query_posthog", c.arguments)
			require.True(t, result.IsError)
			golden.Check(t, "testdata/refused/"+strings.ReplaceAll(c.name, " ", "-")+".golden", strings.Join(u.sent(), "\n")+"\n-----\n"+text+"\n")
			if c.metadata == "" {
				require.Empty(t, u.sent())
			}
		})
	}
}

func TestOtherRefusalsAreNotCheckedAgain(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(string, string) (int, string) {
		return http.StatusBadRequest, `{"type":"validation_error","code":"illegal_type_of_argument","detail":"Illegal type String of argument of function sum"}`
	})
	text, result := newSession(t, u.url, canaryKey, tools.Options{}).call(t, "query_posthog", `{"query":"SELECT sum(event) FROM events"}`)
	require.True(t, result.IsError)
	require.Contains(t, text, "Illegal type String")
	require.Len(t, u.sent(), 1)
}

func TestCheckJudgesWithoutARun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, arguments, metadata string }{
		{"valid", `{"query":"SELECT event FROM events LIMIT 5","validate_only":true}`, `{"isValid":true,"errors":[],"warnings":[],"notices":[],"table_names":["events"]}`},
		{"valid json", `{"query":"SELECT event FROM events LIMIT 5","validate_only":true,"format":"json"}`, `{"isValid":true,"errors":[],"warnings":[],"notices":[{"message":"Event property 'x' is of type 'String'.","start":7,"end":12}],"table_names":["events"]}`},
		{"not valid", `{"query":"SELECT evnt FROM sessions WHERE {filters}","values":{"one":1},"validate_only":true}`,
			`{"isValid":false,"errors":[{"message":"Unable to resolve field: evnt","start":7,"end":11},{"message":"Unexpected KeyError","start":null,"end":null}],"warnings":[{"message":"slow","start":0,"end":6}],"notices":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t, func(string, string) (int, string) { return http.StatusOK, c.metadata })
			text, result := newSession(t, u.url, canaryKey, tools.Options{}).call(t, "query_posthog", c.arguments)
			require.False(t, result.IsError, text)
			golden.Check(t, "testdata/checks/"+strings.ReplaceAll(c.name, " ", "-")+".golden", strings.Join(u.sent(), "\n")+"\n-----\n"+text+"\n")
		})
	}
	down := newUpstream(t, func(string, string) (int, string) { return http.StatusUnauthorized, `{"detail":"no"}` })
	s := tools.NewService(newDriver(t, down.url, canaryKey, nil), tools.Options{})
	for _, a := range []tools.QueryArgs{{Query: "SELECT ("}, {Query: "SELECT 1"}, {Query: "SELECT {a}", Values: map[string]any{"a": struct{}{}}}} {
		_, _, err := s.Check(t.Context(), a)
		require.Error(t, err)
	}
}

func TestCallsEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	u := newUpstream(t, func(string, string) (int, string) { <-release; return 200, "{}" })
	t.Cleanup(func() { close(release) }) // before the upstream closes, which waits for its requests
	s := newSession(t, u.url, canaryKey, tools.Options{Timeout: 20 * time.Millisecond})
	text, result := s.call(t, "query_posthog", `{"query":"SELECT 1"}`)
	require.True(t, result.IsError)
	require.Contains(t, text, "No answer from PostHog in time")
	require.Contains(t, s.log.String(), "outcome=deadline")
}

func TestCancelledCallsSaySo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	u := newUpstream(t, func(string, string) (int, string) { cancel(); return 500, "{}" })
	s := tools.NewService(newDriver(t, u.url, canaryKey, nil), tools.Options{})
	_, err := s.Query(ctx, tools.QueryArgs{Query: "SELECT 1"})
	require.Error(t, err)
	require.NotEmpty(t, tools.Advice(err))
}
