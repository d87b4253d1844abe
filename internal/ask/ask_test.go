package ask_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/ask"
	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
)

// project is a catalogue with the fields of its objects, as the driver gives them.
type project struct {
	Catalogue driver.Catalogue `json:"catalogue"`
	Objects   []driver.Object  `json:"objects"`
}

// staff are the filters of a project that leave its own people out.
const staff = `[{"key":"email","type":"person","operator":"not_icontains","value":"@hogflix.example"}]`

func read(tb testing.TB) project {
	tb.Helper()
	text, err := os.ReadFile("testdata/catalogue.json")
	require.NoError(tb, err)
	var p project
	require.NoError(tb, json.Unmarshal(text, &p))
	return p
}

func (p project) index(tb testing.TB) *ask.Index {
	tb.Helper()
	return ask.NewIndex(driver.Project{ID: 1, TimeZone: "Europe/Berlin", TestAccounts: staff}, &p.Catalogue)
}

// plan plans with the fields that are asked for.
func (p project) plan(x *ask.Index, question string, o ask.Options) ask.Outcome {
	for range 4 {
		out := x.Plan(question, o)
		if len(out.Needs) == 0 {
			return out
		}
		for _, name := range out.Needs {
			o.Details = append(o.Details, p.field(name))
		}
	}
	return ask.Outcome{}
}

func (p project) field(name string) driver.Object {
	if i := slices.IndexFunc(p.Objects, func(o driver.Object) bool { return o.Object == name }); i >= 0 {
		return p.Objects[i]
	}
	return driver.Object{Object: name}
}

// reading is how a question was read, as text.
func reading(tb testing.TB, out ask.Outcome) string {
	tb.Helper()
	if r := out.Refusal; r != nil {
		text := "refused: " + r.Why
		if r.Understood != "" {
			text += "\nunderstood: " + r.Understood
		}
		if len(r.Candidates) > 0 {
			text += "\nclosest: " + strings.Join(r.Candidates, ", ")
		}
		return text
	}
	require.NotNil(tb, out.Plan)
	text := "understood: " + out.Plan.Understood()
	for _, n := range out.Plan.Notes {
		text += "\nnote: " + n
	}
	q, err := out.Plan.Query()
	if out.Plan.Kind == ask.Names {
		require.Error(tb, err)
		return text
	}
	require.NoError(tb, err)
	printed := hogql.Print(q)
	_, err = hogql.Parse(printed)
	require.NoError(tb, err, printed)
	return text + "\n" + printed
}

// TestReadings holds how questions are read: what is meant by the words, without any data.
func TestReadings(t *testing.T) {
	t.Parallel()
	p := read(t)
	x := p.index(t)
	text, err := os.ReadFile("testdata/readings.txt")
	require.NoError(t, err)
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		q := strings.TrimSpace(line)
		if q == "" || strings.HasPrefix(q, "#") {
			continue
		}
		period, rest, ok := strings.Cut(q, " | ")
		if !ok {
			period, rest = "", q
		}
		fmt.Fprintf(&b, "%s\n%s\n\n", q, reading(t, p.plan(x, rest, ask.Options{TimePeriod: period})))
	}
	golden.Check(t, "testdata/readings.golden", b.String())
}

// TestSayItDifferently: wording, case, politeness and word order change nothing.
func TestSayItDifferently(t *testing.T) {
	t.Parallel()
	p := read(t)
	x := p.index(t)
	for _, same := range [][]string{
		{"how many people signed up in the last 30 days", "In the last 30 days, how many people signed up?", "Could you please tell me how many users signed up over the last 30 days", "HOW MANY USERS SIGNED UP WITHIN THE LAST 30 DAYS",
			"number of users who signed up in the past 30 days", "i want to know how many distinct users signed up during the last thirty days, thanks", "unique users that signed up, last 30d"},
		{"signups per week in the last 90 days", "weekly signups, last 90 days", "show me a chart of sign-ups by week for the past 90 days", "for the last 90 days, user_signed_up each week", "Signups week by week over the last 90 days"},
		{"page views by browser this month", "this month's pageviews per browser", "break down $pageview by $browser this month", "pageviews this month, split by browser", "page views this month for each browser"},
		{"signups this week vs last week", "compare signups this week with last week", "did we have more signups this week than last week?", "signups: this week compared to last week"},
		{"funnel from signup to onboarding completed", "signup -> onboarding completed", "conversion rate from signup to onboarding completed", "what percentage of people who signed up completed onboarding?", "share of signups that complete onboarding"},
		{"logins on mobile", "mobile logins", "user logins from mobile devices", "logins where device type is Mobile", "logins with device type mobile"},
		{"movies watched by genre", "watched movies per genre", "which genres are watched", "movie views split by genre"},
	} {
		first := hogqlOf(t, p, x, same[0])
		for _, q := range same[1:] {
			require.Equal(t, first, hogqlOf(t, p, x, q), q)
		}
	}
}

func hogqlOf(t *testing.T, p project, x *ask.Index, question string) string {
	t.Helper()
	out := p.plan(x, question, ask.Options{})
	require.Nil(t, out.Refusal, "%s: %+v", question, out.Refusal)
	require.NotNil(t, out.Plan, question)
	q, err := out.Plan.Query()
	require.NoError(t, err)
	return hogql.Print(q)
}

func TestTimePeriod(t *testing.T) {
	t.Parallel()
	p := read(t)
	x := p.index(t)
	out := p.plan(x, "signups", ask.Options{TimePeriod: "30d"})
	require.Contains(t, out.Plan.Understood(), "the last 30 days")
	require.Empty(t, out.Plan.Notes)

	out = p.plan(x, "signups yesterday", ask.Options{TimePeriod: "30d"})
	require.Contains(t, out.Plan.Understood(), "yesterday")
	require.Equal(t, []string{"the question's own period was used, not time_period=30d"}, out.Plan.Notes)

	out = p.plan(x, "signups in the last 30 days", ask.Options{TimePeriod: "30d"})
	require.Empty(t, out.Plan.Notes, "they agree")

	out = p.plan(x, "signups", ask.Options{TimePeriod: "all"})
	require.Contains(t, out.Plan.Understood(), "all time")
}

func TestDerivedLines(t *testing.T) {
	t.Parallel()
	n := func(s string) json.Number { return json.Number(s) }
	p := read(t)
	x := p.index(t)
	for _, c := range []struct {
		question string
		rows     [][]any
		want     string
	}{
		{"signups this week vs last week", [][]any{{"current", n("15")}, {"previous", n("10")}}, "change: +5 (+50.0 %)"},
		{"signups this week vs last week", [][]any{{"current", n("15")}, {"previous", n("0")}}, "change: +15; in per cent it is not defined, because the value before is 0"},
		{"signups this week vs last week", [][]any{{"current", n("15")}, {"previous", nil}}, ""},
		{"signups this week vs last week", [][]any{{"current"}}, ""},
		{"signup -> onboarding completed", [][]any{{n("1"), "a", n("200")}, {n("2"), "b", n("50")}}, "conversion: 50 of 200 people (25.0 %); 150 dropped off"},
		{"signup -> onboarding completed", [][]any{{n("1"), "a", n("0")}, {n("2"), "b", n("0")}}, ""},
		{"signup -> onboarding completed", [][]any{{n("1"), "a"}, {n("2")}}, ""},
		{"signup -> onboarding completed", nil, ""},
		{"DAU/MAU ratio", [][]any{{n("10"), n("100"), n("0.1")}}, "daily / monthly active people: 10.0 %"},
		{"how sticky are users", [][]any{{n("1"), n("100")}}, ""},
		{"what drives subscriptions", nil, "these go with converting; that is no proof of cause. p-values are corrected for the number of things compared"},
		{"signups", [][]any{{n("1")}}, ""},
	} {
		out := p.plan(x, c.question, ask.Options{})
		require.NotNil(t, out.Plan, c.question)
		require.Equal(t, c.want, out.Plan.Derive(c.rows), c.question)
	}
}

func TestOwnPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ filters, want string }{
		{``, ""},
		{`[]`, ""},
		{`{`, ""},
		{staff, "person.properties.email NOT ILIKE '%@hogflix.example%'"},
		{`[{"key":"plan","type":"event","operator":"exact","value":["a","b"]},{"key":"plan","type":"person","operator":"is_not","value":"c"}]`, "properties.plan IN ('a', 'b') AND person.properties.plan != 'c'"},
		{`[{"key":"plan","type":"event","operator":"is_not","value":["a","b"]},{"key":"plan","type":"event","operator":"exact","value":"d"}]`, "properties.plan NOT IN ('a', 'b') AND properties.plan = 'd'"},
		{`[{"key":"email","type":"person","operator":"icontains","value":"x"},{"key":"email","type":"person","operator":"regex","value":"^a"},{"key":"email","type":"person","operator":"not_regex","value":"b$"}]`,
			"person.properties.email ILIKE '%x%' AND person.properties.email =~ '^a' AND person.properties.email !~ 'b$'"},
		{`[{"key":"id","type":"cohort","operator":"not_in","value":7}]`, ""},
		{`[{"key":"email","type":"person","operator":"is_set","value":"x"}]`, ""},
		{`[{"key":"email","type":"person","operator":"exact","value":{}}]`, ""},
		{`[{"key":7,"type":"person","operator":"exact","value":"x"}]`, ""},
	} {
		_, x := ask.TestAccounts(driver.Project{TestAccounts: c.filters})
		got := ""
		if x != nil {
			got = hogql.Print(x)
		}
		require.Equal(t, c.want, got, c.filters)
	}
}

// TestWithoutOwnPeopleFilter: what the project does not define is not guessed.
func TestWithoutOwnPeopleFilter(t *testing.T) {
	t.Parallel()
	p := read(t)
	x := ask.NewIndex(driver.Project{ID: 1}, &p.Catalogue)
	out := p.plan(x, "signups excluding internal users", ask.Options{})
	require.NotNil(t, out.Refusal)
	require.Contains(t, out.Refusal.Why, "no filter for its own people")
}

// TestEmptyProject has no events: nothing can be meant.
func TestEmptyProject(t *testing.T) {
	t.Parallel()
	x := ask.NewIndex(driver.Project{ID: 3}, &driver.Catalogue{})
	for _, q := range []string{"signups", "revenue", "page views by browser", "LCP", "LLM cost", "top referrers", "what drives signups"} {
		out := project{}.plan(x, q, ask.Options{})
		require.NotNil(t, out.Refusal, q)
		require.Empty(t, out.Refusal.Candidates, q)
	}
	out := project{}.plan(x, "how many events last week", ask.Options{})
	require.NotNil(t, out.Plan)
}

// FuzzPlan: any text is planned or refused, and what is planned is HogQL.
func FuzzPlan(f *testing.F) {
	text, err := os.ReadFile("testdata/readings.txt")
	require.NoError(f, err)
	for line := range strings.Lines(string(text)) {
		f.Add(strings.TrimSpace(line))
	}
	p := read(f)
	x := p.index(f)
	f.Fuzz(func(t *testing.T, question string) {
		out := p.plan(x, question, ask.Options{})
		if out.Plan != nil || out.Refusal != nil {
			reading(t, out)
		}
		if out.Refusal != nil {
			_, err := hogql.Parse(out.Refusal.Skeleton)
			require.NoError(t, err)
		}
	})
}

// BenchmarkPlan plans against 5,000 events and 20,000 properties.
func BenchmarkPlan(b *testing.B) {
	p := read(b)
	words := []string{"billing", "invoice", "report", "export", "team", "member", "comment", "file", "folder", "task", "board", "card", "message", "channel", "alert", "search", "filter", "view", "page", "form"}
	verbs := []string{"created", "updated", "deleted", "opened", "closed", "shared", "sent", "viewed", "failed", "started"}
	for i := range 5000 - len(p.Catalogue.Events) {
		name := fmt.Sprintf("%s_%s_%s_%d", words[i%20], words[i/20%20], verbs[i/400%10], i/4000)
		p.Catalogue.Events = append(p.Catalogue.Events, driver.CatalogueEvent{Name: name, Count: int64(i)})
	}
	for i := range 20_000 - len(p.Catalogue.Properties) {
		name := fmt.Sprintf("%s_%s_%s_%d", words[i%20], words[i/20%20], words[i/400%20], i/8000)
		p.Catalogue.Properties = append(p.Catalogue.Properties, driver.CatalogueProperty{Entity: "event", Name: name, Type: []string{"String", "Numeric", "Boolean"}[i%3]})
	}
	x := p.index(b)
	for _, c := range []struct{ name, question string }{
		{"total", "how many people signed up in the last 30 days"},
		{"breakdown", "weekly page views by browser on mobile from Germany in the last 90 days"},
		{"funnel", "conversion from signup to onboarding completed to subscription purchased within 7 days this year"},
		{"misspelt", "how meny peple signd up per week in the last 30 dayz"},
		{"refused", "how many invoices were teleported to the board of directors by members in the last quarter"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var details []driver.Object
			for range 4 {
				for _, name := range x.Plan(c.question, ask.Options{Details: details}).Needs {
					details = append(details, p.field(name))
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				out := x.Plan(c.question, ask.Options{Details: details})
				if out.Plan == nil {
					continue
				}
				if _, err := out.Plan.Query(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
