package driver

import (
	"context"
	"net/http"
	"strconv"
)

// hogqlQuery is PostHog's HogQLQuery; its model refuses unknown keys, so nothing else is sent.
type hogqlQuery struct {
	Kind    string         `json:"kind"`
	Query   string         `json:"query"`
	Values  map[string]any `json:"values,omitempty"`
	Filters *filters       `json:"filters,omitempty"`
}

type filters struct {
	DateRange dateRange `json:"dateRange"`
}

type dateRange struct {
	From string `json:"date_from,omitempty"`
	To   string `json:"date_to,omitempty"`
}

type queryBody struct {
	Query         any    `json:"query"`
	Refresh       string `json:"refresh,omitempty"`
	ClientQueryID string `json:"client_query_id,omitempty"`
	Name          string `json:"name,omitempty"`
}

func queryPath(project int64, id string) string {
	p := projectPath(project, "query/")
	if id != "" {
		p += id + "/"
	}
	return p
}

func projectPath(project int64, rest string) string {
	return "/api/projects/" + strconv.FormatInt(project, 10) + "/" + rest
}

// metadataQuery is PostHog's HogQLMetadata: the check without the run.
type metadataQuery struct {
	Kind     string `json:"kind"`
	Language string `json:"language"`
	Query    string `json:"query"`
}

// Validate asks PostHog to check a query without running it. An invalid query is no error: its faults
// stand in the answer, with positions where PostHog knows them.
func (c *Client) Validate(ctx context.Context, project int64, hogql string) (*Metadata, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	const op = "check query"
	project, err := c.project(ctx, project, op)
	if err != nil {
		return nil, err
	}
	var v struct {
		IsValid    bool     `json:"isValid"`
		Errors     []mark   `json:"errors"`
		Warnings   []mark   `json:"warnings"`
		Notices    []mark   `json:"notices"`
		TableNames []string `json:"table_names"`
	}
	_, err = c.call(ctx, request{
		op: op, method: http.MethodPost, path: queryPath(project, ""), project: project, class: classQuery,
		body:   queryBody{Query: metadataQuery{"HogQLMetadata", "hogQL", hogql}},
		decode: decodeJSON(&v),
	})
	if err != nil {
		return nil, err
	}
	return &Metadata{Valid: v.IsValid, Errors: marks(v.Errors), Warnings: marks(v.Warnings), Notices: marks(v.Notices), Tables: v.TableNames}, nil
}

type mark struct {
	Message string `json:"message"`
	Start   *int   `json:"start"`
	End     *int   `json:"end"`
	Fix     string `json:"fix"`
}

func marks(in []mark) []Mark {
	out := make([]Mark, 0, len(in))
	for _, m := range in {
		k := Mark{Message: shorten(clean(m.Message), detailLength), Start: -1, End: -1, Fix: m.Fix}
		if m.Start != nil && m.End != nil && *m.Start >= 0 && *m.End >= *m.Start {
			k.Start, k.End = *m.Start, *m.End
		}
		out = append(out, k)
	}
	return out
}
