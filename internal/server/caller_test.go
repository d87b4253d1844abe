package server_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/server"
	"posthog-mcp/internal/tools"
)

// TestKeptResultsAreOfOneToken: who calls with another token cannot read them, even with their id.
func TestKeptResultsAreOfOneToken(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"id":1,"name":"Demo","timezone":"UTC"}`)
			return
		}
		rows := make([]string, 9000)
		for i := range rows {
			rows[i] = "[" + strconv.Itoa(i) + "]"
		}
		_, _ = io.WriteString(w, `{"results":[`+strings.Join(rows, ",")+`],"columns":["n"],"types":[["n","UInt64"]],"is_cached":false,"last_refresh":"2026-06-15T12:00:04Z"}`)
	}))
	t.Cleanup(upstream.Close)
	c, err := driver.New(driver.Options{BaseURL: upstream.URL, Key: func() string { return "phx_x" }, ProjectID: 1})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	tokens := []server.Token{server.NewToken("ann", canary+"a"), server.NewToken("bob", canary+"b")}
	go func() {
		_ = server.Serve(t.Context(), ln, server.Options{Tokens: tokens}, tools.NewMCP(tools.NewService(c, tools.Options{}), tools.Options{}), quiet())
	}()
	call := func(token, arguments string) string {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + modernMeta + `,"name":"query_posthog","arguments":` + arguments + `}}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ln.Addr().String()+"/mcp", strings.NewReader(body))
		require.NoError(t, err)
		for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Authorization": "Bearer " + token,
			"Mcp-Protocol-Version": modern, "Mcp-Method": "tools/call", "Mcp-Name": "query_posthog"} {
			req.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		var v struct {
			Result struct{ Content []struct{ Text string } }
		}
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &v), string(text))
		require.Len(t, v.Result.Content, 1, string(text))
		return v.Result.Content[0].Text
	}
	first := call(canary+"a", `{"query":"SELECT number AS n FROM numbers(9000)","limit":9000}`)
	id := regexp.MustCompile(`"result":"([\w-]{12})"`).FindStringSubmatch(first)
	require.NotNil(t, id, first[:300])
	again := `{"result":"` + id[1] + `","page":2}`
	require.Contains(t, call(canary+"a", again), "page 2 of 2")
	require.Contains(t, call(canary+"b", again), "nothing is kept under this id here")
}
