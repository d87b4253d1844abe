package tools

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"posthog-mcp/internal/driver"
)

// Service runs the three operations against one PostHog host. Of its own it holds only the rows that did not fit into
// an answer, for a while: the same call gives the same answer. It is safe for concurrent use.
type Service struct {
	driver  *driver.Client
	now     func() time.Time
	token   func() string
	kept    *keeper
	indexes indexes
}

// NewService returns a Service on c. Of o it uses Now, Token and ResultID.
func NewService(c *driver.Client, o Options) *Service {
	o = o.withDefaults()
	return &Service{driver: c, now: o.Now, token: o.Token, kept: &keeper{now: o.Now, newID: o.ResultID}}
}

// NewToken returns the end of a fence around rows: 4 hexadecimal digits that nobody can foresee.
// (It is made longer where a cell has the same.)
func NewToken() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// ListObjects finds what can be asked about. Text is for a reader; Data is the *driver.Objects behind it.
// The error is an *ArgumentError or a *driver.Error.
func (s *Service) ListObjects(ctx context.Context, a ListArgs) (Answer, error) {
	if err := checked(listParams(), a); err != nil {
		return Answer{}, err
	}
	r := driver.ListRequest{Project: a.ProjectID, Search: a.Search, Limit: a.Limit, Cursor: a.Cursor, Catalogue: a.Catalogue}
	if a.Kind != "" {
		r.Kinds = []driver.ObjectKind{driver.ObjectKind(a.Kind)}
	}
	objects, err := s.driver.ListObjects(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Text: objectsText(objects, a, s.now()), Data: objects}, nil
}

// GetFields tells how to read objects. Text is for a reader; Data is the *driver.Fields behind it. The
// error is an *ArgumentError or a *driver.Error.
func (s *Service) GetFields(ctx context.Context, a FieldsArgs) (Answer, error) {
	if err := checked(fieldsParams(), a); err != nil {
		return Answer{}, err
	}
	fields, err := s.driver.GetFields(ctx, driver.FieldsRequest{
		Project: a.ProjectID, Objects: a.Objects, Search: a.Search, Samples: a.Samples == nil || *a.Samples,
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{Text: fieldsText(fields, a.Search), Data: fields}, nil
}
