package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
)

// insightBody is a saved insight. PostHog shows more, all about results that it keeps and rights: the sandbox
// computes none. The form of the list and of one insight is general knowledge, not read in PostHog's source.
type insightBody struct {
	ID             int64           `json:"id"`
	ShortID        string          `json:"short_id"`
	Name           string          `json:"name"`
	DerivedName    *string         `json:"derived_name"`
	Description    string          `json:"description"`
	Query          json.RawMessage `json:"query"`
	Filters        json.RawMessage `json:"filters"`
	Tags           []string        `json:"tags"`
	Dashboards     []int64         `json:"dashboards"`
	Saved          bool            `json:"saved"`
	Favorited      bool            `json:"favorited"`
	Deleted        bool            `json:"deleted"`
	Order          *int            `json:"order"`
	CreatedAt      json.RawMessage `json:"created_at"`
	CreatedBy      *userBrief      `json:"created_by"`
	LastModifiedAt json.RawMessage `json:"last_modified_at"`
	LastModifiedBy *userBrief      `json:"last_modified_by"`
	UpdatedAt      json.RawMessage `json:"updated_at"`
	LastRefresh    *stamp          `json:"last_refresh"`
	Result         []struct{}      `json:"result"`
}

// userBrief is a user as the author of something.
type userBrief struct {
	ID         int64  `json:"id"`
	UUID       string `json:"uuid"`
	DistinctID string `json:"distinct_id"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Email      string `json:"email"`
}

// author is the user of that id; nil for nobody.
func (s *Server) author(id *int64) *userBrief {
	if id == nil || *id != s.user.ID {
		return nil
	}
	return &userBrief{ID: s.user.ID, UUID: definitionID(0, "user", s.user.Email), DistinctID: definitionID(0, "distinct", s.user.Email),
		FirstName: s.user.FirstName, Email: s.user.Email}
}

// insights answers GET …/insights/ from the tables that SQL reads too, newest change first. short_id, search
// (a part of the name or the description), saved and favorited leave others out.
func (s *Server) insights(c *call) (*reply, error) {
	list, err := s.readInsights(c)
	if err != nil {
		return nil, err
	}
	q := c.URL.Query()
	list = slices.DeleteFunc(list, func(b insightBody) bool {
		return q.Has("short_id") && b.ShortID != q.Get("short_id") || flag(c, "saved") && !b.Saved || flag(c, "favorited") && !b.Favorited ||
			!matchesTerms(q.Get("search"), b.Name+" "+b.Description)
	})
	return paged(c, list)
}

// insight answers GET …/insights/{id}/, where the id is the number or the short id.
func (s *Server) insight(c *call) (*reply, error) {
	list, err := s.readInsights(c)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(b insightBody) bool { return b.ShortID == c.id || strconv.FormatInt(b.ID, 10) == c.id })
	if i < 0 {
		return nil, notFound("Not found.")
	}
	return answered(list[i]), nil
}

func (s *Server) readInsights(c *call) ([]insightBody, error) {
	on := map[int64][]int64{} // dashboards by insight
	err := s.rows(c, "SELECT insight_id, dashboard_id FROM system.dashboard_tiles WHERE deleted = 0 AND insight_id IS NOT NULL ORDER BY id LIMIT 50000",
		func(row []json.RawMessage) error {
			var insight, dashboard int64
			err := scan(row, &insight, &dashboard)
			on[insight] = append(on[insight], dashboard)
			return err
		})
	if err != nil {
		return nil, err
	}
	list := []insightBody{}
	err = s.rows(c, `SELECT id, short_id, name, description, query, filters, saved, favorited, created_at, created_by_id, last_modified_at, last_modified_by_id,
		updated_at FROM system.insights WHERE deleted = 0 ORDER BY last_modified_at DESC, id LIMIT 50000`,
		func(row []json.RawMessage) error {
			var b insightBody
			var query, filters *string
			var saved, favorited int
			var created, modified *int64
			err := scan(row, &b.ID, &b.ShortID, &b.Name, &b.Description, &query, &filters, &saved, &favorited, &b.CreatedAt, &created, &b.LastModifiedAt,
				&modified, &b.UpdatedAt)
			b.Query, b.Filters, b.Saved, b.Favorited = stored(query), stored(filters), saved != 0, favorited != 0
			b.CreatedBy, b.LastModifiedBy = s.author(created), s.author(modified)
			b.Tags, b.Dashboards = append([]string{}, c.project.InsightTags[b.ID]...), append([]int64{}, on[b.ID]...)
			list = append(list, b)
			return err
		})
	return list, err
}
