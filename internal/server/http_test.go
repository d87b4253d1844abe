package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/server"
)

const (
	canary       = "canary-token-5d1f0c7e"
	modern       = "2026-07-28"
	modernMeta   = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	initialize   = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	sessionField = "Mcp-Session-Id"
)

// running is a served test server.
type running struct {
	*testServer
	url  string
	stop context.CancelFunc
	done chan error
	log  *lockedBuffer
}

func serve(t *testing.T, o server.Options) *running {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &running{testServer: newTestServer(), url: "http://" + ln.Addr().String(), stop: cancel, done: make(chan error, 1), log: &lockedBuffer{}}
	go func() {
		r.done <- server.Serve(ctx, ln, o, r.MCPServer, slog.New(slog.NewTextHandler(r.log, nil)))
	}()
	t.Cleanup(cancel)
	return r
}

// answer is a whole HTTP answer.
type answer struct {
	status int
	header http.Header
	body   string
}

// request makes a request with headers as name, value pairs; "Host" sets the host.
func (r *running) request(t *testing.T, method, path, body string, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// send sends a request and reads the answer.
func (r *running) send(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	resp, err := (&http.Client{}).Do(r.request(t, method, path, body, headers...))
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// start sends a request whose answer does not come soon; the channel gives its body, or the error.
func (r *running) start(t *testing.T, body string, headers ...string) <-chan string {
	t.Helper()
	req := r.request(t, "POST", "/mcp", body, headers...)
	ended := make(chan string, 1)
	go func() {
		resp, err := (&http.Client{}).Do(req)
		if err != nil {
			ended <- err.Error()
			return
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		ended <- string(b)
	}()
	return ended
}

func modernCall(id int, tool string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{},%s}}`, id, tool, modernMeta)
}

func modernHeaders(method, name string) []string {
	h := []string{"MCP-Protocol-Version", modern, "Mcp-Method", method}
	if name != "" {
		h = append(h, "Mcp-Name", name)
	}
	return h
}

func TestHTTPServesBothProtocolEras(t *testing.T) {
	t.Parallel()
	r := serve(t, server.Options{})

	resp := r.send(t, "POST", "/mcp", initialize)
	require.Equal(t, http.StatusOK, resp.status)
	session := resp.header.Get(sessionField)
	require.NotEmpty(t, session)
	require.Contains(t, resp.body, `"protocolVersion":"2025-11-25"`)
	resp = r.send(t, "POST", "/mcp", call(2, "quick"), sessionField, session, "MCP-Protocol-Version", "2025-11-25")
	require.Equal(t, http.StatusOK, resp.status)
	require.Contains(t, resp.body, `"text":"done"`)

	resp = r.send(t, "POST", "/mcp", modernCall(3, "quick"), modernHeaders("tools/call", "quick")...)
	require.Equal(t, http.StatusOK, resp.status)
	require.Empty(t, resp.header.Get(sessionField))
	require.Equal(t, "no", resp.header.Get("X-Accel-Buffering"))
	require.Contains(t, resp.body, `"text":"done"`)

	require.Equal(t, http.StatusMethodNotAllowed, r.send(t, "GET", "/mcp", "", sessionField, session).status)
	resp = r.send(t, "GET", "/elsewhere", "")
	require.Equal(t, http.StatusNotFound, resp.status)
	require.Contains(t, resp.body, "/mcp")
	resp = r.send(t, "GET", "/healthz", "")
	require.Equal(t, http.StatusOK, resp.status)
	require.JSONEq(t, `{"status":"ok"}`, resp.body)
	r.stop()
	require.NoError(t, <-r.done)
}

func TestHTTPGuard(t *testing.T) {
	t.Parallel()
	r := serve(t, server.Options{
		Tokens:         []server.Token{server.NewToken("other", "x"), server.NewToken("ci", canary)},
		AllowedOrigins: []string{"https://app.example.com/"},
		AllowedHosts:   []string{"mcp.example.com"},
	})
	good := []string{"Authorization", "Bearer " + canary}
	with := func(more ...string) []string { return append(more, good...) }
	t.Cleanup(func() { require.NotContains(t, r.log.String(), canary) }) // after all requests
	for _, c := range []struct {
		name    string
		headers []string
		body    string
		status  int
		want    string
	}{
		{"token", good, initialize, 200, "protocolVersion"},
		{"token, scheme in lower case", []string{"Authorization", "bearer  " + canary}, initialize, 200, "protocolVersion"},
		{"no token", nil, initialize, 401, "Send the header Authorization"},
		{"wrong token", []string{"Authorization", "Bearer wrong"}, initialize, 401, "is not one of"},
		{"prefix of the token", []string{"Authorization", "Bearer " + canary[:8]}, initialize, 401, "is not one of"},
		{"basic", []string{"Authorization", "Basic " + canary}, initialize, 401, "is not one of"},
		{"own origin", with("Origin", "http://localhost:6274"), initialize, 200, "protocolVersion"},
		{"allowed origin", with("Origin", "https://app.example.com"), initialize, 200, "protocolVersion"},
		{"foreign origin", with("Origin", "https://evil.example"), initialize, 403, "MCP_ALLOWED_ORIGINS"},
		{"opaque origin", with("Origin", "null"), initialize, 403, "MCP_ALLOWED_ORIGINS"},
		{"origin that looks local", with("Origin", "http://localhost.evil.example"), initialize, 403, "MCP_ALLOWED_ORIGINS"},
		{"allowed host", with("Host", "mcp.example.com:8443"), initialize, 200, "protocolVersion"},
		{"local host", with("Host", "[::1]:8000"), initialize, 200, "protocolVersion"},
		{"foreign host", with("Host", "evil.example:8000"), initialize, 403, "MCP_ALLOWED_HOSTS"},
		{"large body", good, `{"x":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "1 MiB"},
		{"no json", good, "{", 400, "json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp := r.send(t, "POST", "/mcp", c.body, c.headers...)
			body := resp.body
			require.Equal(t, c.status, resp.status, body)
			require.Contains(t, body, c.want)
			require.NotContains(t, body, canary)
			if c.status == 401 {
				require.True(t, strings.HasPrefix(resp.header.Get("WWW-Authenticate"), `Bearer realm="posthog-mcp"`))
			}
			if c.status == 401 || c.status == 403 || c.status == 413 {
				var v struct {
					Error   string
					Message string `json:"error_description"`
				}
				require.NoError(t, json.Unmarshal([]byte(body), &v))
				require.NotEmpty(t, v.Error)
				require.NotEmpty(t, v.Message)
			}
		})
	}
	require.Equal(t, http.StatusOK, r.send(t, "GET", "/healthz", "").status)
	require.NotContains(t, fmt.Sprintf("%v %+v", server.NewToken("n", canary), server.NewToken("n", canary)), canary)
}

func TestCancellationReachesOwnCallsOnly(t *testing.T) {
	t.Parallel()
	r := serve(t, server.Options{})
	cancel := func(id int, meta string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d%s}}`, id, meta)
	}
	ended := r.start(t, modernCall(5, "endless"), modernHeaders("tools/call", "endless")...)
	<-r.started
	// Another client's cancellation of the same id, in every form that would hit mcp-go's shared key.
	require.Equal(t, 202, r.send(t, "POST", "/mcp", cancel(5, "")).status)
	require.Equal(t, 202, r.send(t, "POST", "/mcp", cancel(5, ","+modernMeta), modernHeaders("notifications/cancelled", "")...).status)
	require.Equal(t, 202, r.send(t, "POST", "/mcp", cancel(5, ","+modernMeta), sessionField, "mcp-session-00000000-0000-4000-8000-000000000000").status)
	select {
	case <-r.cancelled:
		t.Fatal("another client cancelled the call")
	case body := <-ended:
		t.Fatal("the call ended: " + body)
	default:
	}
	// A session's own cancellation works.
	resp := r.send(t, "POST", "/mcp", initialize)
	session := resp.header.Get(sessionField)
	own := r.start(t, call(6, "endless"), sessionField, session)
	<-r.started
	require.Equal(t, 202, r.send(t, "POST", "/mcp", cancel(6, ""), sessionField, session).status)
	<-r.cancelled
	<-own
	r.stop() // the first call is still there: it is cancelled after the drain
}

func TestHTTPStopsWithOpenStreamsAndCalls(t *testing.T) {
	t.Parallel()
	r := serve(t, server.Options{Drain: 50 * time.Millisecond})
	listen := fmt.Sprintf(`{"jsonrpc":"2.0","id":"listen:0","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},%s}}`, modernMeta)
	stream, err := (&http.Client{}).Do(r.request(t, "POST", "/mcp", listen, modernHeaders("subscriptions/listen", "")...))
	require.NoError(t, err)
	defer func() { _ = stream.Body.Close() }()
	require.Equal(t, http.StatusOK, stream.StatusCode)
	_, err = stream.Body.Read(make([]byte, 1)) // the stream is open
	require.NoError(t, err)
	answered := r.start(t, modernCall(1, "endless"), modernHeaders("tools/call", "endless")...)
	<-r.started
	r.stop()
	_, _ = io.ReadAll(stream.Body) // returns at all: whether with a last event is the transport's matter
	<-r.cancelled
	<-answered
	require.NoError(t, <-r.done)
}

func TestHTTPRefusesToListenWithoutProtection(t *testing.T) {
	t.Parallel()
	m := newTestServer().MCPServer
	require.ErrorContains(t, server.HTTP(t.Context(), server.Options{Addr: "0.0.0.0:0"}, m, quiet()), "MCP_AUTH_TOKENS")
	require.ErrorContains(t, server.HTTP(t.Context(), server.Options{Addr: ":0"}, m, quiet()), "MCP_AUTH_TOKENS")
	require.ErrorContains(t, server.HTTP(t.Context(), server.Options{Addr: "127.0.0.1:99999"}, m, quiet()), "listen")
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "0.0.0.0:0")
	require.NoError(t, err)
	require.ErrorContains(t, server.Serve(t.Context(), ln, server.Options{}, m, quiet()), "without a token")
	require.Error(t, ln.Close(), "the listener was left open")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, server.HTTP(ctx, server.Options{Addr: "127.0.0.1:0"}, m, quiet()))
}
