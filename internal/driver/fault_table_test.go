package driver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// right is the kind of no error: the answer is that of the query.
const right driver.Kind = ""

// outcome is what a caller of Query meets while a fault lasts.
type outcome struct {
	fault    string        // as sandbox.ParseFault reads it, or of the client's side
	attempts [2]int        // at least and at most so many requests are sent, three retries allowed
	kind     driver.Kind   // of the error
	code     string        // of the error
	text     string        // part of the error's line
	timeout  time.Duration // of the call; 0: 30 s
}

func times(n int) [2]int { return [2]int{n, n} }

// faultTable says for each fault how often it is tried and what becomes of it. A kind of the sandbox without a
// row here fails TestEveryFaultHasARow.
func faultTable() []outcome {
	const proxy, cut = "not JSON but a web page", "the answer is cut or is no valid JSON"
	return []outcome{
		// late answers
		{fault: "slow:20ms", attempts: times(1), kind: right},
		{fault: "drip:2ms", attempts: times(1), kind: right},
		{fault: "silent", attempts: times(1), kind: driver.Deadline, text: "no answer before the time was over", timeout: 500 * time.Millisecond},
		{fault: "slow:10s", attempts: times(1), kind: driver.Deadline, text: "no answer before the time was over", timeout: 500 * time.Millisecond},
		{fault: "drip:10s", attempts: times(1), kind: driver.Deadline, text: "no answer before the time was over", timeout: 500 * time.Millisecond},
		// connections and bodies
		{fault: "cut", attempts: times(4), kind: driver.Unavailable, code: driver.CodeNetwork, text: "the connection failed: EOF"},
		{fault: "cut:body", attempts: times(4), kind: driver.Unavailable, code: driver.CodeBadBody, text: cut},
		{fault: "truncated", attempts: times(4), kind: driver.Unavailable, code: driver.CodeBadBody, text: cut},
		{fault: "garbage", attempts: times(4), kind: driver.Unavailable, code: driver.CodeBadBody, text: cut},
		{fault: "types", attempts: times(4), kind: driver.Unavailable, code: driver.CodeBadBody, text: cut},
		{fault: "empty", attempts: times(4), kind: driver.Unavailable, code: driver.CodeBadBody, text: cut},
		{fault: "endless", attempts: times(1), kind: driver.TooLarge, code: driver.CodeResponseTooBig, text: "the answer is larger than 1 MB"},
		{fault: "bomb", attempts: times(1), kind: driver.TooLarge, code: driver.CodeResponseTooBig, text: "the answer is larger than 1 MB"},
		{fault: "header", attempts: times(4), kind: driver.Unavailable, code: driver.CodeNetwork, text: "response headers exceeded"},
		// proxies
		{fault: "html200", attempts: times(4), kind: driver.Unavailable, code: driver.CodeNotJSON, text: proxy + ": PostHog (status 200)"},
		{fault: "redirect", attempts: times(1), kind: driver.Unavailable, code: driver.CodeRedirect, text: "the key is not sent there"},
		{fault: "502html", attempts: times(4), kind: driver.Unavailable, code: driver.CodeNotJSON, text: proxy + ": 502 Bad Gateway (status 502)"},
		{fault: "504html", attempts: times(4), kind: driver.Unavailable, code: driver.CodeNotJSON, text: proxy + ": 504 Gateway Time-out (status 504)"},
		// PostHog's web servers: what they ask to wait is waited, and decides how many attempts fit
		{fault: "429rate", attempts: [2]int{2, 3}, kind: driver.Busy, code: "throttled", text: "Request was throttled", timeout: 2500 * time.Millisecond},
		{fault: "429rate:3600", attempts: times(1), kind: driver.Busy, code: "throttled", text: "Expected available in 3600 seconds"},
		{fault: "500", attempts: times(2), kind: driver.Internal, code: "error", text: "A server error occurred. (status 500)"},
		{fault: "503retry", attempts: [2]int{2, 3}, kind: driver.Unavailable, code: "database_unavailable", text: "database is unavailable", timeout: 2500 * time.Millisecond},
		{fault: "503skew", attempts: [2]int{2, 3}, kind: driver.Unavailable, code: "database_unavailable", text: "database is unavailable", timeout: 2500 * time.Millisecond},
		{fault: "503skew:-2h", attempts: [2]int{2, 3}, kind: driver.Unavailable, code: "database_unavailable", text: "database is unavailable", timeout: 2500 * time.Millisecond},
		// PostHog's query engine
		{fault: "429concurrency", attempts: times(21), kind: driver.Busy, code: "throttled", text: "Exceeded maximum concurrency limit"},
		{fault: "503busy", attempts: times(4), kind: driver.Busy, code: "error", text: "Queries are too busy"},
		{fault: "504json", attempts: times(1), kind: driver.TooSlow, code: "error", text: "Query has hit the max execution time"},
		{fault: "512", attempts: times(1), kind: driver.TooSlow, code: "error", text: "Estimated query execution time"},
		{fault: "513query", attempts: times(1), kind: driver.TooLarge, code: "clickhouse_memory_limit_exceeded", text: "ran out of memory"},
		{fault: "513cluster", attempts: times(1), kind: driver.Busy, code: "clickhouse_memory_limit_exceeded", text: "heavy load"},
		{fault: "402", attempts: times(1), kind: driver.Quota, code: "quota_limit_exceeded", text: "used up its API query quota"},
	}
}

// answerOrError runs one query with a result that nothing else has.
func answerOrError(t *testing.T, c *driver.Client, timeout time.Duration) error {
	t.Helper()
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	began := time.Now()
	res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 40 + 2 AS n, 'a' AS s LIMIT 1", Timeout: timeout})
	require.Less(t, time.Since(began), timeout+2*time.Second)
	if err == nil {
		require.Equal(t, [][]any{{json.Number("42"), "a"}}, cells(res.Rows))
		require.Equal(t, []string{"n", "s"}, res.Columns)
	}
	return err
}

// queriesAt is how many queries came in at the sandbox, answered or not.
func queriesAt(s *sandboxtest.Sandbox) int {
	n := 0
	for _, r := range s.Server.Log() {
		if r.Method == http.MethodPost && r.Route == queryRoute {
			n++
		}
	}
	return n
}

func patient(o *driver.Options) {
	o.Backoff = time.Millisecond
	o.BreakerFailures = 100
	o.MaxResponse = 1 << 20
}

// check compares what came of a call with its row; requests is how many the server saw.
func (o outcome) check(t *testing.T, err error, requests int) {
	t.Helper()
	require.GreaterOrEqual(t, requests, o.attempts[0], "%v", err)
	require.LessOrEqual(t, requests, o.attempts[1], "%v", err)
	if o.kind == right {
		require.NoError(t, err)
		return
	}
	e := asError(t, err)
	require.Equal(t, o.kind, e.Kind, "%v", e)
	require.Equal(t, o.code, e.Code, "%v", e)
	require.Contains(t, e.Error(), o.text)
	require.NotContains(t, e.Error(), "<")
	require.Equal(t, requests, e.Attempts)
}

// While a fault lasts, a call is tried as often as the table says and ends as it says. Where it is tried again, a
// fault that meets one request only is not seen by the caller.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	for _, row := range faultTable() {
		t.Run(row.fault, func(t *testing.T) {
			t.Parallel()
			s := sandboxtest.Start(t, sandboxtest.WithFaults(t, row.fault))
			err := answerOrError(t, sandboxClient(t, s, s.Key, patient), row.timeout)
			row.check(t, err, queriesAt(s))

			if row.attempts[0] > 1 {
				s = sandboxtest.Start(t, sandboxtest.WithFaults(t, row.fault+"*1"))
				require.NoError(t, answerOrError(t, sandboxClient(t, s, s.Key, patient), 0))
				require.Equal(t, 2, queriesAt(s))
			}
		})
	}
}

// The rule: a kind of fault that the sandbox knows has a row, and a row is of a kind that it knows.
func TestEveryFaultHasARow(t *testing.T) {
	t.Parallel()
	var rows []string
	for _, row := range faultTable() {
		f, err := sandbox.ParseFault(row.fault)
		require.NoError(t, err)
		rows = append(rows, f.Kind)
	}
	slices.Sort(rows)
	names := sandbox.FaultNames()
	slices.Sort(names)
	require.Equal(t, names, slices.Compact(rows))
}

// Failures on this side of the wire, which no server can play: no such host, nobody at the port, a certificate of a
// foreign authority.
func TestFaultsBeforeTheRequest(t *testing.T) {
	t.Parallel()
	const nobody = "http://127.0.0.1:1" // a port that was free a moment ago may be another test's now
	requests := 0
	foreign := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	foreign.Config.ErrorLog = quiet()
	foreign.StartTLS()
	defer foreign.Close()
	for _, row := range []struct {
		url string
		outcome
	}{
		{"https://posthog.invalid", outcome{attempts: times(1), kind: driver.Unavailable, code: driver.CodeNetwork, text: "there is no host of this name"}},
		{nobody, outcome{attempts: times(4), kind: driver.Unavailable, code: driver.CodeNetwork, text: "connection refused"}},
		{foreign.URL, outcome{attempts: times(1), kind: driver.Unavailable, code: driver.CodeTLS, text: "the certificate of the host is not accepted: unknown authority"}},
	} {
		o := driver.Options{BaseURL: row.url, Key: func() string { return canary }, ProjectID: 1, MaxRetries: 3}
		patient(&o)
		c, err := driver.New(o)
		require.NoError(t, err)
		err = answerOrError(t, c, 0)
		row.check(t, err, asError(t, err).Attempts)
		require.NotContains(t, err.Error(), row.url)
		c.Close()
	}
	require.Zero(t, requests)
}
