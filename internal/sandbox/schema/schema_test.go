package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/schema"
)

// TestGolden keeps the whole storage: a change of a table is a change here.
func TestGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, table := range schema.Tables() {
		fmt.Fprintf(&b, "%s %s %s scope=%q listed=%t\n  %s\n", table.Name, table.Kind, table.Schema(), table.Scope, table.Listed, schema.DDL(table))
		for _, f := range table.Fields {
			if f.Join != nil {
				fmt.Fprintf(&b, "  %s: %s.%s = %s %v\n", f.Name, f.Join.Table, f.Join.To, f.Join.From, f.Join.Where)
			}
		}
	}
	path := filepath.Join("testdata", "tables.golden")
	if os.Getenv("UPDATE") == "1" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

func TestJoinsAndChainsLeadSomewhere(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, table := range schema.Tables() {
		require.False(t, seen[table.Name], "%s is described twice", table.Name)
		seen[table.Name] = true
		names := map[string]bool{}
		for _, f := range table.Fields {
			require.False(t, names[f.Name], "%s.%s is described twice", table.Name, f.Name)
			names[f.Name] = true
			if f.Join != nil {
				target, ok := schema.Lookup(f.Join.Table)
				require.True(t, ok, "%s.%s joins %s", table.Name, f.Name, f.Join.Table)
				_, ok = target.Field(f.Join.To)
				require.True(t, ok, "%s.%s joins on %s", table.Name, f.Name, f.Join.To)
				from, _, _ := strings.Cut(f.Join.From, ".")
				_, ok = table.Field(from)
				require.True(t, ok, "%s.%s joins from %s", table.Name, f.Name, f.Join.From)
			}
			for _, child := range f.Fields {
				_, ok := table.Field(child.Chain[0])
				require.True(t, ok, "%s.%s.%s reads %v", table.Name, f.Name, child.Name, child.Chain)
			}
		}
	}
	for _, name := range []string{"events", "persons", "system.cohorts", "system.tasks", "system.information_schema.columns"} {
		require.True(t, seen[name], name)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	events, ok := schema.Lookup("posthog.events")
	require.True(t, ok)
	require.Equal(t, "events", events.Name)
	poe, ok := events.Field("poe")
	require.True(t, ok)
	id, ok := poe.Field("id")
	require.True(t, ok)
	require.Equal(t, []string{"event_person_id"}, id.Chain)
	_, ok = poe.Field("nope")
	require.False(t, ok)
	for _, name := range []string{"nope", "posthog.system.cohorts", "Events"} {
		_, ok = schema.Lookup(name)
		require.False(t, ok, name)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "string", schema.UUID.Serialized())
	require.Equal(t, "unknown", schema.Map.Serialized())
	require.Equal(t, "json", schema.JSON.Serialized())
	require.Equal(t, "UUID", schema.UUID.DataType())
	require.Equal(t, "Unknown", schema.LazyTable.DataType())
	require.Equal(t, "warehouse", schema.Table{Kind: schema.DataWarehouse}.Schema())
	require.Equal(t, "views", schema.Table{Kind: schema.View}.Schema())
}

func TestIdent(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"event": "event", "$session_id": "`$session_id`", "1a": "`1a`", "": "``", "index": "`index`", "a`b\\c\n": "`a\\`b\\\\c\\n`", "Ü": "`Ü`",
	} {
		require.Equal(t, want, schema.Ident(name))
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := schema.Parse("= stripe data_warehouse shares=other | Charges.\nid | string | ch=UUID | -\nm | map | - | x\n")
	require.NoError(t, err)
	require.Equal(t, []schema.Table{{
		Name: "stripe", Kind: schema.DataWarehouse, Physical: "other", Shares: true, Listed: true, Doc: "Charges.",
		Fields: []schema.Field{
			{Name: "id", Type: schema.String, Column: "id", ClickHouse: "UUID"},
			{Name: "m", Type: schema.Map, Column: "m", ClickHouse: "Map(String, String)", Doc: "x"},
		},
	}}, got)
	require.Equal(t, "CREATE TABLE db.t (d Date) ENGINE = MergeTree ORDER BY tuple()",
		schema.DDLIn("db", schema.Table{Physical: "t", Fields: []schema.Field{{Column: "d", ClickHouse: "Date"}}}))
	for text, want := range map[string]string{
		"a | b | c | d":                        "before the first table",
		"= x":                                  "want NAME ATTRIBUTES | DOC",
		"= x loud | d":                         `unknown attribute "loud"`,
		"= x | d\na":                           "want NAME | TYPE",
		"= x | d\na.b | string | - | -":        `no virtual table "a"`,
		"= x | d\na | string | loud | -":       `field x.a: unknown attribute "loud"`,
		"= x | d\na | lazy_table | on=b:c | -": "needs join=",
		"= x | d\na | lazy_table | join=b on=c | doc": "a colon in it",
	} {
		_, err := schema.Parse(text)
		require.ErrorContains(t, err, want)
	}
}
