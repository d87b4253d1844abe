package driver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// flights lets callers that want the same thing at the same time share one call. Each waits under its own context:
// who leaves does not end the call for the others, and the last to leave does. (x/sync/singleflight knows neither.)
type flights struct {
	mu sync.Mutex
	m  map[cacheKey]*flight
}

type flight struct {
	key     cacheKey
	ctx     context.Context // ends when the last waiter leaves
	cancel  context.CancelCauseFunc
	waiters []*waiter
	last    *Progress // the newest report
	done    chan struct{}
	value   any
	err     error
	panic   error
}

type waiter struct {
	deadline time.Time // zero: none
	progress chan Progress
}

func newFlights() *flights { return &flights{m: map[cacheKey]*flight{}} }

// flightContext belongs to no single caller: its deadline is that of the waiter who can wait longest.
type flightContext struct {
	context.Context
	flights *flights
	flight  *flight
}

// Deadline changes as waiters come and go.
func (c flightContext) Deadline() (time.Time, bool) {
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	var last time.Time
	for _, w := range c.flight.waiters {
		if w.deadline.IsZero() {
			return time.Time{}, false
		}
		last = later(last, w.deadline)
	}
	return last, !last.IsZero()
}

// do gives what run gives, or what a run of the same key gives that is under way; shared tells which. Progress is
// called in this goroutine, with the newest report.
func (f *flights) do(ctx context.Context, op string, key cacheKey, progress func(Progress),
	run func(ctx context.Context, report func(Progress)) (any, error),
) (value any, shared bool, err error) {
	if ctx.Err() != nil {
		return nil, false, contextError(ctx, op)
	}
	w := &waiter{progress: make(chan Progress, 1)}
	w.deadline, _ = ctx.Deadline()
	f.mu.Lock()
	fl := f.m[key]
	if fl == nil {
		fl = f.start(ctx, key, w, run)
	} else {
		shared = true
		if fl.last != nil {
			w.progress <- *fl.last
		}
		fl.waiters = append(fl.waiters, w)
	}
	f.mu.Unlock()
	for {
		select {
		case p := <-w.progress:
			if progress != nil {
				progress(p)
			}
			continue
		case <-fl.done:
		case <-ctx.Done():
			if !f.leave(fl, w, context.Cause(ctx)) {
				return nil, shared, contextError(ctx, op)
			}
			<-fl.done // it ends at once, and knows what the call has cost
		}
		if fl.panic != nil {
			panic(fl.panic)
		}
		return fl.value, shared, fl.err
	}
}

// start runs a flight in a goroutine of its own.
func (f *flights) start(ctx context.Context, key cacheKey, w *waiter, run func(context.Context, func(Progress)) (any, error)) *flight {
	fl := &flight{key: key, done: make(chan struct{}), waiters: []*waiter{w}}
	fl.ctx, fl.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	f.m[key] = fl
	go func() {
		defer close(fl.done)
		defer fl.cancel(nil)
		defer f.forget(fl)
		defer func() {
			if v := recover(); v != nil { // it belongs to the callers, who know what to do about it
				fl.panic = fmt.Errorf("panic in a shared call: %v\n%s", v, debug.Stack())
			}
		}()
		fl.value, fl.err = run(flightContext{fl.ctx, f, fl}, func(p Progress) { f.report(fl, p) })
	}()
	return fl
}

// leave takes a waiter out and tells whether it was the last, which ends the flight.
func (f *flights) leave(fl *flight, w *waiter, cause error) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(fl.waiters) > 1 {
		fl.waiters = slices.DeleteFunc(fl.waiters, func(other *waiter) bool { return other == w })
		return false
	}
	if f.m[fl.key] == fl {
		delete(f.m, fl.key) // nobody joins a call that ends
	}
	fl.cancel(cause)
	return true
}

func (f *flights) forget(fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m[fl.key] == fl {
		delete(f.m, fl.key)
	}
}

// running tells whether a call of this key is under way.
func (f *flights) running(key cacheKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.m[key] != nil
}

// report hands the newest progress to all who wait; an older report that nobody took is replaced.
func (f *flights) report(fl *flight, p Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.last = &p
	for _, w := range fl.waiters {
		select {
		case <-w.progress:
		default:
		}
		w.progress <- p
	}
}

// isDeadline tells whether a context ended because its time was over. The cause counts, because a shared call is
// cancelled by the deadline of its last caller.
func isDeadline(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}
