package driver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	detailLength  = 600 // characters of an explanation that are kept
	excerptLength = 160 // characters of a page that is no JSON
	heavyLoadWait = 2 * time.Minute
)

// What is looked for in foreign texts.
var (
	tagPattern   = regexp.MustCompile(`(?i)</?[a-z!][^<>]{0,300}>`)
	keyPattern   = regexp.MustCompile(`\bph[a-z]_[A-Za-z0-9_-]{6,}`)
	waitPattern  = regexp.MustCompile(`(\d{1,6})\s+second`)
	scopePattern = regexp.MustCompile(`required scope '([a-z_*]+:[a-z]+)'`)
)

// envelope is PostHog's error shape, and the shape of a failed background run.
type envelope struct {
	Type        string          `json:"type"`
	Code        string          `json:"code"`
	Detail      json.RawMessage `json:"detail"`
	Error       json.RawMessage `json:"error"`
	QueryStatus *struct {
		ErrorMessage string `json:"error_message"`
	} `json:"query_status"`
}

// statusError maps an answer that is no success. PostHog's statuses alone are not enough: a 504 with
// JSON is a query that ran out of time, a 504 without is a proxy; a 513 is this query's memory or the
// whole cluster's; a 503 is a full ClickHouse or a blip of another database.
func statusError(status int, isJSON bool, body []byte, h http.Header) *Error {
	var v envelope
	if isJSON {
		isJSON = json.Unmarshal(body, &v) == nil
	}
	if !isJSON {
		return pageError(status, body, h)
	}
	e := &Error{Status: status, Code: clean(v.Code), Detail: shorten(clean(text(v.Detail, v.Error)), detailLength), RetryAfter: retryAfter(h)}
	if v.QueryStatus != nil { // the run itself failed: not a transport error, polling again is pointless
		e.Code, e.Detail, e.final = codeQueryFailed, shorten(clean(v.QueryStatus.ErrorMessage), detailLength), true
	}
	classify(e)
	return e
}

// classify sets the kind and what follows from it.
func classify(e *Error) {
	low := strings.ToLower(e.Detail)
	switch e.Status {
	case http.StatusUnauthorized:
		e.Kind = Unauthorized
	case http.StatusPaymentRequired:
		e.Kind = Quota
	case http.StatusForbidden:
		e.Kind, e.Scope = Forbidden, missingScope(e.Detail)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Kind = NotFound
	case http.StatusRequestEntityTooLarge:
		e.Kind = TooLarge
	case http.StatusTooManyRequests:
		e.Kind, e.crowded = Busy, strings.Contains(low, "concurrency limit")
		if e.RetryAfter == 0 {
			e.RetryAfter = secondsIn(e.Detail)
		}
	case http.StatusServiceUnavailable:
		e.Kind = Unavailable
		if e.Code == "error" { // ClickHouse at capacity; the databases' own blips carry other codes
			e.Kind = Busy
		}
	case http.StatusGatewayTimeout, 512:
		e.Kind = TooSlow
	case 513:
		e.Kind = TooLarge
		if strings.Contains(low, "heavy load") {
			e.Kind, e.RetryAfter = Busy, max(e.RetryAfter, heavyLoadWait)
		}
	case http.StatusBadGateway:
		e.Kind = Unavailable
	default:
		classifyRest(e, low)
	}
}

func classifyRest(e *Error, low string) {
	switch {
	case e.Code == "too_many_bytes":
		e.Kind = TooLarge
	case e.Status/100 == 4:
		e.Kind = Invalid
	case strings.Contains(low, "query size exceeded"):
		e.Kind = TooLarge
	case strings.Contains(low, "clickhouse error"): // the query itself; the same text gives the same failure
		e.Kind = Internal
	default:
		e.Kind, e.once = Internal, !e.final
	}
}

// pageError maps an answer that is no JSON: a proxy's page, a login page, nothing at all.
func pageError(status int, body []byte, h http.Header) *Error {
	e := &Error{Kind: Unavailable, Status: status, Code: CodeNotJSON, RetryAfter: retryAfter(h)}
	switch {
	case status == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case status == http.StatusForbidden:
		e.Kind = Forbidden
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		e.Kind = NotFound
	case status == http.StatusRequestEntityTooLarge:
		e.Kind = TooLarge
	case status == http.StatusTooManyRequests:
		e.Kind = Busy
	case status/100 == 3:
		e.Code, e.final = CodeRedirect, true
	case status/100 == 4 && status != http.StatusRequestTimeout:
		e.Kind = Invalid
	case status == http.StatusInternalServerError:
		e.Kind, e.once = Internal, true
	}
	e.Detail = "not JSON but " + pageText(body)
	return e
}

// networkError maps a request that got no answer.
func networkError(ctx context.Context, op string, err error) *Error {
	if ctx.Err() != nil {
		return contextError(ctx, op)
	}
	e := &Error{Kind: Unavailable, Op: op, Code: CodeNetwork, wrapped: err}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errRedirect):
		e.Code, e.final = CodeRedirect, true
		e.Detail = "the host answers with a redirect to another address; the key is not sent there"
	case isCert:
		e.Code, e.final = CodeTLS, true
		e.Detail = "the certificate of the host is not accepted: " + certReason(err)
	case isRecord || errors.Is(err, http.ErrSchemeMismatch):
		e.Code, e.final = CodeTLS, true
		e.Detail = "the host does not speak TLS on this port"
	case isDNS && dns.IsNotFound:
		e.final = true
		e.Detail = "there is no host of this name"
	case isNet && timeout.Timeout():
		e.Detail = "no answer in time from the host"
	default:
		e.Detail = "the connection failed: " + shorten(clean(rootCause(err)), excerptLength)
	}
	return e
}

func certReason(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "unknown authority"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "expired or not yet valid"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "made for another name"
	}
	return "invalid"
}

// rootCause drops the layers of net/http and net, which repeat the address.
func rootCause(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err.Error()
	}
	for u := errors.Unwrap(err); u != nil; u = errors.Unwrap(err) {
		err = u
	}
	return err.Error()
}

// bodyError maps a success status whose body cannot be used.
func bodyError(ctx context.Context, op string, status int, body *boundedReader, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Op, e.Status = op, status
		return e
	}
	if ctx.Err() != nil {
		return contextError(ctx, op)
	}
	if errors.Is(err, errTooBig) {
		return &Error{Kind: TooLarge, Op: op, Status: status, Code: CodeResponseTooBig,
			Detail: "the answer is larger than " + strconv.FormatInt(body.read>>20, 10) + " MB"}
	}
	return &Error{Kind: Unavailable, Op: op, Status: status, Code: CodeBadBody, wrapped: err,
		Detail: "the answer is cut or is no valid JSON, after " + strconv.FormatInt(body.read, 10) + " bytes"}
}

// contextError says why a context ended.
func contextError(ctx context.Context, op string) *Error {
	if isDeadline(ctx) {
		return &Error{Kind: Deadline, Op: op, Detail: "no answer before the time was over", wrapped: context.DeadlineExceeded}
	}
	if errors.Is(context.Cause(ctx), errClosed) {
		return &Error{Kind: Cancelled, Op: op, Detail: "the client was closed", wrapped: ctx.Err()}
	}
	return &Error{Kind: Cancelled, Op: op, Detail: "the caller went away", wrapped: ctx.Err()}
}

// retryAfter reads the header of that name: seconds or a date. PostHog sets it on one kind of 503 only;
// a proxy in front may set it anywhere. A date is counted from the answer's own, where there is one: its clock
// and ours may differ.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s >= 0 {
		return time.Duration(min(s, 24*3600)) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), 24*time.Hour)
}

// secondsIn reads "Expected available in 37 seconds.", the only place where PostHog's 429 tells the wait.
func secondsIn(detail string) time.Duration {
	m := waitPattern.FindStringSubmatch(detail)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return time.Duration(n) * time.Second
}

// missingScope reads the scope out of "API key missing required scope 'query:read'".
func missingScope(detail string) string {
	m := scopePattern.FindStringSubmatch(detail)
	if m == nil {
		return ""
	}
	return m[1]
}

// text gives the first of the raw values that says something: a string, or JSON as it stands.
func text(raws ...json.RawMessage) string {
	for _, raw := range raws {
		var s string
		if json.Unmarshal(raw, &s) == nil && s != "" {
			return s
		}
		if len(raw) > 0 && string(raw) != "null" && raw[0] != '"' {
			return string(raw)
		}
	}
	return ""
}

// pageText describes a body that is no JSON in a few words: its title, or how it begins.
func pageText(body []byte) string {
	s := string(body)
	low := strings.ToLower(s)
	if i := strings.Index(low, "<title"); i >= 0 {
		_, rest, _ := strings.Cut(s[i:], ">")
		title, _, _ := strings.Cut(rest, "<")
		if title = clean(title); title != "" {
			return "a web page: " + shorten(title, excerptLength)
		}
	}
	if strings.Contains(low, "<html") || strings.Contains(low, "<!doctype") {
		return "a web page"
	}
	if s = clean(s); s == "" {
		return "an empty answer"
	}
	return "text: " + shorten(s, excerptLength)
}

// redact cuts what looks like a key of PostHog's.
func redact(s string) string {
	return keyPattern.ReplaceAllStringFunc(s, func(k string) string { return k[:4] + "…" })
}

// clean makes foreign text fit for display: tags and control characters out, white space folded, keys masked.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = tagPattern.ReplaceAllString(s, " ")
	s = redact(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n])) + "…"
}
