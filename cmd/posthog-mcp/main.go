// posthog-mcp is an MCP server that lets AI agents explore and query PostHog projects, and a command line
// for people over the same packages. It only reads.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // projects have time zones, and a container from scratch has no zone files

	"posthog-mcp/internal/config"
	"posthog-mcp/internal/tools"
)

// version is set by the linker.
var version = "dev"

// Exit codes, beside 128 plus the signal's number for a one-shot command that a signal cut.
const (
	exitDone   = 0
	exitFailed = 1 // the work failed
	exitUsage  = 2 // wrong usage or configuration
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: it parses the arguments, does the work and returns the exit code.
func run(args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	p := &program{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return p.exitCode(ctx, root.ExecuteContext(ctx))
}

// signalled is the cause of a context that a signal ended.
type signalled struct{ signal syscall.Signal }

func (s signalled) Error() string { return "cut by " + s.signal.String() }

// withSignals ends the context at the first SIGINT or SIGTERM; the second one kills the process as usual.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-heard:
			number, _ := s.(syscall.Signal)
			signal.Stop(heard)
			cancel(signalled{number})
		case <-ctx.Done():
			signal.Stop(heard)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// errSilent ends a command whose report is already written.
var errSilent = errors.New("failed")

// errUnanswered ends a question that was refused: exit code 3.
var errUnanswered = errors.New("not answered")

// usageError is a mistake in the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// localError is a failure of this machine, told as it is: a port that is taken, a pipe that broke.
type localError struct{ error }

func (l localError) Unwrap() error { return l.error }

// exitCode reports err to people and turns it into the exit code.
func (p *program) exitCode(ctx context.Context, err error) int {
	cut, wasCut := errors.AsType[signalled](context.Cause(ctx))
	switch {
	case p.serving && (err == nil || wasCut):
		return exitDone
	case wasCut:
		return 128 + int(cut.signal)
	case err == nil:
		return exitDone
	case errors.Is(err, errUnanswered):
		return 3
	case errors.Is(err, errSilent):
		return exitFailed
	}
	if faults, ok := errors.AsType[*config.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults.Error())
		return exitUsage
	}
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintln(p.stderr, "posthog-mcp: "+usage.Error()+"\nposthog-mcp --help shows what it takes")
		return exitUsage
	}
	text := tools.Advice(err)
	if local, ok := errors.AsType[localError](err); ok {
		text = local.Error()
	}
	fmt.Fprintln(p.stderr, "posthog-mcp: "+text)
	return exitFailed
}
