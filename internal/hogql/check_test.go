package hogql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// project is a catalogue as `posthog-mcp objects --json` writes it.
const project = `{"catalogue":{"complete":true,
	"tables":[{"name":"events","columns":[{"name":"event","type":"string"},{"name":"charge","type":"lazy_table","table":"stripe_charge"}]},
		{"name":"stripe_charge","columns":[{"name":"id","type":"string"},{"name":"amount","type":"float"}]}],
	"events":[{"name":"$pageview","count":900},{"name":"user_signed_up","count":2310}],
	"properties":[{"entity":"event","name":"plan","type":"String"},{"entity":"event","name":"amount","type":"Numeric"},{"entity":"event","name":"is_trial","type":"Boolean"},
		{"entity":"event","name":"promo_ends_at","type":"DateTime"},{"entity":"person","name":"email","type":"String"}],
	"cohorts":[{"id":3,"name":"Power users"}], "group_types":[{"name":"company","index":0}]}}`

func catalogueOf(tb testing.TB, text string) *hogql.Catalogue {
	tb.Helper()
	c, err := hogql.ReadCatalogue([]byte(text))
	require.NoError(tb, err)
	return c
}

func check(tb testing.TB, src string, cat *hogql.Catalogue, o hogql.CheckOptions) hogql.Findings {
	tb.Helper()
	q, err := hogql.Parse(src)
	require.NoError(tb, err, src)
	o.Source = src
	return hogql.Check(q, cat, o)
}

// brief writes findings as "error unknown-column evnt: events has …".
func brief(src string, list hogql.Findings) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s %d:%d %s: %s", f.Severity, f.Code, f.Line, f.Column, src[f.Span.Start:f.Span.End], f.Message)
		if f.Hint != "" {
			b.WriteString(" | " + f.Hint)
		}
		if f.Fix != nil {
			b.WriteString(" => " + hogql.Findings{f}.Apply(src))
		}
		b.WriteString("\n")
	}
	return b.String()
}
