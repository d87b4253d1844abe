package tools_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

// slow runs for a second or two in the engine, and reads all of events, which makes it a run in the background.
const slow = "SELECT sum(cityHash64(toString(a.number + b.number))) AS s, (SELECT count() FROM events) AS e FROM numbers(40000) AS a CROSS JOIN numbers(2000) AS b"

// A client that asks for progress hears, under its token, of a run that takes long; the numbers rise.
func TestProgress(t *testing.T) {
	t.Parallel()
	s, _ := sandboxSession(t, sandboxtest.Key)
	var mu sync.Mutex
	var heard []map[string]any
	s.OnNotification(func(n mcp.JSONRPCNotification) {
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, "notifications/progress", n.Method)
		heard = append(heard, n.Params.AdditionalFields)
	})
	ask := func(token any) {
		var r mcp.CallToolRequest
		r.Params.Name = "query_posthog"
		r.Params.Arguments = json.RawMessage(mustJSON(map[string]any{"query": slow, "refresh": "fresh"}))
		if token != nil {
			r.Params.Meta = &mcp.Meta{ProgressToken: token}
		}
		result, err := s.CallTool(t.Context(), r)
		require.NoError(t, err)
		require.False(t, result.IsError)
	}
	ask("t1")
	mu.Lock()
	require.NotEmpty(t, heard)
	last := 0.0
	for _, h := range heard {
		require.Equal(t, "t1", h["progressToken"])
		require.Greater(t, h["progress"], last)
		require.Regexp(t, `^running for \d+\.\d s`, h["message"])
		last, _ = h["progress"].(float64)
	}
	n := len(heard)
	mu.Unlock()
	ask(nil)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, heard, n, "who gave no token is told nothing")
}
