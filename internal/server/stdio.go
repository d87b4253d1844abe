package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"sync"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
)

const (
	// Calls beyond the queue would run on the read loop and block pings and cancellations.
	stdioWorkers = 32
	stdioQueue   = 1000
	// stdioGrace is how long running calls may take to notice that the client has gone.
	stdioGrace = 900 * time.Millisecond
)

// Stdio serves m on in and out until in ends or ctx is done; both are a normal end, and nil. Calls that
// run then are cancelled, and Stdio returns when they have ended, after 0.9 s at the latest. Their
// cancellation at PostHog is the driver's: close the driver's client afterwards. One process can serve
// one Stdio only: mcp-go keeps its session in a package variable.
func Stdio(ctx context.Context, m *mcpserver.MCPServer, in io.Reader, out io.Writer, logger *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := mcpserver.NewStdioServer(m)
	mcpserver.WithErrorLogger(log.New(logWriter{logger}, "", 0))(s)
	mcpserver.WithWorkerPoolSize(stdioWorkers)(s)
	mcpserver.WithQueueSize(stdioQueue)(s)

	input := &endReader{r: in, ended: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- s.Listen(ctx, input, out) }()

	select {
	case err := <-done:
		return stdioEnd(err)
	case <-ctx.Done():
	case <-input.ended:
	}
	grace := time.NewTimer(stdioGrace)
	defer grace.Stop()
	select {
	case err := <-done:
		return stdioEnd(err)
	case <-grace.C:
		logger.Warn("calls still running at the end were left behind")
		return nil
	}
}

func stdioEnd(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return fmt.Errorf("serve stdio: %w", err)
}

// endReader tells when its reader has nothing more.
type endReader struct {
	r     io.Reader
	once  sync.Once
	ended chan struct{}
}

func (e *endReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil {
		e.once.Do(func() { close(e.ended) })
	}
	return n, err
}

// logWriter hands mcp-go's own lines to the logger. They may hold panic values, so only the first line
// is kept.
type logWriter struct{ logger *slog.Logger }

func (w logWriter) Write(p []byte) (int, error) {
	line, _, _ := bytes.Cut(bytes.TrimSpace(p), []byte("\n"))
	w.logger.Warn("mcp transport", "message", string(line))
	return len(p), nil
}

// Refuse answers the first request on in with a JSON-RPC error that carries text, and returns. It is for
// a server that cannot start: clients show their users the answer, but not what stands on stderr. It
// returns also when in ends or ctx is done before a request comes.
func Refuse(ctx context.Context, in io.Reader, out io.Writer, text string) error {
	ids := make(chan json.RawMessage, 1)
	go func() {
		defer close(ids)
		r := bufio.NewReader(in)
		for {
			line, err := r.ReadBytes('\n')
			var message struct {
				ID     json.RawMessage `json:"id"`
				Method string          `json:"method"`
			}
			if json.Unmarshal(line, &message) == nil && len(message.ID) > 0 && message.Method != "" {
				ids <- message.ID
				return
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case <-ctx.Done():
		return nil
	case id, ok := <-ids:
		if !ok {
			return nil
		}
		answer, err := json.Marshal(map[string]any{
			"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": codeInternalError, "message": text},
		})
		if err == nil {
			_, err = out.Write(append(answer, '\n'))
		}
		if err != nil {
			return fmt.Errorf("refuse the first request: %w", err)
		}
		return nil
	}
}

// codeInternalError is JSON-RPC's code for a server that cannot serve.
const codeInternalError = -32603
