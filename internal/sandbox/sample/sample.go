package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "time/tzdata" // the project "Berlin" needs its zone where the system has none

	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/schema"
)

// Options say which data to make.
type Options struct {
	Events int       // of the project "Demo", exactly; 0 means 200,000
	Seed   uint64    // another seed, another population of the same shape
	Now    time.Time // the instant at which the data ends, cut to whole microseconds; required
}

// Load makes the projects' databases in the engine, fills them and tells what is in them. Databases
// of an earlier Load in the same engine are replaced.
func Load(ctx context.Context, e *chdb.Engine, o Options) (*World, error) {
	if o.Events == 0 {
		o.Events = defaultEvents
	}
	if o.Events < 0 || o.Events > largestEvents {
		return nil, fmt.Errorf("load sample data: %d events asked for; write a number from 1 to %d", o.Events, largestEvents)
	}
	if o.Now.IsZero() {
		return nil, errors.New("load sample data: the instant at which it ends is missing")
	}
	o.Now = o.Now.UTC().Truncate(time.Microsecond)
	l := loader{engine: e, options: o, moments: momentsOf(o.Now)}
	w := &World{Now: o.Now, Keys: keys(), User: user()}
	for _, load := range []func(context.Context) (Project, error){l.demo, l.berlin, l.empty} {
		p, err := load(ctx)
		if err != nil {
			return nil, fmt.Errorf("load sample data: %w", err)
		}
		w.Projects = append(w.Projects, p)
	}
	w.Events = o.Events
	// The engine keeps what generating took: hundreds of megabytes. One that cannot give it back is as good.
	_ = e.Exec(ctx, "SYSTEM JEMALLOC PURGE")
	return w, nil
}

// loader fills one engine.
type loader struct {
	engine  *chdb.Engine
	options Options
	moments moments
}

func database(project int64) string { return fmt.Sprintf("project_%d", project) }

// create makes a project's database with all tables that the schema stores, and those of its own.
func (l loader) create(ctx context.Context, project int64, own ...schema.Table) error {
	name := database(project)
	statements := []string{"DROP DATABASE IF EXISTS " + name + " SYNC", "CREATE DATABASE " + name + " ENGINE = Memory"}
	for _, t := range append(schema.Tables(), own...) {
		t.Partition = "" // at this size partitions prune nothing, and filling them takes twice as long
		ddl := schema.DDLIn(name, t)
		if ddl == "" {
			continue
		}
		if t.OrderBy == "" { // a few rows at most: no files, which take the most time of an empty project
			columns, _, _ := strings.Cut(ddl, " ENGINE = ")
			ddl = columns + " ENGINE = Memory"
		}
		statements = append(statements, ddl)
	}
	return l.run(ctx, statements...)
}

func (l loader) run(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if err := l.engine.Exec(ctx, s); err != nil {
			return fmt.Errorf("%w in: %.80s", err, s)
		}
	}
	return nil
}

// rows reads from a project's database; each is called with every row.
func (l loader) rows(ctx context.Context, project int64, sql string, each func(json.RawMessage) error) error {
	r, err := l.engine.Query(ctx, sql, chdb.Settings{Database: database(project)})
	if err != nil {
		return fmt.Errorf("%w in: %.80s", err, sql)
	}
	for _, row := range r.Rows {
		if err := each(row); err != nil {
			return fmt.Errorf("row %.80s: %w", row, err)
		}
	}
	return nil
}

// empty makes the project "Empty": tables without rows.
func (l loader) empty(ctx context.Context) (Project, error) {
	p := Project{ID: EmptyID, Name: "Empty", Database: database(EmptyID), TimeZone: "UTC", CreatedAt: l.moments.start}
	return p, l.create(ctx, EmptyID)
}

// demo makes the project "Demo".
func (l loader) demo(ctx context.Context) (Project, error) {
	p := Project{
		ID: DemoID, Name: "Demo", Database: database(DemoID), TimeZone: "UTC", CreatedAt: l.moments.start.AddDate(0, 0, -OldestDays),
		GroupTypes:         []string{"company"},
		TestAccountFilters: []PropertyFilter{{Key: "email", Value: "@" + internalDomain, Operator: "not_icontains", Type: "person"}},
		Properties:         demoProperties(), Actions: demoActions(), InsightTags: insightTags(),
		Tables: warehouse(), LastSync: l.synced(),
	}
	s := demoScript(l.options)
	for _, step := range []func() error{
		func() error { return l.create(ctx, DemoID, p.Tables...) },
		func() error {
			return l.run(ctx, "DROP DATABASE IF EXISTS "+s.Staging+" SYNC", "CREATE DATABASE "+s.Staging)
		},
		func() error {
			return l.scripts(ctx, s, "functions.sql", "persons.sql", "sessions.sql", "steps.sql", "events.sql", "people.sql", "derived.sql",
				"replay.sql", "logs.sql", "queries.sql", "models.sql", "warehouse.sql")
		},
		func() error { return l.run(ctx, "DROP DATABASE "+s.Staging+" SYNC") },
		func() (err error) { p.Events, err = l.eventDefinitions(ctx, DemoID, demoEvents()); return err },
		func() (err error) { p.Cohorts, err = l.cohorts(ctx); return err },
		func() error { return l.countWarehouse(ctx, p.Tables) },
		func() error { return l.saved(ctx, p) },
		func() error { return l.scripts(ctx, s, "errors.sql") },
	} {
		if err := step(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// scripts runs files of sql/.
func (l loader) scripts(ctx context.Context, s script, names ...string) error {
	for _, name := range names {
		statements, err := s.statements(name)
		if err != nil {
			return err
		}
		if err := l.run(ctx, statements...); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// eventDefinitions completes what is declared by when the events were first and last seen. Events that
// a small history does not hold are left out, as PostHog knows only what it has seen.
func (l loader) eventDefinitions(ctx context.Context, project int64, declared map[string]string) ([]EventDefinition, error) {
	var out []EventDefinition
	err := l.rows(ctx, project, "SELECT event, min(timestamp), max(timestamp) FROM events GROUP BY event ORDER BY event",
		func(row json.RawMessage) error {
			var d EventDefinition
			if err := json.Unmarshal(row, &[]any{&d.Name, &d.CreatedAt, &d.LastSeenAt}); err != nil {
				return err
			}
			d.Description = declared[d.Name]
			out = append(out, d)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the events' definitions: %w", err)
	}
	return out, nil
}

func (l loader) cohorts(ctx context.Context) ([]Cohort, error) {
	cohorts := demoCohorts()
	err := l.rows(ctx, DemoID, "SELECT cohort_id, count() FROM cohort_people GROUP BY cohort_id", func(row json.RawMessage) error {
		var id int64
		var members int
		if err := json.Unmarshal(row, &[]any{&id, &members}); err != nil {
			return err
		}
		for i := range cohorts {
			if cohorts[i].ID == id {
				cohorts[i].Count = members
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the cohorts' members: %w", err)
	}
	return cohorts, nil
}
