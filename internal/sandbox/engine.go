package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"posthog-mcp/internal/sandbox/chdb"
)

// busy is PostHog's answer when ClickHouse runs too many queries.
func busy() *failure {
	return &failure{
		status: http.StatusServiceUnavailable, kind: typeServer, code: "error",
		detail: "Queries are too busy at the moment. Please try again in a little while.",
	}
}

// timedOut is PostHog's answer to a query that ran as long as a query may.
func timedOut() *failure {
	return &failure{
		status: http.StatusGatewayTimeout, kind: typeServer, code: "error",
		detail: "Query has hit the max execution time before completing. Try a shorter time range or a simpler query.",
	}
}

// tooSlow is PostHog's answer to a query that ClickHouse did not want to start.
func tooSlow(seconds string) *failure {
	return &failure{
		status: 512, kind: typeServer, code: "error",
		detail: "Estimated query execution time (" + seconds + " seconds) is too long. Try reducing its scope by changing the time range.",
	}
}

// outOfMemory is PostHog's answer to a query that needed more memory than a query may.
func outOfMemory() *failure {
	return &failure{
		status: 513, kind: typeServer, code: "clickhouse_memory_limit_exceeded",
		detail: "Query ran out of memory. Try a shorter time range, fewer groups or smaller joins.",
	}
}

// heavyLoad is PostHog's answer when the cluster, not the query, has no memory left.
func heavyLoad() *failure {
	return &failure{
		status: 513, kind: typeServer, code: "clickhouse_memory_limit_exceeded",
		detail: "The cluster is under heavy load and has no memory for this query. Please try again in a few minutes.",
	}
}

// hidden is PostHog's answer to errors whose text could show data or its own code.
func hidden() *failure { return serverError("ClickHouse error while executing query.") }

// shownErrors are the ClickHouse errors whose text PostHog passes on, by code.
func shownErrors() []int {
	return []int{34, 35, 36, 42, 43, 44, 46, 47, 50, 53, 59, 60, 63, 80, 122, 153, 174, 184, 207, 211, 215, 264, 307, 386, 403}
}

// fixedText returns the sentence that PostHog shows in place of ClickHouse's for errors whose own text
// holds values of the data.
func fixedText(code int) string {
	switch code {
	case 6:
		return "A text could not be parsed as the type that it was converted to."
	case 38:
		return "A text could not be parsed as a date."
	case 41:
		return "A text could not be parsed as a date and time."
	case 69:
		return "An argument is out of its bounds."
	case 70:
		return "A value could not be converted to the wanted type."
	case 72:
		return "A text could not be parsed as a number."
	case 121:
		return "The join's keys are not supported."
	case 125:
		return "A sub-query that stands for one value returned more than one row."
	case 128:
		return "An array is too large."
	case 130:
		return "A text could not be parsed as an array."
	case 190:
		return "The arrays have different sizes."
	case 258:
		return "The queries of the UNION have different columns."
	case 376:
		return "A text could not be parsed as a UUID."
	case 467:
		return "A text could not be parsed as a boolean."
	}
	return ""
}

var estimate = regexp.MustCompile(`\((\d+(?:\.\d+)?) seconds?\)`)

// engineFailure is PostHog's answer to a ClickHouse error.
func engineFailure(e *chdb.Error) *failure {
	switch e.Code {
	case 159:
		return timedOut()
	case 160:
		seconds := "1000"
		if m := estimate.FindStringSubmatch(e.Message); m != nil {
			seconds = m[1]
		}
		return tooSlow(seconds)
	case 202, 439:
		return busy()
	case 241:
		if strings.Contains(e.Message, "(total)") {
			return heavyLoad()
		}
		return outOfMemory()
	}
	name := strings.ToLower(e.Name)
	if text := fixedText(e.Code); text != "" {
		return invalidQuery(name, text)
	}
	if slices.Contains(shownErrors(), e.Code) {
		return invalidQuery(name, e.Message)
	}
	return hidden()
}

// encodable tells whether PostHog's JSON encoder can write values of a ClickHouse type: it knows no
// integers beyond 64 bits and no objects whose keys are not text.
func encodable(types []string) bool {
	for _, t := range types {
		if wideInteger.MatchString(t) || oddMap.MatchString(t) {
			return false
		}
	}
	return true
}

var (
	wideInteger = regexp.MustCompile(`\bU?Int(128|256)\b`)
	oddMap      = regexp.MustCompile(`\bMap\((?:U?Int|Float|Decimal|Date|UUID|Bool|Enum|Tuple|Array|IPv)`)
)
