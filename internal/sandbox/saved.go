package sandbox

import (
	"encoding/json"
	"fmt"

	"posthog-mcp/internal/hogql"
)

// cohortBody is a cohort in a list.
type cohortBody struct {
	ID                int64           `json:"id"`
	Name              string          `json:"name"`
	Description       string          `json:"description"`
	Groups            json.RawMessage `json:"groups"`
	Deleted           bool            `json:"deleted"`
	Filters           json.RawMessage `json:"filters"`
	Query             json.RawMessage `json:"query"`
	IsCalculating     bool            `json:"is_calculating"`
	CreatedBy         *string         `json:"created_by"`
	CreatedAt         json.RawMessage `json:"created_at"`
	LastCalculation   json.RawMessage `json:"last_calculation"`
	ErrorsCalculating int             `json:"errors_calculating"`
	Count             int64           `json:"count"`
	IsStatic          bool            `json:"is_static"`
}

// cohorts answers GET …/cohorts/ from the table that SQL reads too.
func (s *Server) cohorts(c *call) (*reply, error) {
	list := []cohortBody{}
	err := s.rows(c, "SELECT id, name, description, groups, filters, query, created_at, last_calculation, count, is_static FROM system.cohorts WHERE deleted = 0 ORDER BY id LIMIT 50000",
		func(row []json.RawMessage) error {
			var b cohortBody
			var groups, filters, query *string
			var static int
			err := scan(row, &b.ID, &b.Name, &b.Description, &groups, &filters, &query, &b.CreatedAt, &b.LastCalculation, &b.Count, &static)
			b.Groups, b.Filters, b.Query, b.IsStatic = stored(groups), stored(filters), stored(query), static != 0
			list = append(list, b)
			return err
		})
	if err != nil {
		return nil, err
	}
	return paged(c, list)
}

// actionBody is an action in a list.
type actionBody struct {
	ID            int64           `json:"id"`
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	PostToSlack   bool            `json:"post_to_slack"`
	Tags          []string        `json:"tags"`
	Steps         json.RawMessage `json:"steps"`
	CreatedAt     json.RawMessage `json:"created_at"`
	CreatedBy     *string         `json:"created_by"`
	Deleted       bool            `json:"deleted"`
	IsCalculating bool            `json:"is_calculating"`
	PinnedAt      *stamp          `json:"pinned_at"`
}

// actions answers GET …/actions/ from the table that SQL reads too.
func (s *Server) actions(c *call) (*reply, error) {
	list := []actionBody{}
	err := s.rows(c, "SELECT id, name, description, steps_json, created_at FROM system.actions WHERE deleted = 0 ORDER BY id LIMIT 50000",
		func(row []json.RawMessage) error {
			b := actionBody{Tags: []string{}}
			var steps *string
			err := scan(row, &b.ID, &b.Name, &b.Description, &steps, &b.CreatedAt)
			b.Steps = stored(steps)
			list = append(list, b)
			return err
		})
	if err != nil {
		return nil, err
	}
	return paged(c, list)
}

// rows runs a HogQL query of the server's own and gives every row to each.
func (s *Server) rows(c *call, query string, each func([]json.RawMessage) error) error {
	q, err := hogql.Parse(query)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	compiled, err := s.compile(q, c.project, c.key.Scopes, modifiers{})
	if err != nil {
		return err
	}
	r, err := s.run(c.Context(), c.project, compiled.SQL)
	if err != nil {
		return err
	}
	for _, text := range r.Rows {
		var row []json.RawMessage
		if err := json.Unmarshal(text, &row); err != nil {
			return fmt.Errorf("read a row: %w", err)
		}
		if err := each(row); err != nil {
			return fmt.Errorf("read a row: %w", err)
		}
	}
	return nil
}

// scan reads the values of a row.
func scan(row []json.RawMessage, into ...any) error {
	if len(row) != len(into) {
		return fmt.Errorf("%d values where %d were asked for", len(row), len(into))
	}
	for i, target := range into {
		if err := json.Unmarshal(row[i], target); err != nil {
			return fmt.Errorf("value %d: %w", i+1, err)
		}
	}
	return nil
}

// stored returns JSON that is stored as text; null where there is none.
func stored(text *string) json.RawMessage {
	if text == nil || !json.Valid([]byte(*text)) {
		return json.RawMessage("null")
	}
	return json.RawMessage(*text)
}
