package sandbox

import (
	"errors"
	"fmt"
	"net/http"
)

// failure is an answer in PostHog's error form: {"type", "code", "detail", "attr"}.
type failure struct {
	status     int
	kind       string // PostHog's "type"
	code       string
	detail     string
	attr       string // "" is written as null
	retryAfter string // header; only PostHog's database_unavailable has one
	allow      string // header of a 405
}

func (f *failure) Error() string {
	return fmt.Sprintf("%d %s: %s", f.status, f.code, f.detail)
}

// failureBody is the JSON form of a failure.
type failureBody struct {
	Type   string  `json:"type"`
	Code   string  `json:"code"`
	Detail string  `json:"detail"`
	Attr   *string `json:"attr"`
}

func (f *failure) body() failureBody {
	b := failureBody{Type: f.kind, Code: f.code, Detail: f.detail}
	if f.attr != "" {
		b.Attr = &f.attr
	}
	return b
}

// asFailure returns the failure in err's chain. Any other error is one of the sandbox itself, and is
// answered as PostHog answers its own bugs: without a word about the cause.
func asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return serverError("A server error occurred.")
}

// PostHog's types of errors.
const (
	typeAuthentication = "authentication_error" // 401 and 403
	typeInvalid        = "invalid_request"      // 404, 405, 415 and bodies that do not parse
	typeValidation     = "validation_error"
	typeThrottled      = "throttled_error"
	typeServer         = "server_error" // everything else, 402 and 409 included
)

func unauthenticated(code, detail string) *failure {
	return &failure{status: http.StatusUnauthorized, kind: typeAuthentication, code: code, detail: detail}
}

func denied(format string, args ...any) *failure {
	return &failure{status: http.StatusForbidden, kind: typeAuthentication, code: "permission_denied", detail: fmt.Sprintf(format, args...)}
}

func notFound(detail string) *failure {
	return &failure{status: http.StatusNotFound, kind: typeInvalid, code: "not_found", detail: detail}
}

// parseError is the answer to a body that is no JSON, or not of the form that the endpoint takes.
func parseError(reason string) *failure {
	return &failure{status: http.StatusBadRequest, kind: typeInvalid, code: "parse_error", detail: "JSON parse error - " + reason}
}

// invalidInput is the answer to a parameter with a wrong value.
func invalidInput(attr, format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, kind: typeValidation, code: "invalid_input", detail: fmt.Sprintf(format, args...), attr: attr}
}

// invalidQuery is the answer to HogQL that PostHog refuses; code is one of PostHog's words for it.
func invalidQuery(code, detail string) *failure {
	return &failure{status: http.StatusBadRequest, kind: typeValidation, code: code, detail: detail}
}

func throttled(detail string) *failure {
	return &failure{status: http.StatusTooManyRequests, kind: typeThrottled, code: "throttled", detail: detail}
}

func serverError(detail string) *failure {
	return &failure{status: http.StatusInternalServerError, kind: typeServer, code: "error", detail: detail}
}
