package driver

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits of one connection and one wait. There is no limit on the whole request: PostHog may hold a
// query for 30 s in its queue and then run it for 10; the caller's context bounds the call.
const (
	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	headerTimeout = 150 * time.Second
	idleTimeout   = 90 * time.Second
)

// newHTTPClient builds the only HTTP client of this package. Outermost first: redirect rule, key and
// user agent (only to the configured origin), base transport (HTTP/2, gzip).
func newHTTPClient(o Options, origin *url.URL) *http.Client {
	var base http.RoundTripper = newTransport()
	if o.HTTP != nil && o.HTTP.Transport != nil {
		base = o.HTTP.Transport
	}
	return &http.Client{
		Transport:     &guard{base: base, origin: origin, key: o.Key, agent: o.UserAgent},
		CheckRedirect: sameOrigin(origin),
	}
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   tlsTimeout,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          16,
		MaxIdleConnsPerHost:   8,
		ForceAttemptHTTP2:     true,
	}
}

var errRedirect = errors.New("redirect refused")

// sameOrigin refuses redirects that leave the origin or that would turn a POST into a GET.
func sameOrigin(origin *url.URL) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		if !isOrigin(r.URL, origin) || len(via) >= 3 || r.Method != via[0].Method {
			return errRedirect
		}
		return nil
	}
}

func isOrigin(u, origin *url.URL) bool {
	return u.Scheme == origin.Scheme && u.Host == origin.Host
}

// guard adds the key and the user agent. It refuses any other origin than the configured one, because a
// transport that adds the key on every hop would undo the redirect protection of net/http.
type guard struct {
	base   http.RoundTripper
	origin *url.URL
	key    func() string
	agent  string
}

// RoundTrip sends a copy of the request, with the key.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isOrigin(r.URL, g.origin) {
		return nil, errRedirect
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+g.key())
	r.Header.Set("User-Agent", g.agent)
	r.Header.Set("Accept", "application/json")
	return g.base.RoundTrip(r)
}

// CloseIdleConnections hands the wish down to the base transport.
func (g *guard) CloseIdleConnections() {
	if c, ok := g.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
