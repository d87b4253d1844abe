package sandbox_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	admin := httptest.NewServer(s.Server.AdminHandler())
	defer admin.Close()
	ask := func(method, path string) *exchange {
		e := &exchange{method: method, path: path}
		return e.do(t, &sandboxtest.Sandbox{URL: admin.URL})
	}
	query(t, s, "SELECT 1")
	query(t, s, "SELECT foo FROM events")
	get(t, s, "/api/environments/1/query/abc")
	get(t, s, "/somewhere")
	stats := read[sandbox.Stats](t, ask("GET", "/stats"), http.StatusOK)
	require.Equal(t, []sandbox.RequestCount{
		{Method: "POST", Route: "/api/projects/{project}/query/", Status: 200, Count: 1},
		{Method: "POST", Route: "/api/projects/{project}/query/", Status: 400, Count: 1},
		{Method: "GET", Route: "/api/projects/{project}/query/{id}/", Status: 404, Count: 1},
		{Method: "GET", Route: "other", Status: 404, Count: 1},
	}, stats.Requests)
	require.Equal(t, 0, stats.InFlight)
	require.Equal(t, 1, stats.HighestInFlight)
	require.Empty(t, stats.Running)
	n := 0
	for _, a := range stats.Arrivals {
		n += a.Count
	}
	require.Equal(t, 4, n)
	require.Equal(t, 2, stats.Count("POST", "/api/projects/{project}/query/"))

	require.Equal(t, []sandbox.QueryLoad{{Project: 1, Highest: 1}}, stats.Queries)

	log := read[[]sandbox.Received](t, ask("GET", "/log"), http.StatusOK)
	require.Len(t, log, 4)
	type seen struct {
		project              int64
		class, method, route string
	}
	var got []seen
	for i, r := range log {
		require.WithinDuration(t, time.Now(), r.At, time.Minute)
		require.True(t, i == 0 || !r.At.Before(log[i-1].At))
		got = append(got, seen{r.Project, r.Class, r.Method, r.Route})
	}
	require.Equal(t, []seen{
		{1, "query", "POST", "/api/projects/{project}/query/"},
		{1, "query", "POST", "/api/projects/{project}/query/"},
		{1, "query", "GET", "/api/projects/{project}/query/{id}/"},
		{0, "", "GET", "other"},
	}, got)

	require.Equal(t, http.StatusNoContent, ask("POST", "/reset").status)
	require.Empty(t, s.Server.Log())
	require.Empty(t, s.Server.Stats().Requests)
	require.False(t, read[answer](t, query(t, s, "SELECT 1"), http.StatusOK).Cached)
	require.Equal(t, http.StatusMethodNotAllowed, ask("GET", "/reset").status)
}

func TestBusiest(t *testing.T) {
	t.Parallel()
	start := time.Now()
	var log []sandbox.Received
	for _, second := range []int{0, 1, 2, 10, 11, 12, 13} {
		log = append(log, sandbox.Received{At: start.Add(time.Duration(second) * time.Second), Project: int64(second % 2)})
	}
	all := func(sandbox.Received) bool { return true }
	require.Equal(t, 4, sandbox.Busiest(log, 4*time.Second, all))
	require.Equal(t, 3, sandbox.Busiest(log, 3*time.Second, all), "a span holds one of its ends")
	require.Equal(t, 7, sandbox.Busiest(log, time.Hour, all))
	require.Equal(t, 2, sandbox.Busiest(log, 4*time.Second, func(r sandbox.Received) bool { return r.Project == 1 }))
	require.Equal(t, 0, sandbox.Busiest(nil, time.Hour, all))
}

func TestLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := sandboxtest.Start(t, sandboxtest.With(func(o *sandbox.Options) { o.Logger = slog.New(slog.NewJSONHandler(&b, nil)) }))
	query(t, s, "SELECT _toUInt128('1')")
	s.Server.Close()
	require.NotContains(t, b.String(), keyAll)
	var last map[string]any
	lines := bytes.Split(bytes.TrimSpace(b.Bytes()), []byte("\n"))
	require.NoError(t, json.Unmarshal(lines[len(lines)-1], &last))
	require.Equal(t, "/api/projects/{project}/query/", last["route"])
}

func TestNewNeedsAnEngine(t *testing.T) {
	t.Parallel()
	_, err := sandbox.New(t.Context(), sandbox.Options{})
	require.ErrorContains(t, err, "needs an engine")
}
