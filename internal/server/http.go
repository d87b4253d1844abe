package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 120 * time.Second
	// Sessions of the older protocol hold 10 KB each until their client says goodbye, which few do.
	sessionIdleTTL = 15 * time.Minute
	defaultDrain   = 10 * time.Second
)

// Options configure the HTTP transport. Zero values mean the defaults named.
type Options struct {
	Addr           string        // default 127.0.0.1:8000
	Tokens         []Token       // bearer tokens that may call; needed on any other than a loopback address
	AllowedOrigins []string      // of browsers' pages, e.g. https://app.example.com
	AllowedHosts   []string      // names this server is known by, with or without port
	Drain          time.Duration // how long running calls may go on at the end; default 10 s
}

// HTTP listens on o.Addr and serves m at /mcp, and whether it is well at /healthz, until ctx is done; a
// normal end is nil. It refuses to listen beyond the machine without a token.
func HTTP(ctx context.Context, o Options, m *mcpserver.MCPServer, logger *slog.Logger) error {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:8000"
	}
	if len(o.Tokens) == 0 && !loopback(hostName(o.Addr)) {
		return fmt.Errorf("listen on %s: other machines could call without a token; set MCP_AUTH_TOKENS or use 127.0.0.1", o.Addr)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return Serve(ctx, ln, o, m, logger)
}

// Serve is HTTP on a listener that is open already; it closes it. The listener's address decides whether
// a token is needed.
func Serve(ctx context.Context, ln net.Listener, o Options, m *mcpserver.MCPServer, logger *slog.Logger) error {
	if o.Drain <= 0 {
		o.Drain = defaultDrain
	}
	local := loopback(hostName(ln.Addr().String()))
	if len(o.Tokens) == 0 && !local {
		_ = ln.Close() // the error that matters is the missing token
		return fmt.Errorf("serve on %s: other machines could call without a token", ln.Addr())
	}
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	transport := mcpserver.NewStreamableHTTPServer(m,
		mcpserver.WithSessionIdleTTL(sessionIdleTTL),
		mcpserver.WithDisableStreaming(true),           // nothing is ever sent unasked, and each open GET stream holds 57 KB
		mcpserver.WithDisableLocalhostProtection(true), // the guard checks Host, with a list of allowed ones
		mcpserver.WithStreamableHTTPLogger(logger),
	)
	var draining atomic.Bool
	mux := http.NewServeMux()
	mux.Handle("/mcp", &guard{next: transport, options: o, local: local, streams: streams})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, draining.Load()) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "not_found", "MCP is served at /mcp.")
	})
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	srv := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          log.New(logWriter{logger}, "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	logger.Info("serving", "address", ln.Addr().String(), "path", "/mcp", "auth", len(o.Tokens) > 0)

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	draining.Store(true)
	endStreams()
	return stop(srv, transport, o.Drain, cancelCalls)
}

// stop lets running calls end within drain, then cancels what is left.
func stop(srv *http.Server, transport *mcpserver.StreamableHTTPServer, drain time.Duration, cancelCalls func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	err := srv.Shutdown(ctx)
	cancelCalls()
	if errors.Is(err, context.DeadlineExceeded) {
		// The calls are cancelled now; give them a moment to take their queries back.
		last, end := context.WithTimeout(context.Background(), stdioGrace)
		defer end()
		if err = srv.Shutdown(last); err != nil {
			err = srv.Close()
		}
	}
	if sweepErr := transport.Shutdown(context.Background()); err == nil {
		err = sweepErr
	}
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

func health(w http.ResponseWriter, draining bool) {
	w.Header().Set("Content-Type", "application/json")
	if draining {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"stopping"}` + "\n"))
		return
	}
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // the caller may be gone
}
