package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is one call to PostHog before policies.
type request struct {
	op      string // verb phrase for errors and logs
	method  string
	path    string // below the origin, e.g. /api/projects/1/query/
	query   url.Values
	body    any
	project int64
	class   class
	lane    lane
	single  bool        // one attempt, no retries
	late    bool        // may go although the client is closed: it ends something
	onSend  func()      // called before the first byte leaves
	keep    func(*pass) // takes the place in flight of a successful attempt, which a run needs that goes on
	resume  *request    // what to ask, once an attempt may have started a run, instead of starting another
	decode  func(answer) error
}

// answer is what decode gets: a status below 300 (or one that the decoder asked for) and a bounded body.
type answer struct {
	status int
	body   io.Reader
}

// exchange sends one request and maps the answer: decode's value, or one *Error. The numbers of the call so
// far go into its log line.
func (c *Client) exchange(ctx context.Context, r request, s stats) error {
	started := time.Now()
	status, err := c.send(ctx, r)
	if e, ok := errors.AsType[*Error](err); ok && c.opts.Key() != "" { // whatever PostHog or a proxy may echo
		e.Detail = strings.ReplaceAll(e.Detail, c.opts.Key(), "[key]")
	}
	c.host.hooks.attempt(r, status, kindOf(err), time.Since(started))
	c.log.Debug("exchange", "op", r.op, "method", r.method, "path", r.path, "status", status,
		"duration", time.Since(started), "attempts", s.attempts, "wait", s.waited, "kind", string(kindOf(err)))
	return err
}

func (c *Client) send(ctx context.Context, r request) (int, error) {
	hr, err := c.newRequest(ctx, r)
	if err != nil {
		return 0, &Error{Kind: Invalid, Op: r.op, Detail: "the request cannot be written as JSON: " + clean(err.Error()), wrapped: err}
	}
	if r.onSend != nil {
		r.onSend()
	}
	resp, err := c.http.Do(hr) //nolint:bodyclose // drain closes it
	if err != nil {
		return 0, networkError(ctx, r.op, err)
	}
	defer drain(resp.Body)
	body := &boundedReader{r: resp.Body, left: c.opts.MaxResponse}
	if e := c.judge(resp, body, r); e != nil {
		return resp.StatusCode, e
	}
	if err := r.decode(answer{resp.StatusCode, body}); err != nil {
		return resp.StatusCode, bodyError(ctx, r.op, resp.StatusCode, body, err)
	}
	return resp.StatusCode, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	u := *c.base
	u.Path = strings.TrimSuffix(c.base.Path, "/") + r.path
	u.RawQuery = r.query.Encode()
	var payload io.Reader
	if r.body != nil {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r.body); err != nil {
			return nil, err
		}
		payload = bytes.NewReader(b.Bytes())
	}
	hr, err := http.NewRequestWithContext(ctx, r.method, u.String(), payload)
	if err != nil {
		return nil, err
	}
	if payload != nil {
		hr.Header.Set("Content-Type", "application/json")
	}
	return hr, nil
}

// judge turns every answer that is not a JSON success into an error.
func (c *Client) judge(resp *http.Response, body io.Reader, r request) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	isJSON := kind == "application/json" || strings.HasSuffix(kind, "+json")
	if resp.StatusCode/100 == 2 && isJSON {
		return nil
	}
	const excerpt = 64 << 10
	text, _ := io.ReadAll(io.LimitReader(body, excerpt))
	e := statusError(resp.StatusCode, isJSON, text, resp.Header)
	e.Op = r.op
	if e.Kind == NotFound && r.project != 0 && strings.HasPrefix(e.Detail, "Project not found") {
		e.Detail = fmt.Sprintf("project %d not found", r.project)
	}
	return e
}

// drain reads a little of what is left, so that the connection can be used again, and closes.
func drain(b io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, b, 64<<10)
	_ = b.Close()
}

var errTooBig = errors.New("answer too big")

// boundedReader fails, rather than cutting, when more than left bytes come.
type boundedReader struct {
	r    io.Reader
	left int64
	read int64
}

// Read reads up to the bound and then answers errTooBig.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, errTooBig
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	b.read += int64(n)
	return n, err
}

// decodeJSON decodes a whole small body into v, numbers kept as json.Number.
func decodeJSON(v any) func(answer) error {
	return func(a answer) error {
		d := json.NewDecoder(a.body)
		d.UseNumber()
		return d.Decode(v)
	}
}
