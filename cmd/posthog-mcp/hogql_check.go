package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/hogql"
)

// hogqlChecker is how `hogql check` was called.
type hogqlChecker struct {
	in                hogqlInput
	catalogue, format string
	values            []string
	strict, offset    bool
}

// hogqlCheck judges texts without running them.
func (p *program) hogqlCheck() *cobra.Command {
	var k hogqlChecker
	c := &cobra.Command{
		Use:   "check [FILE…]",
		Short: "Find what is wrong with HogQL, or hardly meant",
		Long: `Check each file, of a folder each .sql and .hogql file, or standard input, without running anything: unknown
tables, columns and functions, wrong arguments, misplaced aggregates, missing time filters, types that do not fit, and
what PostHog reads in another way than it looks. Errors are what PostHog refuses; the exit code is then 1. Warnings
alone leave it 0, or 1 with --strict. It is 2 where a file cannot be read: the others are checked nevertheless.

Without --catalogue PostHog's own tables and functions are known, and events and properties are not judged.
posthog-mcp objects --json > catalogue.json writes the catalogue of a project.

With --jsonl each line of the output also has "findings": {"severity","code","message","line","column","start",
"end","hint","nearest","fix":{"start","end","text"}}, offsets in characters from 0.`,
		RunE: func(_ *cobra.Command, files []string) error { return p.runHogqlCheck(k, files) },
	}
	k.in.flags(c)
	f := c.Flags()
	f.StringVar(&k.catalogue, "catalogue", "", "a project's catalogue, as objects --json writes it")
	f.StringVar(&k.format, "format", "text", "text, github (workflow commands) or sarif")
	f.StringSliceVar(&k.values, "values", nil, "names of the placeholders that will have a value; others are then errors")
	f.BoolVar(&k.strict, "strict", false, "exit with 1 on warnings, too")
	f.BoolVar(&k.offset, "allow-offset", false, "accept OFFSET, which PostHog refuses to personal API keys")
	return c
}

func (p *program) runHogqlCheck(k hogqlChecker, files []string) error {
	if !slices.Contains([]string{"text", "github", "sarif"}, k.format) {
		return usagef("--format %q: it is text, github or sarif", k.format)
	}
	if k.in.jsonl && k.format != "text" {
		return usagef("--jsonl has a form of its own: leave --format %s out", k.format)
	}
	catalogue, err := readCatalogue(k.catalogue)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.stdout)
	report := hogqlReport{out: out, format: k.format}
	failed := false
	var unread error
	for t, err := range p.hogqlTexts(k.in, files) {
		if err != nil {
			unread = alsoUnread(unread, err)
			continue
		}
		found, parseErr := k.check(t, catalogue)
		_, isProblem := found.Problem()
		failed = failed || parseErr != nil || isProblem || k.strict && len(found) > 0
		if k.in.jsonl {
			err = writeLine(out, t.checked(parseErr, found))
		} else {
			err = report.add(t, withParse(parseErr, found))
		}
		if err != nil {
			return asLocal(err)
		}
	}
	if !k.in.jsonl {
		if err := report.end(); err != nil {
			return asLocal(err)
		}
	}
	return hogqlEnd(out, failed, unread)
}

// readCatalogue reads the file of --catalogue; without one, PostHog's own tables are all that is known.
func readCatalogue(name string) (*hogql.Catalogue, error) {
	if name == "" {
		return hogql.BuiltIn(), nil
	}
	data, err := os.ReadFile(name) //nolint:gosec // the file is the user's choice
	if err != nil {
		return nil, usagef("--catalogue: %w", err)
	}
	c, err := hogql.ReadCatalogue(data)
	if err != nil {
		return nil, usagef("--catalogue %s: %w", name, err)
	}
	return c, nil
}

// check returns the findings of a text, or why it is no HogQL.
func (k hogqlChecker) check(t hogqlText, c *hogql.Catalogue) (hogql.Findings, error) {
	o := hogql.CheckOptions{Source: t.Text, Offset: k.offset, Offline: true}
	if len(k.values) > 0 {
		o.Values = map[string]bool{}
		for _, name := range k.values {
			o.Values[name] = true
		}
	}
	n, err := t.parse()
	if err != nil {
		return nil, err
	}
	if x, ok := n.(hogql.Expr); ok && t.Rule == "expr" {
		return hogql.CheckExpr(x, c, o), nil
	}
	q, ok := n.(hogql.Query)
	if !ok {
		return nil, fmt.Errorf("%s: no query", t.name)
	}
	return hogql.Check(q, c, o), nil
}

// withParse puts a failure to parse in front of findings, as one of them.
func withParse(err error, found hogql.Findings) hogql.Findings {
	e, ok := errors.AsType[*hogql.Error](err)
	if !ok {
		return found
	}
	return append(hogql.Findings{{
		Severity: hogql.Problem, Code: "syntax", Message: e.Message, Hint: e.Hint, Span: e.Span, Line: e.Line, Column: e.Column,
	}}, found...)
}

// hogqlChecked is a line of output of check --jsonl.
type hogqlChecked struct {
	hogqlVerdict
	Findings []hogqlFinding `json:"findings"`
}

type hogqlFinding struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	hogqlProblem
	Nearest []string  `json:"nearest,omitempty"`
	Fix     *hogqlFix `json:"fix,omitempty"`
}

// hogqlFix replaces the characters from Start to End by Text.
type hogqlFix struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

func (t hogqlText) checked(err error, found hogql.Findings) hogqlChecked {
	line := hogqlChecked{hogqlVerdict: t.verdict(err), Findings: []hogqlFinding{}}
	for _, f := range found {
		start, end := t.offsets(f.Span)
		out := hogqlFinding{
			Severity: f.Severity.String(), Code: f.Code, Nearest: f.Nearest,
			hogqlProblem: hogqlProblem{Message: f.Message, Line: f.Line, Column: f.Column, Start: start, End: end, Hint: f.Hint},
		}
		if f.Fix != nil {
			start, end := t.offsets(f.Fix.Span)
			out.Fix = &hogqlFix{start, end, f.Fix.Text}
		}
		line.Findings = append(line.Findings, out)
	}
	return line
}
