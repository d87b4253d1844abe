package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/tools"
)

// ask is the command line's query_posthog with a question.
func (p *program) ask() *cobra.Command {
	var a tools.QueryArgs
	var format string
	var explain bool
	c := &cobra.Command{
		Use:   "ask QUESTION…",
		Short: "Answer a question in plain English",
		Long: `Turn a question in plain English into HogQL, run it and print the rows. How the question was understood, and the
HogQL, go to stderr. A question that is not covered, or not certain, is refused with what is close: exit code 3.`,
		Example: `  posthog-mcp ask how many people signed up per week in the last 90 days
  posthog-mcp ask --explain 'top 5 countries by revenue this month'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a.Question = strings.Join(args, " ")
			if format == "" && isTerminal(p.stdout) {
				format = tools.FormatTable
			}
			if format != tools.FormatTable { // which agents do not get
				a.Format = format
			}
			return p.oneShot(c.Context(), func(ctx context.Context, s *tools.Service, _ *driver.Client) error {
				return p.runQuestion(ctx, s, a, cmp.Or(format, tools.FormatCSV), explain)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&a.TimePeriod, "time-period", "", "period of a question that names none: 1d, 7d (default), 30d, 90d or all")
	f.Int64Var(&a.Limit, "limit", 0, "most rows (default 1000, at most 50000)")
	f.StringVar(&format, "format", "", "table, csv, json or markdown")
	f.StringVar(&a.Refresh, "refresh", "", "cached (default) or fresh")
	f.BoolVar(&explain, "explain", false, "print how the question is understood and its HogQL, run nothing")
	f.Int64Var(&a.ProjectID, "project", 0, "another project than the configured one")
	return c
}

// runQuestion prints the rows to stdout, and what is to be said about them to stderr.
func (p *program) runQuestion(ctx context.Context, s *tools.Service, a tools.QueryArgs, format string, explain bool) error {
	asJSON := format == tools.FormatJSON
	asked, err := s.Ask(ctx, a, !explain)
	switch {
	case err != nil:
		return err
	case asked.Refusal != nil:
		if err := p.print(tools.RefusalAnswer(asked.Refusal), asJSON, nil); err != nil {
			return err
		}
		return errUnanswered
	case asked.Rows == nil:
		return p.print(asked.Explain(), asJSON, nil)
	}
	if err := asked.Rows.Write(p.stdout, format); err != nil {
		return localError{err}
	}
	if !asJSON { // which says it all itself
		fmt.Fprintln(p.stderr, asked.Rows.Remarks())
	}
	return nil
}
