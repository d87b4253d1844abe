package driver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Host is what all clients of one PostHog host share within a process: limits by project and class of endpoint,
// breaker, retry budget, connections, and the memory for kept answers, in which clients with different keys never
// see each other's. It is safe for concurrent use and needs no closing.
type Host struct {
	base    *url.URL
	hooks   Hooks
	limits  *limits
	breaker *breaker
	budget  budget
	cache   *cache
	http    *http.Client // the connections, without any key
}

// NewHost makes the shared state of the host that o names. It takes from o what concerns the host: BaseURL, the
// limits (PerMinute, PerHour, MaxConcurrency, MaxQueue), the breaker's numbers, CacheBytes, RootCAs, Hooks, Logger, HTTP.
// Clients made with Options.Host keep to these, whatever their own Options say about them.
func NewHost(o Options) (*Host, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") {
		return nil, errors.New("new client: BaseURL must be an origin such as https://us.posthog.com")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("new client: BaseURL must hold no credentials, query or fragment")
	}
	o = withDefaults(o)
	h := &Host{base: base, hooks: o.Hooks, limits: newLimits(o), breaker: newBreaker(o, o.Logger), cache: newCache(o.CacheBytes), http: o.HTTP}
	if h.http == nil || h.http.Transport == nil {
		h.http = &http.Client{Transport: newTransport(usualTimeouts(), o.RootCAs)}
	}
	return h, nil
}

func withDefaults(o Options) Options {
	o.Timeout = orDefault(o.Timeout, 45*time.Second)
	o.Backoff = orDefault(o.Backoff, 300*time.Millisecond)
	o.PerMinute = orDefault(o.PerMinute, 240)
	o.PerHour = orDefault(o.PerHour, 2400)
	o.MaxConcurrency = orDefault(o.MaxConcurrency, 3)
	o.MaxQueue = orDefault(o.MaxQueue, 1000)
	o.BreakerFailures = orDefault(o.BreakerFailures, 5)
	o.BreakerTimeout = orDefault(o.BreakerTimeout, 60*time.Second)
	o.WinBack = orDefault(o.WinBack, 30*time.Second)
	o.BreakerSuccesses = orDefault(o.BreakerSuccesses, 2)
	o.CacheBytes = orDefault(o.CacheBytes, 64<<20)
	o.CacheAge = orDefault(o.CacheAge, time.Minute)
	o.MaxResponse = orDefault(o.MaxResponse, 64<<20)
	o.UserAgent = orDefault(o.UserAgent, "posthog-mcp")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// sameHost refuses a client that names another origin than the host it shares.
func sameHost(o Options, h *Host) error {
	if o.BaseURL != "" && o.BaseURL != h.base.String() {
		return fmt.Errorf("new client: BaseURL %s is not that of the shared host, %s", o.BaseURL, h.base)
	}
	return nil
}
