// Package chdb runs ClickHouse inside the process, by way of the library
// libchdb. The sandbox keeps its sample data in it and answers queries with
// it, so that results, types, limits and error codes are ClickHouse's own.
//
// The library is loaded when Open is called and is bound without cgo. It is
// part of no binary: Find tells where it is, scripts/engine.sh fetches it.
package chdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// rowFormat is one document with names, types, rows as arrays, and totals. The
// formats with a row a line leave totals out.
const rowFormat = "JSONCompact"

// Engine is a running ClickHouse with tables of its own, which end with it.
// There can be one in a process at a time. It is safe for concurrent use.
type Engine struct {
	lib      *library
	folder   *folder
	settings map[string]bool // names the engine knows
	nextID   atomic.Uint64

	admin     *connection   // Exec
	adminTurn chan struct{} // holds one token while admin is free
	control   *connection   // KILL, which must not wait for Exec
	controlMu sync.Mutex

	mu      sync.RWMutex // held for reading while a call is registered
	closed  bool
	closing chan struct{}
	calls   sync.WaitGroup
}

// Open loads the library and starts the engine with an empty folder for its
// tables. It fails, in words for the person who started the program, where the
// file cannot be loaded, is no chDB or is too old, and where another engine
// is open in this process.
func Open(lib string) (*Engine, error) {
	l, err := load(lib)
	if err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	if err := checkVersion(l.version()); err != nil {
		return nil, fmt.Errorf("open engine: %s: %w", lib, err)
	}
	// Before the first connection: left alone, the library takes SIGSEGV, and a
	// nil dereference that Go would recover from hangs the process for minutes.
	l.setSignalHandlers(0)
	removeLeftovers(os.TempDir())
	dir, err := newFolder(os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	e := &Engine{lib: l, folder: dir, adminTurn: make(chan struct{}, 1), closing: make(chan struct{})}
	e.adminTurn <- struct{}{}
	if err := e.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("open engine: %w", err), dir.remove())
	}
	return e, nil
}

func (e *Engine) start() error {
	args := []string{"--path=" + e.folder.path, "--session_timezone=" + defaultZone}
	var err error
	if e.admin, err = dial(e.lib, args); err != nil {
		return fmt.Errorf("%w: another engine may be open in this process, "+
			"or the folder %s cannot be written", err, e.folder.path)
	}
	if e.control, err = dial(e.lib, args); err != nil {
		e.admin.close()
		return err
	}
	names, err := e.control.run("SELECT name FROM system.settings", "TSVRaw")
	if err != nil {
		e.admin.close()
		e.control.close()
		return fmt.Errorf("read the names of settings: %w", err)
	}
	e.settings = make(map[string]bool)
	for name := range strings.Lines(string(names.text)) {
		e.settings[strings.TrimSuffix(name, "\n")] = true
	}
	return nil
}

// Exec runs a statement that changes something: DDL, INSERT. Calls wait for
// each other. When ctx ends, the statement is killed; what it wrote so far may
// stay. Failures of ClickHouse are *Error.
func (e *Engine) Exec(ctx context.Context, sql string) error {
	if err := e.enter(); err != nil {
		return fmt.Errorf("exec: %w", err)
	}
	defer e.calls.Done()
	select {
	case <-e.adminTurn:
		defer func() { e.adminTurn <- struct{}{} }()
	case <-ctx.Done():
		return fmt.Errorf("exec: %w", context.Cause(ctx))
	case <-e.closing:
		return fmt.Errorf("exec: %w", ErrClosed)
	}
	if _, err := e.watched(ctx, e.admin, sql, "Null"); err != nil {
		return fmt.Errorf("exec: %w", err)
	}
	return nil
}

// Query runs a SELECT on a connection of its own, which can only read, and
// returns all its rows. When ctx ends, the query is killed within
// milliseconds and the error wraps ctx's cause. Failures of ClickHouse are
// *Error.
//
// The text must come from a printer that allows only known functions and
// tables, with a LIMIT: a reading connection still lets the scalar file()
// and INTO OUTFILE through, and ClickHouse does not bound the size of a result.
func (e *Engine) Query(ctx context.Context, sql string, s Settings) (*Result, error) {
	if err := e.enter(); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer e.calls.Done()
	args, err := s.arguments(e.folder.path, e.settings)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	location, err := time.LoadLocation(cmp.Or(s.TimeZone, defaultZone))
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	conn, err := dial(e.lib, args)
	if err != nil {
		return nil, fmt.Errorf("query: %w: it does not accept a value of %+v", err, s)
	}
	defer conn.close()
	if s.Database != "" {
		// The argument that names a database is ignored by the library.
		if _, err := conn.run("USE "+quoteName(s.Database), "Null"); err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
	}
	a, err := e.watched(ctx, conn, sql, rowFormat)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	result, err := decode(a.text, location)
	if err != nil {
		return nil, fmt.Errorf("query: decode: %w", err)
	}
	result.RowsRead, result.BytesRead, result.Elapsed = a.rowsRead, a.bytesRead, a.elapsed
	return result, nil
}

// Close kills what runs, waits until it has ended, and removes the tables. A
// second call does nothing.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.closing)
	e.mu.Unlock()
	e.calls.Wait()
	e.admin.close()
	e.control.close()
	if err := e.folder.remove(); err != nil {
		return fmt.Errorf("close engine: %w", err)
	}
	return nil
}

// enter registers a call, unless the engine is closed.
func (e *Engine) enter() error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return ErrClosed
	}
	e.calls.Add(1)
	return nil
}

// watched runs a statement under a mark and kills it when ctx ends or the
// engine closes. It returns only when the statement has ended.
func (e *Engine) watched(ctx context.Context, conn *connection, sql, format string) (*answer, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	mark := fmt.Sprintf("/* sandbox:%08x */ ", e.nextID.Add(1))
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
		case <-e.closing:
		}
		e.kill(mark, ended)
	})
	a, err := conn.run(mark+sql, format)
	close(ended)
	watch.Wait()
	if err == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if failure, ok := errors.AsType[*Error](err); ok && failure.Name == "QUERY_WAS_CANCELLED" {
		return nil, ErrClosed
	}
	return nil, err
}

// quoteName writes a name as ClickHouse's SQL takes it.
func quoteName(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

// kill asks the engine to end the statement with the mark until it has ended:
// the first request may come before the engine has heard of the statement.
// SYNC would make it wait for ever.
func (e *Engine) kill(mark string, ended <-chan struct{}) {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		e.controlMu.Lock()
		_, _ = e.control.run("KILL QUERY WHERE startsWith(query, '"+mark+"') ASYNC", "Null")
		e.controlMu.Unlock()
		select {
		case <-ended:
			return
		case <-time.After(wait):
		}
	}
}
