package tools_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

// connections are the ways in which clients reach a server: both transports, both eras of the protocol.
func connections() []string {
	return []string{"stdio legacy", "stdio modern", "http legacy", "http modern"}
}

// connect connects a client to m. The tests that use it are not parallel: mcp-go has one stdio session per process.
func connect(t *testing.T, how string, m *mcpserver.MCPServer) *client.Client {
	t.Helper()
	var c *client.Client
	kind, era, _ := strings.Cut(how, " ")
	if kind == "stdio" {
		fromServer, toClient := io.Pipe()
		fromClient, toServer := io.Pipe()
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = mcpserver.NewStdioServer(m).Listen(ctx, fromClient, toClient) // ends with the test
		}()
		t.Cleanup(func() {
			_ = toServer.Close()
			_ = toClient.Close()
			cancel()
			<-ended
		})
		c = client.NewClient(transport.NewIO(fromServer, toServer, io.NopCloser(strings.NewReader(""))))
	} else {
		web := httptest.NewServer(mcpserver.NewStreamableHTTPServer(m))
		t.Cleanup(web.Close)
		over, err := transport.NewStreamableHTTP(web.URL + "/mcp")
		require.NoError(t, err)
		c = client.NewClient(over)
	}
	require.NoError(t, c.Start(t.Context()))
	version := mcp.LATEST_LEGACY_PROTOCOL_VERSION
	if era == "modern" {
		version = mcp.ProtocolVersion20260728
	}
	_, err := c.Initialize(t.Context(), mcp.InitializeRequest{Params: mcp.InitializeParams{ProtocolVersion: version, ClientInfo: mcp.Implementation{Name: "t", Version: "1"}}})
	require.NoError(t, err)
	return c
}

// heard collects the notes of progress that a client gets.
type heard struct {
	mu    sync.Mutex
	notes map[string][]string // by token
}

func (h *heard) listen(c *client.Client) {
	h.notes = map[string][]string{}
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method != "notifications/progress" {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		f := n.Params.AdditionalFields
		token := fmt.Sprint(f["progressToken"])
		h.notes[token] = append(h.notes[token], fmt.Sprintf("%v %v", f["progress"], f["message"]))
	})
}

func (h *heard) of(token string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.notes[token]...)
}

func asking(tool, token string, arguments any) mcp.CallToolRequest {
	r := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}}
	if token != "" {
		r.Params.Meta = &mcp.Meta{ProgressToken: token}
	}
	return r
}

// TestNoProgressIsLost: notes that are sent right before the result arrive, all and in order.
func TestNoProgressIsLost(t *testing.T) {
	for _, how := range connections() {
		t.Run(how, func(t *testing.T) {
			c := connect(t, how, tools.Chatty(3))
			var h heard
			h.listen(c)
			for i := range 50 {
				token := fmt.Sprintf("call-%d", i)
				result, err := c.CallTool(t.Context(), asking("chatty", token, map[string]any{}))
				require.NoError(t, err)
				require.False(t, result.IsError)
				require.Equal(t, []string{"1 PostHog is computing, 1 s", "2 PostHog is computing, 2 s: 10 rows read", "3 PostHog is computing, 3 s: 20 of about 100 rows read"}, h.of(token), "before the result")
			}
			_, err := c.CallTool(t.Context(), asking("chatty", "", map[string]any{}))
			require.NoError(t, err)
			require.Len(t, h.notes, 50, "who does not ask hears nothing")
		})
	}
}

// TestLongQueriesTellHowFarTheyAre and end at PostHog when their caller goes away, over each transport.
func TestLongQueriesTellHowFarTheyAre(t *testing.T) {
	for _, how := range connections() {
		t.Run(how, func(t *testing.T) {
			box := sandboxtest.Start(t, sandboxtest.WithQueryTimeout(time.Minute))
			driver := newDriver(t, box.URL, box.Key, nil)
			c := connect(t, how, tools.NewMCP(tools.NewService(driver, tools.Options{}), tools.Options{}))
			var h heard
			h.listen(c)
			result, err := c.CallTool(t.Context(), asking("query_posthog", "whole", map[string]any{"query": "SELECT count() AS n FROM events", "refresh": "fresh"}))
			require.NoError(t, err)
			require.False(t, result.IsError)
			require.NotEmpty(t, h.of("whole"))
			require.Contains(t, h.of("whole")[0], "PostHog is computing, 1 s")

			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := c.CallTool(ctx, asking("query_posthog", "cut", map[string]any{
					"query": "SELECT sum(cityHash64(toString(number))) AS s FROM numbers(1000000000000) WHERE {filters}", "time_period": "all"}))
				ended <- err
			}()
			require.Eventually(t, func() bool { return len(box.Server.Stats().Running) == 1 }, 20*time.Second, 5*time.Millisecond)
			require.Eventually(t, func() bool { return len(h.of("cut")) > 0 }, 5*time.Second, 5*time.Millisecond)
			cancel()
			require.Error(t, <-ended)
			require.Eventually(t, func() bool { return len(box.Server.Stats().Running) == 0 }, time.Second, 5*time.Millisecond, "it still runs at PostHog")
			require.Eventually(t, func() bool {
				return box.Server.Stats().Count(http.MethodDelete, "/api/projects/{project}/query/{id}/", 200) == 1
			}, time.Second, 5*time.Millisecond)
		})
	}
}
