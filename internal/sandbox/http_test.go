package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

const (
	keyAll     = "phx_sandbox_all"
	keyNoQuery = "phx_sandbox_noquery"
	keyBerlin  = "phx_sandbox_berlin"
)

// exchange is one request and its answer.
type exchange struct {
	method, path, key string
	body              string // sent as JSON; "" for none
	header            map[string]string

	ctx    context.Context // nil: the test's
	err    error           // of a try in the background
	status int
	reply  http.Header
	text   string
}

// do sends the request and fills in the answer.
func (e *exchange) do(t *testing.T, s *sandboxtest.Sandbox) *exchange {
	t.Helper()
	require.NoError(t, e.try(t, s))
	return e
}

func (e *exchange) try(t *testing.T, s *sandboxtest.Sandbox) error {
	t.Helper()
	ctx := e.ctx
	if ctx == nil {
		ctx = t.Context()
	}
	req, err := http.NewRequestWithContext(ctx, e.method, s.URL+e.path, strings.NewReader(e.body))
	if err != nil {
		return err
	}
	if e.key != "" {
		req.Header.Set("Authorization", "Bearer "+e.key)
	}
	if e.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range e.header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	e.status, e.reply, e.text = resp.StatusCode, resp.Header, string(text)
	return err
}

// interruptible gives the exchange a context of its own and returns what ends it.
func (e *exchange) interruptible(t *testing.T) (stop func()) {
	t.Helper()
	e.ctx, stop = context.WithCancel(t.Context())
	return stop
}

// get reads a path with the key that may do everything.
func get(t *testing.T, s *sandboxtest.Sandbox, path string) *exchange {
	t.Helper()
	return (&exchange{method: "GET", path: path, key: keyAll}).do(t, s)
}

// query sends HogQL to project 1, with further fields of the request and of the query, each as JSON text.
func query(t *testing.T, s *sandboxtest.Sandbox, sql string, more ...string) *exchange {
	t.Helper()
	return queryOf(sql, more...).do(t, s)
}

func queryOf(sql string, more ...string) *exchange {
	inner, outer := "", ""
	for _, m := range more {
		if rest, is := strings.CutPrefix(m, "query."); is {
			inner += "," + rest
		} else {
			outer += "," + m
		}
	}
	text, err := json.Marshal(sql)
	if err != nil {
		panic(err)
	}
	body := fmt.Sprintf(`{"query":{"kind":"HogQLQuery","query":%s%s}%s}`, text, inner, outer)
	return &exchange{method: "POST", path: "/api/projects/1/query/", key: keyAll, body: body}
}

// answer is what tests read of an answer to a query.
type answer struct {
	Results  [][]any     `json:"results"`
	Columns  []string    `json:"columns"`
	Types    [][2]string `json:"types"`
	HasMore  *bool       `json:"hasMore"`
	Limit    *int64      `json:"limit"`
	Offset   *int64      `json:"offset"`
	HogQL    string      `json:"hogql"`
	Cached   bool        `json:"is_cached"`
	CacheKey string      `json:"cache_key"`
	Error    *string     `json:"error"`
	TimeZone string      `json:"timezone"`
	Refresh  string      `json:"last_refresh"`
	Status   *state      `json:"query_status"`
}

// state is what tests read of a background run.
type state struct {
	ID       string  `json:"id"`
	Team     int64   `json:"team_id"`
	Complete bool    `json:"complete"`
	Error    bool    `json:"error"`
	Message  *string `json:"error_message"`
	Results  *answer `json:"results"`
	Pickup   *string `json:"pickup_time"`
	End      *string `json:"end_time"`
	Progress *struct {
		Elapsed int64 `json:"time_elapsed"`
	} `json:"query_progress"`
}

// failed is PostHog's form of an error.
type failed struct {
	Type   string  `json:"type"`
	Code   string  `json:"code"`
	Detail string  `json:"detail"`
	Attr   *string `json:"attr"`
}

// read decodes an answer that must have the status.
func read[T any](t *testing.T, e *exchange, status int) T {
	t.Helper()
	require.Equal(t, status, e.status, e.text)
	require.Equal(t, "application/json", e.reply.Get("Content-Type"))
	dec := json.NewDecoder(strings.NewReader(e.text))
	dec.UseNumber()
	var v T
	require.NoError(t, dec.Decode(&v), e.text)
	return v
}

// rows runs HogQL and returns its rows as JSON text.
func rows(t *testing.T, s *sandboxtest.Sandbox, sql string, more ...string) string {
	t.Helper()
	a := read[answer](t, query(t, s, sql, more...), http.StatusOK)
	text, err := json.Marshal(a.Results)
	require.NoError(t, err)
	return string(text)
}

// transcript writes exchanges for a golden file.
type transcript struct{ strings.Builder }

var variable = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func (l *transcript) add(t *testing.T, title string, e *exchange) {
	t.Helper()
	lines := []string{"## " + title, e.method + " " + e.path}
	if e.body != "" {
		lines = append(lines, e.body)
	}
	lines = append(lines, fmt.Sprintf("-> %d", e.status))
	for _, name := range []string{"WWW-Authenticate", "Allow", "Retry-After", "Cache-Control"} {
		if v := e.reply.Get(name); v != "" {
			lines = append(lines, name+": "+variable.ReplaceAllString(v, "http://HOST"))
		}
	}
	text := strings.ReplaceAll(variable.ReplaceAllString(e.text, "http://HOST"), "\r\n", "\n")
	if len(text) > 300 && json.Valid([]byte(text)) {
		var b bytes.Buffer
		require.NoError(t, json.Indent(&b, []byte(text), "", "  "))
		text = b.String()
	}
	l.WriteString(strings.Join(append(lines, text), "\n") + "\n\n")
}

func (l *transcript) check(t *testing.T, name string) {
	t.Helper()
	golden.Check(t, "testdata/"+name+".golden", l.String())
}

// until waits for a condition that another goroutine brings about. The test's own time limit ends it.
func until(t *testing.T, cond func() bool) {
	t.Helper()
	for !cond() {
		require.NoError(t, t.Context().Err())
		runtime.Gosched()
	}
}
