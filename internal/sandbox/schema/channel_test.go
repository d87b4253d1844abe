package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/schema"
)

// What the expressions mean is tested where an engine runs them: in compile and in sample.
func TestChannelExpressions(t *testing.T) {
	t.Parallel()
	source := schema.ChannelSource(schema.IfPaid, "x")
	require.True(t, strings.HasPrefix(source, "coalesce(transform(coalesce(x, ''), ['google'"), source)
	require.Contains(t, source, "cutToFirstSignificantSubdomain(coalesce(x, ''))")
	require.NotContains(t, source, "'email'", "nobody pays for it")
	require.Contains(t, schema.ChannelMedium(schema.IfOrganic, "x"), "'newsletter'")
	require.NotContains(t, schema.ChannelMedium(schema.IfOrganic, "x"), "cutToFirst", "a medium is no domain")
	kind := schema.ChannelType(schema.ChannelInputs{Source: "s", Medium: "m", Campaign: "c", Domain: "d", GadSource: "g", HasGclid: "l", HasFbclid: "f"})
	for _, channel := range []string{"Cross Network", "Paid Unknown", "Direct", "Referral", "Unknown", "Organic Video", "Push"} {
		require.Contains(t, kind, "'"+channel+"'")
	}
	require.NotEmpty(t, schema.Rates())
}

func TestKindsInInformationSchema(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table          schema.Table
		kind, inSchema string
	}{
		{schema.Table{Name: "events", Kind: schema.PostHog}, "posthog", "public"},
		{schema.Table{Name: "query_log", Kind: schema.System}, "posthog", "public"},
		{schema.Table{Name: "system.cohorts", Kind: schema.System}, "system", "system"},
		{schema.Table{Name: "system.information_schema.tables", Kind: schema.InformationSchema}, "information_schema", "information_schema"},
		{schema.Table{Name: "stripe_charge", Kind: schema.DataWarehouse}, "data_warehouse", "warehouse"},
		{schema.Table{Name: "v", Kind: schema.View}, "view", "views"},
		{schema.Table{Name: "m", Kind: schema.MaterializedView}, "view", "views"},
	} {
		require.Equal(t, c.kind, c.table.InformationType(), c.table.Name)
		require.Equal(t, c.inSchema, c.table.Schema(), c.table.Name)
	}
	for _, name := range []string{"query_log", "posthog.query_log", "posthog.ai_events", "posthog.logs"} {
		_, ok := schema.Lookup(name)
		require.True(t, ok, name)
	}
	for _, name := range []string{"ai_events", "posthog.posthog.ai_events"} {
		_, ok := schema.Lookup(name)
		require.False(t, ok, name)
	}
	tables, err := schema.Parse("= t only=a:b | d\na | string | - | -\n\n= v materialized_view | d\nx | integer | - | -")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, tables[0].Only)
	require.Equal(t, schema.MaterializedView, tables[1].Kind)
	require.Empty(t, schema.DDL(tables[1]), "a view stores nothing")
	require.True(t, tables[1].Listed)
	_, err = schema.Parse("= t only=a | d")
	require.ErrorContains(t, err, `"only=a" needs a colon`)
}
