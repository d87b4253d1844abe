package tools_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/tools"
)

// canaryKey must occur in no answer, error or log.
const canaryKey = "phx_canary0d93c1f6a2"

func noon() time.Time { return time.Date(2026, 6, 15, 12, 0, 4, 0, time.UTC) }

func fixedToken() string { return "4f1c" }

// upstream is a PostHog of a test: it answers queries by a function and keeps what it was sent.
type upstream struct {
	mu      sync.Mutex
	bodies  []string
	url     string
	project string // what it says of the project
}

// sent returns the text of the queries that arrived, kind by kind: "HogQLQuery: SELECT …".
func (u *upstream) sent() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []string
	for _, b := range u.bodies {
		var v struct{ Query struct{ Kind, Query string } }
		if json.Unmarshal([]byte(b), &v) == nil {
			list = append(list, v.Query.Kind+": "+v.Query.Query)
		}
	}
	return list
}

// respond is what a test's PostHog answers to a query: a status and a body.
type respond func(kind, query string) (status int, body string)

func newUpstream(t *testing.T, answer respond) *upstream {
	t.Helper()
	u := &upstream{project: `{"id":1,"name":"Demo","timezone":"UTC","week_start_day":1}`}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, u.project)
			return
		}
		b, _ := io.ReadAll(r.Body)
		u.mu.Lock()
		u.bodies = append(u.bodies, string(b))
		u.mu.Unlock()
		var v struct{ Query struct{ Kind, Query string } }
		_ = json.Unmarshal(b, &v)
		status, body := answer(v.Query.Kind, v.Query.Query)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	u.url = srv.URL
	return u
}

// newDriver returns a driver without retries for project 1 of the host at url.
func newDriver(t *testing.T, url, key string, logger *slog.Logger) *driver.Client {
	t.Helper()
	c, err := driver.New(driver.Options{BaseURL: url, Key: func() string { return key }, ProjectID: 1, Logger: logger,
		PerMinute: 100_000, PerHour: 1_000_000, MaxConcurrency: 10})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// session is an MCP client in the same process.
type session struct {
	*client.Client
	log *lockedBuffer
}

func newSession(t *testing.T, url, key string, o tools.Options) *session {
	t.Helper()
	log := &lockedBuffer{}
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	if o.Now == nil {
		o.Now = noon
	}
	if o.Token == nil {
		o.Token = fixedToken
	}
	c := newDriver(t, url, key, o.Logger)
	m, err := client.NewInProcessClient(tools.NewMCP(tools.NewService(c, o), o))
	require.NoError(t, err)
	require.NoError(t, m.Start(t.Context()))
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	_, err = m.Initialize(t.Context(), hello)
	require.NoError(t, err)
	return &session{m, log}
}

// call calls a tool and returns its one text block.
func (s *session) call(t *testing.T, tool, arguments string) (text string, result *mcp.CallToolResult) {
	t.Helper()
	var r mcp.CallToolRequest
	r.Params.Name = tool
	r.Params.Arguments = json.RawMessage(arguments)
	result, err := s.CallTool(context.WithoutCancel(t.Context()), r)
	require.NoError(t, err)
	require.Len(t, result.Content, 1, "clients show the first block only")
	block, ok := result.Content[0].(mcp.TextContent)
	require.True(t, ok)
	require.NotContains(t, block.Text, canaryKey)
	require.LessOrEqual(t, len([]rune(block.Text)), 35_000)
	if result.IsError {
		require.Nil(t, result.StructuredContent)
	}
	return steady(block.Text), result
}

// steady replaces the time that a call took, and the port of a test's PostHog.
func steady(s string) string {
	return ports.ReplaceAllString(elapsed.ReplaceAllString(s, " · 0.31 s"), "https://posthog.example")
}

var ports = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

var elapsed = regexp.MustCompile(` · \d+\.\d\d s\b`)

// rowsBody is PostHog's answer to a query: columns as name:type.
func rowsBody(columns string, rows string) string {
	var names, types []string
	for _, c := range strings.Split(columns, "|") {
		name, kind, _ := strings.Cut(c, ":")
		names = append(names, name)
		pair, _ := json.Marshal([]string{name, kind})
		types = append(types, string(pair))
	}
	n, _ := json.Marshal(names)
	return `{"results":` + rows + `,"columns":` + string(n) + `,"types":[` + strings.Join(types, ",") +
		`],"hasMore":null,"limit":null,"hogql":"SELECT 1","is_cached":false,"last_refresh":"2026-06-15T12:00:04Z","timezone":"UTC"}`
}

// always answers every query with the same rows.
func always(columns, rows string) respond {
	return func(string, string) (int, string) { return http.StatusOK, rowsBody(columns, rows) }
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
