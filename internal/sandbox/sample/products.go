package sample

import (
	"strings"

	"posthog-mcp/internal/sandbox/schema"
)

// fillProducts fills in what the tables of single products are made of: replay, logs, queries, the warehouse.
func (s *script) fillProducts() {
	s.Days, s.RecordingDays, s.WatchedShare = Days, RecordingDays, watchedShare
	s.RecordedShare, s.RecordedRageShare = RecordedShare, RecordedRageShare
	s.LogSeconds, s.LogLines = logSeconds, LogDays*24*3600/logSeconds
	s.APIShare, s.APIErrorShare, s.PlayerErrorShare, s.PlayerErrorShareBadDay = apiShare, 0.06, 0.04, 0.4
	s.APIErrors = list("payment provider timed out after 3000 ms", "database connection pool exhausted", "licence server answered 502", "unhandled exception: nil movie")
	s.PlayerErrors = list("decoder stopped: out of buffers", "decoder stopped: no keyframe", "segment not found on the CDN")
	s.QueryLogRows, s.FailedShare, s.RefundedShare = queryLogRows, failedShare, refundedShare
	var logged, rates []string
	for _, q := range loggedQueries() {
		logged = append(logged, "("+literal(q.name)+", "+literal(q.text)+")")
	}
	s.LoggedQueries, s.LoggedQueryCount = "["+strings.Join(logged, ", ")+"]", len(logged)
	for _, r := range schema.Rates() {
		rates = append(rates, "("+literal(r.Currency)+", toDecimal64("+literal(r.Rate)+", 10))")
	}
	s.Rates = "[" + strings.Join(rates, ", ") + "]"
}

// channelType is the expression for a session's channel in derived.sql, by PostHog's default rules: entry is
// the session's first page, of the form (url, path, host, domain, source, campaign, medium, gclid).
func channelType() string {
	lower := func(part string) string { return "lower(nullIf(entry." + part + ", ''))" }
	return schema.ChannelType(schema.ChannelInputs{
		Source: lower("5"), Campaign: lower("6"), Medium: lower("7"), Domain: "nullIf(entry.4, '')", GadSource: "CAST(NULL, 'Nullable(String)')",
		HasGclid: "entry.8 != ''", HasFbclid: "false",
	})
}

// loggedQueries are what people and programs ask in query_log.
func loggedQueries() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"Weekly revenue", WeeklyRevenue}, {"Retention by plan", RetentionByPlan}, {"Top movies", TopMovies}, {"Ratings by genre", RatingsByGenre},
		{"", "SELECT count() FROM events WHERE timestamp >= now() - INTERVAL 1 DAY"},
		{"nightly report", "SELECT event, count() AS n FROM events WHERE timestamp >= now() - INTERVAL 7 DAY GROUP BY event ORDER BY n DESC"},
		{"revenue dashboard", "SELECT month, revenue FROM revenue_by_month ORDER BY month"},
	}
}
