package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/tools"
)

// objects is the command line's list_objects.
func (p *program) objects() *cobra.Command {
	var a tools.ListArgs
	var asJSON bool
	c := &cobra.Command{
		Use: "objects [SEARCH]", Short: "Find tables, events, properties and saved objects", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				a.Search = args[0]
			}
			return p.oneShot(c.Context(), func(ctx context.Context, s *tools.Service, _ *driver.Client) error {
				a.Catalogue = asJSON && a.Search == "" && a.Kind == "" // what hogql check --catalogue reads
				answer, err := s.ListObjects(ctx, a)
				return p.print(answer, asJSON, err)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&a.Kind, "kind", "", "only this kind: event, property, table, insight, …")
	f.IntVar(&a.Limit, "limit", 0, "most entries to print (default 50)")
	f.StringVar(&a.Cursor, "cursor", "", "go on after an earlier list")
	f.Int64Var(&a.ProjectID, "project", 0, "another project than the configured one")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// fields is the command line's get_fields.
func (p *program) fields() *cobra.Command {
	var a tools.FieldsArgs
	var asJSON, bare bool
	c := &cobra.Command{
		Use: "fields OBJECT…", Short: "Show how to read tables, events, persons and saved objects", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a.Objects = args
			samples := !bare
			a.Samples = &samples
			return p.oneShot(c.Context(), func(ctx context.Context, s *tools.Service, _ *driver.Client) error {
				answer, err := s.GetFields(ctx, a)
				return p.print(answer, asJSON, err)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&a.Search, "search", "", "only fields with this word")
	f.BoolVar(&bare, "no-samples", false, "leave out real values (saves a query)")
	f.Int64Var(&a.ProjectID, "project", 0, "another project than the configured one")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// print writes an answer as text or as JSON.
func (p *program) print(a tools.Answer, asJSON bool, err error) error {
	if err != nil {
		return err
	}
	if !asJSON {
		_, err = fmt.Fprintln(p.stdout, a.Text)
		return asLocal(err)
	}
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	return asLocal(e.Encode(a.Data))
}

// query is the command line's query_posthog.
func (p *program) query() *cobra.Command {
	var a tools.QueryArgs
	var file, format string
	var values []string
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "query [SQL]",
		Short: "Run HogQL and print the rows",
		Long: `Run one HogQL query, given as an argument, in a file (-f) or on standard input. Nothing is cut.
On a terminal the rows come as a table, else as CSV. Notes and warnings go to stderr.`,
		Example: `  posthog-mcp query 'SELECT event, count() AS n FROM events GROUP BY event ORDER BY n DESC'
  posthog-mcp query -f report.sql --value plan=pro --value days=30 --format csv > report.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if a.Query, err = p.queryText(args, file); err != nil {
				return err
			}
			if a.Values, err = parseValues(values); err != nil {
				return err
			}
			if format == "" && isTerminal(p.stdout) {
				format = tools.FormatTable
			}
			if format != tools.FormatTable { // which agents do not get
				a.Format = format
			}
			return p.oneShot(c.Context(), func(ctx context.Context, s *tools.Service, _ *driver.Client) error {
				if timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, timeout)
					defer cancel()
				}
				return p.runQuery(ctx, s, a, cmp.Or(format, tools.FormatCSV))
			})
		},
	}
	f := c.Flags()
	f.StringVarP(&file, "file", "f", "", "read the query from this file; - is standard input")
	f.StringArrayVar(&values, "value", nil, "name=value for a {name} placeholder; numbers, true, false, null and JSON lists are read as such")
	f.StringVar(&a.TimePeriod, "time-period", "", "fill {filters}: 1d, 7d, 30d, 90d or all")
	f.Int64Var(&a.Limit, "limit", 0, "most rows (default 1000, at most 50000)")
	f.StringVar(&format, "format", "", "table, csv, json or markdown")
	f.StringVar(&a.Refresh, "refresh", "", "cached (default) or fresh")
	f.BoolVar(&a.ValidateOnly, "validate-only", false, "check the query, do not run it")
	f.DurationVar(&timeout, "timeout", 0, "give up after this time (default POSTHOG_TIMEOUT, else 90s)")
	f.Int64Var(&a.ProjectID, "project", 0, "another project than the configured one")
	return c
}

// runQuery prints the rows to stdout, and what is to be said about them to stderr.
func (p *program) runQuery(ctx context.Context, s *tools.Service, a tools.QueryArgs, format string) error {
	if a.ValidateOnly {
		answer, valid, err := s.Check(ctx, a)
		if err = p.print(answer, format == tools.FormatJSON, err); err == nil && !valid {
			err = errSilent
		}
		return err
	}
	rows, err := s.Query(ctx, a)
	if err != nil {
		return err
	}
	if err := rows.Write(p.stdout, format); err != nil {
		return localError{err}
	}
	if format != tools.FormatJSON { // which says it all itself
		fmt.Fprintln(p.stderr, rows.Remarks())
	}
	return nil
}

// queryText finds the query: argument, file or standard input.
func (p *program) queryText(args []string, file string) (string, error) {
	const most = 1 << 20
	switch {
	case len(args) == 1 && file != "":
		return "", usagef("a query was given as an argument and with --file: keep one of them")
	case len(args) == 1 && args[0] != "-":
		return args[0], nil
	case file != "" && file != "-":
		text, err := os.ReadFile(file) //nolint:gosec // the file is the user's choice
		if err != nil {
			return "", usagef("read the query: %w", err)
		}
		return string(text), nil
	case isInteractive(p.stdin) && len(args) == 0 && file == "":
		return "", usagef("no query: give it as an argument, with --file, or on standard input")
	}
	text, err := io.ReadAll(io.LimitReader(p.stdin, most))
	if err != nil {
		return "", localError{fmt.Errorf("read the query from standard input: %w", err)}
	}
	return string(text), nil
}

func isInteractive(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && isTerminal(f)
}

// parseValues reads name=value pairs. A value that is JSON (a number, true, null, a list, a quoted text) is
// taken as such, anything else as text.
func parseValues(pairs []string) (map[string]any, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	values := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("--value %q: write name=value", pair)
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil || !errors.Is(d.Decode(new(any)), io.EOF) {
			v = text
		}
		values[name] = v
	}
	return values, nil
}
