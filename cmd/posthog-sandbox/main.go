// posthog-sandbox looks like PostHog's query API: it serves generated sample data of a film streaming
// product from an embedded ClickHouse, for demos and tests.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/sample"
)

// Exit codes.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNoEngine = 3
)

func main() {
	// ClickHouse takes what stands on standard input for the rows of an INSERT: give it none. The next file
	// to be opened gets the lowest number, which is that of the input just closed.
	_ = os.Stdin.Close()
	empty, _ := os.Open(os.DevNull)
	code := run(os.Args[1:], os.Stdout, os.Stderr)
	_ = empty.Close()
	os.Exit(code)
}

// flags are the command line's choices.
type flags struct {
	addr, admin, now, library, limits string
	events                            int
	seed                              uint64
	faults                            []string
	verbose                           bool
}

var (
	errUsage  = errors.New("wrong usage")
	errEngine = errors.New("no engine")
)

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var f flags
	c := &cobra.Command{
		Use:   "posthog-sandbox",
		Short: "A look-alike of PostHog's query API over sample data",
		Long: `posthog-sandbox answers like PostHog's query API, from generated data of a film streaming product on an
embedded ClickHouse. Its keys are fixed: they protect nothing. Do not expose it.`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(c *cobra.Command, _ []string) error { return serve(c.Context(), f, stdout, stderr) },
	}
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8010", "where to listen")
	c.Flags().StringVar(&f.admin, "admin", "", "where to serve /stats and /reset; nowhere when empty")
	c.Flags().IntVar(&f.events, "events", 200_000, "how many events to generate for the Demo project")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the data")
	c.Flags().StringVar(&f.now, "now", "", "the instant at which the data ends and which now() means, RFC 3339 (default: this hour)")
	c.Flags().StringVar(&f.library, "libchdb", "", "the engine's library (default: where make engine puts it)")
	c.Flags().StringVar(&f.limits, "limits", "off", "on: enforce PostHog's rate and concurrency limits")
	c.Flags().StringArrayVar(&f.faults, "fault", nil, "misbehave, as KIND[:ARG][*TIMES]: "+strings.Join(sandbox.FaultKinds(), ", "))
	c.Flags().BoolVar(&f.verbose, "verbose", false, "log each request to stderr")
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	c.SetArgs(args)
	c.SetOut(stdout)
	c.SetErr(stderr)
	err := c.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(stderr, "posthog-sandbox: "+err.Error())
	switch {
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, errEngine):
		return exitNoEngine
	}
	return exitFailed
}

// options checks what the flags say about the server.
func (f flags) options() (now time.Time, o sandbox.Options, err error) {
	now = time.Now().UTC().Truncate(time.Hour)
	if f.now != "" {
		if now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return now, o, fmt.Errorf("%w: --now must be like 2026-06-15T12:00:00Z", errUsage)
		}
	}
	if f.limits != "on" && f.limits != "off" {
		return now, o, fmt.Errorf("%w: --limits must be on or off", errUsage)
	}
	if f.events < 0 {
		return now, o, fmt.Errorf("%w: --events must not be negative", errUsage)
	}
	o.Limits = f.limits == "on"
	for _, spec := range f.faults {
		fault, err := sandbox.ParseFault(spec)
		if err != nil {
			return now, o, fmt.Errorf("%w: --fault: %w", errUsage, err)
		}
		o.Faults = append(o.Faults, fault)
	}
	return now, o, nil
}

// serve generates the data, serves until ctx ends, and leaves nothing behind.
func serve(ctx context.Context, f flags, stdout, stderr io.Writer) (err error) {
	now, o, err := f.options()
	if err != nil {
		return err
	}
	library, _, err := chdb.Find(f.library)
	if err != nil {
		return fmt.Errorf("%w: %w", errEngine, err)
	}
	// Take the ports first: a taken one is told before the work is done.
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", f.addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	var admin net.Listener
	if f.admin != "" {
		if admin, err = lc.Listen(ctx, "tcp", f.admin); err != nil {
			return fmt.Errorf("listen for --admin: %w", err)
		}
		defer func() { _ = admin.Close() }()
	}
	engine, err := chdb.Open(library)
	if err != nil {
		return fmt.Errorf("%w: %w", errEngine, err)
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if o.World, err = sample.Load(ctx, engine, sample.Options{Events: f.events, Seed: f.seed, Now: now}); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	o.Engine = engine
	if f.verbose {
		o.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	}
	server, err := sandbox.New(ctx, o)
	if err != nil {
		return err
	}
	defer server.Close()
	if admin != nil {
		stopAdmin := listen(admin, server.AdminHandler())
		defer stopAdmin()
		fmt.Fprintln(stdout, "admin on http://"+admin.Addr().String())
	}
	fmt.Fprintln(stdout, "keys: "+strings.Join(keys(o.World), ", "))
	fmt.Fprintln(stdout, "listening on http://"+listener.Addr().String())
	stop := listen(listener, server)
	<-ctx.Done()
	stop()
	return nil
}

// listen serves h; stop ends it at once, requests in flight included.
func listen(l net.Listener, h http.Handler) (stop func()) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends with Close
	}()
	return func() {
		_ = s.Close()
		<-done
	}
}

func keys(w *sample.World) []string {
	names := make([]string, 0, len(w.Keys))
	for _, k := range w.Keys {
		names = append(names, k.Value)
	}
	return names
}
