package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Away from loopback a list of hosts is binding, and without one every name is taken: the token protects.
func TestHostsAwayFromLoopback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		allowed []string
		host    string
		want    bool
	}{
		{nil, "anything.example", true},
		{[]string{"mcp.example.com"}, "MCP.example.com:443", true},
		{[]string{"mcp.example.com:8443"}, "mcp.example.com:8443", true},
		{[]string{"mcp.example.com:8443"}, "mcp.example.com:9", false},
		{[]string{"mcp.example.com"}, "localhost", false},
		{[]string{"::1"}, "[::1]", true},
	} {
		g := &guard{options: Options{AllowedHosts: c.allowed}}
		require.Equal(t, c.want, g.hostAllowed(c.host), "%v %s", c.allowed, c.host)
	}
	g := &guard{}
	require.False(t, g.originAllowed("http://localhost"), "a page of another machine's localhost")
}

func TestHealthWhileStopping(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	health(w, true)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.JSONEq(t, `{"status":"stopping"}`, w.Body.String())
}

// brokenBody ends before it is whole.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestBodiesThatBreakOff(t *testing.T) {
	t.Parallel()
	g := &guard{local: true, streams: context.Background()}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/mcp", brokenBody{})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "could not be read")
}

func TestForeignTextIsCutInRefusals(t *testing.T) {
	t.Parallel()
	g := &guard{local: true}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/mcp", nil)
	r.Host = strings.Repeat("a", 5000)
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Less(t, w.Body.Len(), 400)
}

func TestTransportLinesAreLoggedShort(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	n, err := logWriter{slog.New(slog.NewTextHandler(&b, nil))}.Write([]byte("panic recovered: x\ngoroutine 1\n"))
	require.NoError(t, err)
	require.Equal(t, 31, n)
	require.Contains(t, b.String(), "panic recovered: x")
	require.NotContains(t, b.String(), "goroutine")
	require.ErrorContains(t, stdioEnd(errors.New("disk")), "serve stdio: disk")
}
