package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/server"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// testServer has a tool that answers at once and one that runs until it is cancelled.
type testServer struct {
	*mcpserver.MCPServer
	started   chan struct{}
	cancelled chan struct{}
}

func newTestServer() *testServer {
	s := &testServer{
		MCPServer: mcpserver.NewMCPServer("test", "1", mcpserver.WithToolCapabilities(false)),
		started:   make(chan struct{}, 10),
		cancelled: make(chan struct{}, 10),
	}
	s.AddTool(mcp.NewTool("quick"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	s.AddTool(mcp.NewTool("endless"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.started <- struct{}{}
		<-ctx.Done()
		s.cancelled <- struct{}{}
		return mcp.NewToolResultError("cancelled"), nil
	})
	s.AddTool(mcp.NewTool("deaf"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.started <- struct{}{}
		select {} // hears no cancellation
	})
	return s
}

func call(id int, tool string) string {
	b, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": map[string]any{}}})
	return string(b) + "\n"
}

// The tests of Stdio are not parallel: mcp-go has one session per process.

func TestStdioAnswersUntilInputEnds(t *testing.T) {
	in, write := io.Pipe()
	read, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- server.Stdio(t.Context(), newTestServer().MCPServer, in, out, quiet()) }()

	_, err := io.WriteString(write, call(7, "quick"))
	require.NoError(t, err)
	line, err := bufio.NewReader(read).ReadString('\n')
	require.NoError(t, err)
	var answer struct {
		ID     int
		Result struct{ Content []struct{ Text string } }
	}
	require.NoError(t, json.Unmarshal([]byte(line), &answer))
	require.Equal(t, 7, answer.ID)
	require.Equal(t, "done", answer.Result.Content[0].Text)

	require.NoError(t, write.Close())
	require.NoError(t, <-done)
}

func TestStdioCancelsCallsAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(cancel context.CancelFunc, in io.Closer)
	}{
		{"end of input", func(_ context.CancelFunc, in io.Closer) { _ = in.Close() }},
		{"signal", func(cancel context.CancelFunc, _ io.Closer) { cancel() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in, write := io.Pipe()
			s := newTestServer()
			done := make(chan error, 1)
			go func() { done <- server.Stdio(ctx, s.MCPServer, in, io.Discard, quiet()) }()
			_, err := io.WriteString(write, call(1, "endless"))
			require.NoError(t, err)
			<-s.started
			c.end(cancel, write)
			<-s.cancelled
			require.NoError(t, <-done)
		})
	}
}

func TestStdioLeavesADeafCallBehind(t *testing.T) {
	var logged lockedBuffer
	in, write := io.Pipe()
	s := newTestServer()
	done := make(chan error, 1)
	go func() {
		done <- server.Stdio(t.Context(), s.MCPServer, in, io.Discard, slog.New(slog.NewTextHandler(&logged, nil)))
	}()
	_, err := io.WriteString(write, call(1, "deaf"))
	require.NoError(t, err)
	<-s.started
	require.NoError(t, write.Close())
	require.NoError(t, <-done)
	require.Contains(t, logged.String(), "left behind")
}

func TestRefuseAnswersTheFirstRequestOnly(t *testing.T) {
	t.Parallel()
	in := strings.NewReader(`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n" + "no json\n" +
		`{"jsonrpc":"2.0","id":"a-1","method":"server/discover"}` + "\n" + call(2, "quick"))
	var out bytes.Buffer
	require.NoError(t, server.Refuse(t.Context(), in, &out, `POSTHOG_API_KEY is missing: set it to a "phx_…" key`))
	require.JSONEq(t, `{"jsonrpc":"2.0","id":"a-1","error":{"code":-32603,"message":"POSTHOG_API_KEY is missing: set it to a \"phx_…\" key"}}`, out.String())
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
}

func TestRefuseEndsWithoutARequest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, server.Refuse(t.Context(), strings.NewReader(""), &out, "x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never, _ := io.Pipe()
	require.NoError(t, server.Refuse(ctx, never, &out, "x"))
	require.Empty(t, out.String())
	closed, end := io.Pipe()
	require.NoError(t, closed.Close())
	require.ErrorContains(t, server.Refuse(t.Context(), strings.NewReader(call(1, "quick")), end, "x"), "refuse the first request")
}

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
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
