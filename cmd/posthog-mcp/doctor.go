package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/config"
	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/tools"
)

// wanted are the scopes that the catalogue uses, and what is lost without each. query:read is needed for all.
var wanted = []struct{ scope, loss string }{
	{"query:read", "nothing can be asked"},
	{"project:read", "the project's name and time zone stay unknown"},
	{"event_definition:read", "events are found by a query (slower)"},
	{"property_definition:read", "properties and their types stay unknown"},
	{"group:read", "group types stay unknown"},
	{"cohort:read", "cohorts are found by a query (slower)"},
	{"action:read", "actions stay unknown"},
	{"insight:read", "saved insights stay unknown"},
	{"dashboard:read", "dashboards stay unknown"},
	{"feature_flag:read", "feature flags stay unknown"},
	{"experiment:read", "experiments stay unknown"},
	{"survey:read", "surveys stay unknown"},
}

func (p *program) doctor() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check configuration, reachability, key, scopes, project and limits", Args: cobra.NoArgs,
		Long: "Check configuration, reachability, key, scopes, project and limits. Exit 0 when queries can run, 1 when not.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, log, err := p.load(config.Command)
			if err != nil {
				return err
			}
			_, client, err := p.service(cfg, log)
			if err != nil {
				return err
			}
			defer client.Close()
			return p.examine(c.Context(), cfg, client)
		},
	}
}

// examine prints one line for each check. A failed check is told in full; those that cannot succeed after
// it are left out.
func (p *program) examine(ctx context.Context, cfg *config.Config, client *driver.Client) error {
	line := func(what, state, format string, args ...any) {
		text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n                  ")
		fmt.Fprintf(p.stdout, "%-11s %-5s %s\n", what, state, text)
	}
	projectText := "the key's only one"
	if cfg.ProjectID != 0 {
		projectText = fmt.Sprint(cfg.ProjectID)
	}
	line("config", "ok", "POSTHOG_API_URL=%s, project %s, key %s", cfg.APIURL, projectText, cfg.APIKey.Masked())

	began := time.Now()
	key, err := client.Key(ctx)
	switch kind := kindOf(err); {
	case err == nil:
		line("reach", "ok", "%s %d ms", cfg.APIURL, time.Since(began).Milliseconds())
		line("key", "ok", "%q, %s", key.Label, scopesText(key.Scopes))
		p.judgeScopes(key.Scopes, line)
	case kind == driver.Forbidden || kind == driver.NotFound: // PostHog answers, but not this question
		line("reach", "ok", "%s %d ms", cfg.APIURL, time.Since(began).Milliseconds())
		line("key", "warn", "PostHog does not tell this key's scopes")
	case kind == driver.Unauthorized:
		line("reach", "ok", "%s %d ms", cfg.APIURL, time.Since(began).Milliseconds())
		line("key", "fail", "%s", tools.Advice(err))
		return errSilent
	default:
		line("reach", "fail", "%s", tools.Advice(err))
		return errSilent
	}

	id := cfg.ProjectID
	switch project, err := client.Project(ctx, 0); {
	case err == nil:
		id = project.ID
		line("project", "ok", "%d %q, %s", project.ID, project.Name, project.TimeZone)
	case kindOf(err) == driver.Forbidden && id != 0:
		line("project", "warn", "%d; %s", id, tools.Advice(err))
	default:
		line("project", "fail", "%s", tools.Advice(err))
		return errSilent
	}
	took, err := client.Probe(ctx, id)
	if err != nil {
		line("query", "fail", "%s", tools.Advice(err))
		return errSilent
	}
	line("query", "ok", "SELECT 1 in %d ms", took.Milliseconds())
	line("limits", "ok", "%d/min, %d/h, %d at once (as configured)", cfg.PerMinute, cfg.PerHour, cfg.MaxConcurrency)
	return nil
}

func scopesText(scopes []string) string {
	if len(scopes) == 0 || slices.Contains(scopes, "*") {
		return "all scopes"
	}
	return "scopes " + strings.Join(scopes, ", ")
}

// judgeScopes warns about the scopes that are missing.
func (p *program) judgeScopes(scopes []string, line func(what, state, format string, args ...any)) {
	if len(scopes) == 0 || slices.Contains(scopes, "*") {
		line("scopes", "warn", "this key may do everything, also write: a key with read scopes is enough and safer")
		return
	}
	writes := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !strings.HasSuffix(s, ":write") })
	if len(writes) > 0 {
		line("scopes", "warn", "this key may write (%s): read scopes are enough and safer", strings.Join(writes, ", "))
	}
	for _, w := range wanted {
		object, _, _ := strings.Cut(w.scope, ":")
		if !slices.Contains(scopes, w.scope) && !slices.Contains(scopes, object+":write") {
			line("scopes", "warn", "%s missing: %s. Add it to the key.", w.scope, w.loss)
		}
	}
}

func kindOf(err error) driver.Kind {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Kind
	}
	return ""
}
