package driver

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// breaker stops calls to a host that does not answer. Only Unavailable counts as a failure: an answer of
// any other kind shows that the host is there. Calls that the caller ended count for nothing.
type breaker struct {
	cb      *gobreaker.CircuitBreaker[struct{}]
	timeout time.Duration

	mu        sync.Mutex
	openUntil time.Time
	since     time.Time // first failure of the present series
	last      *Error
}

func newBreaker(o Options, log *slog.Logger) *breaker {
	b := &breaker{timeout: o.BreakerTimeout}
	b.cb = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:  uint32(o.BreakerSuccesses),
		Timeout:      o.BreakerTimeout,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= o.BreakerFailures },
		IsSuccessful: func(err error) bool { return kindOf(err) != Unavailable },
		IsExcluded:   func(err error) bool { k := kindOf(err); return k == Cancelled || k == Deadline },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.mu.Lock()
				b.openUntil = time.Now().Add(o.BreakerTimeout)
				b.mu.Unlock()
			}
			log.Warn("breaker changed state", "from", from.String(), "to", to.String())
		},
	})
	return b
}

// check answers with an error while the breaker is open, so that nobody waits in a queue for nothing.
func (b *breaker) check(op string) error {
	if b.cb.State() != gobreaker.StateOpen {
		return nil
	}
	return b.refusal(op)
}

// do runs one attempt if the breaker admits it.
func (b *breaker) do(op string, attempt func() error) error {
	_, err := b.cb.Execute(func() (struct{}, error) {
		err := attempt()
		b.note(err)
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return b.refusal(op)
	}
	return err
}

// note keeps what refusal tells later: since when the host fails, and how.
func (b *breaker) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch k := kindOf(err); {
	case k == Unavailable:
		if b.since.IsZero() {
			b.since = time.Now()
		}
		b.last, _ = errors.AsType[*Error](err)
	case k != Cancelled && k != Deadline:
		b.since, b.last = time.Time{}, nil
	}
}

func (b *breaker) refusal(op string) *Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &Error{Kind: Unavailable, Op: op, Code: CodeBreakerOpen, Since: b.since, final: true,
		Detail: "PostHog does not answer; no request was sent"}
	e.RetryAfter = max(time.Until(b.openUntil), time.Second)
	if b.last != nil {
		e.Status, e.Detail = b.last.Status, "PostHog does not answer (last: "+b.last.Detail+"); no request was sent"
	}
	return e
}

// kindOf is the kind of an error of this package, "" for none.
func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if err != nil {
		return Internal
	}
	return ""
}
