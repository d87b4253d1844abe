package driver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
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
	PerMinute       int // queries; default 240
	PerHour         int // queries; default 2400
	MaxConcurrency  int // queries in flight per project; default 3, PostHog's own limit

	BreakerFailures  int           // consecutive failures that open the breaker; default 5
	BreakerTimeout   time.Duration // how long it stays open; default 60 s
	BreakerSuccesses int           // successes that close it again; default 2

	MaxResponse int64 // bytes of one answer, decompressed; default 64 MB
	UserAgent   string
	Logger      *slog.Logger // default: discards
	HTTP        *http.Client // for tests; its transport is used below the key's guard
}

// Client speaks to one PostHog host with one key. It is safe for concurrent use.
type Client struct {
	opts    Options
	base    *url.URL
	http    *http.Client
	log     *slog.Logger
	breaker *breaker
	limits  *limiters
	cache   *catalogueCache

	mu      sync.Mutex
	closed  bool
	cleanup sync.WaitGroup  // cancellations on their way upstream
	life    context.Context // of those; it belongs to no call
	stop    context.CancelFunc
}

// New checks the options and makes a Client. It sends nothing.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") {
		return nil, errors.New("new client: BaseURL must be an origin such as https://us.posthog.com")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("new client: BaseURL must hold no credentials, query or fragment")
	}
	if o.Key == nil {
		return nil, errors.New("new client: Key is missing")
	}
	if o.MaxRetries < 0 {
		return nil, fmt.Errorf("new client: MaxRetries is %d, must be 0 or more", o.MaxRetries)
	}
	o = withDefaults(o)
	c := &Client{opts: o, base: base, log: o.Logger}
	c.http = newHTTPClient(o, base)
	c.breaker = newBreaker(o, c.log)
	c.limits = newLimiters(o)
	c.cache = newCatalogueCache()
	c.life, c.stop = context.WithCancel(context.Background())
	return c, nil
}

func withDefaults(o Options) Options {
	o.Timeout = orDefault(o.Timeout, 45*time.Second)
	o.PerMinute = orDefault(o.PerMinute, 240)
	o.PerHour = orDefault(o.PerHour, 2400)
	o.MaxConcurrency = orDefault(o.MaxConcurrency, 3)
	o.BreakerFailures = orDefault(o.BreakerFailures, 5)
	o.BreakerTimeout = orDefault(o.BreakerTimeout, 60*time.Second)
	o.BreakerSuccesses = orDefault(o.BreakerSuccesses, 2)
	o.MaxResponse = orDefault(o.MaxResponse, 64<<20)
	o.UserAgent = orDefault(o.UserAgent, "posthog-mcp")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
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

// Close waits for cancellations that are on their way to PostHog, at most closeWait, and closes idle
// connections. Calls made afterwards fail. It does not end calls that run: their contexts do, and Close
// should come after their returns.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	late := time.AfterFunc(closeWait, c.stop)
	defer late.Stop()
	c.cleanup.Wait()
	c.stop()
	c.http.CloseIdleConnections()
}

// background runs f unless the client is closed; Close waits for it, and ends its context when it takes long.
func (c *Client) background(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.cleanup.Go(func() { f(c.life) })
	}
}

// withTimeout bounds one call: by d, or by the configured timeout when d is 0.
func (c *Client) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, orDefault(d, c.opts.Timeout))
}
