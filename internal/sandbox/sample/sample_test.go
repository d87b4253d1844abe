package sample_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sample"
	"posthog-mcp/internal/sandbox/schema"
)

func TestLoadRefusesWrongOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		o    sample.Options
		want string
	}{
		{"negative", sample.Options{Events: -1, Now: now}, "load sample data: -1 events asked for; write a number from 1 to 20000000"},
		{"too many", sample.Options{Events: 20_000_001, Now: now}, "load sample data: 20000001 events asked for; write a number from 1 to 20000000"},
		{"no instant", sample.Options{Events: 1}, "load sample data: the instant at which it ends is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sample.Load(t.Context(), engine(t), c.o)
			require.EqualError(t, err, c.want)
		})
	}
}

// countdown is a context that ends when its end was asked for so many times, as every statement does.
type countdown struct {
	context.Context
	left int
	done chan struct{}
}

func (c *countdown) Done() <-chan struct{} {
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return c.done
}

func (c *countdown) Err() error {
	if c.left <= 0 {
		return context.Canceled
	}
	return nil
}

func TestLoadEndsWithItsContext(t *testing.T) {
	o := small()
	o.Events = 1
	whole := &countdown{t.Context(), 1 << 30, make(chan struct{})}
	_, err := sample.Load(whole, engine(t), o)
	require.NoError(t, err)
	asked := 1<<30 - whole.left
	for part := range 16 {
		w, err := sample.Load(&countdown{t.Context(), 1 + part*asked/16, make(chan struct{})}, engine(t), o)
		require.ErrorIs(t, err, context.Canceled, "part %d", part)
		require.ErrorContains(t, err, "load sample data: ")
		require.Nil(t, w)
	}
	shared.world = nil
}

func TestEveryTableOfTheSchemaExists(t *testing.T) {
	load(t, small())
	for project := int64(1); project <= 3; project++ {
		for _, table := range schema.Tables() {
			if table.Physical == "" {
				continue
			}
			var names []string
			for _, f := range table.Stored() {
				names = append(names, schema.Ident(f.Column))
			}
			n := one(t, project, "SELECT count() FROM (SELECT "+strings.Join(names, ", ")+" FROM "+schema.Ident(table.Physical)+")")
			if project == sample.EmptyID {
				require.Zero(t, n, table.Name)
			}
		}
	}
}

func TestNumberOfEventsIsExact(t *testing.T) {
	for _, n := range []int{1, 250, 20_000} {
		o := small()
		o.Events = n
		w := load(t, o)
		require.Equal(t, n, w.Events)
		require.InDelta(t, n, one(t, 1, "SELECT count() FROM events"), 0)
		require.InDelta(t, 0, one(t, 1, "SELECT count() - uniqExact(uuid) FROM events"), 0)
	}
}

// checksums returns one number for the rows of each table, whatever their order.
func checksums(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for project := int64(1); project <= 3; project++ {
		for _, table := range schema.Tables() {
			if table.Physical == "" || table.Shares {
				continue
			}
			out[fmt.Sprintf("%d %s", project, table.Name)] = rows(t, project,
				"SELECT count(), groupBitXor(sipHash64(*)), sum(cityHash64(*)) FROM "+schema.Ident(table.Physical))
		}
	}
	return out
}

func TestSameOptionsSameData(t *testing.T) {
	set := func(settings string) { require.NoError(t, engine(t).Exec(t.Context(), "SET "+settings)) }
	t.Cleanup(func() {
		require.NoError(t, shared.engine.Exec(context.Background(), "SET max_threads = DEFAULT, max_block_size = DEFAULT"))
	})
	shared.world = nil
	set("max_threads = 1, max_block_size = 65409")
	load(t, small())
	single := checksums(t)
	require.NotEqual(t, single["1 events"], single["2 events"])
	shared.world = nil
	set("max_threads = 4, max_block_size = 1000")
	load(t, small())
	require.Equal(t, single, checksums(t))

	o := small()
	o.Seed = 2
	load(t, o)
	other := checksums(t)
	require.NotEqual(t, single["1 events"], other["1 events"])
	require.NotEqual(t, single["1 persons"], other["1 persons"])
	require.Equal(t, single["2 events"], other["2 events"], "the hostile project does not depend on the seed")
}

func TestDataEndsNow(t *testing.T) {
	for _, at := range []time.Time{now, time.Date(2025, 1, 2, 3, 4, 5, 678_900, time.FixedZone("", 3600)), time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC)} {
		w := load(t, sample.Options{Events: 5000, Seed: 3, Now: at})
		end := at.UTC().Truncate(time.Microsecond)
		require.Equal(t, end, w.Now)
		for project := int64(1); project <= 2; project++ {
			var last time.Time
			values(t, project, "SELECT max(timestamp) FROM events", &last)
			require.False(t, last.After(end), "%s after %s", last, end)
			require.Less(t, end.Sub(last), 48*time.Hour)
		}
		var first time.Time
		values(t, 1, "SELECT min(timestamp) FROM events", &first)
		require.False(t, first.Before(end.AddDate(0, 0, -sample.Days)))
		require.Less(t, first.Sub(end.AddDate(0, 0, -sample.Days)), 72*time.Hour)
	}
}

func TestWorld(t *testing.T) {
	w := load(t, small())
	require.Equal(t, sample.User{ID: 1, Email: "ada@hogflix.example", FirstName: "Ada", Organization: "Hogflix"}, w.User)
	var values, names []string
	for _, k := range w.Keys {
		values = append(values, k.Value)
		require.NotEmpty(t, k.Label)
		require.NotEmpty(t, k.Scopes)
	}
	require.Equal(t, []string{"phx_sandbox_all", "phx_sandbox_noquery", "phx_sandbox_berlin"}, values)
	require.Equal(t, []string{"*"}, w.Keys[0].Scopes)
	require.NotContains(t, w.Keys[1].Scopes, "query:read")
	require.Contains(t, w.Keys[2].Scopes, "query:read")
	require.Equal(t, []int64{2}, w.Keys[2].Projects)
	for _, p := range w.Projects {
		names = append(names, fmt.Sprintf("%d %s %s %d %s", p.ID, p.Name, p.TimeZone, p.WeekStart, p.Database))
	}
	require.Equal(t, []string{"1 Demo UTC 0 project_1", "2 Berlin Europe/Berlin 1 project_2", "3 Empty UTC 0 project_3"}, names)
	require.Equal(t, []string{"company"}, w.Projects[0].GroupTypes)
	require.Empty(t, w.Projects[2].Events)
}

func TestDefinitionsAgreeWithEvents(t *testing.T) {
	w := load(t, small())
	for _, p := range w.Projects[:2] {
		var events []string
		for _, e := range p.Events {
			events = append(events, e.Name)
		}
		text, err := json.Marshal(events)
		require.NoError(t, err)
		require.JSONEq(t, "["+string(text)+"]", rows(t, p.ID, "SELECT arraySort(groupUniqArray(event)) FROM events"))
	}
	p := w.Projects[0]
	i := slices.IndexFunc(p.Events, func(e sample.EventDefinition) bool { return e.Name == "user_signed_up" })
	var first, last time.Time
	values(t, 1, "SELECT min(timestamp), max(timestamp) FROM events WHERE event = 'user_signed_up'", &first, &last)
	require.Equal(t, sample.EventDefinition{Name: "user_signed_up", Description: "An account was made", CreatedAt: first, LastSeenAt: last}, p.Events[i])
	for _, e := range p.Events {
		require.NotEmpty(t, e.Description, e.Name)
	}

	for _, source := range []struct {
		project         int64
		kind, from, sql string
	}{
		{1, "event", "events", "properties"}, {1, "person", "persons", "properties"}, {1, "group", "groups", "properties"},
		{2, "event", "events", "properties"}, {2, "person", "persons", "properties"},
	} {
		t.Run(fmt.Sprint(source.project, source.kind), func(t *testing.T) {
			want := map[string]string{}
			for _, d := range w.Projects[source.project-1].Properties {
				if d.Type == source.kind {
					want[d.Name] = d.PropertyType
				}
			}
			got := map[string]string{}
			for line := range strings.Lines(rows(t, source.project, "SELECT pair.1, groupUniqArray(JSONType(pair.2)), min(pair.2) FROM (SELECT arrayJoin(JSONExtractKeysAndValuesRaw("+
				source.sql+")) AS pair FROM "+source.from+") GROUP BY 1")) {
				var name, example string
				var kinds []string
				require.NoError(t, json.Unmarshal([]byte(line), &[]any{&name, &kinds, &example}))
				got[name] = want[name]
				if source.project == sample.BerlinID { // its values are of the wrong types on purpose
					continue
				}
				switch want[name] {
				case "Numeric":
					require.Subset(t, []string{"Int64", "UInt64", "Double"}, kinds, name)
				case "Boolean":
					require.Equal(t, []string{"Bool"}, kinds, name)
				case "DateTime":
					require.Regexp(t, `^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$`, example, name)
				case "String":
					require.Contains(t, kinds, "String", name)
				}
			}
			require.Equal(t, want, got, "declared and found")
		})
	}
	sessions, _ := schema.Lookup("sessions")
	for _, d := range p.Properties {
		if d.Type == "session" {
			f, ok := sessions.Field(d.Name)
			require.True(t, ok && f.IsColumn(), d.Name)
		}
	}
}

func TestSavedObjectsAreThere(t *testing.T) {
	load(t, small())
	for sql, want := range map[string]string{
		"SELECT arraySort(groupArray(name)) FROM system_insights WHERE saved AND NOT deleted":                                                                                       `[["Daily active users","Ratings by genre","Retention by plan","Signup funnel","Top movies","Watch party adoption","Weekly revenue"]]`,
		"SELECT arraySort(groupArray(name)) FROM system_dashboards":                                                                                                                 `[["Content","Growth"]]`,
		"SELECT arraySort(groupArray(key)) FROM system_feature_flags WHERE NOT deleted":                                                                                             `[["mcp-analytics","new-player","pricing-v2"]]`,
		"SELECT arraySort(groupArray(name)) FROM system_cohorts":                                                                                                                    `[["Churned","Power users"]]`,
		"SELECT arraySort(groupArray(name)) FROM system_actions":                                                                                                                    `[["Looked at prices","Paid","Used watch party"]]`,
		"SELECT key FROM system_experiments AS e JOIN system_feature_flags AS f ON e.feature_flag_id = f.id":                                                                        `["pricing-v2"]`,
		"SELECT count() FROM system_dashboard_tiles AS t JOIN system_dashboards AS d ON t.dashboard_id = d.id JOIN system_insights AS i ON t.insight_id = i.id WHERE NOT i.deleted": `[7]`,
		"SELECT count(), countIf(date_marker <= toDateTime64('2026-06-15 12:00:00', 6, 'UTC')) FROM system_annotations":                                                             `[3,3]`,
		"SELECT count() FROM system_surveys WHERE isValidJSON(questions)":                                                                                                           `[1]`,
		"SELECT groupArray((name, test_account_filters)) FROM system_teams":                                                                                                         `[[["Demo","[{\"key\":\"email\",\"value\":\"@hogflix.example\",\"operator\":\"not_icontains\",\"type\":\"person\"}]"]]]`,
		"SELECT name, query LIKE '%FunnelsQuery%' FROM system_insights WHERE name = 'Signup funnel'":                                                                                `["Signup funnel",1]`,
		"SELECT count() = (SELECT count() FROM groups) FROM system_groups":                                                                                                          `[1]`,
	} {
		require.Equal(t, want, rows(t, 1, sql), sql)
	}
	for _, table := range schema.Tables() {
		for _, f := range table.Stored() {
			if table.Kind == schema.System && f.Type == schema.JSON {
				require.Equal(t, "[0]", rows(t, 1, fmt.Sprintf("SELECT countIf(NOT isValidJSON(assumeNotNull(%[1]s)) AND isNotNull(%[1]s)) FROM %[2]s", schema.Ident(f.Column), table.Physical)),
					"%s.%s holds JSON", table.Name, f.Name)
			}
		}
	}
}

// BenchmarkLoad measures how long 200,000 events take, without the start of the engine.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		_, err := sample.Load(b.Context(), engine(b), sample.Options{Seed: 1, Now: now})
		require.NoError(b, err)
	}
	shared.world = nil
}
