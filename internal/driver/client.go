package driver

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options configure a Client. Zero values mean the defaults named; MaxRetries 0 means no retries.
type Options struct {
	BaseURL         string        // origin, e.g. https://us.posthog.com
	Key             func() string // the personal API key; a function, so that the key is never a printable field
	ProjectID       int64         // 0: the key's only project
	AllowedProjects []int64       // empty: all that the key may see
	Timeout         time.Duration // of one call, waits and retries included; default 45 s
	MaxRetries      int
	Backoff         time.Duration // half of the longest wait before the second attempt, and the unit of later ones; default 300 ms

	Host *Host // shared with other clients of this process; nil: one of its own, with the numbers below

	PerMinute      int // queries; default 240
	PerHour        int // queries; default 2400
	MaxConcurrency int // queries in flight per project; default 3, PostHog's own limit
	MaxQueue       int // calls that may wait for a project and class; default 1000

	BreakerFailures  int           // consecutive failures that open the breaker; default 5
	BreakerTimeout   time.Duration // how long it stays open; default 60 s
	WinBack          time.Duration // until a place in flight that PostHog refused is tried again; default 30 s
	BreakerSuccesses int           // successes that close it again; default 2

	CacheBytes int64         // for kept answers and catalogues; default 64 MB; negative: none
	CacheAge   time.Duration // how long a query's answer may be given again; default 1 min; negative: not at all

	MaxResponse int64          // bytes of one answer, decompressed; default 64 MB
	RootCAs     *x509.CertPool // authorities whose certificates are accepted; nil: the system's
	UserAgent   string
	Hooks       Hooks
	Logger      *slog.Logger // default: discards
	HTTP        *http.Client // for tests; its transport is used below the key's guard
}

// Client speaks to one PostHog host with one key. It is safe for concurrent use. A process that serves several keys
// makes one Client for each, over one Host.
type Client struct {
	opts    Options
	base    *url.URL
	host    *Host
	http    *http.Client
	log     *slog.Logger
	flights *flights

	mu      sync.Mutex
	closed  bool
	drained bool
	running sync.WaitGroup // runs and renewals
	work    context.Context
	endWork context.CancelCauseFunc
	cleanup sync.WaitGroup  // cancellations on their way upstream
	life    context.Context // of those; it belongs to no call
	stop    context.CancelFunc
}

// New checks the options and makes a Client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.Host == nil {
		h, err := NewHost(o)
		if err != nil {
			return nil, err
		}
		o.Host = h
	}
	if err := sameHost(o, o.Host); err != nil {
		return nil, err
	}
	if o.Key == nil {
		return nil, errors.New("new client: Key is missing")
	}
	if o.MaxRetries < 0 {
		return nil, fmt.Errorf("new client: MaxRetries is %d, must be 0 or more", o.MaxRetries)
	}
	o = withDefaults(o)
	c := &Client{opts: o, base: o.Host.base, host: o.Host, log: o.Logger, flights: newFlights()}
	c.http = newHTTPClient(o, c.base)
	c.work, c.endWork = context.WithCancelCause(context.Background())
	c.life, c.stop = context.WithCancel(context.Background())
	return c, nil
}

// Page returns the address of a page of a project in PostHog's app: path is "/sql", "/insights/aB3dE5".
func (c *Client) Page(project int64, path string, query url.Values) string {
	u := url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Path: c.base.Path}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/project/" + strconv.FormatInt(project, 10) + path
	u.RawQuery = query.Encode()
	return u.String()
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// closeWait is how long Close waits for cancellations; a request that left before is heard without its answer.
const closeWait = 800 * time.Millisecond

var errClosed = errors.New("the client is closed")

func closedError(op string) *Error {
	return &Error{Kind: Unavailable, Op: op, Detail: errClosed.Error(), final: true}
}

// Close ends the runs that are still going on, here and at PostHog, waits for these cancellations, at most closeWait,
// and closes idle connections. Calls made afterwards fail.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	late := time.AfterFunc(closeWait, c.stop)
	defer late.Stop()
	c.endWork(errClosed)
	c.running.Wait()
	c.mu.Lock()
	c.drained = true
	c.mu.Unlock()
	c.cleanup.Wait()
	c.stop()
	c.http.CloseIdleConnections()
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// begin registers work that Close ends and waits for; done must be called after it. False: the client is closed.
func (c *Client) begin() (done func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false
	}
	c.running.Add(1)
	return c.running.Done, true
}

// inBackground runs f, which belongs to no call, until it returns or the client is closed. It tells whether f runs.
func (c *Client) inBackground(f func(context.Context)) bool {
	done, ok := c.begin()
	if !ok {
		return false
	}
	go func() {
		defer done()
		ctx, cancel := context.WithTimeout(c.work, c.opts.Timeout)
		defer cancel()
		f(ctx)
	}()
	return true
}

// afterwards runs f, which ends something upstream; Close waits for it, and ends its context when it takes long.
func (c *Client) afterwards(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.drained {
		c.cleanup.Go(func() { f(c.life) })
	}
}

// bound ends a call's context with the client, too.
func (c *Client) bound(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(c.work, func() { cancel(errClosed) })
	return ctx, func() { unhook(); cancel(nil) }
}

// withTimeout bounds one call: by d, or by the configured timeout when d is 0.
func (c *Client) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, orDefault(d, c.opts.Timeout))
}

// owner tells callers' keys apart in what is kept, without holding the key.
type owner [sha256.Size]byte

func (c *Client) owner() owner { return sha256.Sum256([]byte(c.opts.Key())) }
