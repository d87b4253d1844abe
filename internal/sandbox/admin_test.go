package sandbox_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

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

	require.Equal(t, http.StatusNoContent, ask("POST", "/reset").status)
	require.Empty(t, s.Server.Stats().Requests)
	require.False(t, read[answer](t, query(t, s, "SELECT 1"), http.StatusOK).Cached)
	require.Equal(t, http.StatusMethodNotAllowed, ask("GET", "/reset").status)
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
