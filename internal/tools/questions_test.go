package tools_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

const questions = "../../testdata/questions/"

// question is a line of the corpus: a question, and two ways in which an analyst would write its HogQL.
type question struct {
	ID         string `json:"id"`
	Project    int64  `json:"project"`
	Plan       string `json:"plan"`
	Question   string `json:"question"`
	TimePeriod string `json:"time_period"`
	Truth      string `json:"truth"`
	Second     string `json:"second"`
	Why        string `json:"why"` // of a refusal
}

func corpus(t *testing.T, file string) []question {
	t.Helper()
	f, err := os.Open(questions + file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var out []question
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var q question
		require.NoError(t, json.Unmarshal(lines.Bytes(), &q), lines.Text())
		out = append(out, q)
	}
	require.NoError(t, lines.Err())
	return out
}

// TestQuestions asks every covered question. A wrong table fails; a refusal counts as not right.
func TestQuestions(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{Now: sandboxtest.Now})
	rows := func(project int64, text string) [][]any {
		r, err := service.Query(t.Context(), tools.QueryArgs{Query: text, Limit: 50_000, ProjectID: project})
		require.NoError(t, err, text)
		return cellsOf(r)
	}
	all := corpus(t, "covered.jsonl")
	require.GreaterOrEqual(t, len(all), 300)
	var written strings.Builder
	var refused []string
	for _, q := range all {
		asked, err := service.Ask(t.Context(), tools.QueryArgs{Question: q.Question, TimePeriod: q.TimePeriod, ProjectID: q.Project, Limit: 50_000}, true)
		require.NoError(t, err, q.ID+" "+q.Question)
		if asked.Refusal != nil {
			refused = append(refused, fmt.Sprintf("%s %s: %s", q.ID, q.Question, asked.Refusal.Why))
			continue
		}
		want := rows(q.Project, q.Truth)
		require.True(t, sameRows(want, rows(q.Project, q.Second)), "%s: the two truths differ", q.ID)
		got := cellsOf(asked.Rows)
		require.True(t, sameRows(want, got), "%s %s\nunderstood: %s\nwant %v\ngot  %v", q.ID, q.Question, asked.Understood, want, got)

		tree, err := hogql.Parse(asked.HogQL)
		require.NoError(t, err, asked.HogQL)
		require.Empty(t, hogql.Check(tree, service.Catalogue(q.Project), hogql.CheckOptions{Source: asked.HogQL}), asked.HogQL)
		line, err := json.Marshal(map[string]any{"id": q.ID, "rule": "select", "ok": true, "text": asked.HogQL})
		require.NoError(t, err)
		written.WriteString(string(line) + "\n")
	}
	t.Logf("%d questions, %d refused", len(all), len(refused))
	require.LessOrEqual(t, len(refused)*100, len(all)*3, strings.Join(refused, "\n"))
	golden.Check(t, questions+"hogql.jsonl", written.String())
}

// TestRefusedQuestions asks what cannot be answered: all of it is refused in few words, with HogQL to begin with.
func TestRefusedQuestions(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{Now: sandboxtest.Now})
	all := corpus(t, "refused.jsonl")
	require.GreaterOrEqual(t, len(all), 100)
	for _, q := range all {
		asked, err := service.Ask(t.Context(), tools.QueryArgs{Question: q.Question, ProjectID: q.Project}, true)
		require.NoError(t, err, q.Question)
		require.NotNil(t, asked.Refusal, "%s %s (%s) was answered: %s", q.ID, q.Question, q.Why, asked.Understood)
		_, err = hogql.Parse(asked.Refusal.Skeleton)
		require.NoError(t, err, asked.Refusal.Skeleton)
		text := tools.RefusalAnswer(asked.Refusal).Text
		require.Less(t, len(text), 1200, text) // three characters are less than a token here
	}
}

func cellsOf(r *tools.Rows) [][]any {
	var out [][]any
	for _, row := range r.Rows {
		out = append(out, row.Values())
	}
	return out
}

func sameRows(a, b [][]any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for k := range a[i] {
			if !sameCell(a[i][k], b[i][k]) {
				return false
			}
		}
	}
	return true
}

// sameCell compares numbers to nine digits.
func sameCell(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, alsoNumber := b.(json.Number)
	if !isNumber || !alsoNumber {
		return a == b
	}
	f, err := x.Float64()
	g, err2 := y.Float64()
	return err == nil && err2 == nil && math.Abs(f-g) <= 1e-9*max(math.Abs(f), math.Abs(g), 1e-3)
}
