// Package sandboxtest gives tests a PostHog to talk to: the sandbox, on a port of this machine.
package sandboxtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/sample"
)

// The data that tests see: the same in every run and on every machine.
const (
	Events = 20_000
	Seed   = 1
	Key    = "phx_sandbox_all" // may do everything in every project
)

// Now is the instant at which the data ends, and what now() means in HogQL.
func Now() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }

// Sandbox is one server with counters of its own. All servers of a process share the engine and the data.
type Sandbox struct {
	URL    string // origin, without a slash at the end
	Key    string
	Server *sandbox.Server

	engine      *chdb.Engine
	connections atomic.Int64
}

// Connections returns how many connections to the server are open, idle ones included.
func (s *Sandbox) Connections() int { return int(s.connections.Load()) }

// Option changes how a Sandbox is started.
type Option func(*sandbox.Options)

// WithFaults starts the server with faults, as sandbox.ParseFault reads them.
func WithFaults(tb testing.TB, specs ...string) Option {
	tb.Helper()
	var faults []sandbox.Fault
	for _, spec := range specs {
		f, err := sandbox.ParseFault(spec)
		require.NoError(tb, err)
		faults = append(faults, f)
	}
	return func(o *sandbox.Options) { o.Faults = faults }
}

// WithLimits holds clients to limits; zero fields mean PostHog's own numbers.
func WithLimits(n sandbox.LimitNumbers) Option {
	return func(o *sandbox.Options) { o.Limits, o.LimitNumbers = true, n }
}

// WithQueryTimeout sets how long one query may run in the engine.
func WithQueryTimeout(d time.Duration) Option {
	return func(o *sandbox.Options) { o.QueryTimeout = d }
}

// With changes the server's options in any way.
func With(change func(*sandbox.Options)) Option { return change }

// Start starts a server that ends with the test. A missing engine fails the test, and the failure names the
// command that fetches it.
func Start(tb testing.TB, opts ...Option) *Sandbox {
	tb.Helper()
	s, err := load()
	require.NoError(tb, err)
	o := sandbox.Options{Engine: s.engine, World: s.world}
	for _, opt := range opts {
		opt(&o)
	}
	server, err := sandbox.New(context.Background(), o)
	require.NoError(tb, err)
	box := &Sandbox{Key: Key, Server: server, engine: s.engine}
	web := httptest.NewUnstartedServer(server)
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			box.connections.Add(1)
		case http.StateClosed, http.StateHijacked:
			box.connections.Add(-1)
		}
	}
	web.Start()
	box.URL = web.URL
	tb.Cleanup(func() {
		server.Close() // first: the web server waits for requests, and those for their queries
		web.Close()
	})
	return box
}

// SQL runs ClickHouse SQL in a project's database, past HogQL and HTTP, and returns the rows with every
// digit of their numbers (as json.Number).
func (s *Sandbox) SQL(tb testing.TB, sql string, project int) [][]any {
	tb.Helper()
	r, err := s.engine.Query(tb.Context(), sql, chdb.Settings{Database: fmt.Sprintf("project_%d", project), TimeZone: "UTC"})
	require.NoError(tb, err)
	rows := make([][]any, len(r.Rows))
	for i, text := range r.Rows {
		rows[i] = decode(tb, text)
	}
	return rows
}

// state is what the servers of a process share.
type state struct {
	engine *chdb.Engine
	world  *sample.World
}

// load opens the engine and makes the data, once in a process: the engine allows no more. They live until
// Main's tests have ended.
var load = sync.OnceValues(open)

// opened is closed once load has been called, so that Main does not open an engine only to close it.
var opened = make(chan struct{})

func open() (*state, error) {
	close(opened)
	library, tried, err := chdb.Find("")
	if err != nil {
		return nil, fmt.Errorf("the sandbox engine is missing, run: make engine (%w; looked at %q)", err, tried)
	}
	engine, err := chdb.Open(library)
	if err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	world, err := sample.Load(context.Background(), engine, sample.Options{Events: Events, Seed: Seed, Now: Now()})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load the sample data: %w", err), engine.Close())
	}
	return &state{engine, world}, nil
}

// Runner is a *testing.M.
type Runner interface{ Run() int }

// Main runs a package's tests and closes the engine behind them; it returns the exit code. Every package
// whose tests use a Sandbox calls it in TestMain: a process that ends with the engine open leaves its folder
// behind and, with cgo, can crash while it ends.
func Main(m Runner) int {
	code := m.Run()
	select {
	case <-opened:
	default:
		return code
	}
	s, err := load()
	if err == nil {
		err = s.engine.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

func decode(tb testing.TB, text json.RawMessage) []any {
	tb.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var row []any
	require.NoError(tb, dec.Decode(&row))
	return row
}
